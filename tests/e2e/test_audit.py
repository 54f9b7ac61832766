#!/usr/bin/env python3
"""The audit log on real nodes: who did what, in both languages, and what the folder gives away."""

import getpass
import json

import harness


class Audit(harness.E2E):
    """A hub and two members; shinagawa has a person."""

    @classmethod
    def build(cls, world):
        harness.build_mesh(world, ["kanto", "shinagawa"], persons={"kanto": ["sato"], "shinagawa": ["tanaka"]})

    def entries(self, org, *args):
        return self.world.nodes[org].cli("audit", "list", "--json", *args).rows()

    def sent(self, label="AMBER", to="shinagawa", person=None):
        report = self.world.nodes["kanto"].send("--tlp", label, "--to", to, "--kind", "incident", "--subject", "停止",
                                                "--body", "調査中", person=person)
        self.world.nodes["shinagawa"].wait_report(report)
        return report

    def test_who_did_what(self):
        node = self.world.nodes["shinagawa"]
        report = self.sent()
        node.show(report)
        node.cli("export", report, "--sink", "public", "--format", "json", want=3)
        node.cli("forget", report)
        mine = self.entries("shinagawa", "--about", report)
        self.assertEqual([(row["kind"], row["rule"], row["detail"]) for row in mine],
                         [("open", None, "AMBER"), ("export", "export-forbidden", "AMBER public"), ("forget", None, "AMBER")])
        for row in mine:
            self.assertEqual(row["user"], getpass.getuser())
            self.assertNotIn(report, str(row))
        self.assertEqual([row["number"] for row in self.entries("shinagawa")],
                         sorted(row["number"] for row in self.entries("shinagawa")))

    def test_red(self):
        node = self.world.nodes["shinagawa"]
        report = self.sent("RED", "tanaka@shinagawa", person="sato")
        node.cli("show", report, want=3)
        node.show(report, person="tanaka")
        self.assertEqual([(row["kind"], row["rule"], row["person"]) for row in self.entries("shinagawa", "--about", report)],
                         [("open", "person-only", None), ("red-open", None, "tanaka"), ("open", None, "tanaka")])

    def test_who_forgets_and_who_changes_a_roster(self):
        node, hub = self.world.nodes["shinagawa"], self.world.nodes["hub"]
        right, wrong = (self.world.write(name, f"{name} passphrase, long\n") for name in ("mine", "other"))
        node.cli("person", "add", "kato", "--name", "加藤", "--passphrase-file", right)
        report = self.sent()
        node.cli("forget", report, want=4, person="nobody")
        node.cli("forget", report, want=5, person="kato", passphrase=wrong)
        node.cli("forget", report, person="kato", passphrase=right)
        self.assertEqual([(row["kind"], row["rule"], row["person"]) for row in self.entries("shinagawa", "--about", report)],
                         [("forget", "passphrase", "kato"), ("forget", None, "kato")])

        hub.cli("person", "add", "mori", "--name", "森", "--no-passphrase")
        version = hub.cli("community", "show", "electricity", "--json").object()["version"]
        hub.cli("community", "renew", "electricity", want=4, person="nobody")
        self.assertEqual(hub.cli("community", "show", "electricity", "--json").object()["version"], version)
        hub.cli("community", "renew", "electricity", person="mori")
        entry = self.entries("hub", "--kind", "roster")[-1]
        self.assertEqual((entry["person"], entry["user"], entry["detail"]), ("mori", getpass.getuser(), f"@electricity {version + 1}"))
        harness.wait_until(lambda: self.entries("kanto", "--kind", "roster")[-1]["detail"] == entry["detail"], "the roster has come")
        self.assertIsNone(self.entries("kanto", "--kind", "roster")[-1]["person"], "it is another organisation's person")

    def test_what_a_persons_process_refuses_and_does(self):
        node = self.world.nodes["shinagawa"]
        report = self.sent("RED", "tanaka@shinagawa", person="sato")
        node.cli("forward", report, "--to", "hub", want=3, person="tanaka")
        node.cli("reply", report, "--to", "hub", "--body", "x", want=3, person="tanaka")
        node.cli("forward", report, "--to", "sato@kanto", person="tanaka")
        mine = [(row["kind"], row["rule"], row["person"]) for row in self.entries("shinagawa", "--about", report)]
        for one in (("extend", "label-forbids", "tanaka"), ("send", "label-forbids", "tanaka"), ("extend", None, "tanaka")):
            self.assertIn(one, mine)

    def test_a_wrong_passphrase(self):
        node = self.world.nodes["shinagawa"]
        right, wrong = (self.world.write(name, f"{name} passphrase, long\n") for name in ("right", "wrong"))
        node.cli("person", "add", "suzuki", "--name", "鈴木", "--passphrase-file", right)
        report = self.sent()
        before = len(self.entries("shinagawa"))
        node.cli("person", "unlock", "suzuki", want=5, passphrase=wrong)
        node.cli("show", report, want=5, person="suzuki", passphrase=wrong)
        node.cli("accept", report, want=5, person="suzuki", passphrase=wrong)
        refused = [(row["kind"], row["rule"], row["person"], row["user"]) for row in self.entries("shinagawa")[before:] if row["rule"]]
        self.assertEqual(refused, [(kind, "passphrase", "suzuki", getpass.getuser()) for kind in ("prekeys", "open", "accept")])
        self.assertIn(("open", "passphrase"), [(row["kind"], row["rule"]) for row in self.entries("shinagawa", "--about", report)])

    def test_what_is_done_with_the_keys(self):
        node = self.world.nodes["kanto"]
        under = self.world.write("under", "a backup's passphrase\n")

        def keys():
            node.cli("backup", "-o", self.world.path / f"{len(self.entries('kanto')) if node.process else 0}.backup", "--backup-passphrase-file", under)
            node.cli("key", "paper")
            node.cli("key", "passphrase", "--no-passphrase")

        before = len(self.entries("kanto"))
        keys()
        done = [(row["kind"], row["rule"], row["detail"]) for row in self.entries("kanto")[before:] if row["kind"] == "key"]
        self.assertEqual(done, [("key", None, "the keys were written into a backup"), ("key", None, "the paper that revokes the key was printed"),
                                ("key", None, "the passphrase of a key was changed")])
        self.assertIn("バックアップ", node.cli("audit", "list", "--kind", "key", lang="ja").out)
        node.stop()
        keys()
        lines = [json.loads(line) for line in (node.dir / "ceremony.log").read_text("utf-8").splitlines()]
        self.assertEqual([(line["what"], line["rule"]) for line in lines], [("backup", None), ("paper", None), ("passphrase", None)])
        node.start()

    def test_ceremonies_name_the_files_owner(self):
        joined = self.entries("shinagawa", "--kind", "join")
        self.assertEqual([row["user"] for row in joined], [getpass.getuser()])
        hub = self.entries("hub", "--kind", "roster")
        self.assertGreaterEqual(len(hub), 3)
        self.assertEqual({row["user"] for row in hub}, {getpass.getuser()})
        self.assertTrue(self.entries("kanto", "--kind", "prekeys"))

    def test_filters_and_words(self):
        node = self.world.nodes["shinagawa"]
        report = self.sent()
        node.show(report)
        self.assertEqual(self.entries("shinagawa", "--since", "2999-01-01"), [])
        self.assertEqual(self.entries("shinagawa", "--until", "2001-01-01"), [])
        self.assertEqual(len(self.entries("shinagawa", "--limit", "2")), 2)
        self.assertEqual(self.entries("shinagawa", "--limit", "1")[0]["kind"], "open")
        self.assertIn("opened", node.cli("audit", "list").out)
        self.assertIn("開封", node.cli("audit", "list", lang="ja").out)
        node.cli("audit", "list", "--kind", "nonsense", want=2)
        node.cli("audit", "list", "--since", "昨日", want=2)
        node.cli("audit", "list", "--limit", "0", want=2)

    def test_the_folder_does_not_tell(self):
        node = self.world.nodes["shinagawa"]
        report = self.sent()
        node.cli("export", report, "--sink", "clients", "--format", "json")
        self.assertTrue(self.entries("shinagawa", "--kind", "export"))
        node.stop()
        try:
            for path in node.dir.rglob("*"):
                if path.is_file():
                    data = path.read_bytes()
                    for word in (b"AMBER clients", b"AMBER public", getpass.getuser().encode() + b"\x52"):
                        self.assertNotIn(word, data, path)
        finally:
            node.start()


if __name__ == "__main__":
    harness.main()
