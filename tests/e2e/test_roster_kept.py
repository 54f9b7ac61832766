"""What no later version of a roster may change, whoever signs it: the community's id, and who was revoked."""

import os

from harness import E2E, enrol, invite, join, main, wait_until
from rosters import Roster, armour, data, key_seeds, number, pack, pairs, to_armour


def version(node, community):
    return next((entry["roster_version"] for entry in node.status()["communities"] if entry["id"] == community), None)


def restone(roster, change):
    """Each tombstone as `change` makes it of its fields; None: it goes."""
    fields = []
    for key, value in roster.fields:
        after = change(dict(pairs(value))) if key == 12 else None
        fields += [(key, value)] if key != 12 else [(12, pack(sorted(after.items())))] if after else []
    roster.fields = fields


class RosterKept(E2E):
    @classmethod
    def build(cls, world):
        hub = world.node("hub", listen=True).init()
        alpha, bravo = world.node("alpha").init(), world.node("bravo").init()
        hub.cli("community", "create", "electricity", "--name", "電力")
        for node in (alpha, bravo):
            enrol(hub, node, "electricity")
        for node in (alpha, bravo):
            join(hub, node, "electricity")
        for node in (hub, alpha, bravo):
            node.start()
        for node in (alpha, bravo):
            node.wait_link("hub")

    def held(self):
        return armour(self.world.nodes["hub"].dir / "communities" / "electricity.roster")

    def successor(self, change):
        roster = Roster(self.held()).successor()
        roster.set(8, roster.get(8) + 1000)
        change(roster)
        return roster

    def refused_as_draft(self, name, roster, word, japanese):
        hub = self.world.nodes["hub"]
        path = self.world.path / name
        first = armour(hub.dir / "communities" / "electricity.first")
        path.write_text(to_armour("DRAFT", data(1, first) + data(2, self.held()) + data(4, pack(roster.fields))))
        before = path.read_bytes()
        for command in (["--dry-run"], ["--key", hub.dir / "rosters" / "electricity.key"]):
            error = hub.cli("community", "sign", path, *command, "--json", want=5).error()
            self.assertEqual(error["rule"], "forged")
            self.assertIn(word, error["message"])
            self.assertIn(japanese, hub.cli("community", "sign", path, *command, lang="ja", want=5).err)
        self.assertEqual(path.read_bytes(), before)

    def refused_by_members(self, roster):
        """Signed all the same, by a program that asks nothing."""
        hub, alpha = self.world.nodes["hub"], self.world.nodes["alpha"]
        held = version(hub, "electricity")
        many = roster.signed(key_seeds(hub.dir / "rosters" / "electricity.key")[0])
        for node in (hub, alpha):
            temporary = node.dir / "inbox" / "x.tmp"
            temporary.write_text(to_armour("ROSTER", many))
            os.rename(temporary, node.dir / "inbox" / "zz.roster")
            wait_until(lambda: (node.dir / "inbox" / "refused" / "zz.roster").exists(), f"{node.name} refuses it")
            (node.dir / "inbox" / "refused" / "zz.roster").unlink()
            self.assertEqual(version(node, "electricity"), held)

    def test_1_the_id_is_for_good(self):
        roster = self.successor(lambda roster: roster.set(3, "gas"))
        self.refused_as_draft("id.draft", roster, "id of the community", "識別名")
        self.refused_by_members(roster)
        self.assertEqual([path.name for path in (self.world.nodes["alpha"].dir / "communities").glob("gas*")], [])

    def test_2_who_was_revoked_stays_so(self):
        hub, alpha, bravo = (self.world.nodes[name] for name in ("hub", "alpha", "bravo"))
        entry = next(value for key, value in Roster(self.held()).fields if key == 11 and dict(pairs(value))[1] == b"bravo")
        hub.cli("community", "remove", "electricity", "bravo")
        wait_until(lambda: version(alpha, "electricity") == version(hub, "electricity"), "alpha follows")
        for name, change in (("weaker", lambda roster: restone(roster, lambda stone: {**stone, 2: 2})),
                             ("out", lambda roster: restone(roster, lambda stone: None)),
                             ("back", lambda roster: (restone(roster, lambda stone: None), roster.add(entry)))):
            with self.subTest(name):
                roster = self.successor(change)
                self.refused_as_draft(name + ".draft", roster, "bravo was revoked", "bravoの鍵が失効")
                self.refused_by_members(roster)
        self.assertNotEqual(bravo.link("hub"), "up")
        hub.cli("community", "renew", "electricity")
        wait_until(lambda: version(alpha, "electricity") == version(hub, "electricity"), "alpha follows what is as it should be")

    def test_3_who_left_may_come_back(self):
        hub, alpha = self.world.nodes["hub"], self.world.nodes["alpha"]
        hub.cli("community", "remove", "electricity", "alpha", "--left")
        self.refused_as_draft("left.draft", self.successor(lambda roster: restone(roster, lambda stone: stone if stone[2] == 1 else None)),
                              "alpha left", "alphaが脱退")
        wait_until(lambda: alpha.link("hub") != "up", "alpha is cut off")
        enrol(hub, alpha, "electricity")
        join(hub, alpha, "electricity")
        alpha.wait_link("hub")
        wait_until(lambda: version(alpha, "electricity") == version(hub, "electricity"), "alpha follows again")

    def test_4_who_was_revoked_is_not_added_again(self):
        hub, bravo = self.world.nodes["hub"], self.world.nodes["bravo"]
        arguments = ("community", "add", "electricity", bravo.card(), "--fingerprint", bravo.fingerprint())
        refused = hub.cli(*arguments, "--json", want=3).error()
        self.assertEqual(refused["rule"], "revoked")
        self.assertIn("new keys", refused["hint"])
        self.assertIn("新しい鍵", hub.cli(*arguments, lang="ja", want=3).err)

    def test_5_who_was_away_while_one_came_back_and_left_again(self):
        """By an invite, or as far behind as steps are no longer sent: the newest alone is judged by the one that was held."""
        hub, alpha = self.world.nodes["hub"], self.world.nodes["alpha"]
        delta = self.world.node("delta").init()
        enrol(hub, delta, "electricity")
        hub.cli("community", "remove", "electricity", "delta", "--left")
        wait_until(lambda: version(alpha, "electricity") == version(hub, "electricity"), "alpha knows that delta left")
        alpha.stop()
        wait_until(lambda: hub.link("alpha") != "up", "alpha is away")
        enrol(hub, delta, "electricity")
        hub.cli("community", "remove", "electricity", "delta", "--left")
        fingerprint = hub.cli("community", "fingerprint", "electricity").out.strip()
        alpha.cli("join", invite(hub, "electricity"), "--fingerprint", fingerprint)
        self.assertEqual(alpha.cli("community", "show", "electricity", "--json").object()["version"], version(hub, "electricity"))
        alpha.start()
        alpha.wait_link("hub")
        wait_until(lambda: version(alpha, "electricity") == version(hub, "electricity"), "alpha follows")

    def refused_as_invite(self, roster, word, remedy, japanese):
        """Signed by a roster key of before, in an invite that stands by itself; the fingerprint is the right one."""
        hub, alpha = self.world.nodes["hub"], self.world.nodes["alpha"]
        first = armour(hub.dir / "communities" / "electricity.first")
        many = roster.signed(key_seeds(hub.dir / "rosters" / "electricity.key")[0])
        path = self.world.write("bad.invite", to_armour("INVITE", data(1, first) + data(2, many)))
        wanted = ("join", path, "--fingerprint", hub.cli("community", "fingerprint", "electricity").out.strip())
        held = alpha.cli("community", "show", "electricity", "--json").object()["hash"]
        error = alpha.cli(*wanted, "--json", want=5).error()
        self.assertEqual(error["rule"], "forged")
        self.assertIn(word, error["message"])
        self.assertIn(remedy, error["hint"])
        self.assertNotIn("fingerprint", error["hint"])
        told = alpha.cli(*wanted, lang="ja", want=5).err
        self.assertIn(japanese, told)
        self.assertNotIn("フィンガープリント", told)
        self.assertEqual(alpha.cli("community", "show", "electricity", "--json").object()["hash"], held)

    def test_6_an_invite_says_what_its_roster_breaks(self):
        hub, alpha = self.world.nodes["hub"], self.world.nodes["alpha"]
        revoked = lambda roster: restone(roster, lambda stone: stone if stone[2] == 2 else None)
        left = lambda roster: restone(roster, lambda stone: stone if stone[2] == 1 else None)
        self.refused_as_invite(self.successor(revoked), "bravo was revoked", "keeps the entry", "bravoの鍵が失効")
        self.refused_as_invite(self.successor(left), "delta left", "keeps the entry", "deltaが脱退")
        roster = self.successor(lambda roster: None)
        self.rotate_roster_key()
        wait_until(lambda: version(alpha, "electricity") == version(hub, "electricity"), "alpha follows")
        roster.set(5, version(hub, "electricity") + 2)
        self.refused_as_invite(roster, "not signed by", "each change of the roster keys", "名簿の鍵の署名")

    def rotate_roster_key(self):
        """The key in the hub's folder signs no more."""
        hub = self.world.nodes["hub"]
        key, draft = self.world.path / "chair.key", self.world.path / "keys.draft"
        line = hub.cli("community", "key", key, "--no-passphrase", "--json").object()["key"]
        both = hub.cli("community", "keys", "electricity", "--add-key", line, "--draft", draft, "--json").object()["keys"]
        (old,) = set(both) - {line}
        for change in ((), ("--drop-key", old)):
            if change:
                hub.cli("community", "keys", "electricity", *change, "--draft", draft)
            for one in (hub.dir / "rosters" / "electricity.key", key):
                hub.cli("community", "sign", draft, "--key", one)
            hub.cli("community", "apply", draft)


if __name__ == "__main__":
    main()
