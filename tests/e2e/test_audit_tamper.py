#!/usr/bin/env python3
"""An audit log that somebody changes in the database file, with another program: with the node's keys and without them."""

import base64
import os
import sqlite3
import subprocess
import sys

import harness

sys.path.insert(0, str(harness.ROOT / "tests" / "vectors"))

try:
    import nacl.bindings as sodium

    import audit_log as audit
    HAVE_NACL = True
except ImportError:
    HAVE_NACL = False


def open_box(key, nonce, bound, box):
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(box, bound, nonce, key)


def seal_box(key, bound, text):
    nonce = os.urandom(24)
    return nonce + sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(text, bound, nonce, key)


class Keeper:
    """Whoever has the node's folder without a passphrase: opens, changes and seals its audit log again (SPEC 13.3)."""

    def __init__(self, folder):
        text = (folder / "identity.key").read_text("ascii").splitlines()
        data = base64.b64decode("".join(text[1:-1]))
        assert data[:8] == b"NRSKEY01" and data[8:12] == bytes(4), data[:12]
        self.seeds = data[12:12 + 96]
        self.path, self.note = next(folder.glob("*.db")), folder / "audit-end"
        self.database = sqlite3.connect(self.path)
        self.wrap = audit.digest("audit key", audit.digest("vault", self.seeds[:32], self.seeds[32:64]))
        wrapped = self.meta("audit-key")
        self.key = open_box(self.wrap, wrapped[:24], audit.digest("vault", b"audit log"), wrapped[24:])
        head = self.meta("audit-head")
        self.head = open_box(self.key, head[:24], audit.digest("audit seal", bytes(16), bytes(8)), head[24:])
        self.log, self.size = self.head[:16], int.from_bytes(self.head[16:24], "little")

    def meta(self, name):
        return self.database.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]

    def bound(self, number):
        return audit.digest("audit seal", self.log, number.to_bytes(8, "little"))

    def entry(self, number):
        sealed = self.database.execute("SELECT sealed FROM audit WHERE number = ?", (number,)).fetchone()[0]
        text = open_box(self.key, sealed[:24], self.bound(number), sealed[24:])
        return text[4:4 + int.from_bytes(text[:4], "little")]

    def put(self, number, entry):
        size = 192 if len(entry) + 4 <= 192 else 384
        text = (len(entry).to_bytes(4, "little") + entry).ljust(size, b"\0")
        self.database.execute("INSERT OR REPLACE INTO audit(number, leaf, sealed) VALUES(?, ?, ?)",
                              (number, audit.leaf(entry), seal_box(self.key, self.bound(number), text)))

    def put_head(self, entries, checkpoint_size, cosigned_size):
        """As the node itself would have written it, had these been its entries."""
        leaves = [audit.leaf(entry) for entry in entries]
        peaks, at, nodes = [], len(leaves), []
        for level in range(48):
            if len(leaves) >> level & 1:
                at -= 1 << level
                peaks.append(audit.root(leaves[at:at + (1 << level)]))
            if level >= 6:
                nodes += [(level, place, audit.root(leaves[place << level:(place + 1) << level])) for place in range(len(leaves) >> level)]
        text = self.log + len(leaves).to_bytes(8, "little") + checkpoint_size.to_bytes(8, "little") + self.head[32:40]
        text += cosigned_size.to_bytes(8, "little") + self.head[48:64] + b"".join(peaks)
        note = seal_box(self.wrap, audit.digest("audit seal", bytes(16), (1).to_bytes(8, "little")), (1 << 40).to_bytes(8, "little") + self.key + text)
        self.note.write_bytes(len(note).to_bytes(2, "little") + note)
        self.database.execute("UPDATE meta SET value = ? WHERE name = 'audit-head'",
                              (seal_box(self.key, audit.digest("audit seal", bytes(16), bytes(8)), text),))
        self.database.execute("DELETE FROM audit_node")
        self.database.executemany("INSERT INTO audit_node(level, place, hash) VALUES(?, ?, ?)", nodes)

    def end(self):
        self.database.commit()
        self.database.close()


class Tampered(harness.E2E):
    """One hub, one member; each test changes the member's log while it is down, and mends it again."""

    @classmethod
    def build(cls, world):
        harness.build_mesh(world, ["kanto"])
        cls.node = world.nodes["kanto"]
        for _ in range(3):
            for _ in range(5):
                cls.node.cli("send", "--tlp", "RED", "--to", "@electricity", "--kind", "incident", "--subject", "s", "--body", "b", want=3)
            cls.checkpoint()
        cls.node.stop()
        cls.kept = {path.name: path.read_bytes() for path in [*cls.node.dir.glob("*.db*"), cls.node.dir / "audit-end"]}
        cls.node.start()

    @classmethod
    def checkpoint(cls):
        made = cls.node.cli("audit", "checkpoint", "--json").object()
        harness.wait_until(lambda: cls.verify(None)["cosigned_size"] >= made["size"], "the hub has signed the checkpoint")
        return made

    @classmethod
    def verify(cls, want=0):
        return cls.node.cli("audit", "verify", "--json", want=want).object()

    def tampered(self, change, want=5, noted=True):
        """What verify says once `change` has had the database."""
        self.node.stop()
        for path in self.node.dir.glob("*.db*"):
            path.unlink()
        for name, data in self.kept.items():
            (self.node.dir / name).write_bytes(data)
        keeper = Keeper(self.node.dir)
        change(keeper)
        keeper.end()
        if not noted:
            (self.node.dir / "audit-end").unlink()
        self.node.start()
        return self.verify(want)

    def findings(self, said):
        return [(one["finding"], one["first"], one["last"]) for one in said["findings"]]

    def test_untouched(self):
        said = self.tampered(lambda keeper: None, want=0)
        self.assertEqual((said["ok"], said["findings"], said["checkpoints"]), (True, [], 3))
        self.assertEqual([one["org"] for one in said["cosigners"]], ["hub"])
        self.assertIn("hub", self.node.cli("audit", "verify").out)
        self.assertIn("署名", self.node.cli("audit", "verify", lang="ja").out)

    def test_without_the_keys(self):
        def bit(keeper):
            keeper.database.execute("UPDATE audit SET sealed = zeroblob(length(sealed)) WHERE number = 70")

        def removed(keeper):
            keeper.database.execute("DELETE FROM audit WHERE number BETWEEN 70 AND 72")

        def exchanged(keeper):
            keeper.database.execute("UPDATE audit SET number = -1 WHERE number = 70")
            keeper.database.execute("UPDATE audit SET number = 70 WHERE number = 71")
            keeper.database.execute("UPDATE audit SET number = 71 WHERE number = -1")

        def twice(keeper):
            keeper.database.execute("UPDATE audit SET sealed = (SELECT sealed FROM audit WHERE number = 71) WHERE number = 70")

        def shifted(keeper):
            keeper.database.execute("DELETE FROM audit WHERE number = 70")
            keeper.database.execute("UPDATE audit SET number = number - 1 WHERE number > 70")

        def texts(keeper):
            keeper.database.execute("UPDATE audit SET sealed = 'made up', leaf = 'made up' WHERE number = 70")

        self.assertEqual(self.findings(self.tampered(bit)), [("changed", 70, 70)])
        self.assertEqual(self.findings(self.tampered(removed))[0], ("missing", 70, 72))
        self.assertEqual(self.findings(self.tampered(exchanged))[:2], [("changed", 70, 70), ("changed", 71, 71)])
        self.assertEqual(self.findings(self.tampered(twice)), [("changed", 70, 70)])
        self.assertEqual(self.findings(self.tampered(shifted))[0], ("changed", 70, 70))
        self.assertEqual(self.findings(self.tampered(texts))[0], ("changed", 70, 70))
        error = self.node.cli("audit", "verify", "--json", want=5).error()
        self.assertEqual(error["rule"], "rewritten")
        self.assertIn("書き換えられた項目: 70", self.node.cli("audit", "verify", lang="ja", want=5).out)

    def test_the_end_cut_off(self):
        def cut(keeper):
            keeper.database.execute("DELETE FROM audit WHERE number > 190")

        said = self.tampered(cut)
        # The node goes on behind the gap, so that it stays, and says so itself.
        self.assertEqual(self.findings(said), [("cut", 191, 192), ("missing", 191, 192)])
        alarm = self.node.cli("audit", "list", "--kind", "alarm", "--json").rows()[-1]
        self.assertEqual(alarm["detail"], "entries at the end of the audit log were removed")

    def test_behind_the_end(self):
        """Rows put behind the last entry, while the node is down and while it runs: found, said where, and not written over."""
        def behind(keeper):
            keeper.database.execute("INSERT INTO audit(number, leaf, sealed) SELECT number + 1, leaf, sealed FROM audit WHERE number = 192")
            keeper.put(194, keeper.entry(192))  # well sealed, by who has the keys

        def alarm():
            row = self.node.cli("audit", "list", "--kind", "alarm", "--json").rows()[-1]
            return row["number"], row["rule"], row["detail"]

        self.assertEqual(self.findings(self.tampered(behind)), [("inserted", 193, 194)])
        self.assertEqual(alarm(), (193, "damaged", "entries behind the end of the audit log: 2 (number 193 to 194)"))
        self.assertIn("監査記録の末尾の後ろに加えられた項目: 2 件（番号 193～194）", self.node.cli("audit", "list", "--kind", "alarm", lang="ja").out)
        self.assertIn("差し込まれた項目: 193", self.node.cli("audit", "verify", lang="ja", want=5).out)
        self.node.stop()
        self.node.start()
        self.assertEqual(self.findings(self.verify(5)), [("inserted", 193, 194)])  # it stays to be seen

        self.tampered(lambda keeper: None, want=0)
        keeper = Keeper(self.node.dir)
        first = keeper.size + 1
        keeper.database.execute("INSERT INTO audit(number, leaf, sealed) SELECT ?, leaf, sealed FROM audit WHERE number = 192", (first,))
        keeper.end()
        self.assertEqual(self.findings(self.verify(5)), [("inserted", first, first)])
        self.node.cli("send", "--tlp", "RED", "--to", "@electricity", "--kind", "incident", "--subject", "s", "--body", "b", want=3)
        self.assertEqual(alarm(), (first, "damaged", f"entries behind the end of the audit log: 1 (number {first} to {first})"))
        self.assertEqual(self.findings(self.verify(5)), [("inserted", first, first)])
        self.assertEqual(self.node.cli("audit", "list", "--json").rows()[-1]["kind"], "send")

    def test_one_entry_with_the_keys(self):
        """A salt exchanged, an entry written anew and sealed well: its leaf tells."""
        def salted(keeper):
            entry = keeper.entry(70)
            keeper.put(70, entry[:4] + os.urandom(32) + entry[36:])

        self.assertEqual(self.findings(self.tampered(salted))[0], ("rewritten", 65, 128))

    def test_all_with_the_keys(self):
        """Whoever has the node's keys writes everything anew, signs it, and takes the hub's signatures away or leaves them."""
        def rewrite(keeper, signatures):
            entries = [keeper.entry(number) for number in range(1, keeper.size + 1)]
            entries[69] = entries[69][:4] + os.urandom(32) + entries[69][36:]
            for number, entry in enumerate(entries, 1):
                keeper.put(number, entry)
            keeper.put_head(entries, 192, 192 if signatures else 0)
            leaves = [audit.leaf(entry) for entry in entries]
            node = audit.SigningKey(keeper.seeds[:32])
            for size, payload in keeper.database.execute("SELECT size, payload FROM audit_checkpoint").fetchall():
                old = audit.decode("AuditCheckpoint", audit.decode("Signed", payload).statement)
                statement = message((1, 1), (2, old.node), (3, old.log), (4, size), (5, audit.root(leaves[:size])), (6, old.created_ms))
                signed = message((1, statement), (2, old.node), (3, audit.sign(node, "audit checkpoint signature", statement)))
                keeper.database.execute("UPDATE audit_checkpoint SET payload = ? WHERE size = ?", (signed, size))
            if not signatures:
                keeper.database.execute("DELETE FROM audit_cosignature")

        from make_wire import message
        said = self.tampered(lambda keeper: rewrite(keeper, True))
        self.assertEqual(self.findings(said), [("signed-otherwise", 65, 128)])
        # Without the signatures, and the node's own word that there were some, nobody vouches for it here any more; the hub has them still.
        said = self.tampered(lambda keeper: rewrite(keeper, False), want=0)
        self.assertEqual((said["cosigned_size"], said["cosigners"]), (0, []))
        hub = harness.wait_until(lambda: self.world.nodes["hub"].cli("audit", "signed", "--json").rows(), "the hub's view")
        held = self.one(hub, org="kanto")
        mine = self.one(self.node.cli("audit", "signed", "--json").rows(), size=held["size"])
        self.assertNotEqual(held["root"], mine["root"])

    def test_what_was_signed_is_taken_out(self):
        """Two lines of SQL and no key: it is found at once, said in the log, and the hub's signature comes again."""
        def bare(keeper):
            keeper.database.execute("DELETE FROM audit_cosignature")
            keeper.database.execute("DELETE FROM audit_checkpoint")

        self.assertEqual(self.findings(self.tampered(bare)), [("checkpoint", 192, 192), ("cosignature", 192, 192)])
        alarm = self.node.cli("audit", "list", "--kind", "alarm", "--json").rows()[-1]
        self.assertEqual((alarm["rule"], alarm["detail"]), ("damaged", "what was signed of the audit log was removed"))
        self.assertIn("取り除かれて", self.node.cli("audit", "list", "--kind", "alarm", lang="ja").out)
        self.checkpoint()
        self.assertEqual(self.findings(self.verify()), [])
        self.assertEqual(self.one(self.world.nodes["hub"].cli("audit", "signed", "--json").rows(), org="kanto")["state"], "followed")

        def one(keeper):
            keeper.database.execute("DELETE FROM audit_cosignature WHERE size = 192")

        self.assertEqual(self.findings(self.tampered(one)), [("cosignature", 192, 192)])

    def test_odd_rows_of_what_was_signed(self):
        """What this program never writes: another type, a number below 0, bytes without end, a place where it was not signed. The node starts
        and says so."""
        checkpoint, cosignature = "UPDATE audit_checkpoint SET {} WHERE size = 192", "UPDATE audit_cosignature SET {} WHERE size = 192"
        cases = (
            ("a checkpoint of text", checkpoint.format("payload = 'made up'"), "checkpoint"),
            ("a checkpoint of a number", checkpoint.format("payload = 7"), "checkpoint"),
            ("a checkpoint of nothing", checkpoint.format("payload = x''"), "checkpoint"),
            ("a checkpoint of 32 MiB", checkpoint.format("payload = zeroblob(33554432)"), "checkpoint"),
            ("a checkpoint below 0", "INSERT INTO audit_checkpoint SELECT -size, payload FROM audit_checkpoint WHERE size = 192", "checkpoint"),
            ("a checkpoint at 0", "INSERT INTO audit_checkpoint SELECT 0, payload FROM audit_checkpoint WHERE size = 192", "checkpoint"),
            ("a checkpoint far behind the end", "INSERT INTO audit_checkpoint SELECT 9223372036854775807, payload FROM audit_checkpoint WHERE size = 192", "checkpoint"),
            ("a signature of text", cosignature.format("payload = 'made up'"), "cosignature"),
            ("a signature of 32 MiB", cosignature.format("payload = zeroblob(33554432)"), "cosignature"),
            ("a hub of text", cosignature.format("hub = 'hub'"), "cosignature"),
            ("a hub of 31 bytes", cosignature.format("hub = substr(hub, 2)"), "cosignature"),
            ("a hub of zeros", cosignature.format("hub = zeroblob(32)"), "cosignature"),
            ("another hub", cosignature.format("hub = CAST(substr(hub, 2) || substr(hub, 1, 1) AS BLOB)"), "cosignature"),
            ("a size of text", cosignature.format("size = 'much'"), "cosignature"),
            ("a size below 0", cosignature.format("size = -192"), "cosignature"),
            ("a broken size", cosignature.format("size = 192.5"), "cosignature"),
            ("a size far behind the end", "INSERT INTO audit_cosignature SELECT 9223372036854775807, hub, position, payload FROM audit_cosignature"
             " WHERE size = 192", "cosignature"),
            ("a position of text", cosignature.format("position = 'first'"), "cosignature"),
            ("a position below 0", cosignature.format("position = -1"), "cosignature"),
        )
        for name, statement, finding in cases:
            with self.subTest(name):
                said = self.tampered(lambda keeper, one=statement: self.assertEqual(1, keeper.database.execute(one).rowcount))
                self.assertIn(finding, [one["finding"] for one in said["findings"]])
                self.node.wait_link("hub")
                self.node.status()
                self.node.cli("audit", "signed", "--json")
                self.node.cli("audit", "list", "--json")
                self.node.cli("audit", "export", "-o", self.world.path / "odd.log")

    def test_columns_left_empty(self):
        """Tables made anew without what keeps their columns filled."""
        def emptied(keeper, table, columns, column):
            keeper.database.execute(f"ALTER TABLE {table} RENAME TO before")
            keeper.database.execute(f"CREATE TABLE {table}({columns})")
            keeper.database.execute(f"INSERT INTO {table} SELECT * FROM before")
            keeper.database.execute("DROP TABLE before")
            self.assertEqual(1, keeper.database.execute(f"UPDATE {table} SET {column} = NULL WHERE size = 192").rowcount)

        for finding, columns, key in (("checkpoint", ("size", "payload"), "size"), ("cosignature", ("size", "hub", "position", "payload"), "size, hub")):
            for column in columns:
                with self.subTest(finding, column=column):
                    made = (f"audit_{finding}", f"{', '.join(columns)}, UNIQUE({key})", column)
                    said = self.tampered(lambda keeper, one=made: emptied(keeper, *one))
                    self.assertIn(finding, [one["finding"] for one in said["findings"]])
                    self.node.status()

    TABLES = ("audit", "audit_node", "audit_checkpoint", "audit_cosignature")

    def test_set_back(self):
        """What was tried, taken out again: the older rows and the head that belongs to them are authentic, and are not the newest."""
        self.tampered(lambda keeper: None, want=0)
        self.node.stop()
        database = sqlite3.connect(self.node.dir / "store.db")
        rows = {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in self.TABLES}
        head = database.execute("SELECT value FROM meta WHERE name = 'audit-head'").fetchone()[0]
        database.close()
        self.node.start()
        before = self.verify()["size"]
        for _ in range(2):
            self.node.cli("send", "--tlp", "RED", "--to", "@electricity", "--kind", "incident", "--subject", "s", "--body", "b", want=3)
        self.node.kill()
        database = sqlite3.connect(self.node.dir / "store.db")
        for table in self.TABLES:
            database.execute(f"DELETE FROM {table}")
            database.executemany(f"INSERT INTO {table} VALUES({','.join('?' * len(rows[table][0]))})", rows[table])
        database.execute("UPDATE meta SET value = ? WHERE name = 'audit-head'", (head,))
        database.commit()
        database.close()
        self.node.start()
        said = self.verify(5)
        self.assertEqual(set(self.findings(said)), {("missing", before + 1, before + 2), ("alarm", before + 3, before + 3)})
        alarm = self.node.cli("audit", "list", "--kind", "alarm", "--json").rows()[-1]
        self.assertEqual((alarm["rule"], alarm["detail"]), ("rewritten", f"the audit log was set back from entry {before + 2} to entry {before}"))
        self.assertIn(f"項目 {before + 2} から項目 {before} まで巻き戻されています", self.node.cli("audit", "list", "--kind", "alarm", lang="ja").out)
        self.assertTrue(any("found its audit log changed" in one for one in self.node.status()["warnings"]))
        self.node.stop()
        self.node.start()
        self.assertEqual(set(self.findings(self.verify(5))), set(self.findings(said)))

    def test_a_note_that_is_gone(self):
        """What is beside the store may be gone, or not open: then nobody knows whether the log was set back, and it is said."""
        said = self.tampered(lambda keeper: None, noted=False)
        self.assertEqual(self.findings(said), [("alarm", 193, 193)])
        alarm = self.node.cli("audit", "list", "--kind", "alarm", "--json").rows()[-1]
        self.assertEqual(alarm["detail"], "what was noted beside the store of where the audit log ends is gone")
        self.assertIn("控えがなくなっています", self.node.cli("audit", "list", "--kind", "alarm", lang="ja").out)
        self.tampered(lambda keeper: (self.node.dir / "audit-end").write_bytes(bytes(8192)))
        alarm = self.node.cli("audit", "list", "--kind", "alarm", "--json").rows()[-1]
        self.assertEqual(alarm["detail"], "what is noted beside the store of where the audit log ends does not open")
        self.node.stop()
        self.node.start()
        self.assertEqual(self.findings(self.verify(5)), [("alarm", 193, 193)])  # said once
        self.tampered(lambda keeper: (self.node.dir / "audit-end").write_bytes(bytes(9000)))
        self.node.stop()
        self.assertEqual((self.node.dir / "audit-end").stat().st_size, 8192)
        self.node.start()
        self.assertEqual(self.findings(self.verify(5)), [("alarm", 193, 193)])

    def test_a_bit_of_the_head(self):
        """One bit changed takes no entry, checkpoint or signature with it; it is said, and stays to be seen."""
        def bit(keeper):
            head = keeper.meta("audit-head")
            keeper.database.execute("UPDATE meta SET value = ? WHERE name = 'audit-head'", (head[:30] + bytes([head[30] ^ 1]) + head[31:],))

        def bit_and_leaf(keeper):
            bit(keeper)
            keeper.database.execute("UPDATE audit SET leaf = zeroblob(32) WHERE number = 70")

        said = self.tampered(bit)
        self.assertEqual(self.findings(said), [("alarm", 193, 193)])
        self.assertEqual((said["begun_anew"], said["size"], said["checkpoints"], said["cosigned_size"]), (False, 193, 3, 192))
        alarm = self.node.cli("audit", "list", "--kind", "alarm", "--json").rows()[-1]
        self.assertEqual((alarm["rule"], alarm["detail"]), ("rewritten", "the head of the audit log was changed: it was made anew from entries 1 to 192"))
        self.assertIn("項目 1～192 から作り直しました", self.node.cli("audit", "list", "--kind", "alarm", lang="ja").out)
        self.assertIn("ノード自身が見つけました", self.node.cli("audit", "verify", lang="ja", want=5).out)
        self.assertTrue(any("found its audit log changed" in one for one in self.node.status()["warnings"]))
        self.node.stop()
        self.node.start()
        self.assertEqual(self.findings(self.verify(5)), [("alarm", 193, 193)])

        said = self.tampered(bit, noted=False)  # what was signed says which log it was, as does the note beside the store
        self.assertEqual((self.findings(said), said["size"]), ([("alarm", 193, 193)], 193))
        said = self.tampered(bit_and_leaf)
        self.assertEqual((self.findings(said)[0], said["begun_anew"], said["size"]), (("changed", 70, 70), False, 193))
        said = self.tampered(bit_and_leaf, noted=False)  # not what was signed: another log begins, beside all that was there
        self.assertEqual((said["begun_anew"], said["size"]), (True, 1))
        self.assertEqual(self.findings(said)[0], ("alarm", 1, 1))
        self.assertIn(("inserted", 1, 192), self.findings(said))
        self.node.stop()
        self.node.start()
        self.assertEqual(self.findings(self.verify(5)), self.findings(said))
        path = self.world.path / "beside.log"
        self.node.cli("audit", "export", "-o", path)
        words = [line.split(" ")[0] for line in path.read_text("ascii").splitlines()]
        self.assertEqual((words.count("leaf"), words.count("checkpoint"), words.count("cosignature")), (192, 3, 3))

    def test_the_whole_log_is_wiped(self):
        """With sqlite alone, as if there had never been one: the node knows better, and a reviewer is told."""
        def wipe(keeper):
            for table in ("audit", "audit_node", "audit_checkpoint", "audit_cosignature"):
                keeper.database.execute(f"DELETE FROM {table}")
            keeper.database.execute("DELETE FROM meta WHERE name IN ('audit-key', 'audit-head')")

        said = self.tampered(wipe)
        self.assertTrue(said["begun_anew"])
        self.assertEqual(self.findings(said), [("alarm", 1, 1)])
        row = self.node.cli("audit", "list", "--json", "--kind", "alarm").rows()[-1]
        self.assertEqual((row["number"], row["rule"], row["detail"]), (1, "damaged", "the audit log that this node kept is gone"))
        self.assertTrue(any("began its audit log anew" in one for one in self.node.cli("status", "--json").object()["warnings"]))
        self.assertIn("それまでの記録は失われたか", self.node.cli("audit", "verify", lang="ja", want=5).out)
        path = self.world.path / "wiped.log"
        self.node.cli("audit", "export", "-o", path)
        done = subprocess.run([str(harness.bin_dir() / "noroshi-audit-verify"), str(path), self.world.nodes["hub"].fingerprint()],
                              capture_output=True, env=harness.environment(), check=False)
        self.assertIn("begun anew", done.stdout.decode())
        done = subprocess.run([str(harness.bin_dir() / "noroshi-audit-verify"), str(path), self.world.nodes["hub"].fingerprint()],
                              capture_output=True, env=harness.environment({"LC_ALL": "ja_JP.UTF-8"}), check=False)
        self.assertIn("それまでの記録は失われたか", done.stdout.decode())
        self.assertFalse(self.tampered(lambda keeper: None, want=0)["begun_anew"])

    def test_a_reviewer(self):
        """The exported file, the small program, and the second implementation."""
        self.tampered(lambda keeper: None, want=0)
        path = self.world.path / "audit.log"
        self.node.cli("audit", "export", "-o", path)
        self.assertEqual(self.node.cli("audit", "list", "--json").rows()[-1]["kind"], "log-export")
        hub, other = self.world.nodes["hub"].fingerprint(), self.node.fingerprint()
        program = harness.bin_dir() / "noroshi-audit-verify"

        def judged(lines, *keys):
            path.write_text("\n".join(lines) + "\n", "ascii")
            done = subprocess.run([str(program), str(path), *keys], capture_output=True, env=harness.environment(), check=False)
            return done.returncode, audit.check(lines, list(keys))[0], done.stdout.decode()

        lines = path.read_text("ascii").splitlines()
        code, good, said = judged(lines, hub)
        self.assertEqual((code, good), (0, True), said)
        self.assertIn("signed entries 1 to 192", said)
        self.assertEqual(judged(lines, other)[:2], (5, False))        # a key that has signed nothing of it
        at = next(i for i, line in enumerate(lines) if line.startswith("entry")) + 69
        self.assertEqual(judged(lines[:at] + lines[at + 1:], hub)[:2], (5, False))
        self.assertEqual(judged(lines[:at] + [lines[at][:-5] + "AAAA="] + lines[at + 1:], hub)[:2], (5, False))
        self.assertEqual(judged(lines[:at], hub)[:2], (5, False))
        self.assertEqual(judged(["hello"], hub)[0], 8)
        path.write_text("\n".join([lines[0].replace("2", "1"), *lines[1:3], " ".join(lines[3].split(" ")[:3]), *lines[4:]]) + "\n", "ascii")
        for lang, words in (("en_US.UTF-8", "form 1 of an exported audit log"), ("ja_JP.UTF-8", "出力形式 1")):  # as an earlier build wrote it
            done = subprocess.run([str(program), str(path), hub], capture_output=True, env=harness.environment({"LC_ALL": lang, "LANG": lang}), check=False)
            self.assertEqual(done.returncode, 8)
            self.assertIn(words, done.stderr.decode())
        path.write_text("", "ascii")
        done = subprocess.run([str(program), str(path), hub], capture_output=True, env=harness.environment(), check=False)
        self.assertEqual(done.returncode, 8)
        self.assertIn("ends before", done.stderr.decode())
        # The log of a node that has nothing to hide is not another's.
        theirs = self.world.path / "hub.log"
        self.world.nodes["hub"].cli("audit", "export", "-o", theirs)
        exchanged = [lines[0], theirs.read_text("ascii").splitlines()[1]] + lines[2:]
        code, good, said = judged(exchanged, hub)
        self.assertEqual((code, good), (5, False), said)
        self.assertIn("FAULT checkpoint", said)
        self.assertEqual(judged(lines, "12345")[:2], (5, False))

    def test_who_was_away_signs_later(self):
        self.tampered(lambda keeper: None, want=0)
        hub = self.world.nodes["hub"]
        hub.stop()
        made = self.node.cli("audit", "checkpoint", "--json").object()
        self.assertLess(self.verify()["cosigned_size"], made["size"])
        hub.start()


if __name__ == "__main__":
    if not HAVE_NACL:
        sys.exit("python3-nacl is missing")
    harness.main()
