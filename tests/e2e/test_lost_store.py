"""A node's folder from which a file is missing, or that was put together from two: the daemon does not start as another node, names the
file, the rule and the remedy, and changes nothing."""

import shutil
import subprocess

from harness import E2E, bin_dir, environment, main


class LostStore(E2E):
    def daemon(self, node, lang="en", *extra):
        return subprocess.run([str(bin_dir() / "noroshid"), "--dir", str(node.dir), "--lang", lang, *extra], capture_output=True, check=False, timeout=60,
                              env=environment({"HOME": str(self.world.home)}), text=True)

    def used(self, org):
        node = self.world.node(org).init().start()
        node.stop()
        return node

    def files(self, node, opened):
        """An opened database has one part of its log more; nothing else of the folder changes."""
        return {path.name: path.read_bytes() for path in node.dir.iterdir() if path.is_file() and not (opened and path.name == "store.db")}

    def refused(self, node, file, says, japanese, opened=False):
        """It is refused as often as it is tried, and changes nothing."""
        before = self.files(node, opened)
        for lang, words in (("en", says), ("ja", japanese), ("en", says)):
            done = self.daemon(node, lang)
            self.assertEqual(done.returncode, 5, done.stderr)
            first, remedy = done.stderr.splitlines()[:2]
            self.assertTrue(first.startswith(f"noroshid: {node.dir}/{file}: "), first)
            self.assertTrue(first.endswith(" [damaged]"), first)
            self.assertIn(words, first)
            self.assertIn("noroshi --dir NEW restore FILE", remedy)
        self.assertTrue(self.files(node, opened) == before, "a file was changed")

    def test_lost(self):
        """Missing or empty, the database is not made anew; put back, all is there."""
        node = self.used("lost")
        store, copy = node.dir / "store.db", self.world.path / "store.copy"
        shutil.copy(store, copy)
        store.unlink()
        self.refused(node, "store.db", "though the vault is in use", "データベースがないか空です")
        self.assertFalse(store.exists())
        store.write_bytes(b"")
        self.refused(node, "store.db", "though the vault is in use", "データベースがないか空です")
        shutil.copy(copy, store)
        node.start().stop()
        store.unlink()
        (node.dir / "vault").unlink()  # who wants to begin anew takes both away
        node.start().stop()

    def test_vault_missing(self):
        node = self.used("no-vault")
        (node.dir / "vault").unlink()
        self.refused(node, "store.db", "do not belong together", "組み合わせが違う", opened=True)

    def test_two_folders(self):
        node, other = self.used("one"), self.used("other")
        good = {name: (node.dir / name).read_bytes() for name in ("own.card", "identity.key", "vault")}
        (node.dir / "own.card").write_bytes((other.dir / "own.card").read_bytes())
        self.refused(node, "own.card", "does not belong to identity.key", "カードではありません")
        (node.dir / "own.card").write_bytes(good["own.card"])
        (node.dir / "vault").write_bytes((other.dir / "vault").read_bytes())
        self.refused(node, "store.db", "do not belong together", "組み合わせが違う", opened=True)
        (node.dir / "vault").write_bytes(good["vault"])
        node.start().stop()

    def test_missing(self):
        """`noroshi init` is no remedy for a node that has lost its key."""
        node = self.used("missing")
        for name in ("identity.key", "own.card"):
            good = (node.dir / name).read_bytes()
            (node.dir / name).unlink()
            self.refused(node, name, "the file is missing", "このファイルがありません")
            (node.dir / name).write_bytes(good[: len(good) // 2])
            self.refused(node, name, "damaged", "壊れています")
            (node.dir / name).write_bytes(good)
        node.start().stop()

    def test_whatever_it_is(self):
        """Each refusal to start has the rule's word at the end of its first line, in both languages."""
        node = self.used("rules")
        given = self.world.write("given", "合い言葉\n")
        settings = (node.dir / "node.json").read_text()
        cases = (("usage", 2, ("--nonsense",), None), ("passphrase", 5, ("--passphrase-file", str(given)), None),
                 ("malformed", 8, (), settings.replace('"org"', '"orgs"')), ("newer-node", 8, (), settings.replace('"format": 1', '"format": 2')),
                 ("not-a-node", 8, (), ""))
        for rule, code, extra, text in cases:
            for lang in ("en", "ja"):
                with self.subTest(rule=rule, lang=lang):
                    if text == "":
                        (node.dir / "node.json").unlink(missing_ok=True)
                    else:
                        (node.dir / "node.json").write_text(text or settings)
                    done = self.daemon(node, lang, *extra)
                    self.assertEqual(done.returncode, code, done.stderr)
                    self.assertTrue(done.stderr.splitlines()[0].endswith(f" [{rule}]"), done.stderr)
        (node.dir / "node.json").write_text(settings)
        self.assertIn("--passphrase-file", self.daemon(node, "en", "--passphrase-file", str(given)).stderr.splitlines()[1])
        node.start().stop()


if __name__ == "__main__":
    main()
