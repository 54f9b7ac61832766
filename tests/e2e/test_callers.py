"""Who may command a node: its own user and root, told by the kernel, and nobody whom the kernel cannot tell from others."""

import json
import os
import shutil
import signal
import socket
import subprocess

from harness import E2E, bin_dir, environment, main, wait_until

STRANGER = 61234


def skip_unless(can, why):
    if not can:
        print(f"NRS-SKIP: {why}")
        raise SystemExit(0)


def ask_as(uid, path):
    """What the node answers to a user's `status`; None when it does not yet."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(20)
                line.connect(str(path))
                line.sendall(b'{"command":"status"}\n')
                os.write(write, line.recv(4096))
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return json.loads(answer.splitlines()[0]) if answer else None


class Callers(E2E):
    def open_to_all(self, node):
        """As a careless administrator would: what is left is the node's own check."""
        for path in (node.dir, self.world.path):
            os.chmod(path, 0o755)
        os.chmod(node.dir / "control.sock", 0o666)

    def test_another_user(self):
        node = self.world.node("alpha").init().start()
        self.open_to_all(node)
        sock = node.dir / "control.sock"
        self.assertEqual(ask_as(0, sock)["org"], "alpha")
        refused = ask_as(STRANGER, sock)
        self.assertEqual((refused["rule"], refused["exit"]), ("refused", 3))
        self.assertIn("own user or root", refused["message"])
        node.stop()

    def test_a_user_namespace(self):
        """Under `unshare -U`, as under PrivateUsers=, the stranger and the node's user have the same number."""
        node = self.world.node("bravo").init()
        process = subprocess.Popen(["unshare", "-U", str(bin_dir() / "noroshid"), "--dir", str(node.dir)], stdin=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=environment({"HOME": str(self.world.home)}))
        try:
            sock = node.dir / "control.sock"
            wait_until(lambda: sock.exists() or process.poll() is not None, "bravo listens", 30)
            self.assertIsNone(process.poll())
            self.open_to_all(node)
            for uid in (0, STRANGER):
                refused = wait_until(lambda who=uid: ask_as(who, sock), "bravo answers", 30)
                self.assertEqual((refused["rule"], refused["exit"]), ("refused", 3), uid)
                self.assertIn("cannot tell its caller", refused["message"])
            self.assertIn("見分けられません", node.cli("status", lang="ja", want=3).err)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)

    def test_root_in_anothers_folder(self):
        """What root does with a node of another user, running or not, that user's node can read, change and start on."""
        os.chmod(self.world.path, 0o755)
        node = self.world.node("delta", listen=True).init()
        for path in (node.dir, *node.dir.rglob("*")):
            os.chown(path, STRANGER, STRANGER)
        node.user = STRANGER
        node.cli("community", "create", "gas", "--name", "ガス")
        other = self.world.node("echo").init()
        node.start()
        node.cli("community", "add", "gas", other.card(), "--fingerprint", other.fingerprint())
        node.cli("card", "--advertise", "tcp://127.0.0.1:2000")
        node.cli("person", "add", "tanaka", "--name", "Tanaka", "--no-passphrase")
        wait_until(lambda: not any((node.dir / "inbox").glob("*.*")), "the node has taken all of it up", 30)
        rows = node.cli("audit", "list", "--json").rows()
        self.assertEqual({row["user"] for row in rows if row["kind"] in ("roster", "card")}, {"root"})
        node.stop()
        node.cli("person", "rename", "tanaka", "--name", "Tanaka T")
        foreign = [str(path) for path in node.dir.rglob("*") if path.lstat().st_uid != STRANGER and path.parent.name != "inbox"]
        self.assertEqual(foreign, [])
        node.start()
        wait_until(lambda: not any((node.dir / "inbox").glob("*.*")), "the node has taken all of it up", 30)
        self.assertNotIn("refused", node.log_text())
        self.assertIn("echo", node.cli("community", "show", "gas").out)
        node.stop()

    def of_another(self, org):
        """A node that root made in the folder of another user, and a folder with a file that are root's."""
        os.chmod(self.world.path, 0o755)
        node = self.world.node(org)
        node.dir.mkdir()
        os.chown(node.dir, STRANGER, STRANGER)
        node.init()
        for path in (node.dir, *node.dir.rglob("*")):
            self.assertEqual((path.lstat().st_uid, path.lstat().st_mode & 0o077), (STRANGER, 0), path)
        folder = self.world.path / f"{org}-of-root"
        folder.mkdir(mode=0o700)
        file = folder / "secret"
        file.write_bytes(b"root's own\n")
        file.chmod(0o600)
        return node, folder, file

    def assert_roots(self, *paths):
        for path in paths:
            self.assertEqual((path.lstat().st_uid, path.lstat().st_mode & 0o077), (0, 0), path)

    def test_links_in_anothers_folder(self):
        """What the node's user puts in the place of its files leads to nothing that is root's."""
        node, folder, file = self.of_another("golf")
        words = self.world.write("golf.pass", "a passphrase of a backup\n")
        backup = ("backup", "--backup-passphrase-file", words, "-o")
        os.link(file, node.dir / "ceremony.log")
        os.link(file, node.dir / ".identity.key.abcdef")
        node.cli("person", "add", "sato", "--name", "Sato", "--no-passphrase")
        self.assertIn("could not be logged", node.cli(*backup, self.world.path / "golf.backup").err)
        (node.dir / "persons" / "sato.key").unlink()
        os.link(file, node.dir / "persons" / "sato.key")
        node.cli("person", "rekey", "sato", want=None)
        shutil.rmtree(node.dir / "former")
        (node.dir / "former").symlink_to(folder)
        self.assertNotEqual(node.cli("key", "rotate", want=None).code, 0)
        self.assertFalse((node.dir / "identity.next.key").exists())
        self.assertEqual([path.name for path in folder.iterdir()], ["secret"])
        self.assertEqual(file.read_bytes(), b"root's own\n")
        self.assert_roots(folder, file)
        (node.dir / "ceremony.log").unlink()
        self.assertEqual(node.cli(*backup, self.world.path / "golf2.backup").err, "")
        self.assertEqual((node.dir / "ceremony.log").stat().st_uid, STRANGER)
        self.assert_roots(self.world.path / "golf2.backup")

    def test_whose_what_root_makes_is(self):
        """A roster key is the node's user's in the node's folder alone; an inbox file is root's by name, and the node's by its group."""
        node, folder, _ = self.of_another("hotel")
        theirs = self.world.path / "theirs"
        theirs.mkdir()
        os.chown(theirs, STRANGER, STRANGER)
        (node.dir / "aside").symlink_to(folder)
        (theirs / "node").symlink_to(node.dir / "rosters")
        for path in (theirs / "a.key", theirs / "node" / "b.key", node.dir / "rosters" / ".." / ".." / "theirs" / "c.key"):
            node.cli("community", "key", path, "--no-passphrase")
            self.assert_roots(path)
        node.cli("community", "key", node.dir / "rosters" / "d.key", "--no-passphrase")
        self.assertEqual((node.dir / "rosters" / "d.key").stat().st_uid, STRANGER)
        self.assertNotEqual(node.cli("community", "key", node.dir / "aside" / "e.key", "--no-passphrase", want=None).code, 0)
        self.assertFalse((folder / "e.key").exists())
        node.cli("community", "create", "gas", "--name", "Gas")
        files = [path.stat() for path in (node.dir / "inbox").iterdir()]
        self.assertEqual({(file.st_uid, file.st_gid, file.st_mode & 0o777) for file in files}, {(0, STRANGER, 0o660)})

    def as_stranger(self, node, *args, lang="en", want=0):
        """What the node's user reads on standard error."""
        done = subprocess.run([str(bin_dir() / "noroshi"), "--dir", str(node.dir), "--lang", lang, *map(str, args)], capture_output=True, check=False, timeout=60,
                              stdin=subprocess.DEVNULL, cwd="/", user=STRANGER, group=STRANGER, extra_groups=[], env=environment({"HOME": str(node.dir)}))
        self.assertEqual(done.returncode, want, done.stderr)
        return done.stderr.decode()

    def test_a_log_that_root_once_wrote(self):
        """ceremony.log of root's in the folder of another user, as an earlier root left it: who may not write it is told what helps, once."""
        node, folder, _ = self.of_another("india")
        theirs = self.world.path / "of-india"
        theirs.mkdir()
        keys = [node.cli("community", "key", theirs / f"{name}.key", "--no-passphrase", "--json").object()["key"] for name in ("chair", "vice")]
        draft = theirs / "gas.draft"
        node.cli("community", "create", "gas", "--name", "Gas", "--add-key", keys[0], "--add-key", keys[1], "--threshold", "2", "--draft", draft)
        for path in (theirs, *theirs.iterdir()):
            os.chown(path, STRANGER, STRANGER)
        unsigned = draft.read_bytes()
        logs = [folder_of / "ceremony.log" for folder_of in (node.dir, theirs)]
        for log in logs:
            log.write_bytes(b"")
            log.chmod(0o600)
        sign = ("community", "sign", draft, "--key", theirs / "chair.key")
        for lang, missed, unread, unwritten, remedy in (
                ("en", "could not be logged", "could not be read", "could not be written", "is another user's: as root, chown {} {}, or move it away"),
                ("ja", "記録できませんでした", "読めませんでした", "書き込めませんでした", "root で chown {} {} を実行するか")):
            for said in (self.as_stranger(node, "key", "paper", lang=lang), node.cli("key", "paper", lang=lang).err):
                self.assertIn(missed, said)
                self.assertEqual(said.count(remedy.format(STRANGER, logs[0])), 1, said)
            for mode, other in ((0o600, unread), (0o644, unwritten)):
                logs[1].chmod(mode)
                said = self.as_stranger(node, *sign, lang=lang, want=1)
                self.assertIn(other, said)
                self.assertEqual(said.count(remedy.format(STRANGER, logs[1])), 1, said)
                self.assertEqual(draft.read_bytes(), unsigned, "no signature leaves without its line")
        os.link(logs[0], folder / "kept")  # what root would give away by that is not known
        self.assertNotIn("chown", self.as_stranger(node, "key", "paper"))
        (folder / "kept").unlink()
        for log in logs:
            os.chown(log, STRANGER, STRANGER)
        self.assertEqual(self.as_stranger(node, "key", "paper"), "")
        self.as_stranger(node, *sign)
        self.assertEqual([len(log.read_text().splitlines()) for log in logs], [1, 1])

    def test_root_starts_no_node_of_anothers(self):
        node = self.world.node("foxtrot").init()
        os.chown(node.dir, STRANGER, STRANGER)
        for lang, words in (("en", "runuser"), ("ja", "別の利用者")):
            done = subprocess.run([str(bin_dir() / "noroshid"), "--dir", str(node.dir), "--lang", lang], capture_output=True, check=False, timeout=60,
                                  stdin=subprocess.DEVNULL, env=environment({"HOME": str(self.world.home)}))
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn(words, done.stderr.decode())
        self.assertFalse((node.dir / "lock").exists())

    def test_listen(self):
        """Settings that libzmq would take for something else."""
        node = self.world.node("charlie").init()
        settings = json.loads((node.dir / "node.json").read_text())
        for listen in ("tcp://127.0.0.1:99999", "ipc:///tmp/x", "tcp://127.0.0.1", "inproc://x", ""):
            with self.subTest(listen=listen):
                (node.dir / "node.json").write_text(json.dumps({**settings, "listen": listen}))
                done = subprocess.run([str(bin_dir() / "noroshid"), "--dir", str(node.dir)], capture_output=True, check=False, timeout=60,
                                      stdin=subprocess.DEVNULL, env=environment({"HOME": str(self.world.home)}))
                self.assertEqual(done.returncode, 8, done.stderr)
                self.assertIn(b"[address]", done.stderr)


if __name__ == "__main__":
    skip_unless(os.geteuid() == 0, "another user is to ask: needs root")
    skip_unless(shutil.which("unshare") and subprocess.run(["unshare", "-U", "true"], check=False, capture_output=True).returncode == 0,
                "no user namespaces here")
    main()
