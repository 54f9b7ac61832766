"""A hub in the hands of somebody else, who has its keys and the roster key: rolled back and forked rosters, old and expired
heads. And a roster of 2,000 members."""

import json
import time

from harness import E2E, build_mesh, main, wait_until
from rawzmq import RawHub, node_keys
from rosters import Roster, armour, data, key_seeds, new_member, number, pairs, record, signed_word, to_armour
from test_hostile_links import HELLO, frame, hello, items, sign_key

SEND = ("--kind", "situation", "--body", "b", "--subject")
MANY = 2000


class Impostor:
    """Answers whoever dials the hub's address, by the hub's own keys, and says what a test wants."""

    def __init__(self, hub, org, keys):
        self.org, self.peers, self.log = org, {}, []
        self.raw = RawHub(hub.endpoint, keys)

    def greet(self, *peers, timeout=40):
        """Until the peers with these signing keys have said hello and were answered."""
        def heard():
            got = self.raw.receive()
            if got is not None:
                sender, bytes_in = got
                parts = dict(pairs(bytes_in))
                if parts.get(1) == HELLO:
                    said = dict(pairs(parts[2]))
                    self.peers[said[3]] = sender
                    self.raw.send(sender, hello(self.org, answer=True))
                self.log.append(bytes_in)
            return all(peer in self.peers for peer in peers)
        wait_until(heard, "the members dial the impostor", timeout)

    def say(self, peer, *records, position=0):
        """position: of the record in the hub's log; rosters and forks have none."""
        self.raw.send(self.peers[peer], items((position, *records)))
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            self.raw.receive()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.raw.__exit__()


class HostileHub(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "mallory"])
        hub = world.nodes["hub"]
        cls.org, cls.alpha_org, cls.bravo_org = (sign_key(world.nodes[org]) for org in ("hub", "alpha", "bravo"))
        cls.hub_seed = key_seeds(hub.dir / "identity.key")[0]
        cls.roster_seed = key_seeds(hub.dir / "rosters" / "electricity.key")[0]
        public = hub.cli("card", "--json").object()["curve"].encode()
        cls.keys = next(keys for keys in node_keys(hub.dir) if keys[0] == public)

    def setUp(self):
        self.hub, self.alpha, self.bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))

    def held(self, node):
        return Roster(armour(node.dir / "communities" / "electricity.roster"))

    def version(self, node):
        return node.status()["communities"][0]["roster_version"]

    def forked(self, node):
        return node.status()["communities"][0]["forked"]

    def impostor(self):
        return Impostor(self.hub, self.org, self.keys)

    def test_0_an_answer_of_two_parts(self):
        """Dropped whole: its first part, a good hello, is not taken for a message of its own."""
        self.hub.stop()
        with self.impostor() as impostor:
            def answered():
                got = impostor.raw.receive()
                if got is not None and dict(pairs(got[1])).get(1) == HELLO:
                    impostor.raw.send(got[0], hello(self.org, answer=True), b"more")
                self.assertNotEqual(self.alpha.link("hub"), "up")
                return "a message of several parts" in self.alpha.log_text()
            wait_until(answered, "alpha says that it dropped it", 40)
            end = time.monotonic() + 1
            while time.monotonic() < end:
                answered()
        self.hub.start()
        self.alpha.wait_link("hub", timeout=60)

    def test_1_rolled_back(self):
        """The roster from before a removal, whole and as an old head: refused, and the removed member stays out."""
        before = armour(self.hub.dir / "communities" / "electricity.roster")
        old = Roster(before)
        self.hub.cli("community", "remove", "electricity", "mallory")
        for node in (self.alpha, self.bravo):
            wait_until(lambda n=node: self.version(n) == old.version + 1, f"{node.org} has the new roster")
        self.hub.stop()
        with self.impostor() as impostor:
            impostor.greet(self.alpha_org)
            impostor.say(self.alpha_org, record(7, before))
            unsigned = self.held(self.hub).successor()
            impostor.say(self.alpha_org, record(7, unsigned.signed(self.hub_seed)))  # the next, by a key that is no roster key
            self.assertNotIn("the last: roster-old", self.alpha.log_text())
            impostor.say(self.alpha_org, signed_word(self.hub_seed, old, int(time.time() * 1000) + 1000), position=100000)
            wait_until(lambda: "the last: roster-old" in self.alpha.log_text(), "the word on the old head is refused as that")
            self.assertEqual(self.version(self.alpha), old.version + 1)
            self.assertNotIn("mallory", {member["org"] for member in
                             self.alpha.cli("community", "show", "electricity", "--json").object()["members"]})
        self.hub.start()
        self.alpha.wait_link("hub")

    def test_2_expired_head(self):
        """A roster that expires under the feet: what is above GREEN needs the override, which the log keeps."""
        first = self.version(self.alpha)
        soon = self.held(self.hub).successor()
        soon.set(8, int(time.time() * 1000) + 6000)
        self.hub.stop()
        with self.impostor() as impostor:
            impostor.greet(self.alpha_org)
            impostor.say(self.alpha_org, record(7, soon.signed(self.roster_seed)))
            wait_until(lambda: self.version(self.alpha) == first + 1, "a roster that holds is taken from anyone")
            wait_until(lambda: self.alpha.cli("send", "--tlp", "AMBER", "--to", "@electricity", *SEND, "x", want=None).code == 3, "it expires", 20)
            done = self.alpha.cli("send", "--tlp", "AMBER", "--to", "@electricity", *SEND, "x", "--json", want=3)
            self.assertIn(done.error()["rule"], ("community-rule", "roster-stale"))
            self.assertIn("--stale-roster", done.error()["hint"])
            invite = self.world.write("expired.invite", self.alpha.cli("community", "invite", "electricity").out)
            for lang, words in (("en", "was valid until"), ("ja", "の名簿の有効期限は")):
                joined = self.alpha.cli("join", invite, "--fingerprint", self.alpha.cli("community", "fingerprint", "electricity").out.strip(), lang=lang)
                self.assertIn(words, joined.err)
            self.alpha.send("--tlp", "GREEN", "--to", "@electricity", *SEND, "up to GREEN")
            said = len(self.alpha.log_text())
            report = self.alpha.send("--tlp", "AMBER", "--to", "@electricity", *SEND, "all the same", "--stale-roster")
            self.assertIn("override: TLP:AMBER", self.alpha.log_text()[said:])
            self.assertTrue([text for text in self.alpha.status()["warnings"] if "has expired" in text])
            self.assertIn("有効期限が過ぎています", self.alpha.cli("status", lang="ja").out)
        self.hub.start()
        self.alpha.wait_link("hub")
        wait_until(lambda: self.version(self.hub) == first + 1, "the hub learns of it from the member")
        self.hub.cli("community", "renew", "electricity")
        for node in (self.alpha, self.bravo):
            wait_until(lambda n=node: self.version(n) == first + 2, f"{node.org} has the renewed one")
        self.bravo.wait_report(report)

    def test_3_forked(self):
        """Two rosters of one version, one to each member. Once either is seen by another, all know it; a person ends it."""
        first = self.version(self.alpha)
        base = self.held(self.hub)
        one, other = base.successor(), base.successor()
        one.add(new_member("yankee", "偽の会員"))
        other.drop("bravo")
        many = [roster.signed(self.roster_seed) for roster in (one, other)]
        self.hub.stop()
        with self.impostor() as impostor:
            impostor.greet(self.alpha_org, self.bravo_org)
            impostor.say(self.alpha_org, record(7, many[0]))
            wait_until(lambda: self.version(self.alpha) == first + 1, "alpha is told one")
            impostor.say(self.alpha_org, record(7, many[1]))
            wait_until(lambda: self.forked(self.alpha), "alpha has seen both")
        shown = self.alpha.cli("community", "forks", "electricity", "--json").object()
        self.assertEqual({roster["hash"] for roster in shown["rosters"]}, {one.hash.hex(), other.hash.hex()})
        self.assertEqual(set(shown["members"]), {"hub", "alpha"}, "neither the newcomer of the one nor the one that the other drops")
        self.assertIn("分岐しています", self.alpha.cli("community", "forks", "electricity", lang="ja").out)
        self.assertTrue(self.alpha.cli("community", "show", "electricity", "--json").object()["forked"])
        self.assertIn("BEGIN NOROSHI FORK", self.alpha.cli("community", "forks", "electricity", "--proof").out)
        self.alpha.kill()  # kept over a power cut
        self.alpha.start()
        self.assertTrue(self.forked(self.alpha))
        self.hub.start()
        self.alpha.wait_link("hub")
        wait_until(lambda: self.forked(self.hub), "the hub is told by the member")
        self.assertTrue([text for text in self.hub.status()["warnings"] if text.startswith("ALARM")])
        wait_until(lambda: self.hub.link("bravo") != "up", "who is not on both sides is out")
        done = self.alpha.cli("send", "--tlp", "AMBER", "--to", "@electricity", *SEND, "x", "--json").object()
        self.assertEqual(done["recipients"], ["hub"])
        self.hub.cli("community", "renew", "electricity", want=5)  # no successor but one that heals

        # The secretariat heals; each person compares the fingerprint.
        done = self.hub.cli("community", "heal", "electricity", "--json").object()
        wait_until(lambda: not self.forked(self.hub), "healed at the hub")
        wait_until(lambda: [roster for roster in self.alpha.cli("community", "forks", "electricity", "--json").object()["rosters"]
                            if roster["heals"]], "it has come to alpha")
        self.assertTrue(self.forked(self.alpha))
        self.alpha.cli("community", "heal", "electricity", "--fingerprint", self.alpha.fingerprint(), want=5)
        self.assertTrue(self.forked(self.alpha))
        self.alpha.cli("community", "heal", "electricity", "--fingerprint", done["fingerprint"])
        self.assertFalse(self.forked(self.alpha))
        self.assertFalse(self.alpha.cli("community", "show", "electricity", "--json").object()["forked"])
        self.assertEqual(self.version(self.alpha), done["version"])
        history = self.alpha.cli("community", "show", "electricity", "--history", "--json").rows()
        self.assertIn("forks", {change["change"] for change in history[-1]["changes"]})
        self.hub.cli("community", "add", "electricity", self.bravo.card(), "--fingerprint", self.bravo.fingerprint())
        self.alpha.cli("send", "--tlp", "AMBER", "--to", "hub", *SEND, "on it goes")

    def test_4_two_thousand_members(self):
        """Size, time to verify, time to apply one change, over real links."""
        first = self.version(self.hub)
        crowd = self.held(self.hub).successor()
        crowd.add(*[new_member(f"member-{index:04}", f"地域電力株式会社 {index:04}", crowd.community) for index in range(MANY)])
        many = crowd.signed(self.roster_seed)
        path = self.world.write("crowd.roster", to_armour("ROSTER", many))
        started = time.monotonic()
        (self.hub.dir / "inbox" / "crowd.roster").write_bytes(path.read_bytes())
        wait_until(lambda: self.version(self.hub) == first + 1, "the hub has verified it", 60)
        at_hub = time.monotonic() - started
        wait_until(lambda: self.version(self.alpha) == first + 1, "alpha has it, in pieces", 60)
        at_alpha = time.monotonic() - started
        self.assertLess(len(many), 1_000_000)
        # The command line is not used for the change, so that the time is the node's.
        after = crowd.successor()
        after.drop("member-1234")
        changed = after.signed(self.roster_seed)
        (self.hub.dir / "inbox" / "change.roster").write_text(to_armour("ROSTER", changed))
        started = time.monotonic()
        wait_until(lambda: self.version(self.alpha) == first + 2, "alpha has the change", 30)
        print(f"2,000 members: {len(many)} bytes; at the hub after {at_hub:.2f} s, at a member after {at_alpha:.2f} s; "
              f"one change at the member after {time.monotonic() - started:.2f} s", flush=True)
        members = self.alpha.cli("community", "show", "electricity", "--json").object()["members"]
        self.assertEqual(len(members), MANY - 1 + 3)
        self.alpha.restart()
        self.alpha.wait_link("hub")
        self.assertEqual(self.version(self.alpha), first + 2)


if __name__ == "__main__":
    main()
