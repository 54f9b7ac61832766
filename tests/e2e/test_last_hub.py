"""The last hub of a community stays one: it is neither removed nor given another role."""

from harness import E2E, main


class LastHub(E2E):
    @classmethod
    def build(cls, world):
        cls.hub, cls.other = world.node("hub", listen=True).init(), world.node("other", listen=True).init()
        cls.hub.cli("community", "create", "electricity", "--name", "電力")

    def add(self, node, *words, want=0, lang="en"):
        return self.hub.cli("community", "add", "electricity", node.card(), "--fingerprint", node.fingerprint(), *words, want=want, lang=lang)

    def shown(self):
        return self.hub.cli("community", "show", "electricity", "--json").object()

    def roles(self):
        return {member["org"]: member["role"] for member in self.shown()["members"]}

    def test_another_role(self):
        draft = self.world.path / "demoted.draft"
        self.add(self.other)
        before = self.shown()
        for words in (("--role", "operator"), ("--role", "council", "--draft", draft)):
            refused = self.add(self.hub, *words, "--json", want=3).error()
            self.assertEqual(refused["rule"], "community-rule")
            self.assertIn("--role hub", refused["hint"])
        self.assertIn("最後のハブ", self.add(self.hub, "--role", "operator", want=3, lang="ja").err)
        self.assertFalse(draft.exists())
        self.assertEqual(self.shown(), before)
        self.add(self.hub)  # its card, renewed, and no role given
        self.add(self.hub, "--role", "hub")
        self.assertEqual(self.roles(), {"hub": "hub", "other": "operator"})
        self.add(self.other, "--role", "hub")
        self.add(self.hub, "--role", "operator")  # it is the last no more
        self.assertEqual(self.roles(), {"hub": "operator", "other": "hub"})
        self.assertEqual(self.add(self.other, "--role", "operator", "--json", want=3).error()["rule"], "community-rule")


if __name__ == "__main__":
    main()
