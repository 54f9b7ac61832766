"""What a signer sees of a draft: nothing in a roster can differ from the one before without a line of its own."""

import json
import os
import time

from harness import E2E, enrol, invite, join, main
from rosters import Roster, armour, data, key_seeds, new_member, number, pack, pairs, sign, to_armour

DAY_MS = 86400000


def prefixed(text):
    return len(text).to_bytes(4, "little") + text


def edit(field, number_within, value, which=0):
    """Give a sub-field of the which-th entry of a field another value."""
    def change(roster):
        at = [index for index, (key, _) in enumerate(roster.fields) if key == field][which]
        inner = dict(pairs(roster.fields[at][1]))
        inner[number_within] = value(inner.get(number_within)) if callable(value) else value
        roster.fields[at] = (field, pack(sorted(inner.items())))
    return change


def within_rules(field, new):
    """Rules have lists, so their fields are kept as pairs. new: from the list of values of the field to another."""
    def change(roster):
        rules = pairs(roster.get(13))
        values = new([value for key, value in rules if key == field])
        roster.set(13, pack(sorted([pair for pair in rules if pair[0] != field] + [(field, value) for value in values], key=lambda pair: pair[0])))
    return change


def add(field, value):
    def change(roster):
        roster.fields = sorted(roster.fields + [(field, value)], key=lambda pair: pair[0])
    return change


def drop(field, which=0):
    def change(roster):
        roster.fields.pop([index for index, (key, _) in enumerate(roster.fields) if key == field][which])
    return change


def turn(field):
    """The entries of a list the other way round."""
    def change(roster):
        values = [value for key, value in roster.fields if key == field][::-1]
        roster.fields = [pair for pair in roster.fields if pair[0] != field] + [(field, value) for value in values]
        roster.fields.sort(key=lambda pair: pair[0])
    return change


def duty_rule(labels, duty):
    return number(1, labels) + data(3, duty)


def disclaimer(name, version, text, labels):
    return data(1, name) + number(2, version) + data(4, text) + number(5, labels)


def tombstone(org, cause, at_ms):
    return data(1, os.urandom(32)) + number(2, cause) + number(3, at_ms) + data(4, os.urandom(32)) + data(5, org)


class RosterSummary(E2E):
    @classmethod
    def build(cls, world):
        hub = world.node("hub", listen=True).init()
        alpha = world.node("alpha").init()
        gas = world.node("gas-hub", listen=True).init()
        hub.cli("community", "create", "electricity", "--name", "電力")
        gas.cli("community", "create", "gas", "--name", "ガス")
        enrol(hub, alpha, "electricity")
        join(hub, alpha, "electricity")
        hub.cli("community", "recognise", "electricity", invite(gas, "gas"), "--fingerprint", gas.cli("community", "fingerprint", "gas").out.strip())
        cls.seeds = key_seeds(alpha.dir / "identity.key")
        cls.old_ms = int(time.time() * 1000) - 91 * DAY_MS
        path = hub.dir / "communities" / "electricity.roster"
        roster = Roster(armour(path)).successor()
        joined, public = sign(cls.seeds[0], b"member joined", roster.community)
        cls.at = [dict(pairs(value))[1] for key, value in roster.fields if key == 11].index(b"alpha")
        edit(11, 8, joined, cls.at)(roster)
        edit(11, 9, data(1, "confidential") + number(2, cls.old_ms), cls.at)(roster)
        for value in (tombstone("gone", 1, cls.old_ms), tombstone("leaver", 2, cls.old_ms), tombstone("other", 1, cls.old_ms)):
            add(12, value)(roster)
        within_rules(3, lambda values: [disclaimer("menseki", 1, "As it is.", 8)])(roster)
        within_rules(4, lambda values: [duty_rule(8, "confidential"), duty_rule(16, "cleared")])(roster)
        path.write_text(to_armour("ROSTER", roster.signed(key_seeds(hub.dir / "rosters" / "electricity.key")[0])))

    def draft(self, name, *changes):
        hub = self.world.nodes["hub"]
        many = armour(hub.dir / "communities" / "electricity.roster")
        roster = Roster(many).successor()
        roster.set(7, self.now_ms)
        for change in changes:
            change(roster)
        path = self.world.path / (name.replace(" ", "-") + ".draft")
        path.write_text(to_armour("DRAFT", data(1, armour(hub.dir / "communities" / "electricity.first")) + data(2, many) + data(4, pack(roster.fields))))
        return path

    def seen(self, name, *changes):
        """Of a draft: the text in both languages, and the JSON, without the hash."""
        hub = self.world.nodes["hub"]
        path = self.draft(name, *changes)
        texts = []
        for language in ("en", "ja"):
            lines = hub.cli("community", "sign", path, "--dry-run", lang=language).out.splitlines()
            texts.append("\n".join(line for line in lines if not line.startswith(("Hash of this", "この版の"))))
        row = hub.cli("community", "sign", path, "--dry-run", "--json").object()
        row.pop("hash")
        return (*texts, json.dumps(row, sort_keys=True))

    def other_keys(self, roster):
        """The same signing key beside another link key, proven."""
        public = sign(self.seeds[0], b"x", b"")[1]
        mine = dict(pairs([value for key, value in roster.fields if key == 11][self.at]))
        curve = dict(pairs(new_member("x", "x")))[5]
        proof = sign(self.seeds[0], b"member proof", prefixed(b"alpha") + public + mine[4] + curve)[0]
        edit(11, 5, curve, self.at)(roster)
        edit(11, 7, proof, self.at)(roster)

    def test_every_field(self):
        self.now_ms = now = int(time.time() * 1000)
        bravo = new_member("bravo", "B", Roster(armour(self.world.nodes["hub"].dir / "communities" / "electricity.roster")).community)
        without_word = pack([pair for pair in pairs(bravo) if pair[0] != 8])
        alpha = self.at
        cases = {
            "nothing": [],
            "name": [lambda roster: roster.set(4, "Electricity")],
            "made earlier": [lambda roster: roster.set(7, now - 3 * DAY_MS)],
            "made later": [lambda roster: roster.set(7, now + 30 * DAY_MS)],
            "valid longer": [lambda roster: roster.set(8, roster.get(8) + 5 * DAY_MS)],
            "roster key": [add(9, b"\xff" * 32)],
            "two roster keys, two of them": [add(9, b"\xff" * 32), lambda roster: roster.set(10, 2)],
            "member in": [lambda roster: roster.add(without_word)],
            "member in, its word": [lambda roster: roster.add(bravo)],
            "member in, a duty": [lambda roster: roster.add(without_word + data(9, data(1, "confidential")))],
            "member out, no tombstone": [lambda roster: roster.drop("alpha")],
            "member's name": [edit(11, 2, "Alpha Power", alpha)],
            "member's role": [edit(11, 6, lambda role: 2 if role != 2 else 3, alpha)],
            "member's link key": [self.other_keys],
            "member's word falls": [edit(11, 8, b"", alpha)],
            "member's duties fall": [edit(11, 9, b"", alpha)],
            "member's other duty": [edit(11, 9, data(1, "cleared") + number(2, self.old_ms), alpha)],
            "member's duty since": [edit(11, 9, data(1, "confidential") + number(2, self.old_ms - DAY_MS), alpha)],
            "member's duty until": [edit(11, 9, data(1, "confidential") + number(2, self.old_ms) + number(3, now + DAY_MS), alpha)],
            "tombstone out": [drop(12, 1)],
            "tombstone revoked": [edit(12, 2, 1, 1)],
            "tombstone revoked now": [edit(12, 2, 1, 1), edit(12, 3, now, 1)],
            "tombstone of a stranger": [add(12, tombstone("chubu", 1, now))],
            "tombstone of who left": [add(12, tombstone("chubu", 2, now))],
            "tombstones turned": [turn(12)],
            "labels": [within_rules(1, lambda values: [values[0] ^ 32])],
            "flags": [within_rules(2, lambda values: [3 ^ (values or [0])[0]])],
            "withdrawn": [within_rules(5, lambda values: [31])],
            "duty rule's label": [within_rules(4, lambda values: [duty_rule(2, "confidential"), values[1]])],
            "duty rule's duty": [within_rules(4, lambda values: [duty_rule(8, "anything"), values[1]])],
            "duty rule's kind": [within_rules(4, lambda values: [number(1, 8) + number(2, 2) + data(3, "confidential"), values[1]])],
            "duty rule out": [within_rules(4, lambda values: values[1:])],
            "duty rules turned": [within_rules(4, lambda values: values[::-1])],
            "disclaimer out": [within_rules(3, lambda values: [])],
            "disclaimer's text": [within_rules(3, lambda values: [disclaimer("menseki", 1, "As it was.", 8)])],
            "disclaimer's version": [within_rules(3, lambda values: [disclaimer("menseki", 2, "As it is.", 8)])],
            "disclaimer's label": [within_rules(3, lambda values: [disclaimer("menseki", 1, "As it is.", 2)])],
            "recognised out": [drop(14)],
            "recognised, another": [edit(14, 1, b"\x11" * 32)],
            "recognised, another id": [edit(14, 2, "oil")],
            "heals": [add(15, b"\x22" * 32), add(15, b"\x33" * 32)],
            "heals others": [add(15, b"\x22" * 32), add(15, b"\x44" * 32)],
        }
        seen = {name: self.seen(name, *changes) for name, changes in cases.items()}
        for name, view in seen.items():
            for other, other_view in seen.items():
                if name < other:
                    for a, b in zip(view, other_view):
                        self.assertNotEqual(a, b, f"{name} is shown as {other}")
        self.assertIn("none but version", seen["nothing"][0])
        for name in set(cases) - {"nothing", "made earlier", "made later", "valid longer"}:
            self.assertNotIn("none but version", seen[name][0], name)
        self.assertIn("FALLS", seen["member's word falls"][0])
        self.assertNotIn("has joined, by its own", seen["member's word falls"][0])
        self.assertIn("clock of this machine", seen["made later"][0])
        self.assertIn("この装置の時計", seen["made later"][1])
        self.assertTrue(json.loads(seen["made later"][2])["created_ahead"])
        self.assertFalse(json.loads(seen["nothing"][2])["created_ahead"])
        self.assertIn("As it was.", seen["disclaimer's text"][0])

    def test_a_first_version_too(self):
        """All that it holds is new, so all has a line."""
        self.now_ms = int(time.time() * 1000)
        hub = self.world.nodes["hub"]
        views = set()
        for name, changes in {"plain": [], "recognises": [add(14, data(1, os.urandom(32)) + data(2, "gas"))], "buries": [add(12, tombstone("gone", 1, self.now_ms))],
                              "demands": [within_rules(4, lambda values: [duty_rule(8, "confidential")])]}.items():
            roster = Roster(armour(hub.dir / "communities" / "electricity.first"))
            for change in changes:
                change(roster)
            path = self.world.path / (name + "-first.draft")
            path.write_text(to_armour("DRAFT", data(4, pack(roster.fields))))
            out = hub.cli("community", "sign", path, "--dry-run").out
            views.add(out.split("Changes:")[1])
        self.assertEqual(len(views), 4)

    def test_signatures_of_a_threshold(self):
        """Where the threshold alone changes, or a key goes, both counts are told."""
        hub = self.world.nodes["hub"]
        path = self.world.path / "threshold.draft"
        key = self.world.path / "chair.key"
        added = hub.cli("community", "key", key, "--no-passphrase", "--json").object()["key"]
        hub.cli("community", "keys", "electricity", "--add-key", added)
        hub.cli("community", "keys", "electricity", "--threshold", "2", "--draft", path)
        out = hub.cli("community", "sign", path, "--dry-run").out
        self.assertIn("1 of 1 needed; of the new keys: 1 of 2 needed", out)
        self.assertIn("Not complete yet.", out)
        hub.cli("community", "keys", "electricity", "--drop-key", added, "--draft", path)
        self.assertIn("of the new keys: 1 of 1 needed", hub.cli("community", "sign", path, "--dry-run").out)


if __name__ == "__main__":
    main()
