"""Permission from the source: asked for, given with an end and conditions, denied, and used no further than it goes."""

import base64
import json

from harness import E2E, build_mesh, enrol, invite, join, main, wait_reachable, wait_until

REPORT = ("--kind", "incident", "--subject", "変電所の障害", "--body", "本文")


def varint(data, at):
    value = shift = 0
    while True:
        byte, at = data[at], at + 1
        value, shift = value | (byte & 0x7F) << shift, shift + 7
        if byte < 0x80:
            return value, at


def number_of(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


class Release(E2E):
    @classmethod
    def build(cls, world):
        hub = build_mesh(world, ["alpha", "bravo", "charlie"], persons={"alpha": ["sato"]}, start=False)
        gas = world.node("gas-hub", name="ガス CEPTOAR", listen=True)
        gas.init()
        gas.cli("community", "create", "gas", "--name", "ガス CEPTOAR")
        member = world.node("gas-one", name="ガス事業者")
        member.init()
        enrol(gas, member, "gas")
        enrol(gas, hub, "gas")
        join(gas, member, "gas")
        join(gas, hub, "gas")
        fingerprint = gas.cli("community", "fingerprint", "gas").out.strip()
        hub.cli("community", "recognise", "electricity", invite(gas, "gas"), "--fingerprint", fingerprint)
        fingerprint = hub.cli("community", "fingerprint", "electricity").out.strip()
        gas.cli("community", "recognise", "gas", invite(hub, "electricity"), "--fingerprint", fingerprint)
        for node in world.nodes.values():
            node.start()
        for node in ("alpha", "bravo", "charlie"):
            wait_reachable(world.nodes[node], ["@electricity"], {"hub", "alpha", "bravo", "charlie"} - {node})
        wait_reachable(hub, ["@gas"], {"gas-hub", "gas-one"})

    def node(self, org):
        return self.world.nodes[org]

    def asked(self, org, ask):
        return self.one(self.node(org).cli("release", "list", "--json").rows(), id=ask)

    def ask(self, org, report, *to):
        argv = ["release", "ask", report, "--reason", "対処のため"]
        for address in to:
            argv += ["--to", address]
        ask = self.node(org).cli(*argv).last_word()
        wait_until(lambda: any(row["id"] == ask for row in self.node("alpha").cli("release", "list", "--json").rows()), "the source is asked")
        return ask

    def test_asked_and_given(self):
        alpha, bravo, charlie = (self.node(org) for org in ("alpha", "bravo", "charlie"))
        report = alpha.send("--tlp", "AMBER+STRICT", "--to", "bravo", *REPORT)
        bravo.wait_report(report)
        forbidden = bravo.cli("forward", report, "--to", "charlie", "--json", want=3).error()
        self.assertIn("release ask", forbidden["hint"])
        ask = self.ask("bravo", report, "charlie")
        row = self.asked("alpha", ask)
        self.assertEqual((row["state"], row["asked_by"], row["to"], row["reason"], row["sent"]), ("open", "bravo", ["charlie"], "対処のため", False))
        for node, name, words in ((alpha, "asks_to_answer", ("ask to answer", "共有の求めに未回答")), (bravo, "asks_open", ("ask open", "共有の求めの回答待ち"))):
            self.assertEqual(self.one(node.list(), id=report)[name], 1)
            self.assertIn(words[0], node.cli("list").out)
            self.assertIn(words[1], node.cli("list", lang="ja").out)
        self.assertEqual(alpha.status()["asks_to_answer"], 1)
        self.assertIn("bravo から求められたもの", alpha.cli("release", "list", lang="ja").out)
        self.assertEqual(row["lapses_at"], alpha.show(report)["expires_at"])
        self.assertRegex(alpha.cli("release", "list", lang="ja").out, r"未回答（20\d\d-\d\d-\d\d \d\d:\d\d.* に失効）")
        given = alpha.cli("release", "grant", ask[:10], "--expires", "2d", "--pap", "AMBER", "--name-source", "no", lang="ja", person="sato")
        self.assertIn("共有を許可しました：charlie", given.out)
        charlie.wait_report(report)
        shown = charlie.show(report)
        self.assertEqual((shown["from"], shown["label"], shown["body"]), ("alpha", "AMBER+STRICT", "本文"))
        self.assertEqual((shown["let_in_by"]["by"], shown["let_in_by"]["authority"]), ("bravo", "release"))
        self.assertEqual(shown["conditions"]["permissible_actions"], "AMBER")
        self.assertIn("発信元の許可による", charlie.cli("show", report, lang="ja").out)
        exported = charlie.cli("export", report, "--sink", "own", "--format", "json").object()
        self.assertEqual(exported["from"], "@electricity")
        self.assertEqual(charlie.cli("export", report, "--sink", "clients", "--format", "json", "--json", want=3).error()["rule"], "export-forbidden")
        wait_until(lambda: any(row["recipient"] == "charlie" and row["stage"] == "opened" and row["let_in_by"] == "bravo"
                               for row in alpha.cli("receipts", report, "--json").rows()), "the source sees who was let in")
        sent = {row["recipient"]: row["at"] for row in alpha.cli("receipts", report, "--json").rows() if row["stage"] == "sent"}
        self.assertEqual((sent["bravo"], sent["charlie"]), (shown["created_at"], alpha.show(report)["let_in"][0]["at"]))
        self.assertLess(sent["bravo"], sent["charlie"])
        self.assertEqual(self.asked("bravo", ask)["state"], "released")
        until = self.asked("bravo", ask)["expires_at"]
        self.assertRegex(until, "^20")
        self.assertRegex(bravo.cli("release", "list", lang="ja").out, r"許可（20\d\d-\d\d-\d\d \d\d:\d\d.* まで）")
        self.assertEqual(self.asked("alpha", ask)["answered_by"], "sato")
        self.node("hub").cli("show", report, want=4)
        alpha.cli("release", "grant", ask, want=8)
        alpha.cli("release", "deny", ask, "--reason", "x", want=8)
        for org, kinds in (("alpha", {"ask", "release", "extend"}), ("bravo", {"ask", "release", "extend"})):
            self.assertLessEqual(kinds, {row["kind"] for row in self.node(org).cli("audit", "list", "--json").rows()})

    def released_export(self, form, *agreed):
        """Sent to bravo under AMBER+STRICT, released to charlie, exported there. The report, and the file."""
        alpha, bravo, charlie = (self.node(org) for org in ("alpha", "bravo", "charlie"))
        report = alpha.send("--tlp", "AMBER+STRICT", "--to", "bravo", *REPORT)
        bravo.wait_report(report)
        alpha.cli("release", "grant", self.ask("bravo", report, "charlie"), "--expires", "2d", *agreed)
        charlie.wait_report(report)
        return report, self.world.write("released." + form, charlie.cli("export", report, "--sink", "own", "--format", form).out)

    def test_an_export_on_a_release_is_proven_down_to_the_originator(self):
        """Offline, by the originator's signatures over the report and over the release, and the holder's over its grant."""
        bravo, charlie = self.node("bravo"), self.node("charlie")
        holder = bravo.cli("status", "--json").object()["fingerprint"]
        for form, agreed in (("json", ("--tlp", "AMBER")), ("text", ("--tlp", "AMBER")), ("json", ())):
            report, path = self.released_export(form, *agreed)
            shown = charlie.show(report)
            self.assertEqual(shown["label"], "AMBER" if agreed else "AMBER+STRICT")
            until = shown["let_in_by"]["released_until"]
            self.assertIn(" まで）", charlie.cli("show", report, lang="ja").out)
            self.assertIn(", until ", charlie.cli("show", report).out)
            charlie.stop()
            try:
                row = charlie.cli("verify", path, "--json").object()
                self.assertEqual((row["org"], row["signed_by"], row["source_withheld"], row["label"]), ("alpha", "originator", False, shown["label"]))
                self.assertEqual((row["released"]["until"], row["released"]["label_before"], row["released"]["holder"]), (until, "AMBER+STRICT", holder))
                self.assertIn("発信元の許可：", charlie.cli("verify", path, lang="ja").out)
                self.assertIn("sent as TLP:AMBER+STRICT", charlie.cli("verify", path).out)
            finally:
                charlie.start()

    def test_an_export_on_a_release_that_was_tampered_with(self):
        charlie = self.node("charlie")
        other, good = (json.loads(self.released_export("json", *agreed)[1].read_text("utf-8")) for agreed in ((), ("--tlp", "GREEN", "--pap", "CLEAR")))
        other = base64.b64decode(other["proof"])
        proof = base64.b64decode(good["proof"])

        def refused(rule, **changed):
            path = self.world.write("tampered.json", json.dumps({**good, **changed}, ensure_ascii=False))
            self.assertEqual(charlie.cli("verify", path, "--json", want=None).error()["rule"], rule, changed.keys())

        def parts(data):  # the top fields of the Export, by number
            found, at = [], 0
            while at < len(data):
                tag, at = varint(data, at)
                if tag & 7 == 0:
                    value, at = varint(data, at)
                else:
                    size, at = varint(data, at)
                    value, at = data[at:at + size], at + size
                found.append((tag >> 3, value))
            return found

        def packed(fields):
            return base64.b64encode(b"".join(bytes([number << 3 | 2]) + number_of(len(value)) + value if isinstance(value, bytes)
                                             else bytes([number << 3]) + number_of(value) for number, value in fields)).decode()

        self.assertEqual(packed(parts(proof)), good["proof"])
        refused("forged", label="CLEAR")
        refused("forged", released={**good["released"], "until": "2099-01-01T00:00:00Z"})
        refused("forged", released=None)
        mine, theirs = dict(parts(proof)), dict(parts(other))
        refused("release", proof=packed([(n, theirs[9] if n == 9 else v) for n, v in parts(proof)]))  # of another report
        refused("release", proof=packed([(n, theirs[10] if n == 10 else v) for n, v in parts(proof)]))
        refused("forged", proof=packed([(n, v[:-1] + bytes([v[-1] ^ 1]) if n == 9 else v) for n, v in parts(proof)]))
        refused("malformed", proof=packed([(n, v) for n, v in parts(proof) if n != 10]))
        refused("forged", proof=packed([(n, v) for n, v in parts(proof) if n < 9]))  # then its text says more than the originator did
        self.assertNotEqual(mine[9], theirs[9])

    def test_an_export_on_a_release_that_hides_the_source(self):
        """Then nothing of the release leaves, since its signature names who signed: the exporter stands for it."""
        alpha, charlie = self.node("alpha"), self.node("charlie")
        _, path = self.released_export("json", "--tlp", "AMBER", "--name-source", "no")
        row = charlie.cli("verify", path, "--json").object()
        self.assertEqual((row["org"], row["signed_by"], row["source_withheld"], row["released"]), ("charlie", "exporter", True, None))
        self.assertIn("本人の希望により", charlie.cli("verify", path, lang="ja").out)
        exported = json.loads(path.read_text("utf-8"))
        self.assertNotIn("released", exported)
        self.assertNotIn(b"alpha", base64.b64decode(exported["proof"]))
        self.assertEqual(exported["from"], "@electricity")
        self.assertTrue(alpha.cli("status", "--json").object()["fingerprint"] not in path.read_text("utf-8"))

    def test_zz_released_under_later_keys(self):
        """The report is signed by the keys that its source had then, the release by those that came after: a roster says that they are of one organisation."""
        alpha, bravo, charlie, hub = (self.node(org) for org in ("alpha", "bravo", "charlie", "hub"))
        report = alpha.send("--tlp", "AMBER", "--to", "bravo", *REPORT)
        bravo.wait_report(report)
        ask = self.ask("bravo", report, "charlie")
        after = alpha.cli("key", "rotate", "--json").object()["fingerprint"]
        wait_until(lambda: any("announced new keys" in text for text in hub.status()["warnings"]), "the secretariat is told", 40)
        hub.cli("community", "succeed", "electricity", "alpha")
        wait_until(lambda: alpha.cli("status", "--json", want=None).code == 0 and alpha.status()["fingerprint"] == after, "it has the new keys", 60)
        for node in (bravo, charlie):
            wait_until(lambda node=node: after in node.cli("community", "show", "electricity").out, "the roster came", 40)
        alpha.cli("release", "grant", ask, "--tlp", "GREEN")
        charlie.wait_report(report)
        path = self.world.write("later.json", charlie.cli("export", report, "--sink", "own", "--format", "json").out)
        charlie.stop()
        try:
            row = charlie.cli("verify", path, "--json").object()
            self.assertEqual((row["org"], row["signed_by"], row["former_key"], row["label"]), ("alpha", "originator", True, "GREEN"))
            self.assertNotEqual(row["fingerprint"], after)
        finally:
            charlie.start()
        card = self.world.write("alpha.card", alpha.cli("card").out)  # of the later keys alone: it does not know who signed the report
        self.assertEqual(charlie.cli("verify", path, "--card", card, "--json", want=5).error()["rule"], "signer-unknown")

    def test_denied(self):
        alpha, bravo = self.node("alpha"), self.node("bravo")
        report = alpha.send("--tlp", "AMBER", "--to", "bravo", *REPORT)
        bravo.wait_report(report)
        ask = self.ask("bravo", report, "@electricity")
        alpha.cli("release", "deny", ask, want=2)
        alpha.cli("release", "deny", ask, "--reason", "調査中のため")
        wait_until(lambda: self.asked("bravo", ask)["state"] == "denied", "the answer came")
        self.assertEqual(self.asked("bravo", ask)["answer"], "調査中のため")
        self.assertEqual(self.asked("alpha", ask)["state"], "denied")
        self.assertIn("調査中のため", bravo.cli("release", "list", lang="ja").out)
        self.node("charlie").cli("show", report, want=4)

    def test_one_that_nobody_answers_lapses(self):
        alpha, bravo = self.node("alpha"), self.node("bravo")
        report = alpha.send("--tlp", "AMBER", "--to", "bravo", *REPORT)
        bravo.wait_report(report)
        ask = self.ask("bravo", report, "charlie")
        alpha.cli("withdraw", report, "--reason", "誤報")
        self.assertEqual(self.asked("alpha", ask)["state"], "lapsed")
        wait_until(lambda: self.asked("bravo", ask)["state"] == "lapsed", "the withdrawal came")
        self.assertIn("報告とともに失効", bravo.cli("release", "list", lang="ja").out)
        self.assertIn("lapsed with its report", bravo.cli("release", "list").out)
        for answer in (("grant", ask), ("deny", ask, "--reason", "x")):
            self.assertEqual(alpha.cli("release", *answer, "--json", want=None).error()["rule"], "withdrawn")

    def test_to_another_community(self):
        alpha, hub = self.node("alpha"), self.node("hub")
        report = alpha.send("--tlp", "AMBER", "--to", "hub", *REPORT)
        hub.wait_report(report)
        ask = self.ask("hub", report, "@gas")
        alpha.cli("release", "grant", ask, "--tlp", "GREEN")
        for org in ("gas-hub", "gas-one"):
            self.node(org).wait_report(report)
        shown = self.node("gas-one").show(report)
        self.assertEqual((shown["from"], shown["label"], shown["let_in_by"]["by"]), ("alpha", "GREEN", "hub"))
        exported = self.world.path / "released.json"
        self.node("gas-one").cli("export", report, "--sink", "community", "--format", "json", "-o", exported)
        verified = self.node("gas-hub").cli("verify", exported, "--json").object()
        self.assertEqual((verified["label"], verified["signed_by"], verified["org"]), ("GREEN", "originator", "alpha"))  # what the release set
        wait_until(lambda: any(row["recipient"] == "gas-one" and row["stage"] == "opened" for row in alpha.cli("receipts", report, "--json").rows()),
                   "its receipt came back by the holder")
        for org in ("bravo", "charlie"):
            self.node(org).cli("show", report, want=4)

    def test_who_was_let_in_checks_its_own_export(self):
        """Its node holds the roster of the community that the report is from; the folder has those that it joined."""
        alpha, hub, one = self.node("alpha"), self.node("hub"), self.node("gas-one")
        report = alpha.send("--tlp", "AMBER", "--to", "hub", *REPORT)
        hub.wait_report(report)
        alpha.cli("release", "grant", self.ask("hub", report, "@gas"))
        one.wait_report(report)
        path = self.world.path / "guest.json"
        one.cli("export", report, "--sink", "own", "--format", "json", "-o", path)
        row = one.cli("verify", path, "--json").object()
        self.assertEqual((row["org"], row["signed_by"], row["known_by"], row["known_in"], row["community_verified"]),
                         ("alpha", "originator", "node", "electricity", True))
        other = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**other, "from": "hub"}, ensure_ascii=False), "utf-8")
        self.assertEqual(one.cli("verify", path, "--json", want=5).error()["rule"], "forged")
        path.write_text(json.dumps(other, ensure_ascii=False), "utf-8")
        one.stop()
        try:  # the folder alone knows no more than before
            self.assertEqual(one.cli("verify", path, "--json", want=5).error()["rule"], "signer-unknown")
        finally:
            one.start()

    def test_z_both_must_recognise_each_other(self):
        alpha, hub = self.node("alpha"), self.node("hub")
        report = alpha.send("--tlp", "AMBER", "--to", "hub", *REPORT)
        hub.wait_report(report)
        hub.cli("community", "recognise", "electricity", "gas", "--end")
        wait_until(lambda: hub.cli("release", "ask", report, "--to", "@gas", "--reason", "r", want=None).code == 3, "it is not recognised any more")
        self.assertEqual(hub.cli("release", "ask", report, "--to", "@gas", "--reason", "r", "--json", want=3).error()["rule"], "community-rule")
        self.node("gas-one").cli("show", report, want=4)

    def test_bad_input(self):
        alpha, bravo = self.node("alpha"), self.node("bravo")
        report = alpha.send("--tlp", "AMBER", "--to", "bravo", *REPORT)
        bravo.wait_report(report)
        for org, argv, want in (("bravo", (report, "--to", "charlie"), 2), ("bravo", (report, "--reason", "r"), 2),
                                ("bravo", (report, "--to", "nobody", "--reason", "r"), 4), ("bravo", (report, "--to", "sato@alpha", "--reason", "r"), 3),
                                ("bravo", (report, "--to", "@gas", "--reason", "r"), 4), ("alpha", (report, "--to", "charlie", "--reason", "r"), 2),
                                ("charlie", (report, "--to", "hub", "--reason", "r"), 4), ("bravo", ("zz", "--to", "hub", "--reason", "r"), 2)):
            self.node(org).cli("release", "ask", *argv, want=want)
        ask = self.ask("bravo", report, "charlie")
        self.assertEqual(bravo.cli("release", "grant", ask, "--json", want=3).error()["rule"], "not-originator")
        for argv, want in ((("--tlp", "RED"), 3), (("--tlp", "PINK"), 2), (("--expires", "soon"), 2), (("--pap", "BLUE"), 2), (("--name-source", "perhaps"), 2)):
            alpha.cli("release", "grant", ask, *argv, want=want)
        alpha.cli("release", "grant", "00" * 32, want=4)
        self.assertEqual(self.asked("alpha", ask)["state"], "open")
        self.node("charlie").cli("show", report, want=4)


if __name__ == "__main__":
    main()
