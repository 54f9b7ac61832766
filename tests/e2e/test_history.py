"""The versions of a roster, shown page by page: none is left out, however many there are."""

from harness import E2E, main

COUNT = 104  # more than two pages


class History(E2E):
    @classmethod
    def build(cls, world):
        cls.hub = world.node("hub").init()
        cls.hub.cli("community", "create", "electricity", "--name", "電力")
        cls.hub.start()
        for _ in range(COUNT - 1):
            cls.hub.cli("community", "renew", "electricity")

    def test_all_are_shown(self):
        rows = self.hub.cli("community", "show", "electricity", "--history", "--json").rows()
        self.assertEqual([row["version"] for row in rows], list(range(1, COUNT + 1)))
        self.assertEqual([row["since"] for row in rows], list(range(COUNT)))
        for lang, words in (("en", "version {}, made"), ("ja", "第{}版")):
            shown = self.hub.cli("community", "show", "electricity", "--history", lang=lang).out
            for version in (1, 50, 51, 100, 101, COUNT):
                self.assertIn(words.format(version), shown)


if __name__ == "__main__":
    main()
