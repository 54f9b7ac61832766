"""A source that is withheld, over real processes: sealed to one hub alone, edited and vouched for by its secretariat, read by the members
as the hub's word; what the rules refuse; the two parts of a report."""

import json
import sqlite3

from harness import E2E, build_mesh, main, wait_reachable, wait_until

TICK_MS = 1000
FORM = """subject: 監視制御系への不正アクセス
kind: incident
tlp: AMBER
summary: 一行目
  二行目

  四行目
to: @electricity
number: 1
reporter: 佐藤 03-0000-0000
reported_at: 2026-11-26T09:12:00+09:00
event_type: intrusion
cause: vulnerability, suspicious-mail
system: 中央給電指令所
impact: 一部停止
lessons: 更新を急ぐ
pap: GREEN
not_for_supervision: yes
"""


def holds(node, report):
    """Whether a byte of the report is in the node's database."""
    database = sqlite3.connect(f"file:{node.dir / 'store.db'}?mode=ro", uri=True)
    found = database.execute("SELECT count(*) FROM log WHERE hex(id) = ? AND type < 200", (report.upper(),)).fetchone()[0]
    database.close()
    return found > 0


class Withheld(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "charlie"], hubs=("hub", "hub2"), persons={"alpha": ["sato"]}, start=False)
        for node in world.nodes.values():
            path = node.dir / "node.json"
            settings = json.loads(path.read_text("utf-8"))
            settings["vouch_tick_ms"] = TICK_MS
            path.write_text(json.dumps(settings, ensure_ascii=False), "utf-8")
            node.start()
        for org in ("alpha", "bravo", "charlie"):
            for hub in ("hub", "hub2"):
                world.nodes[org].wait_link(hub)
            wait_reachable(world.nodes[org], ["@electricity"], set(world.nodes) - {org})
        wait_reachable(world.nodes["hub"], ["@electricity"], set(world.nodes) - {"hub"})

    def give(self, *more):
        """A withheld report of alpha, until the hub has it."""
        alpha, hub = self.world.nodes["alpha"], self.world.nodes["hub"]
        report = alpha.send("--withhold-source", "--via", "hub", "--form", self.world.write("form.txt", FORM), *more)
        hub.wait_report(report)
        return report

    def test_from_source_to_members(self):
        alpha, hub, bravo = (self.world.nodes[org] for org in ("alpha", "hub", "bravo"))
        dry = alpha.cli("send", "--withhold-source", "--dry-run", "--json", "--form", self.world.write("form.txt", FORM)).object()
        self.assertEqual((len(dry["recipients"]), set(dry["audience"])), (1, {"hub", "hub2", "bravo", "charlie"}))
        report = self.give()
        row = self.one(hub.list(), id=report)
        self.assertEqual((row["from"], row["label"], row["attribution"], row["to_vouch"]), ("alpha", "AMBER", "withheld", True))
        self.assertIn("保証待ち", hub.cli("list", lang="ja").out)
        form = hub.cli("show", report, "--form", lang="ja").out
        for line in ("summary: 一行目\n  二行目\n  \n  四行目\n", "cause: vulnerability, suspicious-mail\n", "# system: 中央給電指令所\n", "to: @electricity\n",
                     "# reporter: 佐藤", "# reported_at: ", "pap: GREEN\n", "not_for_supervision: yes\n", "tlp: AMBER\n"):
            self.assertIn(line, form)
        edited = self.world.write("edited.txt", form.replace("一部停止", "一部の監視が止まった"))
        published = hub.cli("vouch", report, "--form", edited).last_word()
        bravo.wait_report(published)
        for org in ("alpha", "bravo", "charlie", "hub2"):
            node = self.world.nodes[org]
            node.wait_report(published)
            row = self.one(node.list(), id=published)
            self.assertEqual((row["from"], row["attribution"], row["subject"], row["to_vouch"]),
                             ("hub", "vouched", "監視制御系への不正アクセス", False))
            self.assertEqual(holds(node, report), org == "alpha")
        shown = bravo.show(published)
        self.assertEqual(shown["body"], "一行目\n二行目\n\n四行目")
        self.assertEqual((shown["impact"], shown["cause"], shown["number"]), ("一部の監視が止まった", "vulnerability, suspicious-mail", 1))
        for name in ("reporter", "reported_at", "system"):
            self.assertIsNone(shown.get(name))
        self.assertEqual((shown["conditions"]["permissible_actions"], shown["conditions"]["not_for_supervision"]), ("GREEN", True))
        self.assertEqual(shown["vouched"]["count"], 1)
        self.assertIn("情報源は伏せられ、hubが保証しています（1件目、", bravo.cli("show", published, lang="ja").out)
        self.assertIn("The source is withheld; hub vouches for it (number 1 since ", bravo.cli("show", published, lang="en").out)
        exported = bravo.cli("export", published, "--sink", "own", "--format", "json").object()
        self.assertEqual((exported["from"], exported["attribution"], exported["vouched"]["count"]), ("hub", "vouched", 1))
        self.assertNotIn("alpha", json.dumps(exported))
        file = self.world.write("vouched.json", json.dumps(exported, ensure_ascii=False))
        checked = bravo.cli("verify", file, "--json").object()
        self.assertEqual((checked["org"], checked["source_withheld"], checked["vouched"]["count"]), ("hub", True, 1))
        self.assertRegex(bravo.cli("verify", file, lang="en").out, r"Vouched for by: .*\n(.*\n)*The source is withheld; a hub vouches for the report \(number 1 since ")
        self.assertIn("情報源は伏せられ、ハブが報告を保証しています", bravo.cli("verify", file, lang="ja").out)
        wait_until(lambda: self.one(alpha.list(), id=report)["vouched_as"] == [published], "the source knows what became of its report")
        wait_until(lambda: alpha.stages(report).get("hub", set()) >= {"stored", "opened"}, "the hub's receipts")
        alpha.show(published)
        wait_until(lambda: {"alpha", "bravo"} <= {who for who, stages in hub.stages(published).items() if "opened" in stages},
                   "the source confirms like any other")
        self.assertEqual(hub.cli("vouch", report, "--json", want=3).error()["rule"], "vouched-already")

    def test_refused_and_logged(self):
        alpha, hub, bravo = (self.world.nodes[org] for org in ("alpha", "hub", "bravo"))
        report = self.give()
        named = self.world.write("named.txt", FORM.replace("一行目", "alphaの変電所"))
        for argv, rule in ((("--tlp", "GREEN"), "label-forbids"), (("--tlp", "RED"), "label-forbids"), (("--pap", "CLEAR"), "conditions"),
                           (("--tlp", "AMBER+STRICT", "--to", "alpha", "--to", "hub2", "--form", named), "source-named"),
                           (("--form", named), "source-named")):
            with self.subTest(argv=argv):
                before = hub.cli("audit", "list", "--kind", "vouch", "--json").rows()
                failed = hub.cli("vouch", report, *argv, "--json", want=3)
                self.assertEqual(failed.error()["rule"], rule)
                self.assertEqual(failed.out, "")
                self.assertNotRegex(hub.cli("vouch", report, *argv, want=3, lang="ja").err, r"[A-Z][a-z]+ [a-z]+ [a-z]+ ")
                after = hub.cli("audit", "list", "--kind", "vouch", "--json").rows()
                self.assertEqual(len(after) - len(before), 2)
                self.assertIn(rule, [row["rule"] for row in after])
        self.assertEqual(alpha.cli("vouch", report, "--json", want=3).error()["rule"], "not-hub")
        other = bravo.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "incident", "--subject", "s", "--body", "b")
        hub.wait_report(other)
        self.assertEqual(hub.cli("vouch", other, "--json", want=3).error()["rule"], "not-withheld")
        self.assertEqual(hub.cli("export", report, "--sink", "own", "--format", "json", "--json", want=3).error()["rule"], "source-withheld")
        for argv, rule in ((("--tlp", "AMBER", "--to", "@electricity", "--name-source", "yes"), "conditions"),
                           (("--tlp", "AMBER", "--to", "hub"), "audience")):
            failed = alpha.cli("send", "--withhold-source", "--via", "hub", "--kind", "incident", "--subject", "s", "--body", "b", *argv, "--json", want=3)
            self.assertEqual(failed.error()["rule"], rule)
        self.assertEqual(alpha.cli("send", "--withhold-source", "--tlp", "RED", "--to", "sato@alpha", "--kind", "incident", "--subject", "s", "--body", "b",
                                   "--json", want=3, person="sato").error()["rule"], "label-forbids")
        hub.cli("community", "rule", "electricity", "--withheld", "no")
        wait_until(lambda: alpha.cli("send", "--withhold-source", "--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "s", "--body", "b",
                                     "--json", want=None).code == 3, "the rule is known to the source")
        hub.cli("community", "rule", "electricity", "--withheld", "yes")
        wait_until(lambda: alpha.cli("send", "--withhold-source", "--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "s", "--body", "b",
                                     "--dry-run", want=None).code == 0, "the rule is known to the source")

    def test_a_form_drives_no_terminal(self):
        alpha, hub = self.world.nodes["alpha"], self.world.nodes["hub"]
        report = alpha.send("--withhold-source", "--via", "hub", "--form", self.world.write("form.txt", FORM.replace("一行目", "一\u202e行目")))
        hub.wait_report(report)
        form = hub.cli("show", report, "--form", lang="ja").raw_out.decode()
        self.assertIn("summary: 一\ufffd行目\n  二行目\n  \n  四行目\n", form)
        self.assertNotIn("\u202e", form)

    def test_two_parts(self):
        hub, bravo, charlie = (self.world.nodes[org] for org in ("hub", "bravo", "charlie"))
        report = self.give()
        technical = hub.cli("show", report, "--form", "--part", "technical").out
        self.assertIn("lessons: 更新を急ぐ\n", technical)
        self.assertNotIn("impact", technical)
        damage = hub.cli("show", report, "--form", "--part", "damage").out
        self.assertNotIn("lessons", damage)
        edited = self.world.write("technical.txt", technical.replace("一行目", "手口"))
        first = hub.cli("vouch", report, "--part", "technical", "--form", edited).last_word()
        edited = self.world.write("damage.txt", damage.replace("一行目", "被害").replace("to: @electricity", "to: bravo").replace("AMBER", "AMBER+STRICT"))
        second = hub.cli("vouch", report, "--part", "damage", "--form", edited).last_word()
        bravo.wait_report(first)
        bravo.wait_report(second)
        charlie.wait_report(first)
        self.assertEqual((charlie.show(first)["label"], charlie.show(first)["lessons"]), ("AMBER", "更新を急ぐ"))
        self.assertEqual((bravo.show(second)["label"], bravo.show(second)["impact"]), ("AMBER+STRICT", "一部停止"))
        charlie.cli("show", second, want=4)

    def test_the_source_takes_it_back(self):
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        report = self.give()
        published = hub.cli("vouch", report, "--to", "bravo").last_word()
        bravo.wait_report(published)
        bravo.show(published)
        alpha.cli("withdraw", report, "--reason", "alphaの誤報")
        wait_until(lambda: self.one(bravo.list(), id=published)["withdrawn_at"], "the hub withdraws what it published")
        shown = bravo.show(published)
        self.assertIsNone(shown["withdrawn_reason"])
        self.assertNotIn("alpha", json.dumps(shown))
        self.assertIn("情報源が取り下げたため、ハブが撤回しました。", bravo.cli("show", published, lang="ja").out)
        self.assertIn("Its source took it back", bravo.cli("show", published, lang="en").out)
        self.assertEqual(self.one(hub.list(), id=report)["withdrawn_reason"], "alphaの誤報")
        self.assertEqual(bravo.cli("export", published, "--sink", "own", "--format", "text", "--json", want=3).error()["rule"], "withdrawn")
        self.assertEqual(hub.cli("vouch", report, "--json", want=3).error()["rule"], "withdrawn")

    def test_wider_sharing_through_the_hub(self):
        hub, alpha, bravo, charlie = (self.world.nodes[org] for org in ("hub", "alpha", "bravo", "charlie"))
        report = self.give()
        published = hub.cli("vouch", report, "--to", "bravo").last_word()
        bravo.wait_report(published)
        ask = bravo.cli("release", "ask", published, "--to", "charlie", "--reason", "対処のため").last_word()

        def at_source():
            return [row for row in alpha.cli("release", "list", "--json").rows() if row["report"] == report]

        wait_until(at_source, "the ask reaches the source")
        row = at_source()[0]
        self.assertEqual((row["asked_by"], row["asked_for"], row["to"], row["reason"]), ("hub", "bravo", ["charlie"], "対処のため"))
        self.assertIn("hub から（bravo に代わって）求められたもの", alpha.cli("release", "list", lang="ja").out)
        self.assertIn("asked by hub for bravo", alpha.cli("release", "list", lang="en").out)
        self.assertEqual(hub.cli("release", "grant", ask, "--json", want=3).error()["rule"], "source-withheld")
        self.assertEqual(alpha.cli("release", "deny", row["id"], "--reason", "alphaは困る", "--json", want=3).error()["rule"], "source-named")
        alpha.cli("release", "grant", row["id"])
        charlie.wait_report(published)
        shown = charlie.show(published)
        self.assertEqual((shown["from"], shown["let_in_by"]["by"], shown["let_in_by"]["authority"]), ("hub", "bravo", "release"))
        self.assertNotIn("alpha", json.dumps(shown))
        self.assertFalse(holds(charlie, report))

    def test_replies_reach_the_source(self):
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        report = self.give()
        published = hub.cli("vouch", report).last_word()
        bravo.wait_report(published)
        reply = bravo.cli("reply", published, "--body", "当社も同じです").last_word()
        wait_until(lambda: alpha.show(report)["replies"] != [], "the reply reaches the source")
        self.assertEqual([(one["by"], one["label"], one["text"]) for one in alpha.show(report)["replies"]], [("bravo", "AMBER", "当社も同じです")])
        shown = alpha.cli("show", report, lang="ja").out
        self.assertIn("返信（bravo、TLP:AMBER、ハブの言による）：\nPAP:GREEN", shown) # the conditions that it bears
        self.assertIn("\n\n    当社も同じです\n", shown)
        hub.wait_report(reply)
        self.assertEqual(hub.show(reply)["carried"]["source_report"], report)
        self.assertIn("情報源に取り次ぎます（", hub.cli("show", reply, lang="ja").out)
        self.assertFalse(holds(alpha, reply))
        exported = alpha.cli("export", report, "--sink", "own", "--format", "text").out
        self.assertNotIn("当社も同じです", exported)

    def test_the_hub_asks(self):
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        report = self.give()
        self.assertEqual(hub.cli("reply", report, "--body", "どの版ですか").last_word(), report)
        wait_until(lambda: alpha.show(report)["questions"] != [], "the question reaches the source")
        self.assertEqual([(one["by"], one["text"]) for one in alpha.show(report)["questions"]], [("hub", "どの版ですか")])
        for node, name, words in ((alpha, "questions_to_answer", ("question to answer", "質問に未回答")), (hub, "questions_open", ("question open", "質問の回答待ち"))):
            self.assertEqual(self.one(node.list(), id=report)[name], 1)
            self.assertIn(words[0], node.cli("list").out)
            self.assertIn(words[1], node.cli("list", lang="ja").out)
        self.assertEqual(alpha.status()["questions_to_answer"], 1)
        self.assertIn("ハブからの質問", alpha.cli("status", lang="ja").out)
        self.assertIn("質問（hub）：\n    どの版ですか", alpha.cli("show", report, lang="ja").out)
        answer = alpha.send("--follows", report, "--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "答", "--body", "二版")
        hub.wait_report(answer)
        self.assertEqual(hub.show(answer)["attribution"], "withheld")
        self.assertFalse(holds(bravo, answer))


if __name__ == "__main__":
    main()
