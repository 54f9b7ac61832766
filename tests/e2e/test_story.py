"""A report's whole life between a hub and three members, in the words and JSON keys of the command contract."""

import json
import re

from harness import E2E, build_mesh, main, wait_until

LIST_KEYS = {"id", "label", "kind", "from", "to", "subject", "created_at", "received_at", "opened", "drill", "urgent", "follows"}
RFC3339_UTC = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")


class Story(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "charlie"])

    def nodes(self):
        return (self.world.nodes[org] for org in ("hub", "alpha", "bravo", "charlie"))

    def test_amber_to_the_community(self):
        hub, alpha, bravo, charlie = self.nodes()
        sent = alpha.cli("send", "--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "変電所の異常",
                         "--body", "ログに不審な接続。\n二行目。", "--json").object()
        report = sent["id"]
        self.assertEqual(set(sent["recipients"]), {"hub", "bravo", "charlie"})
        for node in (bravo, charlie, hub):
            row = node.wait_report(report)
            self.assertLessEqual(LIST_KEYS, set(row))
            self.assertEqual((row["label"], row["kind"], row["from"], row["subject"]), ("AMBER", "incident", "alpha", "変電所の異常"))
            self.assertEqual(row["to"], ["@electricity"])
            self.assertFalse(row["opened"])
            self.assertFalse(row["drill"])
            self.assertFalse(row["urgent"])
            self.assertIsNone(row["follows"])
            self.assertRegex(row["created_at"], RFC3339_UTC)
            self.assertRegex(row["received_at"], RFC3339_UTC)
            self.assertNotIn("body", row)
        for org in ("hub", "bravo", "charlie"):
            alpha.wait_stage(report, org, "stored")
        shown = bravo.show(report)
        self.assertEqual(shown["body"], "ログに不審な接続。\n二行目。")
        self.assertEqual(shown["attachments"], [])
        self.assertEqual(shown["disclaimers"], [])
        alpha.wait_stage(report, "bravo", "opened")
        self.assertNotIn("opened", alpha.stages(report)["charlie"])
        self.assertTrue(self.one(bravo.list(), id=report)["opened"])
        self.assertNotIn(report, [row["id"] for row in bravo.list("--unread")])
        self.assertIn(report, [row["id"] for row in charlie.list("--unread")])
        missing = {row["recipient"]: row["stage"] for row in alpha.cli("receipts", report, "--missing", "--json").rows()}
        self.assertEqual(missing, {"hub": "stored", "charlie": "stored"}, "only bravo has opened it; a node's own receipt confirms nothing")
        for lang, words in (("en", "opening or accepting"), ("ja", "開封も受諾もしていない相手")):
            self.assertIn(words, "".join(alpha.cli("receipts", "--help", lang=lang).out.split("\n")))
        for row in alpha.cli("receipts", report, "--json").rows():
            self.assertRegex(row["at"], RFC3339_UTC)
        self.assertIn("AMBER", charlie.cli("show", report[:12]).out)
        alpha.wait_stage(report, "charlie", "opened")
        self.assertIn(report, [row["id"] for row in alpha.list("--sent")])
        self.assertNotIn(report, [row["id"] for row in bravo.list("--sent")])

    def test_each_other_label(self):
        hub, alpha, bravo, charlie = self.nodes()
        for label, to in (("GREEN", "@electricity"), ("AMBER+STRICT", "bravo"), ("CLEAR", "@electricity"), ("AMBER", "bravo")):
            with self.subTest(label=label, to=to):
                report = alpha.send("--tlp", label, "--to", to, "--kind", "advisory", "--subject", f"s {label}", "--body", f"b {label}")
                self.assertEqual(bravo.wait_report(report)["label"], label)
                self.assertEqual(bravo.show(report)["body"], f"b {label}")
                alpha.wait_stage(report, "bravo", "opened")
                if to == "bravo":
                    # A report for all, sent later on the same links, has passed: what was not for charlie did not come.
                    after = alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "advisory", "--subject", "after", "--body", "x")
                    for other in (charlie, hub):
                        other.wait_report(after)
                        self.assertNotIn(report, [row["id"] for row in other.list()])
                        other.cli("show", report, want=4)

    def test_flags_and_follows(self):
        _, alpha, bravo, _ = self.nodes()
        first = alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "situation", "--subject", "第1報", "--body", "1",
                           "--urgent", "--drill")
        row = bravo.wait_report(first)
        self.assertTrue(row["urgent"] and row["drill"])
        second = alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "restoration", "--subject", "第2報", "--body", "2",
                            "--follows", first, "--expires", "3d")
        self.assertEqual(bravo.wait_report(second)["follows"], first)
        kinds = {row["kind"] for row in bravo.list("--kind", "restoration")}
        self.assertEqual(kinds, {"restoration"})
        self.assertEqual(len(bravo.list("--limit", "1")), 1)
        everything = bravo.list()
        self.assertEqual(everything[-1]["id"], bravo.list("--limit", "1")[0]["id"], "newest last")
        self.assertEqual(bravo.list("--community", "electricity"), everything)

    def test_reply(self):
        _, alpha, bravo, charlie = self.nodes()
        report = alpha.send("--tlp", "AMBER", "--to", "@electricity", "--kind", "request", "--subject", "照会", "--body", "同じ事象は？")
        bravo.wait_report(report)
        answer = bravo.cli("reply", report, "--body", "当社にはありません").last_word()
        row = alpha.wait_report(answer)
        self.assertEqual(row["from"], "bravo")
        self.assertIn(row["label"], ("AMBER", "AMBER+STRICT"))
        self.assertEqual(alpha.show(answer)["body"], "当社にはありません")
        lower = bravo.cli("reply", report, "--tlp", "GREEN", "--to", "@electricity", "--body", "x", "--json", want=None)
        if lower.code == 0:  # the label never becomes lower than the quoted one
            self.assertEqual(alpha.wait_report(lower.object()["id"])["label"], "AMBER")
        else:
            self.assertEqual(lower.code, 3)
        charlie.wait_report(report)

    def test_dry_run_sends_nothing(self):
        _, alpha, bravo, _ = self.nodes()
        before = alpha.list(), bravo.list()
        answer = alpha.cli("send", "--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "never", "--body", "x",
                           "--dry-run", "--json").object()
        self.assertEqual(set(answer["recipients"]), {"hub", "bravo", "charlie"})
        self.assertEqual(answer["excluded"], [])
        self.assertFalse(answer.get("id"))
        self.assertEqual((alpha.list(), bravo.list()), before)

    def test_form(self):
        _, alpha, bravo, _ = self.nodes()
        for lang in ("ja", "en"):
            with self.subTest(lang=lang):
                form = alpha.cli("form", "incident", lang=lang).out
                names = [line.split(":")[0] for line in form.splitlines() if line and line[0] not in "# \t"]
                self.assertEqual(names[:4], ["subject", "kind", "tlp", "summary"])
                wanted = {"subject": f"様式 {lang}", "kind": "incident", "tlp": "AMBER", "summary": "概要の一行目",
                          "event_type": "malware-infection", "cause": "suspicious-mail,unknown", "system": "監視端末"}
                filled = []
                for line in form.splitlines():
                    name = line.split(":")[0]
                    filled.append(f"{name}: {wanted[name]}" if name in wanted and line[0] not in "# \t" else line)
                path = self.world.write("report.txt", "\n".join(filled) + "\n")
                report = alpha.send("--form", path, "--to", "@electricity")
                bravo.wait_report(report)
                shown = bravo.show(report)
                self.assertEqual((shown["label"], shown["kind"], shown["subject"]), ("AMBER", "incident", f"様式 {lang}"))
                self.assertEqual(shown["event_type"], "malware-infection")
                self.assertIn("suspicious-mail", shown["cause"])
                self.assertIn("概要の一行目", json.dumps(shown, ensure_ascii=False))

    def test_export(self):
        _, alpha, bravo, _ = self.nodes()
        report = alpha.send("--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "出力", "--body", "出力する本文")
        bravo.wait_report(report)
        self.assertEqual(json.loads(bravo.cli("export", report, "--sink", "own", "--format", "json").out)["body"], "出力する本文")
        path = self.world.path / "exported.txt"
        bravo.cli("export", report, "--sink", "clients", "--format", "text", "-o", path)
        text = path.read_text("utf-8")
        self.assertIn("出力する本文", text)
        self.assertIn("TLP:AMBER", text)
        for sink in ("community", "public"):
            refused = self.world.path / f"refused-{sink}"
            error = bravo.cli("export", report, "--sink", sink, "--format", "json", "-o", refused, "--json", want=3).error()
            self.assertEqual(error["rule"], "export-forbidden")
            self.assertFalse(refused.exists(), "nothing is written when refused")

    def test_forget(self):
        _, alpha, bravo, charlie = self.nodes()
        report = alpha.send("--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "忘れる", "--body", "忘れられる本文")
        bravo.wait_report(report)
        charlie.wait_report(report)
        bravo.show(report)
        bravo.cli("forget", report)
        gone = bravo.cli("show", report, want=None)
        self.assertNotEqual(gone.code, 0)
        self.assertNotIn("忘れられる本文", gone.out)
        self.assertEqual(charlie.show(report)["body"], "忘れられる本文", "forgetting binds this node alone")
        bravo.restart()
        bravo.wait_link("hub")
        self.assertNotEqual(bravo.cli("show", report, want=None).code, 0, "and stays so after a restart")

    def test_status_and_roster(self):
        hub, alpha, _, _ = self.nodes()
        status = wait_until(lambda: alpha.status() if alpha.link("hub") == "up" else None, "up")
        self.assertEqual(status["org"], "alpha")
        community = self.one(status["communities"], id="electricity")
        shown = alpha.cli("community", "show", "electricity", "--json").object()
        self.assertEqual((shown["id"], shown["version"]), ("electricity", community["roster_version"]))
        self.assertEqual({member["org"] for member in shown["members"]}, {"hub", "alpha", "bravo", "charlie"})
        self.assertEqual(self.one(shown["members"], org="hub")["role"], "hub")
        self.assertEqual(self.one(shown["members"], org="alpha")["fingerprint"].replace(" ", ""),
                         alpha.fingerprint().replace(" ", ""))
        self.assertIsInstance(status["warnings"], list)
        self.assertIsInstance(status["queued"], int)
        self.assertEqual({link["org"] for link in hub.status()["links"]} & {"alpha", "bravo", "charlie"}, {"alpha", "bravo", "charlie"})


if __name__ == "__main__":
    main()
