"""A card that is whole and rightly signed, and says what this version does not take, is refused for that (SPEC 3) and not called damaged: alone and in an invite.
One whose signature does not hold over its bytes stays damaged or forged."""

from harness import E2E, main
from rosters import armour, data, key_seeds, pack, pairs, sign, to_armour

SUITE, ORG, NAME, ENDPOINT, UNKNOWN = 1, 2, 3, 7, 15


class CardForms(E2E):
    @classmethod
    def build(cls, world):
        cls.hub, cls.alpha = world.node("hub", listen=True).init(), world.node("alpha").init()
        cls.hub.cli("community", "create", "electricity", "--name", "電力")
        cls.print = cls.hub.cli("community", "fingerprint", "electricity").out.strip()
        cls.alpha_print = cls.alpha.fingerprint()
        cls.hub.cli("community", "add", "electricity", cls.alpha.card(), "--fingerprint", cls.alpha_print)

    def made(self, node, change):
        """The node's own card with its fields changed, signed by its key."""
        fields = pairs(dict(pairs(armour(node.dir / "own.card")))[1])
        statement = pack(change(fields))
        signature, public = sign(key_seeds(node.dir / "identity.key")[0], b"card signature", statement)
        return data(1, statement) + data(2, public) + data(3, signature)

    @staticmethod
    def forms():
        def with_field(number, value):
            def change(fields):
                kept = [field for field in fields if field[0] != number]
                return sorted(kept + [(number, value)], key=lambda field: field[0])
            return change
        yield "another suite", with_field(SUITE, 2), "unknown-suite", "更新"
        yield "an unknown field", with_field(UNKNOWN, b"x"), "unknown-field", "更新"
        yield "bad UTF-8", with_field(NAME, b"\xff\xfe"), "bad-utf8", "作り直し"
        yield "a bad id", with_field(ORG, b"Py"), "name", "作り直し"
        yield "a bad endpoint", with_field(ENDPOINT, b"udp://192.0.2.1:5"), "address", "作り直し"
        yield "a name of two lines", with_field(NAME, b"a\nb"), "malformed", "作り直し"
        yield "many endpoints", lambda fields: sorted(
            [field for field in fields if field[0] != ENDPOINT] + [(ENDPOINT, b"tcp://192.0.2.1:%d" % port) for port in range(1, 10)],
            key=lambda field: field[0]), "too-large", "作り直し"

    def refused(self, done, code, rule):
        self.assertEqual((done.code, done.error()["rule"]), (code, rule), f"{done}")

    def test_alone(self):
        for name, change, rule, hint in self.forms():
            with self.subTest(form=name):
                file = self.world.write("changed.card", to_armour("CARD", self.made(self.alpha, change)))
                argv = ("community", "add", "electricity", file, "--fingerprint", self.alpha_print)
                done = self.hub.cli(*argv, "--json", want=None)
                self.refused(done, 8, rule)
                self.assertNotIn("damaged", done.err)
                self.assertNotIn("@", done.error()["message"], "no word of other addresses")
                japanese = self.hub.cli(*argv, lang="ja", want=8).err
                self.assertIn("署名もあります", japanese)
                self.assertIn(hint, japanese)

    def test_in_an_invite(self):
        fields = pairs(armour(self.world.write("electricity.invite", self.hub.cli("community", "invite", "electricity").raw_out)))
        for name, change, rule, _ in self.forms():
            with self.subTest(form=name):
                made = [(field, self.made(self.hub, change) if field == 4 else value) for field, value in fields]
                file = self.world.write("changed.invite", to_armour("INVITE", pack(made)))
                self.refused(self.alpha.cli("join", file, "--fingerprint", self.print, "--json", want=None), 8, rule)

    def test_spoilt_is_damaged(self):
        """The same forms without a signature that holds; and bytes that are no signed card at all."""
        for name, change, _, _ in self.forms():
            with self.subTest(form=name):
                made = bytearray(self.made(self.alpha, change))
                made[-1] ^= 1
                file = self.world.write("spoilt.card", to_armour("CARD", bytes(made)))
                self.refused(self.hub.cli("community", "add", "electricity", file, "--fingerprint", self.alpha_print, "--json", want=None), 5, "forged")
        for made in (self.made(self.alpha, list)[:-9], b"\x08\x01", b"card"):
            file = self.world.write("spoilt.card", to_armour("CARD", made))
            self.refused(self.hub.cli("community", "add", "electricity", file, "--fingerprint", self.alpha_print, "--json", want=None), 5, "damaged")


if __name__ == "__main__":
    main()
