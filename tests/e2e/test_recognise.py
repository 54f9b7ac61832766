"""Recognised communities are told apart by their ids: two of one id are refused, and of two that a roster has one alone is ended."""

from harness import E2E, main
from rosters import Roster, armour, data, key_seeds, to_armour


class Recognise(E2E):
    @classmethod
    def build(cls, world):
        for name, community in (("hub", "electricity"), ("gas-hub", "gas"), ("other-hub", "gas"), ("own-hub", "electricity")):
            world.node(name, listen=True).init().cli("community", "create", community, "--name", community)

    def arguments(self, name, community):
        node = self.world.nodes[name]
        file = self.world.path / (name + ".invite")
        file.write_bytes(node.cli("community", "invite", community).raw_out)
        return ("community", "recognise", "electricity", file, "--fingerprint", node.cli("community", "fingerprint", community).out.strip())

    def recognised(self):
        return [one["fingerprint"] for one in self.world.nodes["hub"].cli("community", "show", "electricity", "--json").object()["recognised"]]

    def test_one_id_each(self):
        hub = self.world.nodes["hub"]
        first, second = self.arguments("gas-hub", "gas"), self.arguments("other-hub", "gas")
        hub.cli(*first)
        self.assertFalse(hub.cli(*first, "--json").object()["changed"])
        for arguments in (second, self.arguments("own-hub", "electricity")):
            refused = hub.cli(*arguments, "--json", want=8).error()
            self.assertEqual(refused["rule"], "exists")
            self.assertIn("--end", refused["hint"])
            self.assertIn("承認をやめて", hub.cli(*arguments, lang="ja", want=8).err)
        self.assertEqual(self.recognised(), [first[-1]])

        path = hub.dir / "communities" / "electricity.roster"
        roster = Roster(armour(path)).successor()
        stranger = Roster(armour(self.world.nodes["other-hub"].dir / "communities" / "gas.first")).hash
        roster.fields = sorted(roster.fields + [(14, data(1, stranger) + data(2, "gas"))], key=lambda pair: pair[0])
        path.write_text(to_armour("ROSTER", roster.signed(key_seeds(hub.dir / "rosters" / "electricity.key")[0])))
        self.assertEqual(len(self.recognised()), 2)
        end = ("community", "recognise", "electricity", "gas", "--end")
        refused = hub.cli(*end, "--json", want=2).error()
        self.assertEqual(refused["rule"], "ambiguous")
        self.assertIn("--fingerprint", refused["hint"])
        wrong = self.world.nodes["own-hub"].cli("community", "fingerprint", "electricity").out.strip()
        self.assertEqual(hub.cli(*end, "--fingerprint", wrong, "--json", want=5).error()["rule"], "fingerprint")
        self.assertEqual(len(self.recognised()), 2)
        hub.cli(*end, "--fingerprint", first[-1])
        self.assertEqual(self.recognised(), [second[-1]])
        hub.cli(*end)
        self.assertEqual(self.recognised(), [])


if __name__ == "__main__":
    main()
