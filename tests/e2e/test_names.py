"""A hub whose card names its host, beside one whose name nobody knows: members dial the first by its addresses, each time anew."""

from harness import E2E, enrol, free_port, join, main, wait_reachable, wait_until


class Names(E2E):
    @classmethod
    def build(cls, world):
        port = free_port()
        hub = world.node("hub")
        hub.init("--listen", f"tcp://127.0.0.1:{port}", "--advertise", f"tcp://localhost:{port}")
        world.node("lost").init("--listen", f"tcp://127.0.0.1:{free_port()}", "--advertise", "tcp://hub.invalid:7417")
        world.node("alpha").init()
        hub.cli("community", "create", "electricity", "--name", "電力")
        others = [world.nodes[org] for org in ("lost", "alpha")]
        for node in others:
            enrol(hub, node, "electricity", "hub" if node.org == "lost" else "operator")
        for node in others:
            join(hub, node, "electricity")
        for org in ("hub", "alpha"):
            world.nodes[org].start()

    def test_links_by_name(self):
        hub, alpha = self.world.nodes["hub"], self.world.nodes["alpha"]
        alpha.wait_link("hub")
        wait_reachable(alpha, ["@electricity"], {"hub"})
        hub.restart()
        alpha.wait_link("hub", timeout=60)
        report = alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "situation", "--subject", "名", "--body", "b")
        hub.wait_report(report)
        self.assertEqual(self.one(alpha.status()["links"], org="lost")["state"], "connecting")

    def test_values_that_are_words(self):
        """A value in the node's answer stays as it was given, also where it is a word that has a translation."""
        hub = self.world.nodes["hub"]
        for org in ("role", "own", "up", "disk"):
            said = hub.cli("send", "--tlp", "AMBER", "--to", org, "--kind", "incident", "--subject", "s", "--body", "b", lang="ja", want=4).err
            self.assertIn(f"{org}：", said)
        report = hub.send("--tlp", "AMBER+STRICT", "--to", "alpha", "--kind", "incident", "--subject", "s", "--body", "b")
        said = hub.cli("export", report, "--sink", "public", "--format", "text", lang="ja", want=3).err
        self.assertIn("public", said)
        said = hub.cli("list", "--community", "role", lang="ja", want=4).err
        self.assertIn("role：", said)
        self.assertIn("コミュニティ", said, "a value that is a sentence is translated")

    def test_a_hub_without_an_address(self):
        """It is told where the community is made, and afterwards."""
        alone = self.world.node("alone").init()
        made = alone.cli("community", "create", "gas", "--name", "ガス")
        self.assertIn("names no address", made.err)
        alone.start()
        wait_until(lambda: any("a hub of @gas" in text for text in alone.status()["warnings"]), "status warns")
        self.assertIn("カードにアドレスがなく", alone.cli("status", lang="ja").out)
        self.assertFalse(any("names no address" in text for org in ("hub", "alpha") for text in self.world.nodes[org].status()["warnings"]))
        alone.stop()


if __name__ == "__main__":
    main()
