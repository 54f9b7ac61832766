"""Disclaimers: demanded by a community's rules, accepted or declined by a person, and a body that is closed until then."""

import json
import os
import pwd

from harness import E2E, build_mesh, main, wait_until

SECRET = "閉じた本文-disc-71c0"
SUBJECT = "監視端末の停止-disc-5d2e"
JA, EN = "本情報は監督・執行の根拠としない。", "This information is not used for supervision."


class Disclaimers(E2E):
    @classmethod
    def build(cls, world):
        hub = build_mesh(world, ["alpha", "bravo", "charlie"], persons={"alpha": ["sato"], "bravo": ["tanaka", "ito"]})
        ja, en = world.write("ja.txt", JA), world.write("en.txt", EN)
        done = hub.cli("community", "disclaimer", "electricity", "no-supervision", "--ja", ja, "--en", en, "--require-label", "AMBER",
                       "--require-label", "RED", "--json").object()
        assert done["changed"] and done["disclaimer_version"] == 1, done
        hub.cli("community", "disclaimer", "electricity", "no-liability", "--ja", ja)
        cls.version = hub.cli("community", "show", "electricity", "--json").object()["version"]
        for node in world.nodes.values():
            wait_until(lambda node=node: node.status()["communities"][0]["roster_version"] == cls.version, f"{node.org} has the rules")

    def send(self, *more, label="AMBER", to="@electricity", **options):
        alpha = self.world.nodes["alpha"]
        return alpha.send("--tlp", label, "--to", to, "--kind", "incident", "--subject", SUBJECT, "--body", SECRET, *more, **options)

    def refused(self, node, *args, rule="disclaimer-not-accepted", **options):
        done = node.cli(*args, "--json", want=3, **options)
        self.assertEqual(done.error()["rule"], rule)
        self.assertTrue(done.error()["hint"])
        self.assertNotIn(SECRET, done.out + done.err)
        return done

    def test_closed_then_accepted(self):
        alpha, bravo, charlie = (self.world.nodes[org] for org in ("alpha", "bravo", "charlie"))
        report = self.send()
        bravo.wait_report(report)
        row = json.loads(self.refused(bravo, "show", report).out)
        self.assertEqual((row["label"], row["body"], row["acceptance"]), ("AMBER", None, None))
        self.assertEqual([(one["name"], one["version"], one["ja"], one["en"]) for one in row["disclaimers"]],
                         [("no-supervision", 1, JA, EN)])
        text = bravo.cli("show", report, want=3, lang="ja")
        self.assertIn("TLP:AMBER", text.out)
        self.assertIn("免責事項：no-supervision（第1版）\n" + JA, text.out)
        self.assertNotIn(SECRET, text.out + text.err)
        self.assertIn("[disclaimer-not-accepted]", text.err)
        self.assertIn(EN, bravo.cli("show", report, want=3, lang="en").out)
        path = self.world.path / "out.json"
        self.refused(bravo, "export", report, "--sink", "own", "--format", "json", "-o", path)
        self.assertFalse(path.exists())
        self.refused(bravo, "reply", report, "--body", "x")
        self.assertFalse(self.one(bravo.list(), id=report)["opened"])
        bravo.cli("accept", report, person="tanaka", lang="ja")
        self.assertEqual(bravo.show(report)["body"], SECRET)
        self.assertEqual(bravo.show(report)["acceptance"]["person"], "tanaka")
        bravo.cli("export", report, "--sink", "own", "--format", "json", "-o", path)
        exported = json.loads(path.read_text("utf-8"))
        self.assertEqual(exported["disclaimers"][0]["ja"], JA)
        self.assertNotIn("acceptance", exported)
        alpha.wait_stage(report, "bravo", "accepted")
        row = self.one(alpha.cli("receipts", report, "--json").rows(), recipient="bravo", stage="accepted")
        self.assertEqual(row["person"], "tanaka")
        self.assertEqual(row["user"], pwd.getpwuid(os.getuid()).pw_name)
        self.assertEqual(len(row["disclaimers"]), 1)
        charlie.cli("decline", report, want=2)
        charlie.cli("decline", report, "--reason", "規程により")
        alpha.wait_stage(report, "charlie", "declined")
        row = self.one(alpha.cli("receipts", report, "--json").rows(), recipient="charlie", stage="declined")
        self.assertIn("規程により", alpha.cli("receipts", report, lang="ja").out)
        self.assertEqual((row["reason"], row["person"]), ("規程により", None))
        self.refused(charlie, "show", report)

    def test_bad_input(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        before = alpha.list()
        for name in ("nobody-knows", "no-supervision-2"):
            done = alpha.cli("send", "--tlp", "GREEN", "--to", "@electricity", "--kind", "incident", "--subject", "s", "--body", "b",
                             "--disclaimer", name, "--json", want=3)
            self.assertEqual(done.error()["rule"], "disclaimer-unknown")
        alpha.cli("send", "--tlp", "GREEN", "--to", "@electricity", "--kind", "incident", "--subject", "s", "--body", "b",
                  "--disclaimer", "Not A Name", want=8)
        self.assertEqual(alpha.list(), before)
        report = self.send(label="GREEN")
        bravo.wait_report(report)
        bravo.cli("accept", report, want=2)
        bravo.cli("accept", "0" * 64, want=4)
        bravo.cli("accept", report, person="nobody", want=4)
        hub = self.world.nodes["hub"]
        hub.cli("community", "disclaimer", "electricity", "empty", want=2)
        hub.cli("community", "disclaimer", "electricity", "empty", "--ja", self.world.write("empty.txt", ""), want=8)
        hub.cli("community", "disclaimer", "electricity", "empty", "--ja", self.world.write("bad.txt", b"\xff\xfe"), want=8)
        hub.cli("community", "disclaimer", "electricity", "x", "--ja", self.world.write("ja.txt", JA), "--require-label", "PINK", want=2)
        self.world.nodes["alpha"].cli("community", "disclaimer", "electricity", "x", "--ja", self.world.write("ja.txt", JA), want=3)

    def test_red_is_accepted_by_each_person(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        report = self.send("--to", "ito@bravo", label="RED", to="tanaka@bravo", person="sato")
        bravo.wait_report(report)
        row = json.loads(self.refused(bravo, "show", report, person="tanaka").out)
        self.assertEqual((row["body"], row["disclaimers"][0]["name"]), (None, "no-supervision"))
        self.refused(bravo, "accept", report, rule="person-only")
        bravo.cli("accept", report, person="tanaka")
        self.assertEqual(bravo.show(report, person="tanaka")["body"], SECRET)
        self.refused(bravo, "show", report, person="ito")
        alpha.wait_stage(report, "tanaka@bravo", "accepted")
        self.assertNotIn("accepted", alpha.stages(report)["ito@bravo"])
        self.assertEqual(alpha.show(report, person="sato")["body"], SECRET)

    def test_unlock_on_accept(self):
        """Before the acceptance has reached the originator, no byte of the body is in a recipient's folder, and no key."""
        alpha, bravo, charlie, hub = (self.world.nodes[org] for org in ("alpha", "bravo", "charlie", "hub"))
        report = self.send("--unlock-on-accept")
        for node in (bravo, charlie, hub):
            node.wait_report(report)
            row = json.loads(self.refused(node, "show", report).out)
            self.assertIsNone(row["subject"], "not even the subject can be read")
        alpha.kill()
        bravo.cli("accept", report)
        bravo.cli("show", report, want=7)
        bravo.kill()
        bravo.start()
        bravo.cli("show", report, want=7)
        alpha.start()
        wait_until(lambda: bravo.cli("show", report, "--json", want=None).code == 0, "the key has come")
        self.assertEqual(bravo.show(report)["body"], SECRET)
        alpha.wait_stage(report, "bravo", "opened")
        self.refused(charlie, "show", report)
        self.refused(hub, "show", report)
        alpha.cli("send", "--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", "s", "--body", "b", "--unlock-on-accept",
                  want=3, person="sato")

    def test_a_new_text(self):
        """What was sent under a text is accepted under it; the answer takes the newest."""
        alpha, bravo, hub = (self.world.nodes[org] for org in ("alpha", "bravo", "hub"))
        report = self.send("--disclaimer", "no-liability", label="GREEN")
        bravo.wait_report(report)
        hub.cli("community", "disclaimer", "electricity", "no-liability", "--ja", self.world.write("ja2.txt", "第二版の文面"))
        shown = hub.cli("community", "show", "electricity", "--json").object()
        self.assertEqual([(one["name"], one["version"]) for one in shown["rules"]["disclaimers"]],
                         [("no-liability", 1), ("no-liability", 2), ("no-supervision", 1)])
        self.assertIn("no-liability", hub.cli("community", "show", "electricity", lang="ja").out)
        for node in (alpha, bravo):
            wait_until(lambda node=node: node.status()["communities"][0]["roster_version"] == shown["version"], f"{node.org} has the new text")
        self.assertEqual(json.loads(self.refused(bravo, "show", report).out)["disclaimers"][0]["ja"], JA)
        bravo.cli("accept", report)
        answer = bravo.cli("reply", report, "--body", "返事").last_word()
        alpha.wait_report(answer)
        self.assertEqual([one["version"] for one in json.loads(self.refused(alpha, "show", answer).out)["disclaimers"]], [2])


if __name__ == "__main__":
    main()
