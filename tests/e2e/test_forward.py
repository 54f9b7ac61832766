"""Passing a report on: as a report of one's own that quotes it whole, under its label, conditions and disclaimers or stricter ones, and
no further than the label lets a quote go."""

from harness import E2E, build_mesh, enrol, main, wait_until

FORM = """subject: 元の件名
kind: near-miss
tlp: AMBER
summary: 元の本文
to: bravo
reporter: 関東電力 佐藤
impact: 一部停止
pap: AMBER
not_for_supervision: yes
"""


class Forward(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "charlie"], persons={"alpha": ["sato"], "bravo": ["tanaka", "suzuki"], "charlie": ["ito"]})
        cls.alpha, cls.bravo, cls.charlie, cls.hub = (world.nodes[name] for name in ("alpha", "bravo", "charlie", "hub"))

    def form(self, **fields):
        text = FORM
        for name, value in fields.items():
            lines = [line for line in text.splitlines() if not line.startswith(f"{name}:")]
            text = "\n".join([*lines, f"{name}: {value}"]) + "\n"
        return self.world.write("form.txt", text)

    def refused(self, node, report, rule, *args, **options):
        before = len(node.list())
        error = node.cli("forward", report, *args, "--json", want=3, **options).error()
        self.assertEqual(error["rule"], rule)
        self.assertEqual(len(node.list()), before)
        return error

    def test_quoted_whole_under_its_terms(self):
        report = self.alpha.send("--form", self.form(), "--drill")
        self.bravo.wait_report(report)
        self.bravo.cli("forward", report, want=2)
        self.refused(self.bravo, report, "label-forbids", "--to", "charlie", "--tlp", "GREEN")
        self.refused(self.bravo, report, "conditions", "--to", "charlie", "--pap", "CLEAR")
        self.refused(self.bravo, report, "conditions", "--to", "charlie", "--onward", "ministry")
        plan = self.bravo.cli("forward", report, "--to", "charlie", "--dry-run", "--json").object()
        self.assertEqual((plan["recipients"], plan["label"]), (["charlie"], "AMBER"))
        sent = self.bravo.cli("forward", report, "--to", "charlie", "--body", "ご参考まで").last_word()
        self.charlie.wait_report(sent)
        row = self.charlie.show(sent)
        self.assertEqual((row["label"], row["from"], row["kind"], row["subject"], row["quoted"], row["drill"]),
                         ("AMBER", "bravo", "near-miss", "Fwd: 元の件名", report, True))
        self.assertEqual(row["conditions"], self.bravo.show(report)["conditions"])
        for word in ("ご参考まで\n", "転送 / Forwarded: TLP:AMBER", "発信元 / From: alpha\n", "識別子 / ID: " + report, "件名 / Subject: 元の件名",
                     "元の本文", ": 関東電力 佐藤\n", "一部停止"):
            self.assertIn(word, row["body"])
        self.assertEqual(self.bravo.cli("audit", "list", "--json", "--kind", "extend").rows()[-1]["rule"], None)
        stricter = self.bravo.cli("forward", report, "--to", "charlie", "--tlp", "AMBER+STRICT", "--subject", "別の件名").last_word()
        self.charlie.wait_report(stricter)
        row = self.charlie.show(stricter)
        self.assertEqual((row["label"], row["subject"]), ("AMBER+STRICT", "別の件名"))

    def test_strict_stays_with_its_organisations(self):
        report = self.alpha.send("--tlp", "AMBER+STRICT", "--to", "bravo", "--to", "hub", "--kind", "incident", "--subject", "s", "--body", "b")
        self.bravo.wait_report(report)
        error = self.refused(self.bravo, report, "label-forbids", "--to", "charlie")
        self.assertIn("release ask", error["hint"])
        self.assertIn("release ask", self.bravo.cli("forward", report, "--to", "charlie", lang="ja", want=3).err)
        self.bravo.cli("forward", report, "--to", "hub")
        self.assertEqual(self.bravo.cli("audit", "list", "--json", "--kind", "extend").rows()[-2]["rule"], "label-forbids")

    def test_its_own_forward_is_no_way_out(self):
        """What one has passed on itself is still another's: a forward of that, its copy, and asking or agreeing to share it wider."""
        report = self.alpha.send("--tlp", "AMBER+STRICT", "--to", "bravo", "--kind", "incident", "--subject", "s", "--body", "限られた本文", "--pap", "RED")
        self.bravo.wait_report(report)
        first = self.bravo.cli("forward", report, "--to", "alpha").last_word()
        self.assertIn("release ask", self.refused(self.bravo, first, "label-forbids", "--to", "charlie")["hint"])
        second = self.bravo.cli("forward", first, "--to", "alpha").last_word()
        self.refused(self.bravo, second, "label-forbids", "--to", "charlie")
        self.alpha.wait_report(first)
        for node in (self.alpha, self.bravo):
            asked = node.cli("release", "ask", first, "--to", "charlie", "--reason", "対処", "--json", want=3).error()
            self.assertEqual(asked["rule"], "not-originator")
            self.assertIn(report[:16], asked["message"])
        self.assertIn("報告 " + report[:16], self.alpha.cli("release", "ask", first, "--to", "charlie", "--reason", "対処", lang="ja", want=3).err)
        open_one = self.alpha.send("--form", self.form(pap="RED"), "--to", "bravo")
        self.bravo.wait_report(open_one)
        first = self.bravo.cli("forward", open_one, "--to", "charlie").last_word()
        self.bravo.cli("export", first, "--sink", "own", "--format", "text")
        self.assertEqual(self.bravo.cli("export", first, "--sink", "clients", "--format", "text", "--json", want=3).error()["rule"], "conditions")
        self.assertIn("転送元の報告 " + open_one[:16], self.bravo.cli("export", first, "--sink", "clients", "--format", "text", lang="ja", want=3).err)

    def test_source_not_named(self):
        report = self.alpha.send("--form", self.form(name_source="no"))
        self.bravo.wait_report(report)
        sent = self.bravo.cli("forward", report, "--to", "charlie").last_word()
        self.charlie.wait_report(sent)
        body = self.charlie.show(sent)["body"]
        self.assertIn("発信元 / From: @electricity\n", body)
        self.assertIn("一部停止", body)
        for word in ("alpha", "佐藤"):
            self.assertNotIn(word, body)
        self.assertFalse(self.charlie.show(sent)["conditions"]["source_may_be_named"])

    def test_disclaimer_first_and_inherited(self):
        text = self.world.write("menseki.txt", "責任を問いません。\n")
        answer = self.hub.cli("community", "disclaimer", "electricity", "menseki", "--ja", text, "--optional", "--json").object()
        for node in (self.alpha, self.bravo, self.charlie):
            wait_until(lambda node=node: node.status()["communities"][0]["roster_version"] == answer["version"], "the text has come")
        report = self.alpha.send("--form", self.form(), "--disclaimer", "menseki", "--unlock-on-accept")
        self.bravo.wait_report(report)
        self.refused(self.bravo, report, "disclaimer-not-accepted", "--to", "charlie")
        self.bravo.cli("accept", report)
        wait_until(lambda: self.bravo.cli("show", report, want=None).code == 0, "the key has come")
        sent = self.bravo.cli("forward", report, "--to", "charlie").last_word()
        self.charlie.wait_report(sent)
        self.assertEqual(self.charlie.cli("show", sent, "--json", want=3).error()["rule"], "disclaimer-not-accepted")
        self.charlie.cli("accept", sent)
        wait_until(lambda: self.charlie.cli("show", sent, want=None).code == 0, "it unlocks on acceptance as the other did")
        self.assertIn("元の本文", self.charlie.show(sent)["body"])

    def test_other_communities_need_the_source(self):
        self.bravo.cli("community", "create", "gas", "--name", "ガス")
        self.bravo.cli("community", "add", "gas", self.charlie.card(), "--fingerprint", self.charlie.fingerprint())
        wait_until(lambda: len(self.bravo.status()["communities"]) == 2, "the other community is there")
        report = self.alpha.send("--form", self.form())
        self.bravo.wait_report(report)
        self.refused(self.bravo, report, "label-forbids", "--to", "@gas")
        clear = self.alpha.send("--form", self.form(tlp="CLEAR"))
        self.bravo.wait_report(clear)
        self.assertEqual(self.bravo.cli("forward", clear, "--to", "@gas", "--json").object()["recipients"], ["charlie"])

    def test_no_way_around_the_consent(self):
        """A ministry stands in the community and hears by its own address or by consent: a forward is neither."""
        meti = self.world.node("meti").init()
        enrol(self.hub, meti, "electricity", "ministry")
        version = self.hub.status()["communities"][0]["roster_version"]
        wait_until(lambda: self.bravo.status()["communities"][0]["roster_version"] >= version, "the ministry is known")
        report = self.alpha.send("--form", self.form())
        self.bravo.wait_report(report)
        self.assertIn("release ask", self.refused(self.bravo, report, "onward", "--to", "meti")["hint"])
        agreed = self.alpha.send("--form", self.form(), "--onward", "ministry")
        self.bravo.wait_report(agreed)
        self.assertEqual(self.bravo.cli("forward", agreed, "--to", "meti", "--json").object()["waiting"], ["meti"])
        named = self.alpha.send("--form", self.form(), "--to", "meti", "--to", "bravo")
        self.bravo.wait_report(named)
        self.bravo.cli("forward", named, "--to", "meti")

    def test_red_in_the_person_alone(self):
        report = self.alpha.send("--tlp", "RED", "--to", "tanaka@bravo", "--to", "ito@charlie", "--kind", "incident", "--subject", "朱", "--body",
                                 "赤い本文", person="sato")
        self.bravo.wait_report(report)
        self.assertEqual(self.bravo.cli("forward", report, "--to", "ito@charlie", "--json", want=3).error()["rule"], "person-only")
        self.assertEqual(self.bravo.cli("forward", report, "--to", "suzuki@bravo", "--json", want=3, person="tanaka").error()["rule"], "label-forbids")
        sent = self.bravo.cli("forward", report, "--to", "ito@charlie", "--body", "至急", person="tanaka").last_word()
        self.charlie.wait_report(sent)
        row = self.charlie.show(sent, person="ito")
        self.assertEqual((row["label"], row["subject"], row["quoted"]), ("RED", "Fwd: 朱", report))
        for word in ("至急", "転送 / Forwarded: TLP:RED", "発信元 / From: alpha", "発信者 / Written by: sato", "赤い本文"):
            self.assertIn(word, row["body"])

    def test_raised_to_red(self):
        report = self.alpha.send("--form", self.form())
        self.bravo.wait_report(report)
        sent = self.bravo.cli("forward", report, "--to", "ito@charlie", "--tlp", "RED", person="tanaka").last_word()
        self.charlie.wait_report(sent)
        self.assertIn("元の本文", self.charlie.show(sent, person="ito")["body"])

    def test_withdrawn_is_not_passed_on(self):
        report = self.alpha.send("--form", self.form())
        self.bravo.wait_report(report)
        self.bravo.show(report)
        self.alpha.cli("withdraw", report, "--reason", "誤り")
        wait_until(lambda: self.one(self.bravo.list(), id=report)["withdrawn_at"], "the withdrawal has come")
        self.refused(self.bravo, report, "withdrawn", "--to", "charlie")

    def test_what_was_passed_on_is_withdrawn_with_it(self):
        report = self.alpha.send("--tlp", "AMBER", "--to", "bravo", "--kind", "incident", "--subject", "取り下げる件名", "--body", "取り下げる本文")
        self.bravo.wait_report(report)
        sent = self.bravo.cli("forward", report, "--to", "charlie").last_word()
        self.charlie.wait_report(sent)
        self.alpha.cli("withdraw", report, "--reason", "誤り")
        wait_until(lambda: self.one(self.charlie.list(), id=sent)["withdrawn_at"], "the forward's withdrawal has come")
        closed = self.charlie.cli("show", sent, "--json", want=3)
        self.assertEqual(closed.error()["rule"], "withdrawn")
        self.assertNotIn("取り下げる", closed.out)
        self.assertEqual(self.charlie.cli("export", sent, "--sink", "own", "--format", "text", "--json", want=3).error()["rule"], "withdrawn")
        self.assertEqual(self.one(self.bravo.list(), id=sent)["withdrawn_for"], report)
        self.assertIn("引用元とともに撤回", self.bravo.cli("list", lang="ja").out)
        self.assertIn("Withdrawn with: " + report, self.bravo.cli("show", sent).out)

    def test_red_that_was_passed_on_is_withdrawn_with_it(self):
        report = self.alpha.send("--tlp", "RED", "--to", "tanaka@bravo", "--to", "ito@charlie", "--kind", "incident", "--subject", "朱", "--body",
                                 "取り下げる赤", person="sato")
        for node in (self.bravo, self.charlie):
            node.wait_report(report)
        sent = [self.bravo.cli("forward", report, "--to", "ito@charlie", person="tanaka").last_word() for _ in range(2)]
        self.charlie.wait_report(sent[1])
        self.assertIn("取り下げる赤", self.charlie.show(sent[0], person="ito")["body"])
        self.bravo.stop()
        self.alpha.cli("withdraw", report, "--reason", "誤り", person="sato")
        wait_until(lambda: self.one(self.charlie.list(), id=report)["withdrawn_at"], "the withdrawal has come")
        closed = self.charlie.cli("show", sent[1], "--json", want=3, person="ito")  # the person's process says what it has opened
        self.assertEqual(closed.error()["rule"], "withdrawn")
        self.assertNotIn("取り下げる", closed.out)
        self.assertEqual(self.charlie.show(sent[0], person="ito")["withdrawn_for"], report)
        self.bravo.start()
        wait_until(lambda: self.one(self.bravo.list(), id=sent[1])["withdrawn_at"], "its forwarder has heard of it")


if __name__ == "__main__":
    main()
