"""Persons leave, change and forget; each has a way on. TLP:RED opens in the person's process, never in the daemon's memory."""

import os
import sqlite3
import unittest
from contextlib import closing

from harness import E2E, build_mesh, main, wait_reachable, wait_until
from thief import Loot, armoured, carried, copy_folder, copy_memory, unwrap
import check_sealing as sealing

SECRET = "朱書きの本文-red-body-n8Vq3xTz"


class Persons(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"], persons={"alpha": ["sato"], "bravo": ["ito", "mori", "tanaka", "ueda"]})

    def send(self, to, want=0):
        alpha = self.world.nodes["alpha"]
        done = alpha.cli("send", "--tlp", "RED", "--to", to, "--kind", "incident", "--subject", "朱", "--body", SECRET, person="sato", want=want)
        if want == 0:
            self.world.nodes["bravo"].wait_report(done.last_word())
        return done.last_word() if want == 0 else done

    def reads(self, report, person, want=0, **options):
        done = self.world.nodes["bravo"].cli("show", report, person=person, want=want, **options)
        self.assertEqual(SECRET in done.out, want == 0)
        return done

    def unread(self, person):
        return self.one(self.world.nodes["bravo"].cli("person", "list", "--json").rows(), person=person)["unread"]

    def prekey_owners(self, node):
        """Whose secrets of prekeys the node's database holds."""
        with closing(sqlite3.connect(f"file:{node.dir}/store.db?mode=ro", uri=True)) as database:
            return {owner for (owner,) in database.execute("SELECT DISTINCT owner FROM prekey")}

    def test_leaves(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        read, unread = self.send("ito@bravo"), self.send("ito@bravo")
        self.reads(read, "ito")
        self.assertEqual([row["unread"] for row in bravo.cli("person", "list", "--json").rows() if row["person"] == "ito"], [1])
        before = self.prekey_owners(bravo)
        bravo.cli("person", "remove", "ito")
        wait_until(lambda: len(self.prekey_owners(bravo)) == len(before) - 1, "the prekeys of ito are destroyed")
        self.assertFalse((bravo.dir / "persons" / "ito.key").exists())
        alpha.wait_stage(unread, "ito@bravo", "cannot-open")
        self.assertNotIn("cannot-open", alpha.stages(read)["ito@bravo"])
        wait_until(lambda: alpha.cli("send", "--tlp", "RED", "--to", "ito@bravo", "--kind", "incident", "--subject", "s", "--body", "b",
                                     "--json", person="sato", want=None).code == 4, "the new card has arrived")
        error = alpha.cli("send", "--tlp", "RED", "--to", "ito@bravo", "--kind", "incident", "--subject", "s", "--body", "b", "--json",
                          person="sato", want=4).error()
        self.assertEqual(error["rule"], "person-unknown")
        self.reads(read, "ito", want=4)
        bravo.cli("person", "remove", "ito", want=4)
        bravo.restart()
        self.assertNotIn("ito", [row["person"] for row in bravo.cli("person", "list", "--json").rows()])

    def test_forgot_the_passphrase(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        unread = self.send("mori@bravo")
        new = self.world.write("mori.new", "もう決して忘れない\n")
        before = bravo.cli("card", "--json").object()["serial"]
        owners = self.prekey_owners(bravo)
        answer = bravo.cli("person", "reset", "mori", "--passphrase-file", new, "--json").object()
        wait_until(lambda: len(owners - self.prekey_owners(bravo)) == 1, "the old prekeys of mori are destroyed")
        self.assertEqual(set(answer), {"person", "org", "fingerprint", "prekeys_until", "earlier_readable", "unread_closed"})
        self.assertEqual((answer["earlier_readable"], answer["unread_closed"]), (False, 1))
        self.assertEqual(bravo.cli("card", "--json").object()["serial"], before + 1)
        alpha.wait_stage(unread, "mori@bravo", "cannot-open")
        self.reads(unread, "mori", want=5)
        self.assertIn(self.reads(unread, "mori", want=None, passphrase=new).code, (3, 4, 5))

        def again():
            report = alpha.cli("send", "--tlp", "RED", "--to", "mori@bravo", "--kind", "incident", "--subject", "朱", "--body", SECRET,
                               person="sato", want=None)
            if report.code != 0:
                return None
            bravo.wait_report(report.last_word())
            return bravo.cli("show", report.last_word(), person="mori", passphrase=new, want=None).code == 0
        wait_until(again, "what is sent to the new key opens", 40)

    def test_new_key_by_the_old(self):
        bravo = self.world.nodes["bravo"]
        alpha = self.world.nodes["alpha"]
        read, unread = self.send("ueda@bravo"), self.send("ueda@bravo")
        self.reads(read, "ueda")
        wrong, new = self.world.write("wrong", "wrong\n"), self.world.write("ueda.new", "上田の新しい言葉\n")
        bravo.cli("person", "rekey", "ueda", "--old-passphrase-file", wrong, "--no-passphrase", want=5)
        old, first = bravo.cli("card", "--json").object(), (bravo.dir / "persons" / "ueda.key").read_bytes()
        answer = bravo.cli("person", "rekey", "ueda", "--passphrase-file", new, "--json").object()
        self.assertEqual((answer["earlier_readable"], answer["unread_closed"]), (True, 0))
        self.assertEqual(bravo.cli("card", "--json").object()["serial"], old["serial"] + 1)
        self.assertNotEqual((bravo.dir / "persons" / "ueda.key").read_bytes(), first)
        self.assertEqual(self.unread("ueda"), 1)
        for report in (read, unread):  # by the new key, which opens the old one
            self.reads(report, "ueda", passphrase=new)
            self.reads(report, "ueda", want=5, passphrase=wrong)
        self.assertEqual(self.unread("ueda"), 0)
        alpha.wait_stage(unread, "ueda@bravo", "opened")
        self.assertNotIn("cannot-open", alpha.stages(unread)["ueda@bravo"])
        self.assertEqual([row["subject"] for row in bravo.cli("list", "--json", person="ueda", passphrase=new).rows() if row["id"] in (read, unread)], ["朱", "朱"])

        # Once more, interrupted before the card was changed, and begun again; the first of the keys is then two keys away.
        wait_until(lambda: alpha.cli("send", "--tlp", "RED", "--to", "ueda@bravo", "--kind", "incident", "--subject", "朱", "--body", SECRET, "--dry-run",
                                     person="sato", want=None).code == 0, "alpha has the new key's prekeys")
        between = self.send("ueda@bravo")
        bravo.stop()
        bravo.cli("person", "rekey", "ueda", "--old-passphrase-file", new, "--no-passphrase", want=6)
        bravo.start()
        (bravo.dir / "inbox").rename(bravo.dir / "inbox.away")
        (bravo.dir / "inbox").write_bytes(b"")
        card = (bravo.dir / "own.card").read_bytes()
        bravo.cli("person", "rekey", "ueda", "--old-passphrase-file", new, "--no-passphrase", want=1)
        (bravo.dir / "own.card").write_bytes(card)
        (bravo.dir / "inbox").unlink()
        (bravo.dir / "inbox.away").rename(bravo.dir / "inbox")
        third = bravo.cli("person", "rekey", "ueda", "--no-passphrase", "--json").object()
        self.assertEqual(bravo.cli("card", "--json").object()["serial"], old["serial"] + 2)
        for report in (read, unread, between):
            self.reads(report, "ueda")
        self.assertNotEqual(third["fingerprint"], answer["fingerprint"])
        bravo.restart()
        self.reads(read, "ueda")
        self.assertFalse(list((bravo.dir / "inbox" / "refused").iterdir()))

        # Who resets destroys all of them.
        waiting = None

        def sent():
            nonlocal waiting
            done = alpha.cli("send", "--tlp", "RED", "--to", "ueda@bravo", "--kind", "incident", "--subject", "朱", "--body", SECRET, person="sato", want=None)
            waiting = done.last_word()
            return done.code == 0
        wait_until(sent, "alpha seals to the third key", 40)
        bravo.wait_report(waiting)
        formers = list((bravo.dir / "former").glob("*.key"))
        answer = bravo.cli("person", "reset", "ueda", "--no-passphrase", "--json").object()
        self.assertEqual((answer["earlier_readable"], answer["unread_closed"]), (False, 1))
        self.assertEqual(len(list((bravo.dir / "former").glob("*.key"))), len(formers) - 1)
        for report in (read, unread, between, waiting):
            self.assertIn(bravo.cli("show", report, person="ueda", want=None).code, (3, 4, 5))
        alpha.wait_stage(waiting, "ueda@bravo", "cannot-open")
        bravo.cli("person", "rename", "ueda", "--name", "上田（総務）")
        self.assertIn("上田（総務）", bravo.cli("person", "list").out)
        bravo.cli("person", "rename", "ueda", want=2)
        bravo.cli("person", "rename", "nobody", "--name", "x", want=4)
        bravo.cli("person", "rename", "Bad Name", "--name", "x", want=8)

    def test_many_new_keys(self):
        """One leads to the one before, however many there were."""
        bravo = self.world.nodes["bravo"]
        report = self.send("ueda@bravo")
        for _ in range(10):
            bravo.cli("person", "rekey", "ueda", "--no-passphrase")
        self.reads(report, "ueda")

    def test_unlock(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        answer = bravo.cli("person", "unlock", "tanaka", "--json").object()
        self.assertEqual(set(answer), {"person", "org", "prekeys_until"})
        self.assertIn("公開しました", bravo.cli("person", "unlock", "tanaka", lang="ja").out)
        bravo.cli("person", "unlock", "nobody", want=4)
        wrong = self.world.write("none", "there is none\n")
        bravo.cli("person", "unlock", "tanaka", passphrase=wrong, want=5)
        bravo.stop()
        bravo.cli("person", "unlock", "tanaka")  # taken up from the inbox at the next start
        bravo.start()
        wait_until(lambda: not list((bravo.dir / "inbox").glob("*.prekeys")), "the node has taken the prekeys up")
        self.assertFalse(list((bravo.dir / "inbox" / "refused").iterdir()))
        wait_reachable(alpha, ["tanaka@bravo"], {"tanaka@bravo"}, "RED", "sato")
        self.reads(self.send("tanaka@bravo"), "tanaka")

    def test_daemons_never_hold_it(self):
        """While RED is sent, relayed and read, no daemon's memory has its text, its file key or a person's secret in it."""
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root reads another process's memory")
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        bravo.cli("person", "unlock", "tanaka")
        wait_reachable(alpha, ["tanaka@bravo"], {"tanaka@bravo"}, "RED", "sato")
        report = self.send("tanaka@bravo")
        self.reads(report, "tanaka")
        alpha.wait_stage(report, "tanaka@bravo", "opened")
        memories = {node.org: copy_memory(node.process.pid) for node in (hub, alpha, bravo)}

        # What the person's process had: from the person's key and the node's share, which only the two together give.
        sealed, table = carried(hub, report)
        loot = Loot(copy_folder(bravo, "bravo-red"))
        person = sealing.KeyFile(armoured(bravo.dir / "persons" / "tanaka.key"))
        originator = sealing.KeyFile(armoured(alpha.dir / "identity.key"))
        database = sqlite3.connect(f"file:{bravo.dir}/store.db?mode=ro", uri=True)
        rows = dict(database.execute("SELECT id, sealed_secret FROM prekey WHERE owner = ?", (person.sign_key,)))
        database.close()
        secrets = {"text": SECRET.encode(), "person's seed": person.seed, "person's agreement": person.agree_secret}
        for number, slot_bytes in enumerate(table.slots):
            slot = sealing.decode("Slot", slot_bytes)
            if slot.prekey_id not in rows:
                continue
            share = loot.prekey_secrets[slot.prekey_id]
            key = sealing.domain_hash("person prekey", person.seed, person.agree_secret, share)
            secret = unwrap(key, slot.prekey_id, rows[slot.prekey_id])
            path_key, transcript = self.slot_key(sealed, number, slot, secret, person, originator)
            file_key = sealing.open_box("slot", slot.wrapped, transcript, bytes(24), path_key)
            self.assertIn(SECRET.encode(), sealing.open_report(sealed, file_key)[1])
            secrets |= {"file key": file_key, "prekey": secret, "person's wrapping": key, "slot key": path_key,
                        "body key": sealing.domain_hash("body key", file_key)}
        self.assertIn("file key", secrets, "the thief found the way with the person's key")
        seen = {name: [org for org, memory in memories.items() if any(secret in region for region in memory)] for name, secret in secrets.items()}
        self.assertEqual({name: orgs for name, orgs in seen.items() if orgs}, {})
        node_key = sealing.KeyFile(armoured(bravo.dir / "identity.key"))
        self.assertTrue(any(node_key.seed in region for region in memories["bravo"]), "the search finds what is there")

    @staticmethod
    def slot_key(sealed, number, slot, secret, reader, originator):
        prekey = sealing.bindings.crypto_scalarmult_base(secret)
        transcript = sealing.slot_transcript(sealed, sealed.grant, originator.agree_key, reader, slot.prekey_id, prekey, number)
        fresh, lasting = sealing.agree(secret, sealed.grant.epk), sealing.agree(reader.agree_secret, originator.agree_key)
        return sealing.domain_hash("slot key", transcript, fresh, lasting), transcript


if __name__ == "__main__":
    main()
