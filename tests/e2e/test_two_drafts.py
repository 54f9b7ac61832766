"""A node that holds a roster key signs by itself what is made there: what it has signed of the same version, and lies about somewhere, is told of."""

from harness import E2E, main


class TwoDrafts(E2E):
    @classmethod
    def build(cls, world):
        cls.hub = world.node("hub").init()
        cls.hub.cli("community", "create", "electricity", "--name", "電力")

    def renew(self, *words, lang="en"):
        return self.hub.cli("community", "renew", "electricity", *words, lang=lang)

    def test_told_of(self):
        one, other, third, fourth = (self.world.path / f"{name}.draft" for name in ("one", "other", "third", "fourth"))
        self.assertEqual(self.renew("--draft", one).err, "")
        first = self.hub.cli("community", "sign", one, "--dry-run", "--json").object()
        said = self.renew("--expires", "100d", "--draft", other).err
        for words in ("signed another draft of version 2 of @electricity", first["hash"], "proves a fork"):
            self.assertIn(words, said)
        self.assertIn("第 2 版の別の案に署名しています", self.renew("--expires", "50d", "--draft", third, lang="ja").err)
        self.assertEqual((self.hub.dir / "rosters" / "ceremony.log").stat().st_mode & 0o777, 0o600)
        self.assertIn("signed another draft of version 2", self.renew("--expires", "20d").err)  # in force at once, and the drafts still lie about
        self.assertEqual(self.renew("--draft", fourth).err, "")  # of the next version it is the first
        self.hub.cli("community", "apply", fourth)
        self.assertEqual(self.renew().err, "")


if __name__ == "__main__":
    main()
