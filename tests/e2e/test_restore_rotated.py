"""A backup made between `key rotate` and `community succeed` restores to a node that goes over to its next keys, though the roster has followed."""

import shutil

from harness import E2E, Node, build_mesh, invite, main, wait_reachable, wait_until


class RestoreRotated(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "carol"])
        cls.secret = world.write("backup.pass", "控えのための合い言葉\n")

    def lose(self, node):
        """It announces new keys, is backed up, goes over to them and is lost. Returns (backup, the fingerprint of the new keys)."""
        hub = self.world.nodes["hub"]
        path = self.world.path / (node.org + ".backup")
        old = node.fingerprint()
        node.cli("key", "rotate")
        wait_until(lambda: list((node.dir / "changes").glob("*.succession")), "the announcement is taken up")
        node.cli("backup", "-o", path, "--backup-passphrase-file", self.secret)
        wait_until(lambda: hub.cli("community", "succeed", "electricity", node.org, want=None).code == 0, "the secretariat follows")
        wait_until(lambda: node.fingerprint() != old, "it goes over", 40)
        new = node.fingerprint()
        wait_until(lambda: node.cli("status", want=None).code == 0, "it answers under the new keys")
        node.wait_link("hub")
        node.kill()
        shutil.rmtree(node.dir)
        return path, new

    def restore(self, node, path):
        node.cli("restore", path, "--backup-passphrase-file", self.secret)

    def is_back(self, node, new):
        wait_until(lambda: node.fingerprint() == new, "it goes over again", 60)
        wait_until(lambda: node.cli("status", want=None).code == 0, "it answers under the new keys")
        node.wait_link("hub")
        carol = self.world.nodes["carol"]
        wait_reachable(carol, [node.org], {node.org}, "AMBER")
        report = carol.send("--tlp", "AMBER", "--to", node.org, "--kind", "incident", "--subject", "S", "--body", "戻った先へ")
        node.wait_report(report)
        self.assertEqual(node.show(report)["body"], "戻った先へ")

    def test_by_itself(self):
        alpha = self.world.nodes["alpha"]
        path, new = self.lose(alpha)
        self.restore(alpha, path)
        self.assertNotEqual(alpha.fingerprint(), new)
        alpha.start()
        self.is_back(alpha, new)

    def test_the_only_hub(self):
        """Members look for it by its next keys, and find it by those of the backup; before that it changes no roster, which would be a fork."""
        hub, carol = self.world.nodes["hub"], self.world.nodes["carol"]
        path, old = self.world.path / "hub.backup", hub.fingerprint()
        new = hub.cli("key", "rotate", "--json").object()["fingerprint"]
        wait_until(lambda: "hub of @electricity announces new keys" in carol.log_text(), "carol knows of the new keys", 40)
        hub.cli("backup", "-o", path, "--backup-passphrase-file", self.secret)
        other, followed = self.world.path / "other.draft", self.world.path / "followed.draft"
        hub.cli("community", "renew", "electricity", "--draft", other)  # signed in full, as the only roster key lies here
        hub.cli("community", "succeed", "electricity", "hub", "--draft", followed)
        hub.cli("community", "apply", followed)
        wait_until(lambda: hub.fingerprint() == new, "it goes over", 90)
        carol.wait_link("hub", timeout=90)
        hub.kill()
        carol.stop()
        shutil.rmtree(hub.dir)
        said = hub.cli("restore", path, "--backup-passphrase-file", self.secret)
        self.assertIn("Change no roster here", said.err)
        for running in (False, True):
            if running:
                hub.start()
            refused = hub.cli("community", "succeed", "electricity", "hub", "--json", want=3).error()
            self.assertEqual(refused["rule"], "roster-stale")
            self.assertIn("noroshi join", refused["hint"])
            version = hub.cli("community", "show", "electricity", "--json").object()["version"]
            refused = hub.cli("community", "apply", other, "--json", want=3).error()
            self.assertEqual((refused["rule"], refused["hint"][:14]), ("roster-stale", "start the node"))
            self.assertEqual(hub.cli("community", "show", "electricity", "--json").object()["version"], version)
            hub.cli("community", "apply", followed, "--dry-run")  # the one that has followed is no other
        self.assertEqual(hub.fingerprint(), old)
        carol.start()
        wait_until(lambda: hub.fingerprint() == new, "carol has told it of the roster that followed", 120)
        wait_until(lambda: hub.cli("status", want=None).code == 0, "it answers under the new keys", 60)
        carol.wait_link("hub", timeout=90)
        report = carol.send("--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "S", "--body", "戻った先へ")
        hub.wait_report(report)
        self.assertEqual(hub.show(report)["body"], "戻った先へ")

    def test_changed_since(self):
        """A secretariat whose roster was changed since the backup changes none before a member has shown the newest; a person may know better."""
        hub, carol = self.world.nodes["hub"], self.world.nodes["carol"]
        path, draft = self.world.path / "changed.backup", self.world.path / "changed.draft"
        hub.cli("community", "renew", "electricity", "--expires", "300d", "--draft", draft)
        hub.cli("backup", "-o", path, "--backup-passphrase-file", self.secret)
        renew = ("community", "renew", "electricity", "--expires", "200d", "--json")
        newest = hub.cli(*renew).object()["version"]
        wait_until(lambda: carol.status()["communities"][0]["roster_version"] == newest, "carol has it")
        hub.kill()
        shutil.rmtree(hub.dir)
        alone = Node(self.world, "hub", folder=self.world.path / "hub-alone")
        alone.cli("restore", path, "--backup-passphrase-file", self.secret)
        self.assertEqual(alone.cli(*renew, want=3).error()["rule"], "roster-stale")
        alone.cli("community", "apply", draft, "--dry-run", "--nothing-newer")
        self.assertEqual(alone.cli("community", "apply", draft, "--json", want=3).error()["rule"], "roster-stale")  # a dry run has changed nothing
        alone.cli(*renew, "--nothing-newer")
        alone.cli("community", "renew", "electricity", "--expires", "100d")  # it is asked once
        self.assertIn("before the node has reached a member", hub.cli("restore", path, "--backup-passphrase-file", self.secret).out)
        refused = hub.cli(*renew, want=3).error()
        self.assertEqual(refused["rule"], "roster-stale")
        self.assertIn("--nothing-newer", refused["hint"])
        hub.start()
        wait_until(lambda: hub.cli("community", "renew", "electricity", "--expires", "100d", want=None).code == 0, "a member has shown its roster", 60)
        self.assertEqual(hub.cli("community", "show", "electricity", "--json").object()["version"], newest + 1)
        wait_until(lambda: carol.status()["communities"][0]["roster_version"] == newest + 1, "carol follows")
        self.assertFalse(carol.status()["communities"][0]["forked"])

    def test_by_a_new_invite(self):
        """As it must after four weeks, when no hub greets the old keys any more."""
        hub, bravo = self.world.nodes["hub"], self.world.nodes["bravo"]
        path, new = self.lose(bravo)
        self.restore(bravo, path)
        bravo.cli("join", invite(hub, "electricity"), "--fingerprint", hub.cli("community", "fingerprint", "electricity").out.strip())
        bravo.start()
        self.is_back(bravo, new)
        self.assertEqual(list((bravo.dir / "inbox" / "refused").glob("*")), [])


if __name__ == "__main__":
    main()
