"""A restored secretariat is let change its roster by a member that was there meanwhile, not by one that was away itself."""

import shutil

from harness import E2E, build_mesh, main, wait_until


class RestoreAway(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"])
        cls.secret = world.write("backup.pass", "控えのための合い言葉\n")

    def version(self, node):
        return node.status()["communities"][0]["roster_version"]

    def test_a_member_that_was_away_itself(self):
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        path, renew = self.world.path / "hub.backup", ("community", "renew", "electricity", "--json")
        hub.cli(*renew)
        for node in (alpha, bravo):
            wait_until(lambda n=node: self.version(n) == self.version(hub), f"{node.org} follows")
        alpha.stop()  # before the backup, and not back when the roster is changed after it
        hub.cli(*renew)
        newest = self.version(hub)
        wait_until(lambda: self.version(bravo) == newest, "bravo follows")
        bravo.stop()
        hub.cli("backup", "-o", path, "--backup-passphrase-file", self.secret)
        hub.kill()
        shutil.rmtree(hub.dir)
        hub.cli("restore", path, "--backup-passphrase-file", self.secret)
        hub.start()
        alpha.start()
        wait_until(lambda: self.version(alpha) == newest, "alpha has it from the restored node", 60)
        for again in (False, True):
            if again:  # what it shows on a new link it was told here
                alpha.stop()
                alpha.start()
                alpha.wait_link("hub")
            status = hub.status()["communities"][0]
            self.assertEqual((status["compared"], status["compared_with"]), (False, []))
            self.assertEqual(hub.cli(*renew, want=3).error()["rule"], "roster-stale")
        bravo.start()
        bravo.wait_link("hub")
        wait_until(lambda: hub.status()["communities"][0]["compared"], "bravo has shown it", 30)
        self.assertEqual(hub.status()["communities"][0]["compared_with"], ["bravo"])
        draft = self.world.path / "dry.draft"
        done = hub.cli("community", "renew", "electricity", "--draft", draft)
        self.assertIn(f"version {newest} is the newest that these know of: bravo", done.err)
        hub.cli(*renew)
        for node in (alpha, bravo):
            wait_until(lambda n=node: self.version(n) == newest + 1, f"{node.org} follows")
            self.assertFalse(node.status()["communities"][0]["forked"])


if __name__ == "__main__":
    main()
