"""Passphrases of keys: changed whole or not at all, and given to the daemon by a file or systemd's credentials."""

import os
import pty
import random
import subprocess
import termios
import time

from harness import E2E, bin_dir, environment, main


class Passphrases(E2E):
    def make(self, org):
        node = self.world.node(org)
        old, new = self.world.write(f"{org}.old", "古い合い言葉 old\n"), self.world.write(f"{org}.new", "新しい合い言葉 new\n")
        node.init("--passphrase-file", str(old))
        return node, old, new

    def opens(self, node, passphrase):
        """Whether the passphrase opens the node's key."""
        return node.cli("key", "passphrase", "--new-passphrase-file", passphrase, passphrase=passphrase, want=None).code == 0

    def test_node_and_roster_keys(self):
        node, old, new = self.make("alpha")
        node.cli("community", "create", "electricity", "--name", "電力", passphrase=old)
        answer = node.cli("key", "passphrase", "--new-passphrase-file", new, "--json", passphrase=old).object()
        self.assertEqual(answer, {"key": "node", "passphrase": True, "changed": 2})
        self.assertFalse(self.opens(node, old))
        node.cli("community", "create", "gas", "--name", "ガス", passphrase=old, want=5)
        node.cli("community", "create", "gas", "--name", "ガス", passphrase=new)
        other = self.world.node("bravo").init()
        node.cli("community", "add", "electricity", other.card(), "--fingerprint", other.fingerprint(), passphrase=new)
        self.assertIn("パスフレーズを変更しました", node.cli("key", "passphrase", "--new-passphrase-file", old, passphrase=new, lang="ja").out)
        node.cli("key", "passphrase", "--no-passphrase", passphrase=old)
        node.start()
        node.stop()

    def test_refusals_change_nothing(self):
        node, old, new = self.make("charlie")
        before = (node.dir / "identity.key").read_bytes()
        empty = self.world.write("empty", "\n")
        for arguments, passphrase, code in (
                (("--new-passphrase-file", new), new, 5), (("--new-passphrase-file", new), None, 5), (("--new-passphrase-file", empty), old, 5),
                ((), old, 2), (("--new-passphrase-file", new, "--no-passphrase"), old, 2), (("--person", "nobody", "--no-passphrase"), old, 4),
                (("--roster", "nowhere", "--no-passphrase"), old, 4), (("--person", "a", "--roster", "b"), old, 2), (("--person", "../x"), old, 8),
                (("--new-passphrase-file", self.world.path / "missing"), old, 8)):
            with self.subTest(arguments=arguments):
                node.cli("key", "passphrase", *arguments, passphrase=passphrase, want=code)
                self.assertEqual((node.dir / "identity.key").read_bytes(), before)
        for spoilt in (before[:100], b""):
            (node.dir / "identity.key").write_bytes(spoilt)
            node.cli("key", "passphrase", "--new-passphrase-file", new, passphrase=old, want=5)
            self.assertEqual((node.dir / "identity.key").read_bytes(), spoilt)
        (node.dir / "identity.key").write_bytes(before)

    def typed(self, folder, passphrase):
        """(exit status, what is shown) of a new node whose passphrase is typed twice at a terminal."""
        pid, terminal = pty.fork()
        if pid == 0:
            program = str(bin_dir() / "noroshi")
            os.execve(program, [program, "--dir", str(folder), "--lang", "ja", "init", "--org", "typed", "--name", "打鍵"], environment())
        shown = b""
        try:
            for question in (1, 2):
                while shown.decode(errors="ignore").count("パスフレーズ") + shown.decode(errors="ignore").count("もう一度") < question:
                    shown += os.read(terminal, 4096)
                while termios.tcgetattr(terminal)[3] & termios.ECHO:  # what is typed before is thrown away
                    time.sleep(0.01)
                os.write(terminal, passphrase.encode() + b"\n")
            while chunk := os.read(terminal, 4096):
                shown += chunk
        except OSError:  # the other end is gone
            pass
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()

    def test_typed(self):
        code, shown = self.typed(self.world.path / "typed", "短い")
        self.assertEqual(code, 8, shown)
        self.assertIn("2 文字", shown)
        self.assertFalse((self.world.path / "typed").exists())
        self.assertEqual(self.typed(self.world.path / "typed", "長い長い合い言葉")[0], 0)
        self.assertTrue((self.world.path / "typed" / "identity.key").exists())

    def test_person(self):
        node, old, new = self.make("delta")
        node.cli("person", "add", "sato", "--name", "佐藤", "--passphrase-file", old, passphrase=old)
        node.cli("key", "passphrase", "--person", "sato", "--new-passphrase-file", new, passphrase=old)
        node.cli("key", "passphrase", "--person", "sato", "--no-passphrase", passphrase=new)

    def test_killed_at_any_instant(self):
        """kill -9 leaves one of the two; the same command then finishes what was begun."""
        node, old, new = self.make("echo")
        chosen = random.Random(7)
        left = {old: 0, new: 0}
        for pause in (0.0, chosen.random(), chosen.random() * 2):
            running = subprocess.Popen(
                [str(bin_dir() / "noroshi"), "--dir", str(node.dir), "--passphrase-file", str(old), "key", "passphrase",
                 "--new-passphrase-file", str(new)], env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(pause)
            running.kill()
            running.wait()
            before = (node.dir / "identity.key").read_bytes()
            found = new if node.cli("key", "passphrase", "--new-passphrase-file", old, passphrase=new, want=None).code == 0 else old
            left[found] += 1
            if found == old:
                self.assertEqual((node.dir / "identity.key").read_bytes(), before)
                node.cli("key", "passphrase", "--new-passphrase-file", old, passphrase=old)
        self.assertGreater(left[old], 0)
        self.assertEqual(sorted(path.name for path in node.dir.glob("identity*")), ["identity.key"])

    def test_credentials_of_systemd(self):
        node, old, new = self.make("golf")
        folder = self.world.path / "credentials"
        folder.mkdir()
        node.extra_env = {"CREDENTIALS_DIRECTORY": str(folder)}
        with self.assertRaises(AssertionError):
            node.start()
        self.assertIn("LoadCredential", node.log_text())
        node.process = None
        (folder / "passphrase").write_bytes(new.read_bytes())
        with self.assertRaises(AssertionError):
            node.start()
        self.assertIn("passphrase", node.log_text())
        node.process = None
        (folder / "passphrase").write_bytes(old.read_bytes())
        node.start()
        self.assertEqual(node.status()["org"], "golf")
        node.stop()

    def test_daemon_names_what_is_wrong_with_the_file(self):
        node, old, new = self.make("hotel")
        no_line, wrong, folder = ("first line", "1行目"), ("passphrase", "パスフレーズが違う"), ("directory", "フォルダー")
        credentials = self.world.path / "empty-credentials"
        credentials.mkdir()
        (credentials / "passphrase").write_bytes(b"\n")
        cases = [(self.world.write(name, data), no_line, True) for name, data in (("none", ""), ("blank", "\n合い言葉\n"), ("endless", "x" * 1025))]
        cases += [(new, wrong, False), (credentials, folder, False), (None, no_line, True), ("a folder", folder, False)]
        for file, words, remedy in cases:
            if file == "a folder":
                file = None
                (credentials / "passphrase").unlink()
                (credentials / "passphrase").mkdir()
            for lang, word in zip(("en", "ja"), words):
                with self.subTest(file=file, lang=lang):
                    given = () if file is None else ("--passphrase-file", str(file))
                    done = subprocess.run([str(bin_dir() / "noroshid"), "--dir", str(node.dir), "--lang", lang, *given], stdin=subprocess.DEVNULL,
                                          capture_output=True, text=True, timeout=60, check=False, start_new_session=True,
                                          env=environment({"CREDENTIALS_DIRECTORY": str(credentials)} if file is None else {}))
                    first, *rest = done.stderr.splitlines()
                    self.assertEqual(done.returncode, 5, done.stderr)
                    self.assertTrue(first.startswith(f"noroshid: {file or '$CREDENTIALS_DIRECTORY/passphrase'}: ") or words is wrong, first)
                    self.assertTrue(first.endswith(" [passphrase]"), first)
                    self.assertIn(word, first)
                    self.assertEqual(bool(rest), remedy)


if __name__ == "__main__":
    main()
