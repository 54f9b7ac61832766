"""Every file of every ceremony, spoilt in every way: empty, cut, flipped, another community's, without a signature or with that of a key that has no say, out of
order. Each time exit 3 or 5 with the reason, nothing changed, and the attempt in the node's audit log. And invites whose newest roster is the one that changed the
keys, or the first: its signatures count like any other's, and what was refused stands in nobody's way."""

import os
import random
import shutil

import rosters
from harness import E2E, enrol, join, main, wait_until

FOLDERS = ("communities", "cards", "changes", "rosters", "inbox")
FILE = object()


class CeremonyFiles(E2E):
    @classmethod
    def build(cls, world):
        home, guest, late = world.node("home", listen=True).init(), world.node("guest").init(), world.node("late").init()
        gas, stranger, twin, newcomer = (world.node(org).init() for org in ("gas-hub", "stranger", "twin", "newcomer"))
        for node, community in ((home, "water"), (gas, "gas"), (twin, "water")):
            node.cli("community", "create", community, "--name", community)
        for hub, community, member in ((home, "water", guest), (home, "water", late), (gas, "gas", stranger)):
            hub.cli("community", "add", community, member.card(), "--fingerprint", member.fingerprint())
        cls.prints = {node.org: node.cli("community", "fingerprint", community).out.strip() for node, community in ((home, "water"), (gas, "gas"), (twin, "water"))}
        cls.files = {"card": newcomer.card().read_bytes(), "other card": stranger.card().read_bytes(),
                     "invite": home.cli("community", "invite", "water").raw_out, "gas invite": gas.cli("community", "invite", "gas").raw_out,
                     "twin invite": twin.cli("community", "invite", "water").raw_out}
        join(home, guest, "water")
        for node in (guest, stranger):
            paper, made = world.path / f"{node.org}.paper", world.path / f"{node.org}.made"
            paper.write_bytes(node.cli("key", "paper").raw_out)
            node.cli("key", "revoke", paper, "-o", made)
            cls.files[f"{node.org} paper"], cls.files[f"{node.org} revocation"] = paper.read_bytes(), made.read_bytes()
            made.unlink()
            node.cli("key", "rotate", "-o", made)
            cls.files[f"{node.org} succession"] = made.read_bytes()
        cls.make_drafts(home, twin, gas)
        for node in (home, guest, late):
            node.start()
        guest.wait_link("home")

    @classmethod
    def make_drafts(cls, home, twin, gas):
        """A next version that is whole; one of before; one of two versions on; others' of the same number."""
        def draft(name, node, community, *words):
            path = cls.world.path / f"{name}.draft"
            node.cli("community", *(words or ("renew",)), community, "--draft", path)
            cls.files[name] = path.read_bytes()
            return path
        for name in ("old", "newer"):
            home.cli("community", "apply", draft(name, home, "water"))
        draft("draft", home, "water")
        draft("twin draft", twin, "water")
        draft("gas draft", gas, "gas")

    @classmethod
    def unsigned(cls, name):
        """The same invite without a signature under its newest roster; and with that of another community's key."""
        fields = rosters.pairs(rosters.armour(cls.spoilt(cls.files[name])))
        seed = rosters.key_seeds(cls.world.nodes["twin"].dir / "rosters" / "water.key")[0]
        for by in (None, seed):
            made = []
            for field, value in fields:
                if field == 2:
                    roster = rosters.Roster(value)
                    value = rosters.data(1, roster.statement) if by is None else roster.signed(by)
                made.append((field, value))
            yield rosters.to_armour("INVITE", rosters.pack(made)).encode()

    @classmethod
    def spoilt(cls, data):
        path = cls.world.path / "spoilt"
        path.write_bytes(data)
        return path

    def held(self, node):
        """What the ceremonies write. A file that the node itself refused is set aside in its inbox, and is no change."""
        return {path.relative_to(node.dir): path.read_bytes() for name in FOLDERS for path in (node.dir / name).rglob("*")
                if path.is_file() and "refused" not in path.parts}

    def attempts(self, node, kind):
        return [row for row in node.cli("audit", "list", "--kind", kind, "--json").rows() if row["rule"]]

    def bad(self, data, paper):
        """A paper is read by its signs alone, in capitals or not: a bit of it may be another that says the same."""
        dice = random.Random(len(data))
        yield "empty", b""
        for at in (25, len(data) // 2, len(data) - 3):
            yield f"cut at {at}", data[:at]
        for _ in range(0 if paper else 3):
            flipped = bytearray(data)
            flipped[dice.randrange(40, len(data) - 40)] ^= 1 << dice.randrange(7)
            yield "flipped", bytes(flipped)

    def refused(self, node, kind, argv, what, data, rules):
        before, seen = self.held(node), len(self.attempts(node, kind))
        with self.subTest(command=argv[0] if argv[1] is FILE else " ".join(argv[:2]), org=node.org, what=what):
            done = node.cli(*[self.spoilt(data) if word is FILE else word for word in argv], "--json", want=None)
            self.assertIn(done.code, (3, 5), f"{done}")
            error = done.error()
            self.assertTrue(error["message"])
            self.assertIn(error["rule"], rules, f"{done}")
            self.assertEqual(done.out, "")
            self.assertEqual(self.held(node), before)
            wait_until(lambda: len(self.attempts(node, kind)) == seen + 1, "the attempt is in the audit log", 5)
            self.assertEqual(self.attempts(node, kind)[-1]["rule"], error["rule"])

    def test_each(self):
        home, guest, late = (self.world.nodes[org] for org in ("home", "guest", "late"))
        prints, files, newcomer = self.prints, self.files, self.world.nodes["newcomer"].fingerprint()
        damage = ("damaged", "forged", "not-member")  # a file of another community may show that first
        none, foreign_key = self.unsigned("invite")
        gas_none, gas_key = self.unsigned("gas invite")
        for node, kind, argv, good, others in (
                (home, "card", ("community", "add", "water", FILE, "--fingerprint", newcomer), "card", {"other card": ("fingerprint",)}),
                (home, "roster", ("community", "succeed", "water", FILE), "guest succession", {"stranger succession": ("not-member",)}),
                (home, "roster", ("community", "recognise", "water", FILE, "--fingerprint", prints["gas-hub"]), "gas invite",
                 {"twin invite": ("fingerprint",), "invite": ("fingerprint",), "unsigned": ("damaged",), "a key without a say": ("forged",)}),
                (home, "roster", ("community", "apply", FILE), "draft",
                 {"old": ("roster-old",), "twin draft": ("forged",), "gas draft": ("not-member",)}),
                (home, "key", ("key", "revoke", FILE, "--submit"), "guest revocation", {"stranger revocation": ("not-member",)}),
                (home, "key", ("key", "revoke", FILE, "--submit"), "guest paper", {"stranger paper": ("not-member",)}),
                (late, "join", ("join", FILE, "--fingerprint", prints["home"]), "invite",
                 {"twin invite": ("fingerprint",), "gas invite": ("fingerprint",), "unsigned": ("damaged",), "a key without a say": ("forged",)}),
                (late, "join", ("join", FILE, "--fingerprint", prints["gas-hub"]), "gas invite", {"gas invite": ("not-member",)}),
                (guest, "join", ("join", FILE, "--fingerprint", prints["twin"]), "twin invite", {"twin invite": ("not-member",)})):
            made = {"unsigned": none, "a key without a say": foreign_key} if good == "invite" else {"unsigned": gas_none, "a key without a say": gas_key}
            for what, data in self.bad(files[good], "paper" in good):
                self.refused(node, kind, argv, what, data, damage)
            for what, rules in others.items():
                self.refused(node, kind, argv, what, files.get(what) or made[what], rules)


class FreshInvites(E2E):
    """The newest roster of each invite is one that changed keys, signed by two, or a community's first."""

    @classmethod
    def build(cls, world):
        hub = world.node("hub", listen=True).init()
        alpha, bravo, charlie, delta = (world.node(org).init() for org in ("alpha", "bravo", "charlie", "delta"))
        gas = world.node("gas-hub").init()
        for node, community in ((hub, "water"), (gas, "gas")):
            node.cli("community", "create", community, "--name", community)
        cls.first = gas.cli("community", "invite", "gas").raw_out
        cls.first_draft = world.path / "first.draft"
        gas.cli("community", "renew", "gas", "--draft", cls.first_draft)
        for node in (alpha, bravo, charlie, delta):
            enrol(hub, node, "water")
        join(hub, bravo, "water")
        cls.keys = [hub.dir / "rosters" / "water.key"]
        cls.change_keys()
        cls.invite = hub.cli("community", "invite", "water").raw_out
        cls.print, cls.gas_print = (node.cli("community", "fingerprint", name).out.strip() for node, name in ((hub, "water"), (gas, "gas")))
        hub.start()
        bravo.start()
        bravo.wait_link("hub")

    @classmethod
    def change_keys(cls):
        """One more roster key, and all must sign."""
        hub, path = cls.world.nodes["hub"], cls.world.path / f"keys-{len(cls.keys)}"
        path.mkdir()
        key = hub.cli("community", "key", path / "roster.key", "--no-passphrase", "--json").object()["key"]
        cls.keys.append(path / "roster.key")
        draft = path / "keys.draft"
        hub.cli("community", "keys", "water", "--add-key", key, "--threshold", str(len(cls.keys)), "--draft", draft)
        for one in cls.keys:
            hub.cli("community", "sign", draft, "--key", one)
        hub.cli("community", "apply", draft)

    def put(self, data):
        path = self.world.path / "given"
        path.write_bytes(data)
        return path

    def parts(self, file, kind):
        """What a file's `current` has behind its statement, which made again is the file, and how to make the file with something else there."""
        fields = rosters.pairs(rosters.armour(self.put(file)))
        current = next(value for field, value in fields if field == 2)
        statement = rosters.data(1, rosters.Roster(current).statement)

        def make(signatures):
            return rosters.to_armour(kind, rosters.pack([(field, statement + signatures if field == 2 else value) for field, value in fields])).encode()
        tail = current[len(statement):]
        self.assertEqual(make(tail).split(), file.split())
        return tail, make

    def spoilt(self, file, kind):
        """Every byte of the signatures with one bit turned; one signature fewer; none; one more, by a key that has no say."""
        tail, make = self.parts(file, kind)
        for at, byte in enumerate(tail):
            yield f"byte {at} of {len(tail)}", make(tail[:at] + bytes([byte ^ 1]) + tail[at + 1:])
        each = [rosters.data(field, value) for field, value in rosters.pairs(tail)]
        for left_out in range(len(each)):
            yield f"without signature {left_out}", make(b"".join(each[:left_out] + each[left_out + 1:]))
        yield "none", make(b"")
        current = next(value for field, value in rosters.pairs(rosters.armour(self.put(file))) if field == 2)
        foreign = rosters.pairs(rosters.Roster(current).signed(os.urandom(32)))[1][1]
        with_foreign = sorted([*(value for _, value in rosters.pairs(tail)), foreign], key=lambda value: dict(rosters.pairs(value))[1])
        yield "a foreign one as well", make(b"".join(rosters.data(2, value) for value in with_foreign))
        yield "a foreign one alone", make(rosters.data(2, foreign))

    def one_bad(self, file):
        """An invite with one bit of a signature turned."""
        tail, make = self.parts(file, "INVITE")
        return make(tail[:60] + bytes([tail[60] ^ 1]) + tail[61:])

    def lay(self, node, name, data):
        """Into the inbox past `join`; until the node has refused it."""
        inbox = node.dir / "inbox"
        (inbox / f".{name}").write_bytes(data)
        (inbox / f".{name}").rename(inbox / f"{name}.invite")
        wait_until(lambda: (inbox / "refused" / f"{name}.invite").exists(), f"{name} is set aside", 20)

    def refused(self, node, data, *argv):
        done = node.cli(*[self.put(data) if word is FILE else word for word in argv], "--json", want=None)
        self.assertIn(done.code, (3, 5), f"{done}")
        return done.error()

    def version(self, node):
        return next((entry["roster_version"] for entry in node.status()["communities"] if entry["id"] == "water"), None)

    def test_stopped(self):
        """Refused one after the other; then the good one is taken, and comes into force."""
        alpha = self.world.nodes["alpha"]
        for what, data in self.spoilt(self.invite, "INVITE"):
            with self.subTest(what=what):
                self.refused(alpha, data, "join", FILE, "--fingerprint", self.print)
                self.assertEqual([path.name for folder in ("communities", "inbox") for path in (alpha.dir / folder).rglob("*") if path.is_file()], [])
        alpha.cli("join", self.put(self.invite), "--fingerprint", self.print)
        alpha.start()
        alpha.wait_link("hub")

    def test_running(self):
        charlie = self.world.nodes["charlie"].start()
        self.refused(charlie, self.one_bad(self.invite), "join", FILE, "--fingerprint", self.print)
        self.assertEqual(charlie.status()["communities"], [])
        charlie.cli("join", self.put(self.invite), "--fingerprint", self.print)
        charlie.wait_link("hub")

    def test_by_hand(self):
        """What is laid into the inbox past `join` is refused by the node, in whole: by the newest roster's signatures, or by the hub's card behind it."""
        delta = self.world.nodes["delta"].start()
        fields = rosters.pairs(rosters.armour(self.put(self.invite)))
        card = next(value for field, value in fields if field == 4)
        spoilt_card = rosters.pack([(field, value[:-1] + bytes([value[-1] ^ 1]) if value == card else value) for field, value in fields])
        for name, data in (("a", self.one_bad(self.invite)), ("b", rosters.to_armour("INVITE", spoilt_card).encode())):
            self.lay(delta, name, data)
            self.assertEqual(delta.status()["communities"], [])
            self.assertEqual([row["rule"] for row in delta.cli("audit", "list", "--kind", "join", "--json").rows()][-1], "forged")
            self.assertEqual(list((delta.dir / "communities").iterdir()), [])
        delta.restart()
        self.assertEqual(delta.status()["communities"], [])
        delta.cli("join", self.put(self.invite), "--fingerprint", self.print)
        delta.wait_link("hub")

    def test_member(self):
        """A bad invite to the next change of keys leaves a member where it was, and it takes the genuine roster over its link."""
        hub, bravo = self.world.nodes["hub"], self.world.nodes["bravo"]
        hub.stop()
        before = self.version(bravo)
        self.change_keys()
        bad = self.one_bad(hub.cli("community", "invite", "water").raw_out)
        self.refused(bravo, bad, "join", FILE, "--fingerprint", self.print)
        self.lay(bravo, "a", bad)
        self.assertEqual(self.version(bravo), before)
        hub.start()
        wait_until(lambda: self.version(bravo) == before + 1, "the hub's roster is taken", 40)
        self.assertNotIn("exists", bravo.log_tail())

    def test_first(self):
        """A community's first version: in an invite that is recognised, and under a draft of the second."""
        gas, hub = self.world.nodes["gas-hub"], self.world.nodes["hub"]
        draft = self.first_draft.read_bytes()
        for what, data in self.spoilt(self.first, "INVITE"):
            with self.subTest(what=what, of="invite"):
                self.refused(hub, data, "community", "recognise", "water", FILE, "--fingerprint", self.gas_print)
        for what, data in self.spoilt(draft, "DRAFT"):
            with self.subTest(what=what, of="draft"):
                self.refused(gas, data, "community", "sign", FILE, "--key", gas.dir / "rosters" / "gas.key")
        bad = list(self.spoilt(draft, "DRAFT"))[60][1]
        self.refused(gas, bad, "community", "combine", FILE, self.first_draft, "-o", self.world.path / "combined")
        self.refused(gas, bad, "community", "apply", FILE)
        gas.cli("community", "sign", self.first_draft, "--key", gas.dir / "rosters" / "gas.key")
        gas.cli("community", "apply", self.first_draft)

    def test_cards(self):
        """Each byte of the hub's card: damaged or forged, and a line in ceremony.log."""
        alpha = self.world.node("alpha-again", folder=self.world.path / "again")
        shutil.copytree(self.world.nodes["bravo"].dir, alpha.dir, ignore=shutil.ignore_patterns("*.sock", "communities", "ceremony.log"))
        (alpha.dir / "communities").mkdir(mode=0o700)
        fields = rosters.pairs(rosters.armour(self.put(self.invite)))
        card = next(value for field, value in fields if field == 4)
        log = alpha.dir / "ceremony.log"
        for at, byte in enumerate(card):
            with self.subTest(byte=at):
                lines = log.read_text().count("\n") if log.exists() else 0
                bad = rosters.pack([(field, card[:at] + bytes([byte ^ 1]) + card[at + 1:] if value == card else value) for field, value in fields])
                self.refused(alpha, rosters.to_armour("INVITE", bad).encode(), "join", FILE, "--fingerprint", self.print)
                self.assertEqual(log.read_text().count("\n"), lines + 1)


if __name__ == "__main__":
    main()
