"""A backup that is restored: the same organisation with a new log, nothing doubled, nothing destroyed brought back, and what is still
alive granted anew."""

import shutil
import sqlite3

from harness import E2E, Node, build_mesh, main, wait_reachable, wait_until
from thief import Loot, copy_folder


def incarnation(node):
    database = sqlite3.connect(f"file:{node.dir}/store.db?mode=ro", uri=True)
    value = database.execute("SELECT value FROM meta WHERE name = 'log-parts'").fetchone()[0][-24:-8]  # of the newest part
    database.close()
    return value


class Backup(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"])
        cls.secret = world.write("backup.pass", "控えのための合い言葉\n")

    def backup(self, node, name):
        path = self.world.path / name
        node.cli("backup", "-o", path, "--backup-passphrase-file", self.secret)
        return path

    def send(self, node, subject, to="@electricity"):
        return node.send("--tlp", "AMBER", "--to", to, "--kind", "incident", "--subject", subject, "--body", subject + "の本文")

    def waiting(self, node):
        return sorted(text.split()[0] for text in node.status()["warnings"] if "is on no card" in text)

    def test_restored(self):
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        before, forgotten, own = self.send(alpha, "前"), self.send(alpha, "忘"), self.send(bravo, "自")
        for report in (before, forgotten):
            bravo.wait_report(report)
        self.assertEqual(bravo.show(before)["body"], "前の本文")
        alpha.wait_report(own)
        self.assertEqual(alpha.show(own)["body"], "自の本文")
        file = self.backup(bravo, "running.backup")  # while the daemon runs
        old_prekeys = Loot(copy_folder(bravo, "bravo-before")).prekey_secrets
        self.assertTrue(old_prekeys)
        late = self.send(alpha, "後")
        bravo.wait_report(late)
        old_incarnation = incarnation(bravo)
        bravo.kill()
        shutil.rmtree(bravo.dir)
        missed = self.send(alpha, "留守")
        answer = bravo.cli("restore", file, "--backup-passphrase-file", self.secret, "--json").object()
        self.assertEqual((answer["org"], answer["communities"]), ("bravo", 1))
        bravo.start()
        bravo.wait_link("hub")
        self.assertNotEqual(incarnation(bravo), old_incarnation)
        for report, subject in ((before, "前"), (late, "後"), (missed, "留守"), (forgotten, "忘")):
            wait_until(lambda: bravo.cli("show", report, want=None).code == 0, f"{subject} is granted anew", 60)
            self.assertEqual(bravo.show(report)["body"], subject + "の本文")
        listed = [row["id"] for row in bravo.list()]
        self.assertEqual(sorted(listed), sorted([before, late, missed, forgotten]), "once each, and nothing that was its own")
        after = Loot(copy_folder(bravo, "bravo-after"))
        self.assertFalse(set(old_prekeys) & set(after.prekey_secrets), "no prekey came back")
        again = self.send(bravo, "再")
        for node in (alpha, hub):
            node.wait_report(again)
            rows = [row["id"] for row in node.list()]
            self.assertEqual(len(rows), len(set(rows)))
            self.assertEqual(rows.count(own), 1)
        bravo.wait_stage(again, "alpha", "stored")
        alpha.wait_stage(missed, "bravo", "opened")

    def test_what_is_in_it(self):
        alpha = self.world.nodes["alpha"]
        file = self.backup(alpha, "plain.backup").read_bytes()
        identity = (alpha.dir / "identity.key").read_bytes()
        self.assertNotIn(identity[60:120], file)
        self.assertNotIn(b"electricity", file)
        self.assertEqual(file[:8], b"NRSBAK01")

    def test_bad_input(self):
        alpha = self.world.nodes["alpha"]
        file = self.backup(alpha, "good.backup")
        data = file.read_bytes()
        wrong = self.world.write("wrong.pass", "違う合い言葉\n")
        new = Node(self.world, "new")
        cases = {"cut": (data[:-1], 5), "short": (data[:40], 5), "begun": (data[:5], 5), "empty": (b"", 5), "another": (b"hello" * 40, 8),
                 "flipped": (data[:200] + bytes([data[200] ^ 1]) + data[201:], 5),
                 "parameters": (data[:8] + b"\xff\xff\xff\x7f" + data[12:], 5), "card": ((alpha.dir / "own.card").read_bytes(), 8),
                 "key": ((alpha.dir / "identity.key").read_bytes(), 8)}
        for name, (bytes_, code) in cases.items():
            with self.subTest(name=name):
                path = self.world.write(f"{name}.backup", bytes_)
                new.cli("restore", path, "--backup-passphrase-file", self.secret, want=code)
                self.assertFalse(new.dir.exists())
        new.cli("restore", file, "--backup-passphrase-file", wrong, want=5)
        new.cli("restore", file, want=5)
        new.cli("restore", self.world.path / "missing", "--backup-passphrase-file", self.secret, want=8)
        self.assertFalse(new.dir.exists())
        self.assertIn("パスフレーズ", new.cli("restore", file, "--backup-passphrase-file", wrong, lang="ja", want=5).err)
        alpha.cli("restore", file, "--backup-passphrase-file", self.secret, want=8)
        alpha.cli("backup", "--backup-passphrase-file", self.secret, want=2)
        alpha.cli("backup", "-o", self.world.path / "x", want=2)
        alpha.cli("backup", "-o", self.world.path / "none" / "x", "--backup-passphrase-file", self.secret, want=8)

    def test_roster_keys_that_changed(self):
        """The way of the README from a key in the folder to offline keys; and a community that does not verify keeps no other out."""
        node = self.world.node("delta").init()
        for slug in ("mini", "maxi"):
            node.cli("community", "create", slug, "--name", slug)
        key = self.world.path / "chair.key"
        line = node.cli("community", "key", key, "--no-passphrase", "--json").object()["key"]
        draft = self.world.path / "keys.draft"
        both = node.cli("community", "keys", "mini", "--add-key", line, "--draft", draft, "--json").object()["keys"]
        (old,) = set(both) - {line}
        node.cli("community", "sign", draft, "--key", node.dir / "rosters" / "mini.key")
        node.cli("community", "apply", draft)
        node.cli("community", "keys", "mini", "--drop-key", old, "--draft", draft)
        node.cli("community", "sign", draft, "--key", key)
        node.cli("community", "apply", draft)
        (node.dir / "rosters" / "mini.key").unlink()
        node.cli("community", "renew", "mini", "--draft", draft)
        node.cli("community", "sign", draft, "--key", key)
        node.cli("community", "apply", draft)
        version = node.cli("community", "show", "mini", "--json").object()["version"]
        self.assertEqual(version, 4)
        self.assertTrue((node.dir / "communities" / "mini.chain").exists())
        file = self.backup(node, "delta.backup")
        copy = Node(self.world, "delta", folder=self.world.path / "delta-again")
        answer = copy.cli("restore", file, "--backup-passphrase-file", self.secret, "--json").object()
        self.assertEqual((answer["communities"], answer["left_out"]), (2, []))
        self.assertEqual(copy.cli("community", "show", "mini", "--json").object()["version"], version)
        (node.dir / "communities" / "mini.chain").unlink()
        file = self.backup(node, "delta-cut.backup")
        copy = Node(self.world, "delta", folder=self.world.path / "delta-third")
        answer = copy.cli("restore", file, "--backup-passphrase-file", self.secret, "--json").object()
        self.assertEqual((answer["communities"], answer["left_out"]), (1, ["mini"]))
        self.assertFalse(list((copy.dir / "communities").glob("mini*")))
        self.assertTrue((copy.dir / "node.json").exists())
        copy.cli("community", "show", "maxi")
        copy.start()
        self.assertEqual([row["id"] for row in copy.status()["communities"]], ["maxi"])
        self.assertIn("@mini", Node(self.world, "delta", folder=self.world.path / "delta-fourth").cli(
            "restore", file, "--backup-passphrase-file", self.secret, lang="ja").err)

    def test_who_was_reset_or_left(self):
        """Who was reset or left since the backup is named to nobody by its old key, to whose destroyed prekeys a thief's copy opens what is sealed."""
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        alpha.cli("person", "add", "sato", "--name", "佐藤", "--no-passphrase")
        for person in ("ito", "tanaka"):
            bravo.cli("person", "add", person, "--name", f"{person} さん", "--no-passphrase")
            wait_reachable(alpha, [f"{person}@bravo"], {f"{person}@bravo"}, "RED", "sato")

        def refused(to):
            done = alpha.cli("send", "--tlp", "RED", "--to", to, "--kind", "incident", "--subject", "s", "--body", "b", "--json", person="sato", want=None)
            return done.error()["rule"] if done.code != 0 else None

        file = self.backup(bravo, "persons.backup")
        bravo.cli("person", "reset", "tanaka", "--no-passphrase")
        bravo.cli("person", "remove", "ito")
        wait_until(lambda: refused("ito@bravo") == "person-unknown", "the new card has arrived")
        bravo.kill()
        shutil.rmtree(bravo.dir)
        said = bravo.cli("restore", file, "--backup-passphrase-file", self.secret)
        self.assertIn("On no card until they unlock (noroshi person unlock): ito, tanaka", said.out)
        bravo.start()
        bravo.wait_link("hub")
        wait_until(lambda: refused("tanaka@bravo") == "person-unknown", "the card of the restored node has arrived")
        self.assertEqual(refused("ito@bravo"), "person-unknown")
        self.assertIn("person unlock", bravo.cli("person", "reset", "tanaka", "--no-passphrase", "--json", want=4).error()["hint"])
        self.assertEqual(self.waiting(bravo), ["ito", "tanaka"])
        self.assertIn("tanaka はカードに載っていない", bravo.cli("status", lang="ja").out)
        self.assertIn("ito is on no card", bravo.cli("person", "list").err)
        bravo.cli("person", "remove", "ito")
        bravo.cli("person", "unlock", "ito", want=4)
        self.assertEqual(self.waiting(bravo), ["tanaka"])
        bravo.cli("person", "unlock", "tanaka")
        self.assertEqual(self.waiting(bravo), [])
        self.assertEqual(bravo.cli("person", "list").err, "")
        self.assertEqual(bravo.cli("card", "--json").object()["persons"], [{"id": "tanaka", "name": "tanaka さん"}])
        wait_reachable(alpha, ["tanaka@bravo"], {"tanaka@bravo"}, "RED", "sato")
        report = alpha.cli("send", "--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", "s", "--body", "朱", person="sato").last_word()
        bravo.wait_report(report)
        self.assertIn("朱", bravo.cli("show", report, person="tanaka").out)

    def test_keys_keep_their_passphrases(self):
        old = self.world.write("node.pass", "ノードの合い言葉\n")
        node = self.world.node("charlie").init("--passphrase-file", str(old))
        node.cli("person", "add", "sato", "--name", "佐藤", "--no-passphrase", passphrase=old)
        file = self.backup(node, "charlie.backup")
        copy = Node(self.world, "charlie", folder=self.world.path / "charlie-again")
        copy.cli("restore", file, "--backup-passphrase-file", self.secret, want=5)
        self.assertFalse(copy.dir.exists())
        copy.cli("restore", file, "--backup-passphrase-file", self.secret, passphrase=old)
        self.assertEqual(copy.fingerprint(), node.fingerprint())
        self.assertGreater(copy.cli("card", "--json").object()["serial"], node.cli("card", "--json").object()["serial"])
        self.assertEqual(copy.cli("card", "--json").object()["persons"], [], "until they unlock")
        refused = copy.cli("person", "unlock", "sato", "--json", want=5).error()
        self.assertIn("person add", refused["hint"])
        own = self.world.write("sato.pass", "個人の合い言葉その一\n")
        copy.cli("person", "remove", "sato", passphrase=old)
        copy.cli("person", "add", "sato", "--name", "佐藤", "--passphrase-file", own, passphrase=old)
        self.assertEqual([person["id"] for person in copy.cli("card", "--json").object()["persons"]], ["sato"])

    def test_many_members(self):
        """The cards of 2,000 members, as folders have them that were made before hubs' cards alone were kept, and as many changes of keys."""
        node = self.world.node("secretariat").init()
        card = (node.dir / "own.card").read_bytes()
        for number in range(2000):
            (node.dir / "cards" / f"member-{number}.card").write_bytes(card)
            (node.dir / "changes" / f"{number:032x}.succession").write_bytes(card)
        file = self.backup(node, "secretariat.backup")
        copy = Node(self.world, "secretariat", folder=self.world.path / "secretariat-again")
        copy.cli("restore", file, "--backup-passphrase-file", self.secret)
        for folder in ("cards", "changes"):
            names = [sorted(path.name for path in (one.dir / folder).iterdir()) for one in (node, copy)]
            self.assertEqual(len(names[0]), 2000)
            self.assertEqual(names[0], names[1])
        self.assertEqual(copy.fingerprint(), node.fingerprint())

    def test_too_many_files(self):
        node = self.world.node("hoarder").init()
        for number in range(32769):
            (node.dir / "changes" / f"{number:032x}.succession").touch()
        path = self.world.path / "hoarder.backup"
        wanted = ("backup", "-o", path, "--backup-passphrase-file", self.secret)
        error = node.cli(*wanted, "--json", want=7).error()
        self.assertEqual(error["rule"], "limit")
        self.assertIn("at most 32768 files and 128 MiB", error["message"])
        self.assertIn("changes/", error["hint"])
        self.assertIn("32768 個、128 MiB まで", node.cli(*wanted, lang="ja", want=7).err)
        self.assertFalse(path.exists())


if __name__ == "__main__":
    main()
