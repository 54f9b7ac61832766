"""Permission from the source: asked for, given with an end and conditions, denied, and used no further than it goes."""

import json

from harness import E2E, build_mesh, enrol, invite, join, main, wait_reachable, wait_until

REPORT = ("--kind", "incident", "--subject", "変電所の障害", "--body", "本文")


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
        self.assertIn("bravo から求められたもの", alpha.cli("release", "list", lang="ja").out)
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

    def test_an_export_under_other_terms_is_the_exporters_word(self):
        """The originator has signed other terms; nobody has asked that it be withheld, and nobody is told so."""
        alpha, bravo, charlie = (self.node(org) for org in ("alpha", "bravo", "charlie"))
        report = alpha.send("--tlp", "AMBER+STRICT", "--to", "bravo", *REPORT)
        bravo.wait_report(report)
        alpha.cli("release", "grant", self.ask("bravo", report, "charlie"), "--tlp", "AMBER")
        charlie.wait_report(report)
        self.assertEqual(charlie.show(report)["label"], "AMBER")
        for form in ("json", "text"):
            path = self.world.write("released." + form, charlie.cli("export", report, "--sink", "own", "--format", form).out)
            row = charlie.cli("verify", path, "--json").object()
            self.assertEqual((row["org"], row["signed_by"], row["source_withheld"], row["label"]), ("charlie", "exporter", False, "AMBER"))
            said = charlie.cli("verify", path, lang="ja").out
            self.assertIn("発信元が署名した条件とは異なる条件", said)
            self.assertNotIn("本人の希望により", said)
            self.assertIn("stands for text and terms", charlie.cli("verify", path).out)

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
        self.assertEqual(verified["label"], "GREEN")  # what the release set, by the word of who exports it
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
