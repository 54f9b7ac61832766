#!/usr/bin/env python3
"""A member's folder that is put back, over real processes: what a hub has signed of its audit log does not go without the hub seeing it,
not even behind a change of keys; a restore begins a new log, and the hub says so."""

import shutil
import subprocess
import time

import harness


class SetBack(harness.E2E):
    """One hub, and a member for each test."""

    @classmethod
    def build(cls, world):
        harness.build_mesh(world, ["alpha", "bravo", "charlie", "delta"])
        cls.hub = world.nodes["hub"]

    def act(self, node, times):
        for _ in range(times):
            node.cli("send", "--tlp", "RED", "--to", "@electricity", "--kind", "incident", "--subject", "s", "--body", "b", want=3)

    def checkpoint(self, node):
        size = node.cli("audit", "checkpoint", "--json").object()["size"]
        harness.wait_until(lambda: node.cli("audit", "verify", "--json").object()["cosigned_size"] >= size, "the hub has signed the checkpoint")
        return size

    def seen(self, node):
        return [row for row in self.hub.cli("audit", "signed", "--json").rows() if row["org"] == node.org]

    def alarms(self, node):
        return [row["detail"] for row in self.hub.cli("audit", "list", "--json", "--kind", "alarm").rows() if row["org"] == node.org]

    def test_a_restore_begins_a_new_log(self):
        node = self.world.nodes["delta"]
        self.checkpoint(node)
        under = self.world.write("under", "a backup's passphrase\n")
        kept = self.world.path / "delta.backup"
        node.cli("backup", "-o", kept, "--backup-passphrase-file", under)
        node.kill()
        shutil.rmtree(node.dir)
        node.cli("restore", kept, "--backup-passphrase-file", under)
        node.start()
        node.wait_link("hub")
        size = self.checkpoint(node)
        self.assertEqual([(row["state"], row["size"], row["logs"]) for row in self.seen(node)], [("followed", size, 2)])
        self.assertEqual(self.alarms(node), ["it has begun a new audit log"])
        self.assertTrue(any("delta has begun its audit log anew: this is number 2" in one for one in self.hub.status()["warnings"]))

    def reviewed(self, path):
        done = subprocess.run([str(harness.bin_dir() / "noroshi-audit-verify"), str(path), self.hub.fingerprint()],
                              capture_output=True, env=harness.environment(), check=False)
        return done.returncode, done.stdout.decode()

    def set_back(self, org):
        """The node once more as it was before its last 64 entries or more."""
        node = self.world.nodes[org]
        kept = self.world.path / f"{org}.kept"
        self.checkpoint(node)
        node.stop()
        shutil.copytree(node.dir, kept, ignore=shutil.ignore_patterns("*.sock"))
        node.start()
        node.wait_link("hub")
        self.act(node, 3)
        size = self.checkpoint(node)
        node.stop()
        shutil.rmtree(node.dir)
        shutil.copytree(kept, node.dir)
        node.start()
        node.wait_link("hub")
        return node, size

    def test_a_longer_one_than_before(self):
        node, _ = self.set_back("alpha")
        self.act(node, 70)

        def judged():  # a checkpoint that was under way when the hub asked for the proof is no answer: later ones are
            node.cli("audit", "checkpoint")
            time.sleep(1)
            return self.seen(node)[0]["state"] != "followed"

        harness.wait_until(judged, "the hub sees it", 60)
        self.assertEqual(len(self.alarms(node)), 1, self.alarms(node))
        self.assertTrue(any("the audit log of alpha does not" in one for one in self.hub.status()["warnings"]))
        self.assertIn("it has signed an audit log of this node that is not the one held here",
                      [row["detail"] for row in node.cli("audit", "list", "--json", "--kind", "alarm").rows()])

    def test_behind_a_change_of_keys(self):
        node, size = self.set_back("bravo")
        before = node.fingerprint()
        node.cli("key", "rotate")
        harness.wait_until(lambda: any("bravo has announced new keys" in one for one in self.hub.status()["warnings"]), "the hub knows of the new keys")
        self.hub.cli("community", "succeed", "electricity", "bravo")
        harness.wait_until(lambda: node.fingerprint() != before, "the node has gone over to them")
        node.wait_link("hub")
        self.act(node, 3)
        made = node.cli("audit", "checkpoint", "--json").object()
        self.assertEqual(made["size"], size)
        harness.wait_until(lambda: [row["state"] for row in self.seen(node)] == ["rewritten"], "the hub sees it, in the one log that it knows of this node")
        self.assertEqual((self.seen(node)[0]["size"], self.seen(node)[0]["logs"]), (size, 1))
        self.assertEqual(self.alarms(node), ["its audit log does not continue what this hub has signed"])

    def test_a_change_of_keys(self):
        """An honest one goes on with its log, here and at the hub, and a reviewer is shown the way from key to key."""
        node = self.world.nodes["charlie"]
        self.checkpoint(node)
        before = node.fingerprint()
        node.cli("key", "rotate")
        harness.wait_until(lambda: any("charlie has announced new keys" in one for one in self.hub.status()["warnings"]), "the hub knows of the new keys")
        self.hub.cli("community", "succeed", "electricity", "charlie")
        harness.wait_until(lambda: node.fingerprint() != before, "the node has gone over to them")
        node.wait_link("hub")
        size = self.checkpoint(node)
        self.assertEqual([(row["state"], row["size"], row["logs"]) for row in self.seen(node)], [("followed", size, 1)])
        self.assertEqual(self.alarms(node), [])
        said = node.cli("audit", "verify", "--json").object()
        self.assertEqual((said["ok"], said["checkpoints"]), (True, 2))
        path = self.world.path / "charlie.log"
        node.cli("audit", "export", "-o", path)
        lines = path.read_text("ascii").splitlines(True)
        self.assertEqual(sum(line.startswith("succession ") for line in lines), 1)
        code, said = self.reviewed(path)
        self.assertEqual(code, 0, said)
        self.assertIn(node.fingerprint(), said)
        self.assertIn(f"before that {before}", said)
        path.write_text("".join(line for line in lines if not line.startswith("succession ")), "ascii")
        self.assertEqual(self.reviewed(path)[0], 5)


if __name__ == "__main__":
    harness.main()
