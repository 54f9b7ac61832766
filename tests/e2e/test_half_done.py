"""A change of a roster that is refused or cut off in the middle leaves nothing half done, and can be given again."""

import shutil

from harness import E2E, enrol, main, wait_until
from rosters import card_path


class HalfDone(E2E):
    @classmethod
    def build(cls, world):
        cls.hub = world.node("hub", listen=True).init()
        for org in ("alpha", "bravo", "charlie"):
            world.node(org).init()
        cls.hub.cli("community", "create", "electricity", "--name", "電力")
        cls.hub.start()
        enrol(cls.hub, world.nodes["alpha"], "electricity")

    def card_of(self, org):
        return card_path(self.hub, self.world.nodes[org])

    def add(self, org, want=0, role="hub"):
        member = self.world.nodes[org]
        return self.hub.cli("community", "add", "electricity", member.card(), "--fingerprint", member.fingerprint(), "--role", role, "--json", want=want)

    def version(self):
        return self.one(self.hub.status()["communities"], id="electricity")["roster_version"]

    def test_1_done(self):
        self.assertFalse(self.card_of("alpha").exists(), "only hubs' cards are in invites")
        self.assertEqual(self.version(), 2)

    def test_2_the_inbox_does_not_take_it(self):
        """What fails after the roster was replaced puts it back, and leaves no card."""
        roster = self.hub.dir / "communities" / "electricity.roster"
        before = roster.read_bytes()
        inbox = self.hub.dir / "inbox"
        shutil.rmtree(inbox)
        inbox.write_text("in the way")
        try:
            self.assertNotEqual(self.add("bravo", want=None).code, 0)
        finally:
            inbox.unlink()
            inbox.mkdir(mode=0o700)
        self.assertEqual(roster.read_bytes(), before)
        self.assertFalse(self.card_of("bravo").exists())
        self.assertEqual(self.version(), 2)
        self.assertTrue(self.add("bravo").object()["changed"])
        self.assertTrue(self.card_of("bravo").exists())
        self.assertEqual(self.version(), 3)

    def test_3_cut_off_before_the_inbox(self):
        """As a crash leaves it: the roster's file is the new one, the node has not heard of it. The same command completes it."""
        self.hub.stop()
        self.assertTrue(self.add("charlie").object()["changed"])
        for path in (self.hub.dir / "inbox").glob("electricity-*"):
            path.unlink()
        self.card_of("charlie").unlink()
        self.hub.start()
        self.assertEqual(self.version(), 3)
        again = self.add("charlie").object()
        self.assertEqual((again["changed"], again["version"]), (False, 4))
        wait_until(lambda: self.version() == 4, "the node has the roster", 10)
        self.assertTrue(self.card_of("charlie").exists())

    def test_4_a_removal_cut_off_before_the_inbox(self):
        self.hub.stop()
        self.hub.cli("community", "remove", "electricity", "charlie")
        for path in (self.hub.dir / "inbox").glob("electricity-*"):
            path.unlink()
        self.hub.start()
        self.assertEqual(self.version(), 4)
        self.assertEqual(self.hub.cli("community", "remove", "electricity", "charlie", "--json", want=4).error()["rule"], "org-unknown")
        wait_until(lambda: self.version() == 5, "the node has the roster", 10)

    def test_5_given_again_changes_nothing(self):
        before = self.hub.cli("audit", "list", "--json", "--kind", "roster").rows()
        again = self.add("alpha", role="operator").object()
        self.assertEqual((again["changed"], again["version"]), (False, 5))
        self.assertEqual(self.hub.cli("audit", "list", "--json", "--kind", "roster").rows(), before)
        self.assertEqual(list((self.hub.dir / "inbox" / "refused").glob("*")) if (self.hub.dir / "inbox" / "refused").exists() else [], [])


if __name__ == "__main__":
    main()
