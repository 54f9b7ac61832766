"""Exported reports: each carries label, conditions, disclaimers and the originator's proof, and `noroshi verify` tells a changed word, a
lowered label, conditions cut off, another disclaimer, another report's proof, and who signed, offline."""

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import E2E, ROOT, bin_dir, build_mesh, environment, enrol, join, main, wait_reachable, wait_until

sys.path.insert(0, str(ROOT / "tests" / "vectors"))
from wire_reader import decode  # noqa: E402

FORM = """subject: 件名\u202e
kind: incident
tlp: GREEN
summary: 一行目
  -----BEGIN NOROSHI EXPORT-----
  二行目
to: @electricity
number: 2
reporter: 関東電力 佐藤
impact: 一部停止
pap: GREEN
not_for_supervision: yes
"""
JA = "提供した情報について責任を問わないこと。\n"
BEGIN = "-----BEGIN NOROSHI EXPORT-----"


class Export(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "charlie"])
        cls.alpha, cls.bravo, cls.charlie, cls.hub = (world.nodes[name] for name in ("alpha", "bravo", "charlie", "hub"))
        text = world.write("menseki.txt", JA)
        answer = cls.hub.cli("community", "disclaimer", "electricity", "menseki", "--ja", text, "--optional", "--json").object()
        for node in (cls.alpha, cls.bravo):
            wait_until(lambda node=node: node.status()["communities"][0]["roster_version"] == answer["version"], "the text has come")
        cls.report = cls.alpha.send("--form", world.write("form.txt", FORM), "--disclaimer", "menseki", "--drill")
        cls.bravo.wait_report(cls.report)
        cls.bravo.cli("accept", cls.report)
        cls.plain = cls.alpha.send("--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "別", "--body", "別の本文")
        cls.bravo.wait_report(cls.plain)
        cls.invite = world.write("electricity.invite", cls.hub.cli("community", "invite", "electricity").raw_out)
        cls.nobody = world.node("nobody")  # a folder that is not there

    def export(self, node, report, form, sink="community", lang="ja"):
        path = self.world.path / f"export.{form}"
        node.cli("export", report, "--sink", sink, "--format", form, "-o", path, lang=lang)
        return path.read_bytes().decode()

    def verify(self, data, *args, want=0, node=None, lang="en"):
        return (node or self.charlie).cli("verify", self.world.write("given", data), "--json", *args, want=want, lang=lang)

    def refused(self, data, code, rule, *args, **options):
        error = self.verify(data, *args, want=code, **options).error()
        self.assertEqual(error["rule"], rule, error)
        return error

    def test_a_file_that_cannot_be_written_opens_nothing(self):
        """The file is tried before the node is asked: what was never let out is neither opened nor in the audit log as exported."""
        report = self.alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "incident", "--subject", "未", "--body", "未開封")
        self.bravo.wait_report(report)
        folder = self.world.path / "exports"
        folder.mkdir()
        before = self.bravo.cli("audit", "list", "--json").rows()
        for path in (folder / "none" / "x", folder):
            error = self.bravo.cli("export", report, "--sink", "community", "--format", "text", "-o", path, "--json", want=8).error()
            self.assertIn(str(path), error["message"])
        self.bravo.cli("export", "0" * 64, "--sink", "community", "--format", "text", "-o", folder / "unknown", want=4)
        self.assertEqual(list(folder.iterdir()), [])
        self.assertEqual(self.bravo.cli("audit", "list", "--json").rows(), before)
        self.assertFalse(self.one(self.bravo.list(), id=report)["opened"])
        self.bravo.cli("export", report, "--sink", "community", "--format", "text", "-o", folder / "x")
        self.assertEqual([path.name for path in folder.iterdir()], ["x"])
        self.assertTrue(self.one(self.bravo.list(), id=report)["opened"])
        self.alpha.wait_stage(report, "bravo", "opened")

    def test_carries_everything_and_verifies(self):
        for lang in ("ja", "en"):
            for form in ("text", "json"):
                with self.subTest(lang=lang, form=form):
                    data = self.export(self.bravo, self.report, form, lang=lang)
                    row = self.verify(data).object()
                    self.assertEqual((row["verified"], row["org"], row["label"], row["id"], row["signed_by"], row["community_verified"]),
                                     (True, "alpha", "GREEN", self.report, "originator", True))
                    self.assertEqual(row["fingerprint"], self.alpha.fingerprint())
                    self.verify(data.replace("\n", "\r\n"))
        text = self.export(self.bravo, self.report, "text")
        self.assertTrue(text.startswith("TLP:GREEN\n"))
        for word in ("PAP:GREEN", "監督、法執行その他の法的措置", JA, "一部停止", "【訓練】", "\nTLP:GREEN\n\n" + BEGIN):
            self.assertIn(word, text)
        self.assertNotIn("\u202e", text)
        self.assertEqual(text, self.bravo.cli("export", self.report, "--sink", "community", "--format", "text", lang="ja").raw_out.decode(),
                         "the same on standard output, so that it verifies from there")
        value = json.loads(self.export(self.bravo, self.report, "json"))
        self.assertEqual((value["from"], value["subject"], value["number"]), ("alpha", "件名\u202e", 2))
        self.assertEqual(value["disclaimers"][0]["ja"], JA)
        proof = decode("Export", base64.b64decode(value["proof"]))
        self.assertEqual((proof["from"], decode("Report", proof.content).subject), ("alpha", "件名\u202e"))
        shown = self.charlie.cli("verify", self.world.write("given", text), lang="ja").out
        for word in ("検証しました", "発信元：", "alpha", "TLP:GREEN", self.alpha.fingerprint()):
            self.assertIn(word, shown)

    def test_any_change_is_found(self):
        text, value = self.export(self.bravo, self.report, "text"), json.loads(self.export(self.bravo, self.report, "json"))
        edits = {"a word": ("一部停止", "全部停止"), "the label": ("TLP:GREEN\n", "TLP:CLEAR\n"), "the last label": ("\nTLP:GREEN\n\n--", "\nTLP:CLEAR\n\n--"),
                 "conditions": ("PAP:GREEN", "PAP:CLEAR"), "a disclaimer": (JA, "責任を問うことがある。\n"), "the source": ("発信元：alpha", "発信元：bravo"),
                 "a drill": ("【訓練】", ""), "the number": ("報番号：2", "報番号：3"), "a space": ("二行目", "二行目 ")}
        for what, (before, after) in edits.items():
            with self.subTest(text=what):
                self.assertIn(before, text)
                error = self.refused(text.replace(before, after), 5, "forged")
                self.assertRegex(error["message"], "line [0-9]+")
        start = text.index("PAP:GREEN")
        self.refused(text[:start] + text[text.index("\n\n", start) + 2:], 5, "forged")  # conditions cut off
        self.refused("前書き\n" + text, 5, "forged")
        end = text.rindex(BEGIN)
        self.refused(text[:end] + "追記\n" + text[end:], 5, "forged")
        for key, changed in (("label", "CLEAR"), ("body", "別"), ("conditions", None), ("disclaimers", []), ("from", "bravo"), ("drill", False),
                             ("subject", "件名"), ("community", "gas"), ("number", 3)):
            with self.subTest(json=key):
                self.assertIn(key, self.refused(json.dumps({**value, key: changed}), 5, "forged")["message"])
        self.refused(json.dumps({**value, "note": "足したもの"}), 5, "forged")
        self.refused(json.dumps({key: one for key, one in value.items() if key != "conditions"}), 5, "forged")
        self.refused(json.dumps(value)[:-1] + ', "label": "CLEAR"}', 8, "malformed")  # a key that stands there twice

    def test_proofs_that_do_not_hold(self):
        text, value = self.export(self.bravo, self.report, "text"), json.loads(self.export(self.bravo, self.report, "json"))
        other = json.loads(self.export(self.bravo, self.plain, "json", sink="own"))
        self.refused(json.dumps({**value, "proof": other["proof"]}), 5, "forged")
        other_text = self.export(self.bravo, self.plain, "text", sink="own")
        self.refused(text[:text.rindex(BEGIN)] + other_text[other_text.rindex(BEGIN):], 5, "forged")
        self.refused(text[:text.rindex(BEGIN)], 8, "malformed")
        self.refused(text[:-40], 8, "malformed")
        self.refused(json.dumps({key: one for key, one in value.items() if key != "proof"}), 8, "malformed")
        self.refused(json.dumps(value)[:200], 8, "malformed")
        self.refused("", 8, "malformed")
        self.refused("ただの文章\n", 8, "malformed")
        raw = bytearray(base64.b64decode(value["proof"]))
        for at in range(3, len(raw), max(1, len(raw) // 60)):
            raw[at] ^= 1
            answer = self.verify(json.dumps({**value, "proof": base64.b64encode(raw).decode()}), want=None)
            self.assertIn(answer.code, (5, 8), f"bit of byte {at}: {answer}")
            raw[at] ^= 1
        self.assertEqual(self.verify("x" * (4 * 1024 * 1024 + 1), want=8).error()["rule"], "too-large")
        self.assertEqual(self.charlie.cli("verify", self.world.path / "none", "--json", want=None).code, 8)

    def test_who_knows_whom(self):
        data = self.export(self.bravo, self.report, "text")
        error = self.refused(data, 5, "signer-unknown", node=self.nobody)
        self.assertIn(self.alpha.fingerprint(), error["message"])
        row = self.verify(data, "--card", self.alpha.card(), node=self.nobody).object()
        self.assertEqual((row["org"], row["known_by"], row["community_verified"]), ("alpha", "card", False))
        self.refused(data, 5, "signer-unknown", "--card", self.bravo.card())  # the given one alone counts
        row = self.verify(data, "--invite", self.invite, node=self.nobody).object()
        self.assertEqual((row["org"], row["known_by"], row["community_verified"]), ("alpha", "invite", True))
        roster = self.bravo.dir / "communities" / "electricity.roster"
        self.assertEqual(self.verify(data, "--roster", roster, node=self.nobody).object()["known_by"], "roster")
        self.assertIn("コミュニティ：@electricity（ファイルの記載による",
                      self.nobody.cli("verify", self.world.write("given", data), "--card", self.alpha.card(), lang="ja").out)
        self.refused(data, 8, "malformed", "--card", self.invite)
        for node in self.world.nodes.values():
            if node.process:
                node.stop()  # nothing is asked of any node
        self.verify(data)
        for node in (self.hub, self.alpha, self.bravo, self.charlie):
            node.start()

    def test_a_community_of_the_same_name(self):
        """What a member seals in a community of its own is not of the one whose name it writes into the file, which nobody signs."""
        self.hub.cli("community", "create", "electricitz", "--name", "別")
        enrol(self.hub, self.bravo, "electricitz", "operator")
        join(self.hub, self.bravo, "electricitz")
        wait_reachable(self.hub, ["@electricitz"], {"bravo"})
        report = self.hub.send("--tlp", "GREEN", "--to", "@electricitz", "--kind", "incident", "--subject", "件", "--body", "本文")
        value = json.loads(self.export(self.hub, report, "json", sink="own"))
        row = self.verify(json.dumps(value)).object()
        self.assertEqual((row["known_in"], row["community"], row["community_verified"]), ("electricity", "electricitz", False))
        proof = base64.b64decode(value["proof"])
        self.assertEqual(proof.count(b"\x1a\x0belectricitz"), 1)
        changed = proof.replace(b"\x1a\x0belectricitz", b"\x1a\x0belectricity")
        given = json.dumps({**value, "community": "electricity", "proof": base64.b64encode(changed).decode()})
        self.refused(given, 5, "forged")
        self.refused(given, 5, "forged", "--invite", self.invite, node=self.nobody)
        row = self.verify(given, "--card", self.hub.card(), node=self.nobody).object()
        self.assertEqual((row["known_in"], row["community_verified"]), (None, False))

    def test_own_report_and_rules(self):
        self.assertEqual(self.verify(self.export(self.alpha, self.plain, "text", sink="clients")).object()["org"], "alpha")
        for sink in ("community", "public"):
            self.assertEqual(self.bravo.cli("export", self.plain, "--sink", sink, "--format", "text", "--json", want=3).error()["rule"], "export-forbidden")

    def test_source_withheld_is_attested(self):
        report = self.alpha.send("--form", self.world.write("form.txt", FORM + "name_source: no\n"))
        self.bravo.wait_report(report)
        text, raw = self.export(self.bravo, report, "text"), self.export(self.bravo, report, "json")
        for data in (text, raw):
            row = self.verify(data).object()
            self.assertEqual((row["org"], row["signed_by"], row["source_withheld"]), ("bravo", "exporter", True))
        value = json.loads(raw)
        self.assertEqual((value["from"], value["attested_by"], value["source_hidden"]), ("@electricity", "bravo", True))
        self.assertEqual(value["fields"], {"impact": "一部停止"})
        proof = base64.b64decode(value["proof"])
        for secret in (b"alpha", "佐藤".encode()):
            self.assertNotIn(secret, proof)
        self.assertNotIn(self.originator_key(), proof, "the originator's signature would name it")
        self.assertNotIn("alpha", text)
        shown = self.charlie.cli("verify", self.world.write("given", text), lang="ja").out
        for word in ("書き出した組織による証明", "本人の希望により伏せられて", "証明した組織：", "bravo"):
            self.assertIn(word, shown)
        self.refused(text.replace("一部停止", "全部停止"), 5, "forged")
        self.refused(json.dumps({**value, "attested_by": "hub"}), 5, "forged")

    def originator_key(self):
        """alpha's signing key, from a proof that names it."""
        value = json.loads(self.export(self.bravo, self.plain, "json", sink="own"))
        return decode("Header", decode("Export", base64.b64decode(value["proof"])).report.header).originator

    def test_nothing_is_left_of_one_that_was_killed(self):
        """While the node is asked there is no file beside the one that is to be; an older one of its name stays until the new one is whole."""
        folder = Path(tempfile.mkdtemp(dir=self.world.path))
        try:
            os.close(os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600))
        except OSError:
            self.skipTest("the file system has no files without a name")
        for there in (False, True):
            out = folder / "export.json"
            if there:
                out.write_text("old")
            os.kill(self.bravo.process.pid, signal.SIGSTOP)
            try:
                export = subprocess.Popen([str(bin_dir() / "noroshi"), "--dir", str(self.bravo.dir), "export", self.report, "--sink", "own", "--format", "text", "-o", str(out)],
                                          env=environment({"HOME": str(self.world.home)}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                opened = Path(f"/proc/{export.pid}/fd")
                wait_until(lambda: any(os.readlink(one).startswith(str(folder)) for one in opened.iterdir()), "it has opened what it will write")
                self.assertEqual([one.name for one in folder.iterdir()], ["export.json"] if there else [])
                export.kill()
                export.wait()
            finally:
                os.kill(self.bravo.process.pid, signal.SIGCONT)
            self.assertEqual([one.name for one in folder.iterdir()], ["export.json"] if there else [])
        self.assertEqual(out.read_text(), "old")
        self.bravo.cli("accept", self.report, want=None)
        for _ in range(2):
            self.bravo.cli("export", self.report, "--sink", "own", "--format", "text", "-o", str(out))
            self.assertIn("件名", out.read_text())
            self.assertEqual(([one.name for one in folder.iterdir()], out.stat().st_mode & 0o777), (["export.json"], 0o600))
            out.unlink()


if __name__ == "__main__":
    main()
