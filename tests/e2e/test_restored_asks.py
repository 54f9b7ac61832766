"""What a restored node is asked before it changes a roster: once for each community that the backup held, and until a change of it is made."""

from harness import E2E, Node, main


class RestoredAsks(E2E):
    @classmethod
    def build(cls, world):
        cls.node_pass, cls.wrong, cls.secret = (world.write(name, text) for name, text in
                                                (("node.pass", "ノードの合い言葉\n"), ("wrong.pass", "違う合い言葉\n"), ("backup.pass", "控えのための合い言葉\n")))
        hub = cls.hub = world.node("hub").init("--passphrase-file", cls.node_pass)
        cls.members = [world.node(org).init() for org in ("alpha", "bravo")]
        hub.cli("community", "create", "electricity", "--name", "電力", passphrase=cls.node_pass)
        cls.add(hub, "electricity", cls.members[0])
        cls.backup = world.path / "hub.backup"
        hub.cli("backup", "-o", cls.backup, "--backup-passphrase-file", cls.secret, passphrase=cls.node_pass)

    @classmethod
    def add(cls, node, community, member):
        node.cli("community", "add", community, member.card(), "--fingerprint", member.fingerprint(), passphrase=cls.node_pass)

    def restored(self, name):
        node = Node(self.world, "hub", folder=self.world.path / name)
        node.cli("restore", self.backup, "--backup-passphrase-file", self.secret, passphrase=self.node_pass)
        return node

    def renew(self, node, *words, want=0, passphrase=None):
        return node.cli("community", "renew", "electricity", *words, "--json", want=want, passphrase=passphrase or self.node_pass)

    def test_until_a_change_is_made(self):
        """A command that failed, or was refused, has changed nothing: what it said of the backup is said again."""
        node = self.restored("refused")
        self.assertEqual(self.renew(node, "--nothing-newer", want=5, passphrase=self.wrong).error()["rule"], "passphrase")
        self.assertEqual(self.renew(node, want=3).error()["rule"], "roster-stale")
        self.renew(node, "--nothing-newer", "--draft", self.world.path / "no-folder" / "x", want=8)
        self.assertEqual(self.renew(node, want=3).error()["rule"], "roster-stale")
        self.renew(node, "--nothing-newer")
        self.renew(node)

    def test_of_what_the_backup_held(self):
        """A community that was founded after the restore has no member who knows better."""
        node, draft, key = self.restored("founder"), self.world.path / "water.draft", self.world.path / "water.key"
        node.cli("community", "create", "gas", "--name", "ガス", passphrase=self.node_pass)
        made = node.cli("community", "key", key, "--no-passphrase", "--json").object()["key"]
        node.cli("community", "create", "water", "--name", "水道", "--add-key", made, "--draft", draft)
        node.cli("community", "sign", draft, "--key", key)
        node.cli("community", "apply", draft)
        for member in self.members:
            self.add(node, "gas", member)
            node.cli("community", "add", "water", member.card(), "--fingerprint", member.fingerprint(), "--draft", draft)
            node.cli("community", "sign", draft, "--key", key)
            node.cli("community", "apply", draft)
        self.assertEqual(self.renew(node, want=3).error()["rule"], "roster-stale")


if __name__ == "__main__":
    main()
