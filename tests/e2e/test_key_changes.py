"""The roster keys of a community can be changed 64 times (SPEC 7.5): told of well before, and refused before anybody signs what cannot be put in force."""

from harness import E2E, main
from rosters import Roster, armour, data, pack, pairs, to_armour

ALL, MANY = 64, 56


class KeyChanges(E2E):
    @classmethod
    def build(cls, world):
        cls.hub = world.node("hub").init()
        cls.hub.cli("community", "create", "electricity", "--name", "電力")
        cls.own = cls.hub.dir / "rosters" / "electricity.key"
        cls.other = cls.hub.cli("community", "key", world.path / "other.key", "--no-passphrase", "--json").object()["key"]

    def words(self, number):
        return ("community", "keys", "electricity", "--drop-key" if number % 2 == 0 else "--add-key", self.other)

    def show(self):
        return self.hub.cli("community", "show", "electricity", "--json").object()

    def further(self, draft):
        """A draft that another program made: the one given, with one key more."""
        fields = pairs(armour(draft))
        roster = object.__new__(Roster)
        roster.fields = pairs(dict(fields)[4])
        roster.fields = sorted(roster.fields + [(9, bytes.fromhex(self.other))], key=lambda field: (field[0], field[1] if field[0] == 9 else b""))
        made = self.world.path / "further.draft"
        made.write_text(to_armour("DRAFT", b"".join(data(key, pack(roster.fields) if key == 4 else value) for key, value in fields if key != 5)))
        return made

    def test_all_of_them(self):
        for number in range(1, ALL):
            if number in (MANY - 1, MANY):
                draft = self.world.path / f"{number}.draft"
                for lang, words in (("en", f"have been changed {number} times, of at most {ALL}"), ("ja", f"これまでに {number} 回")):
                    drafted = self.hub.cli(*self.words(number), "--draft", draft, lang=lang).out
                    signed = self.hub.cli("community", "sign", draft, "--dry-run", lang=lang).out
                    self.assertEqual((words in drafted, words in signed), (number == MANY,) * 2)
                self.assertEqual(self.hub.cli("community", "sign", draft, "--dry-run", "--json").object()["key_changes"], number)
            said = self.hub.cli(*self.words(number)).err
            self.assertEqual(f"have been changed {number} times" in said, number >= MANY)
            self.assertEqual(f"have been changed {number} times" in self.hub.cli("community", "show", "electricity").out, number >= MANY)
        self.assertEqual(self.show()["key_changes"], ALL - 1)
        self.hub.cli(*self.words(ALL))
        held = self.show()
        self.assertEqual(held["key_changes"], ALL)
        draft, never = self.world.path / "renewed.draft", self.world.path / "never.draft"
        for more in ((), ("--draft", never)):
            refused = self.hub.cli(*self.words(ALL + 1), *more, "--json", want=7).error()
            self.assertEqual(refused["rule"], "limit")
            self.assertIn("community create", refused["hint"])
        self.assertFalse(never.exists())
        self.hub.cli("community", "renew", "electricity", "--draft", draft)  # what leaves the keys as they are goes on
        further = self.further(draft)
        self.assertEqual(self.hub.cli("community", "sign", further, "--key", self.own, "--json", want=7).error()["rule"], "limit")
        self.assertEqual(self.show(), held)
        self.hub.cli("community", "apply", draft)
        self.assertEqual(self.show()["version"], held["version"] + 1)


if __name__ == "__main__":
    main()
