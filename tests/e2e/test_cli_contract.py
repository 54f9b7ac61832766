"""The commands people type: exit codes, errors as JSON, languages, help, prefixes, standard output for the answer alone."""

import json
import os
import re
import subprocess

from harness import E2E, bin_dir, build_mesh, enrol, environment, join, main, wait_until

COMMANDS = ("init", "card", "person add", "community create", "community add", "community remove", "community show",
            "community fingerprint", "community invite", "join", "send", "form", "list", "show", "receipts", "reply", "export",
            "forget", "status")
SEND = ("--kind", "incident", "--subject", "s", "--body", "b")
JAPANESE = re.compile(r"[぀-ヿ一-鿿]")


class Contract(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"], persons={"alpha": ["sato"]})

    def error(self, *args, want, rule=None, **options):
        """The command fails with this code and says so as one JSON object, with an empty standard output."""
        done = self.world.nodes["alpha"].cli(*args, "--json", want=want, **options)
        self.assertEqual(done.out, "")
        error = done.error()
        for key in ("error", "rule", "message", "hint"):
            self.assertIn(key, error)
        self.assertTrue(error["message"])
        if rule:
            self.assertEqual(error["rule"], rule)
        return error

    def test_every_exit_code(self):
        alpha = self.world.nodes["alpha"]
        alpha.cli("status", want=0)
        self.error("export", self.sent(), "--sink", "own", "--format", "json", "-o", "/dev/full", want=1, rule="disk")
        self.error("send", "--tlp", "PURPLE", "--to", "bravo", *SEND, want=2, rule="label-unknown")
        self.error("send", "--tlp", "RED", "--to", "@electricity", *SEND, want=3, rule="label-forbids")
        self.error("show", "f" * 64, want=4, rule="not-found")
        self.error("join", self.invite(), "--fingerprint", "00000 " * 10, want=5, rule="fingerprint")
        idle = self.world.node("idle")
        idle.init()
        self.assertEqual(idle.cli("status", "--json", want=6).error()["rule"], "no-node")
        self.error("send", "--tlp", "GREEN", "--to", "@electricity", *SEND, "--expires", "15d", want=8, rule="expiry")

    def test_exit_seven_when_locked(self):
        done = subprocess.run([str(bin_dir() / "noroshid"), "--dir", str(self.world.nodes["alpha"].dir)], capture_output=True,
                              timeout=30, env=environment(), check=False)
        self.assertEqual(done.returncode, 7, done.stderr)

    def test_absent_fields_of_the_form_are_null(self):
        shown = self.world.nodes["alpha"].cli("show", self.sent(), "--json").object()
        for name in ("reported_at", "reporter", "event_type", "publication", "references"):
            self.assertIn(name, shown)
            self.assertIsNone(shown[name])
        for name in ("summary", "tlp", "pap"):  # they have places of their own
            self.assertNotIn(name, shown)

    def test_export_answers(self):
        alpha, report, path = self.world.nodes["alpha"], self.sent(), self.world.path / "exported"
        for form in ("json", "text"):
            out = alpha.cli("export", report, "--sink", "own", "--format", form).raw_out
            self.assertTrue(out.endswith(b"\n") and not out.endswith(b"\n\n"), out[-20:])
            self.assertEqual(alpha.cli("export", report, "--sink", "own", "--format", form, "-o", path).raw_out, b"")
            self.assertTrue(path.read_bytes().endswith(b"\n"))
            answer = alpha.cli("export", report, "--sink", "own", "--format", form, "-o", path, "--json").object()
            self.assertEqual(answer, {"id": report, "label": "GREEN", "format": form, "sink": "own", "file": str(path)})
            alpha.cli("verify", path)
        inside = alpha.cli("export", report, "--sink", "own", "--format", "text", "--json").object()
        self.assertEqual((inside["text"].splitlines()[0], inside["file"]), (out.decode().splitlines()[0], None))
        self.assertEqual(alpha.cli("export", report, "--sink", "own", "--format", "json", "--json").object()["id"], report)

    def sent(self):
        return self.world.nodes["alpha"].send("--tlp", "GREEN", "--to", "@electricity", *SEND)

    def invite(self):
        return self.world.write("contract.invite", self.world.nodes["hub"].cli("community", "invite", "electricity").raw_out)

    def test_unknown_is_wrong_usage(self):
        alpha = self.world.nodes["alpha"]
        for args in (("frobnicate",), ("send", "--frobnicate"), ("list", "--color"), ("show",), ("show", "abcdef", "abcdef"),
                     ("community",), ("community", "frobnicate"), ("export", "abcdef1"), (),
                     ("community", "add", "electricity"), ("list", "--limit", "many"), ("list", "--since", "whenever"),
                     ("show", "abc"), ("show", "zzzzzzzz"), ("list", "--kind", "nonsense"), ("--bogus", "status"),
                     ("export", "abcdef1", "--sink", "moon", "--format", "json"),
                     ("init", "--org", "x")):
            with self.subTest(args=args):
                done = alpha.cli(*args, want=None)
                self.assertEqual(done.code, 2, str(done))
                self.assertEqual(done.out, "")
                self.assertTrue(done.err.strip())

    def test_rows_are_passed_on_as_they_are_but_for_what_moves_a_screen(self):
        alpha, subject = self.world.nodes["alpha"], "向き\u202e逆\u2066 \"引用\" \\ é"
        report = alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "incident", "--subject", subject, "--body", "b")
        done = alpha.cli("list", "--json")
        self.assertEqual([row["subject"] for row in done.rows() if row["id"] == report], [subject])
        self.assertIn(b"\\u202e", done.raw_out)
        for raw in ("\u202e", "\u2066"):
            self.assertNotIn(raw.encode(), done.raw_out)
            self.assertNotIn(raw.encode(), alpha.cli("list").raw_out)
        self.assertEqual({row["id"] for row in done.rows()}, {row["id"] for row in alpha.list()})
        self.assertIn(report[:12], alpha.cli("list").out)

    def test_not_landed_commands_are_unknown(self):
        for args in (("drill", "status", "a" * 64),
                     ("send", "--tlp", "AMBER", "--to", "bravo", *SEND, "--attach", "/etc/hostname")):
            with self.subTest(args=args):
                before = self.world.nodes["alpha"].list()
                self.world.nodes["alpha"].cli(*args, want=2)
                self.assertEqual(self.world.nodes["alpha"].list(), before)

    def test_help_on_every_command(self):
        alpha = self.world.nodes["alpha"]
        for command in COMMANDS:
            for lang in ("ja", "en"):
                with self.subTest(command=command, lang=lang):
                    done = alpha.cli(*command.split(), "--help", lang=lang)
                    self.assertIn(f"noroshi {command}", done.out, "an example")
                    self.assertEqual(done.err, "")
                    self.assertEqual(bool(JAPANESE.search(re.sub(r'"[^"]*"', "", done.out))), lang == "ja")
        for lang in ("ja", "en"):
            general = alpha.cli("--help", lang=lang).out
            for command in COMMANDS:
                self.assertIn(command.split()[0], general)

    def test_language(self):
        alpha = self.world.nodes["alpha"]
        args = ("send", "--tlp", "RED", "--to", "@electricity", *SEND)
        self.assertTrue(JAPANESE.search(alpha.cli(*args, want=3, lang="ja").err))
        self.assertFalse(JAPANESE.search(alpha.cli(*args, want=3, lang="en").err))
        self.assertTrue(JAPANESE.search(alpha.cli(*args, want=3, lang=None, env={"LC_ALL": "ja_JP.UTF-8", "LANG": "ja_JP.UTF-8"}).err))
        self.assertFalse(JAPANESE.search(alpha.cli(*args, want=3, lang=None, env={"LC_ALL": "C", "LANG": "C"}).err))
        for more, japanese in (({"LANG": "en_US.UTF-8", "LANGUAGE": "ja:en"}, True), ({"LANG": "ja_JP.UTF-8", "LANGUAGE": "en:ja"}, False),
                               ({"LANG": "C", "LANGUAGE": "ja"}, False)):  # as gettext reads them
            said = alpha.cli(*args, want=3, lang=None, env={"LC_ALL": "", **more}).err
            self.assertEqual(bool(JAPANESE.search(said)), japanese, more)
            done = subprocess.run([bin_dir() / "noroshid", "--help"], capture_output=True, env=environment({"LC_ALL": "", **more}), check=True)
            self.assertEqual(bool(JAPANESE.search(done.stdout.decode())), japanese, more)
        alpha.cli("status", lang="fr", want=2)
        # Keys and rules stay English in every language.
        error = alpha.cli(*args, "--json", want=3, lang="ja").error()
        self.assertEqual(error["rule"], "label-forbids")

    def test_prefixes(self):
        alpha = self.world.nodes["alpha"]
        report = self.sent()
        for length in (12, 20, 63, 64):
            self.assertEqual(alpha.show(report[:length])["id"], report)
        self.error("show", report[:5], want=2)
        self.error("show", report.upper(), want=2)
        self.error("show", report + "0", want=2)

    def test_ambiguous_prefix(self):
        """Enough reports that two share six digits are too many to send; the store's own test forces it. Here: a prefix that no
        report has is exit 4, and the shortest unique one is taken."""
        alpha = self.world.nodes["alpha"]
        listed = [row["id"] for row in alpha.list()] or [self.sent()]
        absent = next(f"{n:06x}" for n in range(1 << 24) if not any(row.startswith(f"{n:06x}") for row in listed))
        self.error("show", absent, want=4, rule="not-found")
        if sum(row[:6] == listed[0][:6] for row in listed) == 1:
            self.assertEqual(alpha.show(listed[0][:6])["id"], listed[0])

    def test_addresses(self):
        alpha = self.world.nodes["alpha"]
        for to, want, rule in (("nobody", 4, "org-unknown"), ("@nowhere", 4, "community-unknown"), ("x@nobody", 4, "org-unknown"),
                               ("x@bravo", 4, "person-unknown"), ("", 8, "address"), ("@", 8, "address"), ("Bravo", 8, "address"),
                               ("a@b@c", 8, "address"), ("bravo/../x", 8, "address"), ("-bravo", 8, "address")):
            with self.subTest(to=to):
                label = "RED" if re.match(r"^x@", to) else ("GREEN" if to == "@nowhere" else "AMBER")
                self.error("send", "--tlp", label, "--to", to, *SEND, want=want, rule=rule,
                           person="sato" if label == "RED" else None)

    def test_folder_by_environment(self):
        alpha = self.world.nodes["alpha"]
        program = str(bin_dir() / "noroshi")
        done = subprocess.run([program, "status", "--json"], capture_output=True, check=False, timeout=30,
                              env=environment({"NOROSHI_DIR": str(alpha.dir), "HOME": str(self.world.home)}))
        self.assertEqual(json.loads(done.stdout)["org"], "alpha")
        home = self.world.path / "elsewhere"
        folder = home / ".local" / "share"
        folder.mkdir(parents=True)
        os.symlink(alpha.dir, folder / "noroshi")
        done = subprocess.run([program, "status", "--json"], capture_output=True, check=False, timeout=30,
                              env=environment({"HOME": str(home)}))
        self.assertEqual(json.loads(done.stdout)["org"], "alpha", done.stderr)

    def test_a_word_of_advice_is_an_object_too(self):
        short = self.world.write("short.pass", "abc\n")
        folder = self.world.path / "advised"
        for lang in ("ja", "en"):
            done = subprocess.run([str(bin_dir() / "noroshi"), "--dir", str(folder / lang), "--lang", lang, "--json", "init", "--org", "advised",
                                   "--name", "助言", "--passphrase-file", short], capture_output=True, check=False, timeout=60,
                                  env=environment({"HOME": str(self.world.home)}))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["org"], "advised")
            notes = [json.loads(line) for line in done.stderr.splitlines()]
            self.assertTrue(notes)
            self.assertTrue(all(set(note) == {"note"} and note["note"] for note in notes), notes)

    def test_body_from_file_and_standard_input(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        text = "一行目\n\n三行目  \t<>&\"'\\ 𠮷\n"
        path = self.world.write("body.txt", text)
        for source, stdin in ((path, None), ("-", text)):
            report = alpha.send("--tlp", "AMBER", "--to", "bravo", "--kind", "lesson", "--subject", "s", "--body-file", source, stdin=stdin)
            bravo.wait_report(report)
            self.assertEqual(bravo.show(report)["body"], text)
        self.error("send", "--tlp", "AMBER", "--to", "bravo", "--kind", "lesson", "--subject", "s", "--body-file", "/nonexistent", want=8)

    def test_card_json(self):
        alpha = self.world.nodes["alpha"]
        card = alpha.cli("card", "--json").object()
        self.assertEqual(card["org"], "alpha")
        self.assertEqual(len(card["curve"]), 40)
        self.assertEqual(card["fingerprint"].replace(" ", ""), alpha.fingerprint().replace(" ", ""))
        self.assertRegex(alpha.fingerprint(), r"^\d{5}( \d{5})+$")

    def test_community_changes_while_running(self):
        hub, alpha = self.world.nodes["hub"], self.world.nodes["alpha"]
        late = self.world.node("late").init()
        version = alpha.cli("community", "show", "electricity", "--json").object()["version"]
        enrol(hub, late, "electricity", "ministry")
        late.start()
        join(hub, late, "electricity")
        late.wait_link("hub")
        wait_until(lambda: alpha.cli("community", "show", "electricity", "--json").object()["version"] > version,
                   "alpha has the new roster, without a restart")
        members = alpha.cli("community", "show", "electricity", "--json").object()["members"]
        self.assertEqual(self.one(members, org="late")["role"], "ministry")

    def test_who_is_known_to_have_joined(self):
        hub = self.world.nodes["hub"]
        new = self.world.node("new").init()
        enrol(hub, new, "electricity")

        def known(node, org):
            return self.one(node.cli("community", "show", "electricity", "--json").object()["members"], org=org)["known_to_have_joined"]

        self.assertIs(known(hub, "hub"), True, "by its own word alone")
        self.assertIs(known(hub, "new"), False)
        new.start()
        join(hub, new, "electricity")
        wait_until(lambda: known(hub, "new") is True, "the hub has its word")
        self.assertIs(self.one(hub.cli("community", "show", "electricity", "--json").object()["members"], org="new")["joined"], False)
        new.stop()
        self.assertIsNone(known(new, "new"), "nobody is there to ask")


if __name__ == "__main__":
    main()
