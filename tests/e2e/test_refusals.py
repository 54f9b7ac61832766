#!/usr/bin/env python3
"""Each command that changes something, refused: an entry of the audit log while the node runs, a line of ceremony.log while it does not."""

import json

import harness


class Refusals(harness.E2E):
    @classmethod
    def build(cls, world):
        cls.right, cls.wrong = (world.write(name, f"{name} passphrase, long\n") for name in ("right", "wrong"))
        cls.hub = world.node("hub", listen=True).init("--passphrase-file", str(cls.right))
        cls.other = world.node("gas-hub", listen=True).init()
        cls.other.cli("community", "create", "gas", "--name", "gas")
        cls.hub.cli("community", "create", "electricity", "--name", "electricity", passphrase=cls.right)
        cls.alpha = world.node("alpha").init()
        world.write("alpha.card", cls.alpha.cli("card").raw_out)
        cls.hub.cli("community", "add", "electricity", cls.alpha.card(), "--fingerprint", cls.alpha.fingerprint(), passphrase=cls.right)
        cls.hub.cli("person", "add", "mori", "--name", "森", "--passphrase-file", cls.right, passphrase=cls.right)
        cls.hub.start(extra=("--passphrase-file", str(cls.right)))

    def attempts(self):
        """(command, passphrase, person, exit status, kind, rule)"""
        fingerprint = self.other.cli("community", "fingerprint", "gas").out.strip()
        invite = harness.invite(self.other, "gas")
        cut = self.world.write("cut.invite", invite.read_text()[:len(invite.read_text()) // 2])
        flipped = bytearray(invite.read_bytes())
        flipped[200] = ord("A") if flipped[200] != ord("A") else ord("B")
        flipped = self.world.write("flipped.invite", bytes(flipped))
        recognise = ("community", "recognise", "electricity")
        changes = [recognise + (invite, "--fingerprint", fingerprint), ("community", "renew", "electricity"), ("community", "remove", "electricity", "alpha"),
                   ("community", "keys", "electricity", "--threshold", "1", "--add-key", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"), ("community", "rule", "electricity", "--withheld", "no"),
                   ("community", "duty", "electricity", "alpha", "nda", "--since", "2026-04-01"), ("community", "create", "water", "--name", "water")]
        yield from ((words, self.wrong, None, 5, "roster", "passphrase") for words in changes)
        yield ("card", "--advertise", "tcp://127.0.0.1:1"), self.wrong, None, 5, "key", "passphrase"
        yield ("card", "--listen", "tcp://127.0.0.1:1"), self.wrong, None, 5, "key", "passphrase"
        yield recognise + (invite, "--fingerprint", "0" * 40), self.right, None, 5, "roster", "fingerprint"
        for file in (cut, flipped):
            yield recognise + (file, "--fingerprint", fingerprint), self.right, None, 5, "roster", "damaged"
        yield ("community", "remove", "electricity", "hub"), self.right, None, 3, "roster", "community-rule"
        report = "0" * 64
        for words, kind in ((("vouch", report, "--tlp", "AMBER"), "vouch"), (("release", "ask", report, "--to", "@electricity"), "ask"),
                            (("release", "grant", report), "release"), (("release", "deny", report, "--reason", "x"), "deny"), (("forget", report), "forget")):
            yield words, self.wrong, "mori", 5, kind, "passphrase"

    def refused(self):
        return [row for row in self.hub.cli("audit", "list", "--json").rows() if row["rule"]]

    def test_while_the_node_runs(self):
        for words, passphrase, person, status, kind, rule in self.attempts():
            before = self.refused()
            self.hub.cli(*words, want=status, passphrase=passphrase, person=person)
            entries = [(row["kind"], row["rule"], row["person"]) for row in self.refused()[len(before):]]
            self.assertEqual(entries, [(kind, rule, person)], words)

    def test_while_it_does_not(self):
        self.hub.stop()
        log = self.hub.dir / "ceremony.log"
        try:
            for words, passphrase, person, status, _, rule in self.attempts():
                before = log.read_text("utf-8").splitlines() if log.exists() else []
                self.hub.cli(*words, want=status, passphrase=passphrase, person=person)
                lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()[len(before):]]
                self.assertEqual([(line["what"], line["rule"]) for line in lines], [(words[1] if words[0] in ("community", "release") else words[0], rule)], words)
        finally:
            self.hub.start(extra=("--passphrase-file", str(self.right)))

    def test_that_cannot_be_written_down(self):
        """What is said of that is JSON where JSON was asked for."""
        self.hub.stop()
        log, kept = self.hub.dir / "ceremony.log", self.hub.dir / "ceremony.kept"
        if log.exists():
            log.rename(kept)
        log.mkdir()
        try:
            said = self.hub.cli("community", "remove", "electricity", "hub", "--json", want=3, passphrase=self.right).err
            self.assertIn("this attempt could not be logged", [json.loads(line).get("note") for line in said.splitlines()])
        finally:
            log.rmdir()
            if kept.exists():
                kept.rename(log)
            self.hub.start(extra=("--passphrase-file", str(self.right)))

    def test_what_only_reads_is_none(self):
        before = self.refused()
        self.hub.cli("community", "show", "nowhere", want=4)
        self.hub.cli("community", "rule", "electricity", "--withdrawn", "never", want=2)
        self.assertEqual(self.refused(), before)


if __name__ == "__main__":
    harness.main()
