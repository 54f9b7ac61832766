"""Prekeys: destroyed for good on disk and in memory; a report that comes for a destroyed one is granted anew."""

import os
import unittest

from harness import E2E, build_mesh, main, wait_until
from thief import Loot, armoured, carried, copy_folder, copy_memory
import check_sealing as sealing

BODY = "古い本文-oldbody-t5Rk9wQz"


class Prekeys(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"])

    def send(self, body=BODY, label="AMBER+STRICT"):
        return self.world.nodes["alpha"].send("--tlp", label, "--to", "bravo", "--kind", "incident", "--subject", "件名", "--body", body)

    def test_destroyed_on_disk_and_in_memory(self):
        """With the copies from before the old report opens, so the thief knows the way; with those from after nothing does."""
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root reads another process's memory")
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        report = self.send()
        bravo.wait_report(report)
        self.assertEqual(bravo.show(report)["body"], BODY)
        alpha_keys = sealing.KeyFile(armoured(alpha.dir / "identity.key"))
        sealed, table = carried(hub, report)
        with_key = Loot(copy_folder(bravo, "with-file-key"))
        self.assertTrue(with_key.file_keys)
        bravo.cli("forget", report)

        disk_before, memory_before = copy_folder(bravo, "before"), copy_memory(bravo.process.pid)
        before = Loot(disk_before)
        opened = before.open(sealed, table, alpha_keys.sign_key, alpha_keys.agree_key)
        self.assertIsNotNone(opened, "until the prekey is destroyed the folder and a hub's slot open it")
        self.assertIn(BODY.encode(), opened)
        slots = [sealing.decode("Slot", slot) for slot in table.slots]
        prekey = next(before.prekey_secrets[slot.prekey_id] for slot in slots if slot.prekey_id in before.prekey_secrets)
        self.assertTrue(any(prekey in region for region in memory_before), "the search of memory finds what is there")

        answer = bravo.cli("key", "prekeys", "--rotate", "--destroy", "--json").object()
        self.assertGreaterEqual(answer["destroyed"], 4)
        disk_after, memory_after = copy_folder(bravo, "after"), copy_memory(bravo.process.pid)
        after = Loot(disk_after, [disk_before, self.world.path / "with-file-key"])
        self.assertTrue(after.prekey_secrets, "the thief still opens what is in force")
        self.assertIsNone(after.open(sealed, table, alpha_keys.sign_key, alpha_keys.agree_key))
        gone = (before.secrets() | with_key.secrets()) - after.secrets()
        self.assertIn(prekey, gone)
        for secret in gone:
            self.assertFalse(any(secret in region for region in memory_after), "a destroyed secret is still in memory")
            for path in disk_after.rglob("*"):
                self.assertFalse(path.is_file() and secret in path.read_bytes(), path)

    def test_report_on_its_way(self):
        """Destroyed while a report is on its way: asked for, granted anew, opened; nothing is said twice and nothing is lost."""
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        bravo.stop()
        reports = [self.send(f"途中{number}", label) for number, label in enumerate(("AMBER+STRICT", "AMBER"))]
        wait_until(lambda: all(carried(hub, report)[1] for report in reports), "the hub carries them")
        hub.stop()
        bravo.start()
        bravo.cli("key", "prekeys", "--rotate", "--destroy")
        alpha.stop()
        hub.start()
        for report in reports:
            row = bravo.wait_report(report)
            self.assertIsNone(row["subject"])
            refused = bravo.cli("show", report, "--json", want=5).error()
            self.assertEqual(refused["rule"], "key-expired")
            self.assertIn("asked", refused["hint"])
            self.assertRegex(bravo.cli("show", report, lang="ja", want=5).err, "依頼")
        bravo.kill()
        bravo.start()
        alpha.start()
        for number, report in enumerate(reports):
            wait_until(lambda: bravo.cli("show", report, want=None).code == 0, "it opens by a new grant", 40)
            self.assertEqual(bravo.show(report)["body"], f"途中{number}")
            alpha.wait_stage(report, "bravo", "opened")
            self.assertNotIn("cannot-open", alpha.stages(report)["bravo"])
        listed = [row["id"] for row in bravo.list()]
        self.assertEqual(len(listed), len(set(listed)))

    def test_list_and_usage(self):
        bravo = self.world.nodes["bravo"]
        rows = bravo.cli("key", "prekeys", "--json").rows()
        self.assertGreaterEqual(sum(row["published"] for row in rows), 4)
        self.assertEqual(set(rows[0]), {"id", "from_at", "until", "destroyed_after", "published"})
        bravo.cli("key", "prekeys", "--rotate")
        self.assertGreater(len(bravo.cli("key", "prekeys", "--json").rows()), len(rows))
        self.assertIn("公開中", bravo.cli("key", "prekeys", lang="ja").out)
        bravo.cli("key", "prekeys", "--destroy", want=2)
        bravo.stop()
        bravo.cli("key", "prekeys", "--rotate", want=6)
        bravo.start()


if __name__ == "__main__":
    main()
