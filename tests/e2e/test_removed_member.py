"""Removal binds at once: the link drops, nothing more is taken from the removed member and nothing more reaches it."""

from harness import E2E, build_mesh, enrol, join, main, wait_until

SEND = ("--kind", "situation", "--body", "b", "--subject")


class Removed(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "mallory"])

    def test_removed_while_connected(self):
        hub, alpha, bravo, mallory = (self.world.nodes[org] for org in ("hub", "alpha", "bravo", "mallory"))
        first = alpha.send("--tlp", "AMBER", "--to", "@electricity", *SEND, "before")
        mallory.wait_report(first)
        bravo.wait_report(first)
        hub.cli("community", "remove", "electricity", "mallory")
        wait_until(lambda: hub.link("mallory") != "up", "the live link drops")
        wait_until(lambda: mallory.link("hub") != "up", "at both ends")
        for node in (alpha, bravo):
            wait_until(lambda n=node: "mallory" not in {member["org"] for member in
                       n.cli("community", "show", "electricity", "--json").object()["members"]}, f"{node.org} has the new roster")
        second = alpha.cli("send", "--tlp", "AMBER", "--to", "@electricity", *SEND, "after", "--json").object()
        self.assertNotIn("mallory", second["recipients"])
        bravo.wait_report(second["id"])
        alpha.cli("send", "--tlp", "AMBER", "--to", "mallory", *SEND, "direct", want=4)
        own = mallory.cli("send", "--tlp", "GREEN", "--to", "@electricity", *SEND, "from outside", "--json", want=None)
        # Both directions are still shut after a restart of either end.
        mallory.restart()
        hub.restart()
        for node in (alpha, bravo):
            node.wait_link("hub")
        third = alpha.send("--tlp", "CLEAR", "--to", "@electricity", *SEND, "third")
        bravo.wait_report(third)
        wait_until(lambda: mallory.link("hub") in (None, "refused", "connecting"), "still shut out")
        wait_until(lambda: [text for text in mallory.status()["warnings"] if text.startswith("The hub hub refuses this node")],
                   "the removed member is told")
        self.assertIn("事務局に確認してください", mallory.cli("status", lang="ja").out)
        held = {row["id"] for row in mallory.list()}
        self.assertFalse(held & {second["id"], third}, "the removed member received nothing later")
        if own.code == 0:
            for node in (hub, alpha, bravo):
                self.assertNotIn(own.object()["id"], {row["id"] for row in node.list()})
        else:
            self.assertEqual(own.code, 3, str(own))
        self.assertEqual(bravo.show(first)["body"], "b", "what was had before stays")

    def test_removed_while_the_hub_is_away(self):
        """A roster that is left in the hub's inbox while it does not run is taken up at its next start, before any link."""
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        late = self.world.node("late").init()
        enrol(hub, late, "electricity")
        join(hub, late, "electricity")
        late.start().wait_link("hub")
        hub.stop()
        hub.cli("community", "remove", "electricity", "late")
        hub.start()
        for node in (alpha, bravo):
            node.wait_link("hub")
        report = alpha.send("--tlp", "GREEN", "--to", "@electricity", *SEND, "without late")
        bravo.wait_report(report)
        self.assertNotIn(report, {row["id"] for row in late.list()})
        self.assertNotEqual(late.link("hub"), "up")


if __name__ == "__main__":
    main()
