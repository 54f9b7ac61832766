"""A roster that has no room for another tombstone says so, and what makes room."""

import os

from harness import E2E, main
from rosters import Roster, armour, data, key_seeds, new_member, number, to_armour

TOMBSTONES = 4096


class RosterFull(E2E):
    @classmethod
    def build(cls, world):
        world.node("hub").init().cli("community", "create", "lim", "--name", "LIM")

    def test_no_room(self):
        hub = self.world.nodes["hub"]
        path = hub.dir / "communities" / "lim.roster"
        full = Roster(armour(path)).successor()
        full.add(new_member("other", "他", full.community))
        at_ms = full.get(7)
        for key in sorted(os.urandom(32) for _ in range(TOMBSTONES)):
            full.fields.append((12, data(1, key) + number(2, 1) + number(3, at_ms) + data(4, key) + data(5, b"gone")))
        full.fields.sort(key=lambda field: field[0])
        path.write_text(to_armour("ROSTER", full.signed(key_seeds(hub.dir / "rosters" / "lim.key")[0])))
        before = path.read_bytes()
        refused = hub.cli("community", "remove", "lim", "other", "--json", want=7).error()
        self.assertEqual(refused["rule"], "limit")
        self.assertIn("4096 tombstones", refused["message"])
        self.assertIn("90 days", refused["hint"])
        japanese = hub.cli("community", "remove", "lim", "other", lang="ja", want=7).err
        self.assertIn("4096", japanese)
        self.assertIn("90日", japanese)
        self.assertEqual(path.read_bytes(), before)


if __name__ == "__main__":
    main()
