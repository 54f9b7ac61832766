"""A node that holds a roster key signs by itself what is made there: what it has signed of the same version, and lies about somewhere, is told of."""

import json

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

    def lines(self):
        return [json.loads(line) for line in (self.hub.dir / "rosters" / "ceremony.log").read_text("utf-8").splitlines()]

    def test_in_force_at_once(self):
        """What the key signs for the node itself is known to it as well, where a draft of the same version is then signed with it alone."""
        draft, key = self.world.path / "heat.draft", self.hub.dir / "rosters" / "heat.key"
        self.hub.cli("community", "create", "heat", "--name", "熱供給")
        key_away = key.with_name("heat.away")
        key.rename(key_away)
        try:
            self.hub.cli("community", "renew", "heat", "--expires", "80d", "--draft", draft)  # nobody has signed this one
        finally:
            key_away.rename(key)
        self.hub.cli("community", "renew", "heat", "--expires", "70d")
        line = self.lines()[-1]
        self.assertEqual((line["what"], line["id"], line["version"], line["file"], line["hash"]),
                         ("sign", "heat", 2, None, self.hub.cli("community", "show", "heat", "--json").object()["hash"]))
        for lang in ("en", "ja"):
            self.assertIn(line["hash"], self.hub.cli("community", "sign", draft, "--key", key, want=5, lang=lang).err)

    def test_that_was_not_put_in_force(self):
        """Where nothing left it is taken back, and where none can be noted down none is put in force."""
        self.hub.cli("community", "create", "steam", "--name", "蒸気")
        inbox, away, log = self.hub.dir / "inbox", self.hub.dir / "inbox-away", self.hub.dir / "rosters" / "ceremony.log"
        inbox.rename(away)
        inbox.write_bytes(b"")
        try:
            self.assertNotEqual(self.hub.cli("community", "renew", "steam", want=None).code, 0)
        finally:
            inbox.unlink()
            away.rename(inbox)
        self.assertEqual([line["what"] for line in self.lines() if line["id"] == "steam"], ["sign", "taken-back"])
        kept = log.with_name("kept")
        log.rename(kept)
        log.mkdir()
        try:
            self.assertIn("move away what stands there", self.hub.cli("community", "renew", "steam", want=1).err)
            self.assertEqual(self.hub.cli("community", "show", "steam", "--json").object()["version"], 1)
        finally:
            log.rmdir()
            kept.rename(log)
        self.assertEqual(self.hub.cli("community", "renew", "steam").err, "")

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
