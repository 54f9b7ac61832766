"""Withdrawal and correction over real processes: who may, who is told, what stays closed, what is marked, whose key goes, and how
reports that follow one another are counted and shown."""

import sqlite3

from harness import E2E, build_mesh, main, wait_until

AMBER = ("--tlp", "AMBER", "--kind", "incident")
REASON = "数値に誤りがあったため"


class Withdraw(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "charlie"], persons={"alpha": ["sato", "kato"], "bravo": ["tanaka", "suzuki"]})
        cls.alpha, cls.bravo, cls.charlie, cls.hub = (world.nodes[name] for name in ("alpha", "bravo", "charlie", "hub"))

    def send(self, subject="件名", to="@electricity", **options):
        return self.alpha.send(*AMBER, "--to", to, "--subject", subject, "--body", "本文", **options)

    def wait_withdrawn(self, node, report):
        wait_until(lambda: self.one(node.list(), id=report)["withdrawn_at"], f"{node.org} has the withdrawal")

    def closed(self, node, report, **options):
        """The refusal, and the row beside it."""
        answer = node.cli("show", report, "--json", want=3, **options)
        self.assertEqual(answer.error()["rule"], "withdrawn")
        row = answer.object()
        self.assertEqual((row["id"], row["body"], row["subject"], row["kind"], row["from"]), (report, None, None, None, "alpha"))
        self.assertIsNotNone(row["withdrawn_at"])
        return row

    def test_closed_where_unopened_and_marked_where_opened(self):
        report = self.send()
        for node in (self.bravo, self.charlie, self.hub):
            node.wait_report(report)
        self.bravo.show(report)
        self.alpha.wait_stage(report, "bravo", "opened")
        self.assertEqual(self.bravo.cli("withdraw", report, "--reason", "x", "--json", want=3).error()["rule"], "not-originator")
        self.assertEqual(self.bravo.cli("audit", "list", "--json", "--kind", "withdraw").rows()[-1]["rule"], "not-originator")
        self.alpha.cli("withdraw", report, want=2)
        self.alpha.cli("withdraw", "0" * 64, "--reason", "x", want=4)
        answer = self.alpha.cli("withdraw", report, "--reason", REASON, "--json").object()
        self.assertEqual((answer["id"], answer["changed"], answer["withdrawn_reason"], answer["told"]), (report, True, REASON, 3))
        for node in (self.bravo, self.charlie, self.hub):
            self.wait_withdrawn(node, report)
        row = self.closed(self.charlie, report)
        self.assertEqual((row["label"], row["withdrawn_reason"], row["opened"]), ("AMBER", REASON, False))
        self.assertNotIn(report, [one["id"] for one in self.charlie.list("--unread")])
        shown = self.bravo.show(report)
        self.assertEqual((shown["body"], shown["withdrawn_reason"]), ("本文", REASON))
        self.assertEqual(shown["withdrawn_at"], row["withdrawn_at"])
        text = self.bravo.cli("show", report, lang="ja").out
        for word in ("【撤回済み】", "撤回の理由：" + REASON, "本文"):
            self.assertIn(word, text)
        text = self.charlie.cli("show", report, lang="ja", want=3)
        self.assertIn("撤回の理由：" + REASON, text.out)
        self.assertNotIn("本文", text.out)
        self.assertIn("alpha がこの報告を撤回しました", text.err)
        self.assertIn("撤回", self.charlie.cli("list", lang="ja").out)
        for node in (self.bravo, self.alpha):
            self.assertEqual(node.cli("export", report, "--sink", "own", "--format", "text", "--json", want=3).error()["rule"], "withdrawn")
        self.assertEqual(self.alpha.show(report)["body"], "本文", "the sender's own copy stays open, and marked")
        for who in ("bravo", "charlie", "hub"):
            self.alpha.wait_stage(report, who, "withdrawn")
        self.assertEqual(self.alpha.cli("receipts", report, "--missing").out, "", "everybody has taken the withdrawal")
        self.assertFalse(self.alpha.cli("withdraw", report, "--reason", "again", "--json").object()["changed"])
        reply = self.bravo.cli("reply", report, "--body", "了解", "--json").object()["id"]
        self.assertEqual(self.bravo.show(reply)["subject"], "Re: " + report[:16], "an answer holds none of its text")
        self.assertEqual(self.charlie.cli("reply", report, "--body", "x", "--json", want=3).error()["rule"], "withdrawn")
        entry = self.charlie.cli("audit", "list", "--json", "--kind", "withdraw").rows()[-1]
        self.assertEqual((entry["org"], entry["rule"], entry["detail"]), ("alpha", None, "AMBER"))
        self.charlie.cli("audit", "verify")

    def test_before_it_came(self):
        """Whoever was away gets the withdrawal and never the report; nothing counts as missing."""
        first = self.send("前")
        self.charlie.wait_report(first)
        self.charlie.stop()
        report = self.send("取り消されるもの")
        self.hub.wait_report(report)
        self.bravo.wait_report(report)
        self.alpha.cli("withdraw", report, "--reason", REASON)
        self.wait_withdrawn(self.hub, report)
        after = self.send("後")
        self.hub.wait_report(after)
        self.charlie.start()
        row = self.charlie.wait_report(after)
        self.assertEqual(row["missing_before"], 0)
        self.alpha.wait_stage(report, "charlie", "withdrawn")
        listed = self.one(self.charlie.list(), id=report)
        self.assertEqual((listed["subject"], listed["opened"], listed["withdrawn_reason"]), (None, False, REASON))
        self.assertNotIn(report, [one["id"] for one in self.charlie.list("--unread")])
        row = self.closed(self.charlie, report)
        self.assertEqual(row["withdrawn_reason"], REASON)
        self.assertEqual(self.charlie.cli("show", report[:12], "--json", want=3).object()["id"], report)
        self.assertEqual(self.charlie.status()["gaps"], [])
        self.charlie.stop()
        database = sqlite3.connect(self.charlie.dir / "store.db")
        self.assertEqual(database.execute("SELECT count(*) FROM log WHERE id = ?", (bytes.fromhex(report),)).fetchone()[0], 0)
        database.close()
        self.charlie.start()
        self.closed(self.charlie, report)

    def key_state(self, node, report):
        database = sqlite3.connect(f"file:{node.dir / 'store.db'}?mode=ro", uri=True)
        try:
            return database.execute("SELECT key_state, length(wrapped_key) FROM report WHERE id = ?", (bytes.fromhex(report),)).fetchone()
        finally:
            database.close()

    def test_keys_go_by_the_rule(self):
        kept = self.send("残す")
        self.charlie.wait_report(kept)
        self.bravo.wait_report(kept)
        self.bravo.show(kept)
        self.alpha.cli("withdraw", kept, "--reason", REASON)
        self.wait_withdrawn(self.charlie, kept)
        wait_until(lambda: self.key_state(self.charlie, kept) == (5, 0), "the unopened one's key is gone")
        self.assertEqual(self.key_state(self.bravo, kept)[0], 1)
        for value in ("never", "1h", "400d", "-1d"):
            self.hub.cli("community", "rule", "electricity", "--withdrawn", value, want=2)
        self.hub.cli("community", "rule", "electricity", "--withdrawn", "30d")
        self.assertEqual(self.hub.cli("community", "show", "electricity", "--json").object()["rules"]["withdrawn"], "30d")
        self.assertIn("30 日後", self.hub.cli("community", "show", "electricity", lang="ja").out)
        answer = self.hub.cli("community", "rule", "electricity", "--withdrawn", "forget", "--json").object()
        wait_until(lambda: self.bravo.status()["communities"][0]["roster_version"] == answer["version"], "the rule has come")
        report = self.send("消す")
        self.bravo.wait_report(report)
        self.assertEqual(self.bravo.show(report)["body"], "本文")
        self.alpha.cli("withdraw", report, "--reason", REASON)
        self.wait_withdrawn(self.bravo, report)
        wait_until(lambda: self.key_state(self.bravo, report) == (5, 0), "by the rule its key is gone although it was opened")
        self.assertTrue(self.closed(self.bravo, report)["opened"])
        self.assertEqual(self.bravo.cli("audit", "list", "--json", "--kind", "forget").rows()[-1]["detail"], "AMBER")
        self.assertEqual(self.bravo.show(kept)["body"], "本文", "the rule is that of the time of the withdrawal")
        self.bravo.cli("forget", report)
        self.bravo.cli("show", report, want=4)
        self.assertNotIn(report, [one["id"] for one in self.bravo.list()])
        answer = self.hub.cli("community", "rule", "electricity", "--withdrawn", "keep", "--json").object()
        wait_until(lambda: self.bravo.status()["communities"][0]["roster_version"] == answer["version"], "the rule has come")

    def test_red(self):
        report = self.alpha.send("--tlp", "RED", "--kind", "incident", "--to", "tanaka@bravo", "--to", "suzuki@bravo", "--subject", "朱", "--body",
                                 "赤い本文", person="sato")
        self.bravo.wait_report(report)
        self.bravo.show(report, person="tanaka")
        self.assertEqual(self.alpha.cli("withdraw", report, "--reason", "x", "--json", want=3).error()["rule"], "person-only")
        self.alpha.cli("withdraw", report, "--reason", REASON, person="sato")
        self.wait_withdrawn(self.bravo, report)
        shown = self.bravo.show(report, person="tanaka")
        self.assertEqual((shown["body"], shown["withdrawn_reason"]), ("赤い本文", REASON))
        row = self.closed(self.bravo, report, person="suzuki")
        self.assertEqual(row["label"], "RED")
        self.assertEqual(self.alpha.show(report, person="sato")["body"], "赤い本文")
        self.alpha.wait_stage(report, "tanaka@bravo", "withdrawn")
        persons = self.bravo.cli("person", "list", "--json").rows()
        self.assertEqual(self.one(persons, person="suzuki")["unread"], 0)

    def test_red_that_was_forgotten(self):
        """Who wrote it takes it back also when its node has forgotten it; nobody else does."""
        report = self.alpha.send("--tlp", "RED", "--kind", "incident", "--to", "tanaka@bravo", "--subject", "朱", "--body", "赤い本文", person="sato")
        self.bravo.wait_report(report)
        self.alpha.cli("forget", report, person="sato")
        self.alpha.cli("show", report, want=4, person="sato")
        self.assertEqual(self.alpha.cli("withdraw", report, "--reason", "x", "--json", want=3).error()["rule"], "person-only")
        self.assertEqual(self.alpha.cli("withdraw", report, "--reason", "x", "--json", want=3, person="kato").error()["rule"], "person-only")
        self.alpha.cli("withdraw", report, "--reason", REASON, person="sato")
        self.wait_withdrawn(self.bravo, report)
        self.closed(self.bravo, report, person="tanaka")

    def test_series(self):
        first = self.send("第一")
        self.bravo.wait_report(first)
        second = self.alpha.send(*AMBER, "--to", "@electricity", "--subject", "訂正", "--body", "b", "--follows", first[:10])
        last = self.alpha.send(*AMBER, "--to", "@electricity", "--subject", "完了", "--body", "b", "--follows", second, "--final")
        self.bravo.wait_report(last)
        rows = {row["id"]: row for row in self.bravo.list()}
        self.assertEqual([(rows[one]["number"], rows[one]["final"], rows[one]["follows"], rows[one]["followed_by"]) for one in (first, second, last)],
                         [(None, False, None, [second]), (2, False, first, [last]), (3, True, second, [])])
        self.assertEqual(self.bravo.show(first)["followed_by"], [second])
        self.assertEqual(self.alpha.show(first)["followed_by"], [second])
        text = self.bravo.cli("show", first, lang="ja").out
        self.assertIn("続報：" + second, text)
        self.assertIn("前の報告：" + first, self.bravo.cli("show", second, lang="ja").out)
        self.assertIn("最終報：はい", self.bravo.cli("show", last, lang="ja").out)
        table = self.bravo.cli("list", lang="ja").out
        for word in ("【第2報】訂正", "【第3報・最終報】完了", "続報あり"):
            self.assertIn(word, table)
        form = self.world.write("number.txt", "subject: s\nkind: incident\ntlp: AMBER\nsummary: b\nto: @electricity\nnumber: 2\n")
        self.assertEqual(self.alpha.cli("send", "--form", form, "--follows", second, "--json", want=2).error()["rule"], "usage")
        self.assertEqual(self.alpha.cli("send", *AMBER, "--to", "@electricity", "--subject", "s", "--body", "b", "--follows", "ab" * 32, "--json",
                                        want=4).error()["rule"], "not-found")
        answer = self.bravo.send(*AMBER, "--to", "alpha", "--subject", "別の発信元から", "--body", "b", "--follows", last)
        self.alpha.wait_report(answer)
        self.assertEqual(self.alpha.show(answer)["number"], 4, "one may follow what another has sent")

    def test_red_series(self):
        red = ("--tlp", "RED", "--kind", "incident", "--to", "tanaka@bravo", "--subject", "朱", "--body", "b")
        first = self.alpha.send(*red, person="sato")
        second = self.alpha.send(*red, "--follows", first, person="sato")
        self.bravo.wait_report(second)
        self.assertEqual(self.bravo.show(second, person="tanaka")["number"], 2)
        self.assertEqual(self.bravo.show(first, person="tanaka")["followed_by"], [second])
        self.assertEqual(self.alpha.show(first, person="sato")["followed_by"], [second])


if __name__ == "__main__":
    main()
