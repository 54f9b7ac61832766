"""What `cmake --install` puts under a prefix runs from there, in both languages; where the Japanese catalogue is missing, it is said."""

import json
import os
import re
import shutil
import subprocess
import unittest

from harness import E2E, bin_dir, environment, main

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


class Install(E2E):
    @classmethod
    def build(cls, world):
        built = bin_dir().parent
        if not (built / "cmake_install.cmake").exists():
            raise unittest.SkipTest("the programs are not in a build folder")
        cls.prefix = world.path / "usr"
        subprocess.run(["cmake", "--install", str(built), "--prefix", str(cls.prefix)], check=True, capture_output=True)
        cls.before = os.environ.get("NRS_BIN_DIR")
        os.environ["NRS_BIN_DIR"] = str(cls.prefix / "bin")
        cls.alpha = world.node("alpha", listen=True).init()
        cls.alpha.start()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        os.environ["NRS_BIN_DIR"] = cls.before or ""

    def test_runs_from_there(self):
        self.assertTrue(os.readlink(f"/proc/{self.alpha.process.pid}/exe").startswith(str(self.prefix.resolve())))
        self.assertEqual(self.alpha.status()["org"], "alpha")
        for name in ("noroshi", "noroshid", "noroshi-sim", "noroshi-audit-verify"):
            self.assertTrue(os.access(self.prefix / "bin" / name, os.X_OK), name)
        done = self.alpha.cli("status", "--help", lang="ja")
        self.assertTrue(JAPANESE.search(done.out))
        self.assertEqual(done.err, "")
        if (bin_dir() / "noroshi-qr").exists():
            self.assertIn("\u2588", self.alpha.cli("card", "--qr").out)

    def run_alone(self, program, *args, **env):
        folder = self.world.path / "elsewhere"
        folder.mkdir(exist_ok=True)
        copied = shutil.copy(bin_dir() / program, folder / program)
        return subprocess.run([str(copied), *args], capture_output=True, env=environment(env), check=False)

    def test_without_the_catalogue(self):
        for args, env in ((("--lang", "ja", "status", "--help"), {}), (("status", "--help"), {"LC_ALL": "ja_JP.UTF-8"})):
            done = self.run_alone("noroshi", *args, **env)
            lines = done.stderr.decode().splitlines()
            self.assertEqual((done.returncode, len(lines)), (0, 1), "it works, and says so once")
            self.assertTrue(JAPANESE.search(lines[0]) and "noroshi.mo" in lines[0] and "not found" in lines[0], lines)
        done = self.run_alone("noroshi", "--lang", "ja", "--json", "nonsense")
        rows = [json.loads(line) for line in done.stderr.decode().splitlines()]
        self.assertEqual([sorted(row)[0] for row in rows], ["note", "error"])
        self.assertEqual(self.run_alone("noroshi", "--lang", "en", "status", "--help").stderr, b"")
        self.assertIn("noroshi.mo", self.run_alone("noroshi-audit-verify", LC_ALL="ja_JP.UTF-8").stderr.decode())


if __name__ == "__main__":
    main()
