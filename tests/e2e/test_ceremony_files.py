"""Every file of every ceremony, spoilt in every way: empty, cut, flipped, another community's, without a signature or with that of a key that has no say, out of
order. Each time exit 3 or 5 with the reason, nothing changed, and the attempt in the node's audit log."""

import random

import rosters
from harness import E2E, join, main, wait_until

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


if __name__ == "__main__":
    main()
