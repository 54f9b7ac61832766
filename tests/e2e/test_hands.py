"""What a person does at the command line beyond the contract's main road: whose key it needs, where an export goes, what is shown."""

import os
import stat
import subprocess
import threading

from harness import E2E, bin_dir, build_mesh, environment, main, wait_until

SEND = ("--kind", "incident", "--subject", "s", "--body", "b")


class Hands(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"])
        cls.right, cls.wrong = world.write("right.txt", "correct horse battery\n"), world.write("wrong.txt", "incorrect\n")
        world.nodes["alpha"].cli("person", "add", "sato", "--name", "佐藤", "--passphrase-file", cls.right)

    def sent(self, *args):
        return self.world.nodes["alpha"].send("--tlp", "GREEN", "--to", "@electricity", *(args or SEND))

    def test_as_unlocks_the_key(self):
        alpha = self.world.nodes["alpha"]
        report = self.sent()
        before = alpha.list()
        for command in (("send", "--tlp", "GREEN", "--to", "@electricity", *SEND), ("reply", report, "--body", "x"), ("show", report),
                        ("export", report, "--sink", "own", "--format", "text")):
            for passphrase, code in ((self.wrong, 5), (None, 5), (self.world.path / "missing", 8)):
                done = alpha.cli(*command, person="sato", passphrase=passphrase, want=code)
                self.assertEqual(done.out, "")
            alpha.cli(*command, person="nobody", want=4)
        self.assertEqual(alpha.list(), before, "nothing is sent")
        alpha.send("--tlp", "GREEN", "--to", "@electricity", *SEND, person="sato", passphrase=self.right)

    def test_as_is_no_matter_where_nobody_acts(self):
        alpha = self.world.nodes["alpha"]
        report = self.sent()
        for command in (("receipts", report), ("status",)):
            alpha.cli(*command, person="sato")
        alpha.cli("forget", report, person="sato", want=5)  # somebody acts here, and the audit log names who
        alpha.cli("forget", report)

    def test_forget_prints_the_whole_id(self):
        report = self.sent()
        row = self.world.nodes["alpha"].cli("forget", report[:12], "--json").object()
        self.assertEqual(row, {"id": report, "forgotten": True})

    def test_export_to_what_is_there(self):
        alpha = self.world.nodes["alpha"]
        export = ("export", self.sent(), "--sink", "own", "--format", "text", "-o")
        pipe, target, link, folder = (self.world.path / name for name in ("pipe", "target.txt", "link.txt", "folder"))
        os.mkfifo(pipe)
        read = []
        reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
        reader.start()
        alpha.cli(*export, pipe)
        reader.join(20)
        self.assertIn("TLP:GREEN", read[0])
        self.assertTrue(stat.S_ISFIFO(pipe.stat().st_mode))
        target.write_text("before")
        link.symlink_to(target)
        alpha.cli(*export, link)
        self.assertTrue(link.is_symlink())
        self.assertIn("TLP:GREEN", target.read_text("utf-8"))
        folder.mkdir()
        for path, reason in ((folder, "Is a directory"), (self.world.path / "missing" / "file", "No such file or directory")):
            self.assertIn(reason, alpha.cli(*export, path, want=8).err)

    def test_roster_hash(self):
        nodes = self.world.nodes
        communities = [nodes[org].status()["communities"][0] for org in ("hub", "alpha")]
        self.assertEqual(communities[0]["hash"], communities[1]["hash"])
        before = communities[0]["hash"]
        nodes["hub"].cli("community", "add", "electricity", nodes["bravo"].card(), "--fingerprint", nodes["bravo"].fingerprint(),
                         "--role", "response")
        wait_until(lambda: nodes["alpha"].status()["communities"][0]["hash"] != before, "the roster's hash follows its version")

    def test_a_text_is_set_apart(self):
        """What is written like a label and a head is not taken for them; JSON and exports have the text as it is."""
        alpha = self.world.nodes["alpha"]
        body = "TLP:CLEAR\n\nID: x\n署名：本物"
        report = self.sent("--kind", "incident", "--subject", "s", "--body", body)
        for lang in ("ja", "en"):
            lines = alpha.cli("show", report, lang=lang).out.splitlines()
            self.assertEqual([at for at, line in enumerate(lines) if line.startswith("TLP:")], [0, len(lines) - 1])
            at = lines.index("    TLP:CLEAR")
            self.assertEqual(lines[at - 1:at + 5], ["", "    TLP:CLEAR", "", "    ID: x", "    署名：本物", ""])
        self.assertEqual(alpha.show(report)["body"], body)
        self.assertIn("\n" + body + "\n", alpha.cli("export", report, "--sink", "own", "--format", "text").out)

    def test_drill_and_codes_in_words(self):
        alpha = self.world.nodes["alpha"]
        form = self.world.write("coded.form", "event_type: malware-infection\ncause: suspicious-mail,unknown\n")
        report = self.sent("--form", form, *SEND, "--drill")
        text = alpha.cli("show", report, lang="ja").out
        self.assertRegex(text, r"事象の類型：.+（malware-infection）\n")
        self.assertRegex(text, r"：.+（suspicious-mail）、.+（unknown）\n")
        self.assertIn("件名：【訓練】s\n", text)
        self.assertTrue(text.startswith("TLP:GREEN 【訓練】\n"))
        listed = alpha.cli("list", lang="ja").out
        self.assertIn("【訓練】s", listed)
        english = alpha.cli("show", report).out
        self.assertIn("[DRILL] s\n", english)
        self.assertIn("(malware-infection)", english)

    def test_times_of_a_form_are_text(self):
        """The minute is not always known: what was written comes back, a time or words."""
        alpha = self.world.nodes["alpha"]
        written = {"reported_at": "2026-11-26", "occurred_at": "6時頃、調査中", "noticed_at": "2026-11-26T09:12:00+09:00"}
        form = self.world.write("times.form", "".join(f"{name}: {value}\n" for name, value in written.items()))
        row = alpha.show(self.sent("--form", form, *SEND))
        self.assertEqual({name: row[name] for name in written}, written)
        for lang, words in (("ja", "言葉でもよい"), ("en", "or in words")):
            self.assertEqual(alpha.cli("form", "incident", lang=lang).out.count(words), 3)

    def test_expired_is_marked(self):
        alpha = self.world.nodes["alpha"]
        report = self.sent("--kind", "incident", "--subject", "short", "--body", "b", "--expires", "1s")
        wait_until(lambda: next(row for row in alpha.list() if row["id"] == report)["expired"], "expired")
        line = next(line for line in alpha.cli("list").out.splitlines() if line.startswith(report[:12]))
        self.assertIn("expired", line)
        shown = alpha.cli("show", report, want=None)
        if shown.code == 0:
            self.assertIn("[EXPIRED]", shown.out)

    def test_only_to_oneself(self):
        error = self.world.nodes["alpha"].cli("send", "--tlp", "AMBER", "--to", "alpha", *SEND, "--json", want=3).error()
        self.assertIn("others than this node itself", error["hint"])

    def test_hints_in_japanese(self):
        alpha = self.world.nodes["alpha"]
        for to, want in (("nobody", 4), ("@nowhere", 4)):
            error = alpha.cli("send", "--tlp", "AMBER", "--to", to, *SEND, "--json", want=want, lang="ja").error()
            self.assertRegex(error["hint"], "[ぁ-ん]")

    def test_reader_leaves(self):
        alpha = self.world.nodes["alpha"]
        alpha.cli("list")
        done = subprocess.run(["bash", "-c", '"$0" --dir "$1" list 2>err | true; echo "${PIPESTATUS[0]}"; cat err',
                               str(bin_dir() / "noroshi"), str(alpha.dir)], capture_output=True, cwd=self.world.path, check=False,
                              env=environment({"HOME": str(self.world.home)}), timeout=60)
        self.assertEqual(done.stdout, b"0\n")


if __name__ == "__main__":
    main()
