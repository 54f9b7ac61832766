"""A limit on the size of files (`ulimit -f`) is answered like a full disk: it kills neither the node nor a command."""

import contextlib
import resource
import unittest

from harness import E2E, build_mesh, main, wait_until

FSIZE = resource.RLIMIT_FSIZE


@contextlib.contextmanager
def file_limit(size):
    """What is started in here may write no file past size bytes."""
    _, most = resource.getrlimit(FSIZE)
    resource.setrlimit(FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(FSIZE, (most, most))


class FileLimit(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"])

    def test_node(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        _, most = resource.prlimit(alpha.process.pid, FSIZE)
        taken, body = [], "y" * 100000
        resource.prlimit(alpha.process.pid, FSIZE, ((alpha.dir / "store.db").stat().st_size + (1 << 20), most))
        try:
            for _ in range(200):
                done = alpha.cli("send", "--tlp", "GREEN", "--to", "@electricity", "--kind", "incident", "--subject", "s", "--body", body,
                                 "--json", want=None)
                if done.code != 0:
                    break
                taken.append(done.object()["id"])
            self.assertEqual(done.code, 1, str(done))
            self.assertEqual(done.error()["rule"], "disk")
            self.assertTrue(alpha.alive, alpha.log_tail())
        finally:
            if alpha.alive:
                resource.prlimit(alpha.process.pid, FSIZE, (most, most))
        wait_until(lambda: alpha.link("hub") == "up", "the link stands")
        last = alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "incident", "--subject", "room again", "--body", body)
        for report in (*taken, last):
            bravo.wait_report(report)

    def test_command(self):
        alpha = self.world.nodes["alpha"]
        secret = self.world.write("secret", "correct horse battery\n")
        kept = self.world.path / "alpha.backup"
        before = sorted(path.name for path in self.world.path.iterdir())
        with file_limit(1024):
            done = alpha.cli("backup", "-o", kept, "--backup-passphrase-file", secret, "--json", want=None)
        self.assertEqual((done.code, done.error()["rule"]), (1, "disk"), str(done))
        self.assertEqual(sorted(path.name for path in self.world.path.iterdir()), before)
        alpha.cli("backup", "-o", kept, "--backup-passphrase-file", secret)

    def test_founding(self):
        charlie = self.world.node("charlie")
        with file_limit(64):
            done = charlie.cli("init", "--org", "charlie", "--name", "charlie", "--no-passphrase", "--json", want=None)
        self.assertEqual((done.code, done.error()["rule"]), (1, "disk"), str(done))
        charlie.init()


if __name__ == "__main__":
    main()
