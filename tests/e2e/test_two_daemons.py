"""One daemon to a folder; one folder to a version."""

import hashlib
import json
import os
import signal
import sqlite3
import subprocess

from harness import E2E, bin_dir, environment, main


class TwoDaemons(E2E):
    def daemon(self, node):
        return subprocess.run([str(bin_dir() / "noroshid"), "--dir", str(node.dir)], capture_output=True, check=False, timeout=60,
                              stdin=subprocess.DEVNULL, env=environment({"HOME": str(self.world.home)}))

    def test_second_is_refused(self):
        node = self.world.node("single", listen=True).init().start()
        for _ in range(3):
            done = self.daemon(node)
            self.assertEqual(done.returncode, 7, done.stderr)
            self.assertTrue(done.stderr.strip())
            self.assertTrue(node.alive)
            self.assertEqual(node.status()["org"], "single")
        node.kill()  # the lock goes with its holder, however that ends
        node.start()
        self.assertEqual(node.status()["org"], "single")
        node.process.send_signal(signal.SIGSTOP)  # also while the holder stands still
        try:
            self.assertEqual(self.daemon(node).returncode, 7)
        finally:
            node.process.send_signal(signal.SIGCONT)
        node.stop()
        self.assertFalse(os.path.exists(node.dir / "control.sock") and node.cli("status", want=None).code == 0)

    def test_newer_folder(self):
        node = self.world.node("newer").init().start()
        node.stop()
        databases = [path for path in node.dir.iterdir() if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3"]
        self.assertEqual(len(databases), 1)
        with sqlite3.connect(databases[0]) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            self.assertGreater(version, 0)
            database.execute(f"PRAGMA user_version = {version + 1}")
        database.close()

        def state():
            return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(node.dir.iterdir())
                    if path.is_file() and path.name != "lock" and not path.name.endswith(("-shm", "-wal"))}
        before = state()
        done = self.daemon(node)
        self.assertEqual(done.returncode, 8, done.stderr)
        self.assertIn(b"newer", done.stderr)
        self.assertEqual(state(), before, "nothing changed")
        with sqlite3.connect(databases[0]) as database:
            database.execute(f"PRAGMA user_version = {version}")
        database.close()
        node.start()
        node.stop()

    def test_newer_settings(self):
        node = self.world.node("newer-settings").init()
        path = node.dir / "node.json"
        good = path.read_text()
        settings = json.loads(good)
        settings["format"] += 1
        path.write_text(json.dumps(settings))
        done = self.daemon(node)
        self.assertEqual(done.returncode, 8, done.stderr)
        for args in (("card",), ("community", "create", "town", "--name", "x")):
            self.assertEqual(node.cli(*args, "--json", want=8).error()["rule"], "newer-node")
        for bad in ("", "{", "[]", "{}", "\0" * 100, "[" * 70000):
            path.write_text(bad)
            self.assertIn(self.daemon(node).returncode, (5, 8))
            node.cli("card", want=5)
        path.write_text(good)
        node.start().stop()

    def test_unknown_settings(self):
        """A slip in a setting's name is said at each start; whoever knows them all hears nothing of them."""
        node = self.world.node("slips").init()
        path = node.dir / "node.json"
        settings = json.loads(path.read_text())
        known = {"link_window": 2 << 20, "reconnect_max_ms": 500, "gap_grace_ms": 60000, "head_after_ms": 3600000, "vouch_tick_ms": 60000}

        def warnings(more):
            path.write_text(json.dumps({**settings, **more}))
            node.start().stop()
            return [line for line in node.log_text().splitlines() if "no setting of this version" in line or "node.json: and" in line]
        self.assertEqual(warnings(known), [])
        self.assertEqual([line.split("node.json: ")[1].split(" is no")[0] for line in warnings({**known, "link_windov": 1, "Listen": None})], ["link_windov", "Listen"])
        many = warnings({f"x{number}\n": "" for number in range(1000)})
        self.assertEqual((len(many), many[-1].split("node.json: ")[1]), (9, "and 992 more"))

    def test_damaged_database(self):
        node = self.world.node("damaged").init().start()
        node.stop()
        for path in node.dir.iterdir():
            if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3":
                path.write_bytes(b"not a database at all" * 1000)
        done = self.daemon(node)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertTrue(done.stderr.strip())


if __name__ == "__main__":
    main()
