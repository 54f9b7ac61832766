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

    def test_that_could_not_be_written(self):
        """Of a draft that is not there nothing is told; and where none can be noted down none is written, with what helps here."""
        log, draft = self.hub.dir / "rosters" / "ceremony.log", self.world.path / "gas.draft"
        kept = log.read_bytes() if log.exists() else b""
        self.hub.cli("community", "create", "gas", "--name", "ガス")
        renew = ("community", "renew", "gas", "--draft")
        self.hub.cli(*renew, self.world.path / "no-folder" / "x", want=8)
        self.assertEqual(log.read_bytes() if log.exists() else b"", kept)
        log.unlink(missing_ok=True)
        log.mkdir()
        for lang, words in (("en", "move away what stands there"), ("ja", "別の場所に移して")):
            said = self.hub.cli(*renew, draft, want=1, lang=lang).err
            self.assertIn(words, said)
            self.assertNotIn("--log", said)
            self.assertFalse(draft.exists())
        log.rmdir()
        self.assertEqual(self.hub.cli(*renew, draft).err, "")

    def test_told_before(self):
        """In time for whoever is at the keys: also where the change then fails."""
        inbox, away = self.hub.dir / "inbox", self.hub.dir.with_name("inbox-away")
        self.hub.cli("community", "create", "water", "--name", "水道")
        self.hub.cli("community", "renew", "water", "--draft", self.world.path / "water.draft")
        inbox.rename(away)
        inbox.write_bytes(b"")
        failed = self.hub.cli("community", "renew", "water", want=None)
        self.assertNotEqual(failed.code, 0)
        self.assertIn("signed another draft of version 2 of @water", failed.err)
        inbox.unlink()
        away.rename(inbox)
        self.assertEqual(self.hub.cli("community", "show", "water", "--json").object()["version"], 1)


if __name__ == "__main__":
    main()
