"""New keys for the only hub of a community: whoever knows of the announcement comes to them without a new invite, also when its node was
down while the roster followed."""

from harness import E2E, build_mesh, main, wait_reachable, wait_until


class HubKeys(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"])

    def test_only_hub(self):
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        new = hub.cli("key", "rotate", "--json").object()["fingerprint"]
        for node in (alpha, bravo):
            wait_until(lambda node=node: "hub announces new keys" in node.log_text(), f"{node.org} knows of the new keys", 40)
        bravo.stop()
        said = hub.cli("community", "succeed", "electricity", "hub").out
        self.assertIn("noroshi community invite electricity", said)
        wait_until(lambda: hub.fingerprint() == new, "the hub takes its new keys up", 60)
        for node in (alpha, bravo):
            if node is bravo:
                bravo.start()
            wait_until(lambda node=node: new in node.cli("community", "show", "electricity").out, f"{node.org} has the roster that follows", 90)
            node.wait_link("hub", timeout=90)
        wait_reachable(alpha, ["bravo"], {"bravo"}, "AMBER")
        report = alpha.send("--tlp", "AMBER", "--to", "bravo", "--kind", "incident", "--subject", "件", "--body", "本文")
        bravo.wait_report(report)
        self.assertEqual(bravo.show(report)["body"], "本文")


if __name__ == "__main__":
    main()
