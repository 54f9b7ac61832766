"""Something else stands where a file or folder of the node should be: the daemon names it, says what to do, and changes nothing."""

import os
import subprocess

from harness import E2E, bin_dir, environment, main


class WrongKind(E2E):
    @classmethod
    def build(cls, world):
        world.node("alpha").init()
        world.nodes["alpha"].start()
        world.nodes["alpha"].stop()

    def start(self, lang):
        node = self.world.nodes["alpha"]
        return subprocess.run([str(bin_dir() / "noroshid"), "--dir", str(node.dir), "--lang", lang], capture_output=True, text=True, timeout=60,
                              env=environment({"HOME": str(self.world.home)}), stdin=subprocess.DEVNULL, check=False)

    def refused(self, name):
        for lang, word in (("en", "something else has this name"), ("ja", "別の種類のもの")):
            done = self.start(lang)
            self.assertEqual(done.returncode, 5, done.stderr)
            self.assertIn(f"/{name}: ", done.stderr)
            self.assertIn(word, done.stderr)
            self.assertIn("[damaged]", done.stderr)
            self.assertEqual(len(done.stderr.strip().splitlines()), 2, "and what to do")

    def test_folders_and_links_for_files(self):
        folder = self.world.nodes["alpha"].dir
        for name in ("vault", "audit-end", "store.db", "control.sock"):
            with self.subTest(name=name):
                path, aside = folder / name, folder.parent / "aside"
                if path.exists():
                    path.rename(aside)
                path.mkdir()
                self.refused(name)
                path.rmdir()
                if name == "vault":
                    path.symlink_to(aside)
                    self.refused(name)
                    path.unlink()
                elif name == "audit-end":
                    os.mkfifo(path)
                    self.refused(name)
                    path.unlink()
                if aside.exists():
                    aside.rename(path)
        self.runs()

    def test_files_for_folders(self):
        folder = self.world.nodes["alpha"].dir
        for name in ("inbox/refused", "inbox", "communities", "cards", "changes", "former"):
            with self.subTest(name=name):
                path, aside = folder / name, folder.parent / "aside"
                path.rename(aside)
                path.write_text("x")
                self.refused(name)
                path.unlink()
                aside.rename(path)
        self.runs()

    def runs(self):
        self.world.nodes["alpha"].start()
        self.world.nodes["alpha"].stop()


if __name__ == "__main__":
    main()
