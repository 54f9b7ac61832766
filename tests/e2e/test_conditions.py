"""Conditions of use: given by option or in the form, shown with the label in both languages, carried and enforced on export."""

import json

from harness import E2E, build_mesh, main

FORM = """subject: 条件付きの報告
kind: incident
tlp: GREEN
summary: 本文
to: @electricity
reporter: 関東電力 佐藤 03-0000-0000
impact: 一部停止
pap: AMBER
tell_affected: no
name_source: no
not_for_supervision: yes
"""
NOT_FOR_SUPERVISION = "監督、法執行その他の法的措置の根拠として用いてはなりません"


class Conditions(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"], persons={"alpha": ["sato"], "bravo": ["tanaka"]})

    def test_form_shown_and_exported(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        report = alpha.send("--form", self.world.write("form.txt", FORM))
        bravo.wait_report(report)
        row = bravo.show(report)
        self.assertEqual(row["conditions"], {"permissible_actions": "AMBER", "affected_may_be_told": False, "source_may_be_named": False,
                                             "not_for_supervision": True})
        self.assertNotIn("pap", row)
        self.assertEqual((row["from"], row["reporter"]), ("alpha", "関東電力 佐藤 03-0000-0000"))
        text = bravo.cli("show", report, lang="ja").out
        for line in ("PAP:AMBER（対象に接触しない照合・調査に限る）", "影響を受ける当事者への通知：不可", "情報源の明示：不可", NOT_FOR_SUPERVISION):
            self.assertIn(line, text)
        self.assertLess(text.index("PAP:AMBER"), text.index("条件付きの報告"), "with the label, before the rest")
        self.assertIn("must not be used for supervision", bravo.cli("show", report, lang="en").out)
        for sink in ("clients", "community"):
            self.assertEqual(bravo.cli("export", report, "--sink", sink, "--format", "json", "--json", want=3).error()["rule"], "conditions")
        path = self.world.path / "out.json"
        bravo.cli("export", report, "--sink", "own", "--format", "json", "-o", path)
        exported = json.loads(path.read_text("utf-8"))
        self.assertEqual((exported["from"], exported["person"], exported["fields"]), ("@electricity", None, {"impact": "一部停止"}))
        self.assertEqual(exported["conditions"]["permissible_actions"], "AMBER")
        self.assertTrue(exported["source_hidden"])
        self.assertNotIn("alpha", path.read_text("utf-8"))
        text = bravo.cli("export", report, "--sink", "own", "--format", "text", lang="ja").out
        self.assertIn(NOT_FOR_SUPERVISION, text)
        self.assertIn("発信元：@electricity", text)
        for word in ("alpha", "佐藤"):
            self.assertNotIn(word, text)

    def test_options_win_and_replies_inherit(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        report = alpha.send("--form", self.world.write("form.txt", FORM), "--pap", "GREEN", "--tell-affected", "yes")
        bravo.wait_report(report)
        self.assertEqual(bravo.show(report)["conditions"]["permissible_actions"], "GREEN")
        bravo.cli("export", report, "--sink", "community", "--format", "text")
        self.assertEqual(bravo.cli("reply", report, "--body", "x", "--pap", "CLEAR", "--json", want=3).error()["rule"], "conditions")
        answer = bravo.cli("reply", report, "--body", "返事").last_word()
        alpha.wait_report(answer)
        self.assertEqual(alpha.show(answer)["conditions"], bravo.show(report)["conditions"])
        alpha.cli("send", "--form", self.world.write("form.txt", FORM), "--pap", "WHITE", want=2)
        alpha.cli("send", "--form", self.world.write("bad.txt", FORM.replace("pap: AMBER", "pap: PINK")), want=8)
        plain = alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "incident", "--subject", "s", "--body", "b")
        bravo.wait_report(plain)
        self.assertIsNone(bravo.show(plain)["conditions"])

    def test_red(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        report = alpha.send("--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", "朱", "--body", "b", "--pap", "RED",
                            "--not-for-supervision", person="sato")
        bravo.wait_report(report)
        shown = bravo.show(report, person="tanaka")["conditions"]
        self.assertEqual((shown["permissible_actions"], shown["not_for_supervision"]), ("RED", True))
        answer = bravo.cli("reply", report, "--body", "返事", person="tanaka").last_word()
        alpha.wait_report(answer)
        self.assertEqual(alpha.show(answer, person="sato")["conditions"], shown)


if __name__ == "__main__":
    main()
