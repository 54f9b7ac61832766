"""What a command is told to write to: never a key, never a file that the node's folder has for itself; and of a draft that could not be written none is told."""

import json
import os
import shutil
import subprocess

from harness import E2E, TIME_SCALE, bin_dir, environment, main


class OutputFiles(E2E):
    @classmethod
    def build(cls, world):
        cls.hub, cls.member = world.node("hub").init(), world.node("member").init()
        cls.tool = world.node("tool", folder=world.path / "no-node")
        cls.path = world.path
        cls.hub.cli("community", "create", "electricity", "--name", "電力")
        cls.draft = cls.path / "first.draft"
        cls.hub.cli("community", "renew", "electricity", "--draft", cls.draft)
        cls.key = cls.hub.dir / "rosters" / "electricity.key"
        cls.secret = world.write("backup.pass", "backup-pass1\n")

    def copy_of_key(self, name):
        folder = self.path / name
        folder.mkdir()
        return shutil.copy(self.key, folder / "roster.key")

    def refused(self, node, target, *words, rule="exists"):
        before = target.read_bytes() if target.exists() else None
        for lang in ("ja", "en"):
            done = node.cli(*words, lang=lang, want=8)
            self.assertIn(f"[{rule}]", done.err)
            self.assertIn(str(target), done.err)
        self.assertEqual(target.read_bytes() if target.exists() else None, before)

    def test_keys(self):
        """By what the file holds, whatever its name is."""
        key, other = self.copy_of_key("keys"), self.path / "other.key"
        self.tool.cli("community", "key", other, "--no-passphrase")
        link = self.path / "keys" / "link"
        link.symlink_to(other)
        sign = ("community", "sign", self.draft, "--key", key)
        for target in (key, other, link):
            self.refused(self.tool, target, *sign, "-o", target)
            self.refused(self.tool, target, *sign, "--log", target)
            self.refused(self.tool, target, "community", "combine", self.draft, self.draft, "-o", target)
            self.refused(self.hub, target, "community", "renew", "electricity", "--draft", target)
            self.refused(self.hub, target, "backup", "-o", target, "--backup-passphrase-file", self.secret)
            self.refused(self.hub, target, "key", "rotate", "-o", target)
        for replace in ((), ("--replace",)):
            self.refused(self.tool, self.draft, *sign, "--log", self.draft, "-o", self.path / "never", *replace)
        self.assertFalse((self.hub.dir / "next.key").exists() or (self.hub.dir / "identity.next.key").exists())
        self.assertFalse((self.path / "keys" / "ceremony.log").exists(), "nothing was signed")
        self.tool.cli(*sign)

    def test_own_files(self):
        """What the node has there for itself, whether it is there yet or not; other names in its folder are free."""
        away = self.path / "to-the-folder"
        away.symlink_to(self.member.dir)
        for name in ("audit-end", "control.sock", "identity.key", "identity.next.key", "lock", "next.key", "node.json", "own.card", "restored.card", "store.db", "store.db-shm", "store.db-wal",
                     "vault", "ceremony.log", "communities/electricity.roster", "rosters/electricity.key", "inbox/new.roster", "persons/tanaka.key"):
            for target in (self.member.dir / name, away / name):
                (self.member.dir / name).parent.mkdir(mode=0o700, exist_ok=True)
                self.refused(self.member, target, "backup", "-o", target, "--backup-passphrase-file", self.secret)
        self.refused(self.hub, self.hub.dir / "node.json", "community", "sign", self.draft, "--key", self.key, "--log", self.hub.dir / "node.json")
        self.refused(self.hub, self.hub.dir / "audit-end", "community", "renew", "electricity", "--draft", self.hub.dir / "audit-end")
        self.refused(self.hub, self.hub.dir / "audit-end", "community", "sign", self.draft, "--key", self.key, "--log", self.hub.dir / "audit-end")
        for name in ("of-today.backup", "of-today.backup", "audit-end.txt", "lockdown.txt", "restored-list", "vault2", "prekeys"):
            self.member.cli("backup", "-o", self.member.dir / name, "--backup-passphrase-file", self.secret)
        log = self.path / "logged" / "ceremony.log"
        key = self.copy_of_key("logged")
        self.tool.cli("community", "sign", self.draft, "--key", key)
        self.refused(self.tool, log, "community", "sign", self.draft, "--key", key, "-o", log)

    def test_log_that_is_a_draft(self):
        """By any name of it, and where the result is not there yet: nothing is added to a draft, nor put in a log's place."""
        key, result, link, hard = self.copy_of_key("log-or-draft"), self.path / "result.draft", self.path / "link.draft", self.path / "hard.draft"
        link.symlink_to(self.draft)
        os.link(self.draft, hard)
        for log in (self.draft, link, hard):
            self.refused(self.tool, log, "community", "sign", self.draft, "--key", key, "-o", result, "--log", log)
            self.refused(self.tool, log, "community", "combine", self.draft, self.draft, "-o", result, "--log", log)
        for log in (result, self.path / "log-or-draft" / ".." / "result.draft"):
            self.refused(self.tool, log, "community", "sign", self.draft, "--key", key, "-o", result, "--log", log)
            self.refused(self.tool, log, "community", "combine", self.draft, self.draft, "-o", result, "--log", log)
        self.assertFalse(result.exists() or (key.parent / "ceremony.log").exists())
        self.tool.cli("community", "sign", self.draft, "--key", key, "-o", result, "--log", self.path / "own.log")

    def lone(self, name, count=3):
        """A key that the node has no more, in a folder of its own, and drafts of one version that it has not signed."""
        folder = self.path / name
        folder.mkdir()
        key = folder / "roster.key"
        made = self.tool.cli("community", "key", key, "--no-passphrase", "--json").object()["key"]
        first = self.path / f"{name}.first"
        self.hub.cli("community", "create", name, "--name", name, "--add-key", made, "--draft", first)
        self.tool.cli("community", "sign", first, "--key", key)
        self.hub.cli("community", "apply", first)
        drafts = [self.path / f"{name}{number}.draft" for number in range(count)]
        for number, draft in enumerate(drafts):
            self.hub.cli("community", "renew", name, "--expires", f"{100 + number}d", "--draft", draft)
        return key, drafts

    def sign(self, draft, key, *words, want=0, lang="en"):
        return self.tool.cli("community", "sign", draft, "--key", key, *words, want=want, lang=lang)

    def test_links_to_the_key(self):
        """The log lies beside the key, by whichever name the key is given; of another name of the same file it is said that nothing is known there."""
        key, drafts = self.lone("links")
        (self.path / "elsewhere").mkdir()
        link, folder = self.path / "elsewhere" / "a.key", self.path / "to-links"
        link.symlink_to(key)
        folder.symlink_to(key.parent)
        self.sign(drafts[0], link)
        self.assertFalse((link.parent / "ceremony.log").exists())
        for one in (key, link, folder / "roster.key"):
            self.assertIn("[forked]", self.sign(drafts[1], one, want=5).err)
        os.link(key, link.parent / "hard.key")
        self.assertIn("another name", self.sign(drafts[0], key).err)
        self.assertIn("別の名前", self.sign(drafts[0], link.parent / "hard.key", lang="ja").err)

    def test_damaged_logs(self):
        """A line that cannot be read hides no other one, and is told of where none shows that another draft was signed."""
        key, drafts = self.lone("damage", 4)
        log = key.parent / "ceremony.log"
        self.sign(drafts[0], key)
        kept = log.read_bytes()
        for what, data in (("in front", b"\0" * 100 + b"\n" + kept), ("long", b"x" * 5000 + b"\n" + kept), ("no object", b"[]\n5\n" + kept), ("deep", b"[" * 4000 + b"\n" + kept),
                           ("lines of another system", kept.replace(b"\n", b"\r\n")), ("without an end", kept[:-1]), ("empty lines", b"\n\r\n" + kept)):
            log.write_bytes(data)
            with self.subTest(what=what):
                self.assertIn("[forked]", self.sign(drafts[1], key, want=5).err)
                self.assertIn("[forked]", self.sign(drafts[1], key, want=5).err)
        last = kept.splitlines(keepends=True)
        for what, data in (("a byte", b"".join(last[:-1]) + b"\0" + last[-1]), ("a mark", b"".join(last[:-1]) + b"\xef\xbb\xbf" + last[-1]), ("torn", b"".join(last[:-1]) + b'{"a":' + last[-1]),
                           ("cut", kept[:-30])):
            with self.subTest(what=what):
                log.write_bytes(data)
                good = drafts[1].read_bytes()
                refused = self.sign(drafts[1], key, want=5).err
                for words in ("[damaged]", f"{log}: line {len(last)} cannot be read", "--replace"):
                    self.assertIn(words, refused)
                self.assertIn(f"{len(last)} 行目を読めません", self.sign(drafts[1], key, want=5, lang="ja").err)
                self.assertEqual(drafts[1].read_bytes(), good)
        self.sign(drafts[1], key, "--replace")

    def test_after_a_torn_line(self):
        """The next line does not begin within it."""
        key, drafts = self.lone("torn")
        log = key.parent / "ceremony.log"
        log.write_bytes(log.read_bytes() + b'{"at":"2026')
        self.sign(drafts[0], key, "--replace")
        self.assertEqual(json.loads(log.read_text().splitlines()[-1])["what"], "sign")
        self.assertIn("[forked]", self.sign(drafts[1], key, want=5).err)

    def test_a_draft_that_was_not_written(self):
        """The node's own key and one elsewhere: of what never left nothing is told, and another may be signed."""
        key, drafts = self.lone("full")
        log, own = key.parent / "ceremony.log", self.hub.dir / "rosters" / "ceremony.log"
        self.hub.cli("community", "create", "water", "--name", "水道")
        fixed = self.path / "fixed"
        fixed.write_text("kept")
        immutable = subprocess.run(["chattr", "+i", fixed], check=False, capture_output=True).returncode == 0
        try:
            for target, codes in (("", (8,)), (self.path / "no" / "x", (8,)), (f"{self.path}/new/", (8,)), ("/dev/full", (1,)), *([(fixed, (8,))] if immutable else [])):
                with self.subTest(target=target):
                    before = log.read_text().splitlines(), own.read_text().splitlines() if own.exists() else []
                    self.assertIn(self.sign(drafts[0], key, "-o", target, want=None).code, codes)
                    self.assertIn(self.hub.cli("community", "renew", "water", "--draft", target, want=None).code, codes)
                    after = log.read_text().splitlines(), own.read_text().splitlines() if own.exists() else []
                    for old, new in zip(before, after):
                        words = [json.loads(line)["what"] for line in new[len(old):]]
                        self.assertEqual(words, ["sign", "taken-back"] if target == "/dev/full" else [])
        finally:
            if immutable:
                subprocess.run(["chattr", "-i", fixed], check=True)
        self.assertEqual(fixed.read_text(), "kept")
        self.assertEqual(self.hub.cli("community", "renew", "water", "--draft", self.path / "water.draft").err, "")
        self.assertIn("signed another draft", self.hub.cli("community", "renew", "water", "--expires", "9d", "--draft", self.path / "water.other").err)
        self.sign(drafts[1], key)
        self.sign(drafts[1], key, "-o", "/dev/full", want=1)  # the first time stands
        self.assertIn("[forked]", self.sign(drafts[2], key, want=5).err)

    def traced(self, *words, inject=()):
        """Out: the exit status, and the calls that close a file or give one its name, in their order."""
        calls = self.path / "calls"
        argv = ["strace", "-qq", "-o", calls, "-e", "trace=close,linkat", *inject, bin_dir() / "noroshi", "--dir", self.tool.dir, *words]
        done = subprocess.run([str(word) for word in argv], capture_output=True, stdin=subprocess.DEVNULL, timeout=60 * TIME_SCALE, check=False,
                              env=environment({"HOME": str(self.world.home), "ASAN_OPTIONS": "detect_leaks=0"}))
        return done.returncode, [line.split("(")[0] for line in calls.read_text().splitlines() if line.startswith(("close(", "linkat("))]

    def test_that_fails_when_it_has_its_name(self):
        """The draft lies there, signed: that stays in the log."""
        if shutil.which("strace") is None:
            self.skipTest("strace is not installed")
        key, drafts = self.lone("named")
        log, first, second = key.parent / "ceremony.log", self.path / "named.first-result", self.path / "named.second-result"
        code, calls = self.traced("community", "sign", drafts[0], "--key", key, "-o", first)
        self.assertEqual(code, 0)
        if "linkat" not in calls:
            self.skipTest("the file system has no files without a name")
        last = len(calls) - 1 - calls[::-1].index("linkat")
        number = calls[:last].count("close") + 1
        code, _ = self.traced("community", "sign", drafts[0], "--key", key, "-o", second, inject=("-e", f"inject=close:error=EIO:when={number}"))
        self.assertNotEqual(code, 0)
        self.assertEqual(second.read_bytes(), first.read_bytes())
        self.assertEqual([json.loads(line)["what"] for line in log.read_text().splitlines()][-2:], ["sign", "sign"])


if __name__ == "__main__":
    main()
