"""A full disk: the command says so with exit 1, nothing half done stays, and all goes on once there is room."""

import ctypes
import os
import shutil
import unittest

from harness import E2E, Node, build_mesh, main, wait_until

CLONE_NEWNS, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x4000, 1 << 18, 2
libc = ctypes.CDLL(None, use_errno=True)


def private_mounts():
    """Mounts made from here on belong to this process and its children, and end with them."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("not root: no small file system can be mounted")
    if libc.unshare(CLONE_NEWNS) != 0 or libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        raise unittest.SkipTest(f"mounting is not allowed here: {os.strerror(ctypes.get_errno())}")


def mount_tmpfs(folder, size):
    folder.mkdir()
    if libc.mount(b"tmpfs", str(folder).encode(), b"tmpfs", 0, f"size={size},mode=700".encode()) != 0:
        raise unittest.SkipTest(f"tmpfs cannot be mounted here: {os.strerror(ctypes.get_errno())}")


class DiskFull(E2E):
    @classmethod
    def setUpClass(cls):
        private_mounts()
        super().setUpClass()

    @classmethod
    def build(cls, world):
        for org in ("alpha", "bravo"):
            mount_tmpfs(world.path / org, "64m")
        build_mesh(world, ["alpha", "bravo"])

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            for org in ("alpha", "bravo"):
                libc.umount2(str(cls.world.path / org).encode(), MNT_DETACH)
            if not cls.world.kept:
                shutil.rmtree(cls.world.path, ignore_errors=True)

    @staticmethod
    def fill(node):
        """Take the last byte of the node's file system."""
        filler = node.dir / "filler"
        with open(filler, "wb", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        if file.write(bytes(size)) < size:
                            break
                except OSError:
                    pass
        return filler

    def assert_warned(self, node):
        """`status` says how little is left, in figures and in both languages."""
        status = node.cli("status", "--json").object()
        self.assertLess(status["disk"]["free_bytes"], 1 << 20)
        self.assertEqual(status["disk"]["total_bytes"], 64 << 20)
        self.assertEqual(status["disk"]["database_bytes"], (node.dir / "store.db").stat().st_size)
        self.assertTrue([text for text in status["warnings"] if text.startswith("the disk is almost full: 0 MiB are left")], status)
        self.assertIn("空き容量", node.cli("status", lang="ja").out)

    def test_sender(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        before = alpha.list()
        filler = self.fill(alpha)
        taken, body = [], "y" * 100000
        try:
            for _ in range(200):  # pages already in the file may take a few
                done = alpha.cli("send", "--tlp", "GREEN", "--to", "@electricity", "--kind", "incident", "--subject", "s", "--body", body,
                                 "--json", want=None)
                if done.code != 0:
                    break
                taken.append(done.object()["id"])
            self.assertEqual(done.code, 1, str(done))
            self.assertEqual(done.error()["rule"], "disk")
            self.assertTrue(alpha.alive)
            self.assert_warned(alpha)
            self.assertEqual([row["id"] for row in alpha.list()], [row["id"] for row in before] + taken)
        finally:
            filler.unlink()
        alpha.wait_link("hub")
        report = alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "incident", "--subject", "room again", "--body", body)
        for wanted in (*taken, report):
            bravo.wait_report(wanted)

    def test_receiver(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        filler = self.fill(bravo)
        try:
            reports = [alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "incident", "--subject", f"s{number}",
                                  "--body", "z" * 100000) for number in range(40)]
            # What is confirmed is durable: the last cannot be, there is no room for all of them.
            alpha.wait_stage(reports[0], "hub", "stored")
            self.assertTrue(bravo.alive, bravo.log_tail())
            self.assertNotIn("stored", alpha.stages(reports[-1]).get("bravo", ()))
        finally:
            filler.unlink()
        wait_until(lambda: set(reports) <= {row["id"] for row in bravo.list()}, "all arrive once there is room", 90)
        listed = [row["id"] for row in bravo.list()]
        self.assertEqual(len(listed), len(set(listed)))
        alpha.wait_stage(reports[-1], "bravo", "stored")

    def test_an_export_for_which_there_is_no_room(self):
        alpha, hub = self.world.nodes["alpha"], self.world.nodes["hub"]
        report = alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "incident", "--subject", "s", "--body", "b" * 60000)
        hub.wait_report(report)
        before = hub.cli("audit", "list", "--json").rows()
        filler = self.fill(alpha)
        target = alpha.dir / "exported"
        try:
            os.truncate(filler, (filler.stat().st_size >> 12 << 12) - (20 << 10))  # 20 KiB are left: a file can be made there, and cannot hold it
            self.assertEqual(hub.cli("export", report, "--sink", "own", "--format", "text", "-o", target, "--json", want=1).error()["rule"], "disk")
            self.assertEqual([path.name for path in alpha.dir.iterdir() if path.name.startswith("exported")], [])
        finally:
            filler.unlink()
        self.assertEqual(hub.cli("audit", "list", "--json").rows(), before)
        self.assertFalse([row for row in hub.list() if row["id"] == report][0]["opened"])
        hub.cli("export", report, "--sink", "own", "--format", "text", "-o", target)
        self.assertLess(target.stat().st_size, 1 << 20, "what was reserved and not needed is given back")
        alpha.wait_stage(report, "hub", "opened")

    def test_a_restore_for_which_there_is_no_room(self):
        """A folder that was there is as it was, its mode too."""
        alpha, small, roomy = self.world.nodes["alpha"], self.world.path / "small", self.world.path / "roomy"
        secret, file = self.world.write("backup.pass", "控えのための合い言葉\n"), self.world.path / "alpha.backup"
        alpha.cli("backup", "-o", file, "--backup-passphrase-file", secret)
        mount_tmpfs(small, "8k")
        try:
            small.chmod(0o755)
            Node(self.world, "alpha", folder=small).cli("restore", file, "--backup-passphrase-file", secret, want=1)
            self.assertEqual(list(small.iterdir()), [])
            self.assertEqual(small.stat().st_mode & 0o7777, 0o755)
        finally:
            libc.umount2(str(small).encode(), MNT_DETACH)
        roomy.mkdir()
        roomy.chmod(0o755)
        Node(self.world, "alpha", folder=roomy).cli("restore", file, "--backup-passphrase-file", secret)
        self.assertEqual(roomy.stat().st_mode & 0o7777, 0o700)

    def test_start_on_a_full_disk(self):
        bravo = self.world.nodes["bravo"]
        before = bravo.list()
        bravo.stop()
        filler = self.fill(bravo)
        try:
            bravo.start(wait=False)
            wait_until(lambda: not bravo.alive or bravo.cli("status", want=None).code == 0, "it runs, or says why not")
            if not bravo.alive:
                self.assertEqual(bravo.process.returncode, 1, bravo.log_tail())
                self.assertTrue(bravo.log_text().strip())
                bravo.process = None
        finally:
            filler.unlink()
        if bravo.process is not None:
            bravo.stop()
        bravo.start()
        self.assertEqual(bravo.list(), before)


if __name__ == "__main__":
    main()
