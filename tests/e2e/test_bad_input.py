"""Input that is malformed, truncated, bit-flipped, oversized or out of place: a clear error, the right exit status, nothing changed."""

import base64
import hashlib
import json
import os
import random
import shutil
import socket
import subprocess

from harness import E2E, bin_dir, build_mesh, enrol, environment, invite, main, wait_until

SEND = ("--kind", "incident", "--subject", "s", "--body", "b")


def snapshot(folder):
    """Every file below a folder with the hash of its bytes, but for the lock file and the log of what was refused."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in ("lock", "ceremony.log")}


def spoil(text, kind):
    """Bad forms of an armoured file: (name, bytes)."""
    lines = text.decode().strip().splitlines()
    raw = bytearray(base64.b64decode("".join(lines[1:-1])))

    def armour(data, head=lines[0], tail=lines[-1]):
        body = base64.b64encode(bytes(data)).decode()
        return "\n".join([head, *(body[at:at + 64] for at in range(0, len(body), 64)), tail, ""]).encode()
    assert armour(raw).strip() == text.strip()
    yield "empty", b""
    yield "not armour", b"hello\n"
    yield "random bytes", random.Random(7).randbytes(3000)
    yield "cut in the middle", text[: len(text) // 2]
    yield "cut inside", armour(raw[: len(raw) // 2])
    yield "one byte short", armour(raw[:-1])
    yield "one byte more", armour(raw + b"\0")
    yield "twice", text + text
    yield "of another type", armour(raw, "-----BEGIN NOROSHI KEY-----", "-----END NOROSHI KEY-----")
    yield "oversized", armour(raw + bytes(2 * 1024 * 1024))
    dice = random.Random(kind)
    for _ in range(12):
        flipped = bytearray(raw)
        at = dice.randrange(len(raw) * 8)
        flipped[at // 8] ^= 1 << (at % 8)
        yield f"bit {at} flipped", armour(flipped)


class OfflineFiles(E2E):
    """Cards, invites and key files, on nodes that do not run: their folders must stay the same to the byte."""

    @classmethod
    def build(cls, world):
        cls.hub = build_mesh(world, ["alpha"], start=False)
        cls.alpha = world.nodes["alpha"]
        cls.guest = world.node("guest").init()

    def unchanged(self, node, *args, want, **options):
        before = snapshot(node.dir)
        done = node.cli(*args, want=None, **options)
        self.assertIn(done.code, want if isinstance(want, tuple) else (want,), str(done))
        self.assertEqual(done.out, "")
        self.assertTrue(done.err.strip(), "a clear error")
        self.assertEqual(snapshot(node.dir), before, f"nothing changed: {done}")
        return done

    def test_cards(self):
        card, fingerprint = self.guest.card(), self.guest.fingerprint()
        for name, data in spoil(card.read_bytes(), "card"):
            with self.subTest(name):
                bad = self.world.write("bad.card", data)
                self.unchanged(self.hub, "community", "add", "electricity", bad, "--fingerprint", fingerprint, want=(5, 8))
        self.unchanged(self.hub, "community", "add", "electricity", card, "--fingerprint", self.alpha.fingerprint(), want=5)
        self.unchanged(self.hub, "community", "add", "electricity", card, "--fingerprint", "12345", want=(5, 8))
        self.unchanged(self.hub, "community", "add", "electricity", card, "--fingerprint", fingerprint, "--role", "king", want=2)
        self.unchanged(self.hub, "community", "add", "nowhere", card, "--fingerprint", fingerprint, want=4)
        self.unchanged(self.hub, "community", "add", "electricity", "/nonexistent", "--fingerprint", fingerprint, want=8)
        self.unchanged(self.alpha, "community", "add", "electricity", card, "--fingerprint", fingerprint, want=3)

    def test_invites(self):
        fingerprint = self.hub.cli("community", "fingerprint", "electricity").out.strip()
        path = invite(self.hub, "electricity")
        self.unchanged(self.guest, "join", path, "--fingerprint", fingerprint, want=3)
        member = self.world.node("member").init()
        enrol(self.hub, member, "electricity")
        path = invite(self.hub, "electricity")
        for name, data in spoil(path.read_bytes(), "invite"):
            with self.subTest(name):
                self.unchanged(member, "join", self.world.write("bad.invite", data), "--fingerprint", fingerprint, want=(5, 8))
        self.unchanged(member, "join", path, "--fingerprint", member.fingerprint(), want=5)
        self.unchanged(member, "join", path, "--fingerprint", "", want=(2, 5, 8))
        self.unchanged(member, "join", member.card(), "--fingerprint", fingerprint, want=8)
        member.cli("join", path, "--fingerprint", fingerprint)

    def test_init_again_and_bad_names(self):
        self.unchanged(self.alpha, "init", "--org", "alpha", "--name", "x", "--no-passphrase", want=8)
        for number, org in enumerate(("", "Alpha", "al pha", "-alpha", "x" * 33, "関東", "../alpha")):
            fresh = self.world.node(f"fresh{number}")
            done = fresh.cli("init", "--org", org, "--name", "x", "--no-passphrase", want=8)
            self.assertTrue(done.err.strip())
            self.assertFalse(fresh.dir.exists() and any(fresh.dir.iterdir()), "nothing half done remains")
        fresh = self.world.node("fresh-name")
        fresh.cli("init", "--org", "fresh", "--name", b"\xff\xfe", "--no-passphrase", want=8)
        fresh.cli("init", "--org", "fresh", "--name", "x" * 201, "--no-passphrase", want=8)
        fresh.cli("init", "--org", "fresh", "--name", "x", "--listen", "tcp://127.0.0.1:99999", "--no-passphrase", want=8)
        for named in ("tcp://localhost:7417", "tcp://eth0:7417", "tcp://*:7417"):  # which are on no card that others could dial
            fresh.cli("init", "--org", "fresh", "--name", "x", "--listen", named, "--no-passphrase", want=8)
        self.assertFalse(fresh.dir.exists() and any(fresh.dir.iterdir()), "nothing half done remains")

    def test_what_is_wrong_with_the_folder_is_named(self):
        """A folder of another user, and one in which a file stands where a folder should: neither is no node's, nor a full disk."""
        node = self.world.node("odd").init()
        shutil.rmtree(node.dir / "inbox")
        (node.dir / "inbox").write_text("in the way")
        error = node.cli("person", "add", "sato", "--name", "佐藤", "--no-passphrase", "--json", want=1).error()
        self.assertNotIn("full", error["message"])
        self.assertIn(str(node.dir / "inbox"), error["message"])
        self.assertEqual(list((node.dir / "persons").iterdir()), [])
        if os.geteuid() == 0:
            for arguments, code, rule in ((("status",), 6, "no-node"), (("card",), 1, "disk")):
                done = subprocess.run([str(bin_dir() / "noroshi"), "--dir", str(node.dir), "--json", "--lang", "en", *arguments], user=61234, group=61234,
                                      extra_groups=[], capture_output=True, check=False, timeout=60, env=environment({"HOME": "/"}), cwd="/")
                said = json.loads(done.stderr)
                self.assertEqual((done.returncode, said["rule"]), (code, rule), said)
                self.assertIn("another user", said["hint"])

    def daemon(self, folder, *extra):
        return subprocess.run([str(bin_dir() / "noroshid"), "--dir", str(folder), *extra], capture_output=True, check=False,
                              timeout=60, env=environment({"HOME": str(self.world.home)}), stdin=subprocess.DEVNULL)

    def test_key_file(self):
        node = self.world.node("keyed").init()
        keys = [path for path in node.dir.rglob("*") if path.is_file() and b"NRSKEY01" in self.raw(path)]
        self.assertTrue(keys, "the key file is found")
        good = keys[0].read_bytes()
        dice = random.Random(3)
        bad = {"empty": b"", "cut": good[:-9], "longer": good + b"x" * 10, "huge": good + bytes(1 << 21)}
        for number in range(6):
            flipped = bytearray(good)
            at = dice.randrange(len(good) // 4, len(good) * 3 // 4)
            flipped[at] ^= 1
            bad[f"byte {at} flipped {number}"] = bytes(flipped)
        for name, data in bad.items():
            with self.subTest(name):
                keys[0].write_bytes(data)
                before = snapshot(node.dir)
                done = self.daemon(node.dir)
                self.assertIn(done.returncode, (5, 8), done.stderr)
                self.assertTrue(done.stderr.strip())
                self.assertEqual(snapshot(node.dir), before)
                node.cli("community", "create", "town", "--name", "x", want=None)
                self.assertEqual(snapshot(node.dir), before)
        keys[0].write_bytes(good)
        node.start().stop()

    @staticmethod
    def raw(path):
        data = path.read_bytes()
        if data.startswith(b"-----BEGIN NOROSHI KEY"):
            data = base64.b64decode(b"".join(data.strip().splitlines()[1:-1]))
        return data

    def test_passphrase(self):
        right, wrong = self.world.write("right", "a long passphrase\n"), self.world.write("wrong", "another\n")
        node = self.world.node("locked").init("--passphrase-file", right)
        before = snapshot(node.dir)
        for extra in (("--passphrase-file", str(wrong)), ()):
            done = self.daemon(node.dir, *extra)
            self.assertEqual(done.returncode, 5, done.stderr)
            self.assertEqual(snapshot(node.dir), before)
        self.unchanged(node, "community", "create", "town", "--name", "町", passphrase=wrong, want=5)
        node.cli("community", "create", "town", "--name", "町", passphrase=right)
        node.start(extra=("--passphrase-file", str(right)))
        node.stop()

    def test_not_a_folder_of_a_node(self):
        folder = self.world.path / "plain"
        folder.mkdir()
        (folder / "notes.txt").write_text("something of somebody's\n")
        before = snapshot(folder)
        done = self.daemon(folder)
        self.assertEqual(done.returncode, 8, done.stderr)
        self.assertEqual(self.daemon(self.world.path / "absent").returncode, 8)
        self.assertEqual(snapshot(folder), before)
        stranger = self.world.node("plain")
        for args in (("status",), ("list",), ("card",), ("community", "create", "town", "--name", "x")):
            error = stranger.cli(*args, "--json", want=8).error()
            self.assertEqual(error["rule"], "not-a-node")
        self.assertEqual(snapshot(folder), before)

    def test_port_taken(self):
        first = self.world.node("first", listen=True).init()
        second = self.world.node("second")
        second.endpoint = first.endpoint
        second.init()
        first.start()
        done = self.daemon(second.dir)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(first.endpoint.rsplit(":", 1)[1].encode(), done.stderr, "the message names the port")
        self.assertTrue(first.alive)
        before = snapshot(second.dir)
        for _ in range(3):
            self.assertEqual(self.daemon(second.dir).returncode, 1)
        self.assertEqual(snapshot(second.dir), before, "a start that came to nothing leaves nothing, no part of the log either")
        first.stop()


class RunningNode(E2E):
    """What a person types wrongly, and what is left in the inbox, on a node that runs."""

    @classmethod
    def build(cls, world):
        cls.hub = build_mesh(world, ["alpha", "bravo"])
        cls.alpha, cls.bravo = world.nodes["alpha"], world.nodes["bravo"]

    def refused(self, *args, want, rule=None, **options):
        before = self.alpha.list(), self.alpha.status().get("reports")
        done = self.alpha.cli(*args, "--json", want=want, **options)
        self.assertEqual(done.out, "")
        error = done.error()
        self.assertTrue(error["message"])
        if rule:
            self.assertEqual(error["rule"], rule)
        self.assertEqual((self.alpha.list(), self.alpha.status().get("reports")), before, "nothing changed")

    def test_send(self):
        to = ("--to", "@electricity")
        amber = ("send", "--tlp", "AMBER", *to)
        big = self.world.write("big", "x" * (192 * 1024 + 1))
        latin = self.world.write("latin", "caf\xe9".encode("latin-1"))
        blank = self.world.write("blank", "\n\u3000\t\u200b\r\n")
        form = self.world.write("blank.form", "subject: s\nkind: incident\ntlp: AMBER\nsummary: \u00a0\u2003\n")
        unsaid = self.world.write("unsaid.form", "subject: s\nkind: incident\ntlp: AMBER\nsummary:\n")
        untitled = self.world.write("untitled.form", "subject:\nkind: incident\ntlp: AMBER\nsummary: b\n")
        cases = (
            (("send", *to, *SEND), 3, "label-missing"),
            (("send", "--tlp", "", *to, *SEND), 3, "label-missing"),
            (("send", "--tlp", "WHITE", *to, *SEND), 2, "label-unknown"),
            (("send", "--tlp", "amber-ish", *to, *SEND), 2, "label-unknown"),
            (("send", "--tlp", "AMBER+STRICT", *to, *SEND), 3, "label-forbids"),
            (("send", "--tlp", "GREEN", "--to", "bravo", *SEND), 3, "label-forbids"),
            (("send", "--tlp", "RED", "--to", "bravo", *SEND), 3, "label-forbids"),
            (("send", "--tlp", "AMBER", *SEND), 2, None),
            (("send", "--tlp", "AMBER", "--to", "alpha", *SEND), 3, "audience"),
            ((*amber, "--kind", "gossip", "--subject", "s", "--body", "b"), 2, "kind-unknown"),
            ((*amber, "--subject", "s", "--body", "b"), 2, None),
            ((*amber, "--kind", "incident", "--body", "b"), 2, None),
            ((*amber, "--kind", "incident", "--subject", "s" * 401, "--body", "b"), 8, "too-large"),
            ((*amber, "--kind", "incident", "--subject", b"\xff\xfe", "--body", "b"), 8, "bad-utf8"),
            ((*amber, "--kind", "incident", "--subject", "s", "--body-file", big), 8, "too-large"),
            ((*amber, "--kind", "incident", "--subject", "s", "--body-file", latin), 8, "bad-utf8"),
            ((*amber, "--kind", "incident", "--subject", "s", "--body", b"\xed\xa0\x80"), 8, "bad-utf8"),
            ((*amber, "--kind", "incident", "--subject", "s", "--body", "b", "--body-file", latin), 2, None),
            ((*amber, "--kind", "incident", "--subject", " \u3000", "--body", "b"), 2, "usage"),
            ((*amber, "--kind", "incident", "--subject", "\u200b\ufeff", "--body", "b", "--dry-run"), 2, "usage"),
            ((*amber, "--kind", "incident", "--subject", "s", "--body", " \t\n"), 2, "usage"),
            ((*amber, "--kind", "incident", "--subject", "s", "--body-file", blank), 2, "usage"),
            (("send", *to, "--form", form), 2, "usage"),
            (("send", *to, "--form", unsaid), 2, "usage"),
            (("send", *to, "--form", untitled), 2, "usage"),
            ((*amber, "--kind", "incident", "--subject", "s"), 2, "usage"),
            ((*amber, "--kind", "incident", "--body-file", blank), 2, "usage"),
            (("send", "--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", "s", "--body", "\u3000"), 2, "usage"),
            ((*amber, *SEND, "--expires", "15d"), 8, "expiry"),
            ((*amber, *SEND, "--expires", "soon"), None, None),
            ((*amber, *SEND, "--follows", "0" * 20), 4, "not-found"),
            ((*amber, *SEND, "--onward", "moon"), 2, None),
        )
        for args, want, rule in cases:
            with self.subTest(args=[str(part)[:40] for part in args]):
                if want is None:
                    self.assertIn(self.alpha.cli(*args, want=None).code, (2, 8))
                else:
                    self.refused(*args, want=want, rule=rule)
                    self.refused(*args, "--dry-run", want=want, rule=rule)
        self.alpha.cli(*amber, "--dry-run")  # without a text it is about the addresses alone

    def test_blanks_are_named(self):
        for lang, words in (("en", "--subject: nothing but blanks"), ("ja", "--subject：空白しかなく")):
            said = self.alpha.cli("send", "--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "\u3000", "--body", "b", want=2, lang=lang).err
            self.assertIn(words, said)

    def test_too_many_addresses(self):
        """The limit is named, and what to do: to try again would not help."""
        many = [part for at in range(257) for part in ("--to", f"org-{at}")]
        error = self.alpha.cli("send", "--tlp", "AMBER", *many, *SEND, "--json", want=7).error()
        self.assertIn("256", error["message"])
        self.assertIn("@", error["hint"])
        said = self.alpha.cli("send", "--tlp", "AMBER", *many, *SEND, lang="ja", want=7).err
        self.assertIn("256", said)
        self.assertIn("コミュニティ", said)

    def test_to_itself(self):
        """What was typed is named, and nothing else."""
        for lang, words in (("en", "alpha is this node's own organisation"), ("ja", "alpha はこのノード自身の組織です")):
            said = self.alpha.cli("send", "--tlp", "AMBER", "--to", "alpha", *SEND, want=3, lang=lang).err
            self.assertIn(words, said)
            self.assertNotIn("@electricity", said)

    def test_largest_allowed(self):
        body = self.world.write("largest", "x" * (192 * 1024))
        report = self.alpha.send("--tlp", "AMBER", "--to", "bravo", "--kind", "incident", "--subject", "s" * 400, "--body-file", body)
        self.bravo.wait_report(report)
        self.assertEqual(len(self.bravo.show(report)["body"]), 192 * 1024)

    def test_forms(self):
        good = "subject: 件名\nkind: incident\ntlp: AMBER\nsummary: 概要\n"
        cases = (("unknown label", good.replace("AMBER", "PURPLE"), (2,)), ("unknown kind", good.replace("incident", "gossip"), (2,)),
                 ("no label", good.replace("tlp: AMBER\n", ""), (3, 8)), ("no subject", good.replace("subject: 件名\n", ""), (2, 8)),
                 ("empty", "", (2, 3, 8)), ("unknown field", good + "colour: red\n", (8,)), ("no colon", good + "nonsense\n", (8,)),
                 ("a field twice", good + "summary: 再\n", (8,)), ("a value out of its vocabulary", good + "event_type: bad-luck\n", (2, 8)),
                 ("oversized", good + "".join(f"  {n}\n" for n in range(300000)), (8,)), ("subject too long", good.replace("件名", "x" * 401), (8,)),
                 ("not UTF-8", good.encode() + b"system: \xff\n", (8,)), ("a zero byte", good.encode() + b"system: a\0b\n", (8,)))
        for name, text, want in cases:
            with self.subTest(name):
                before = self.alpha.list()
                path = self.world.write("bad-form.txt", text)
                done = self.alpha.cli("send", "--form", path, "--to", "@electricity", want=None)
                self.assertIn(done.code, want, str(done))
                self.assertTrue(done.err.strip())
                self.assertEqual(self.alpha.list(), before)

    def test_inbox(self):
        """Files left in the inbox: refused ones change nothing, and the node goes on."""
        inbox = self.alpha.dir / "inbox"
        inbox.mkdir(exist_ok=True)
        before = self.alpha.list(), self.alpha.cli("community", "show", "electricity", "--json").out
        card = self.hub.card().read_bytes()
        files = {name: data for name, data in spoil(card, "inbox") if not name.startswith("bit")}
        files |= {"record": random.Random(1).randbytes(200), "big": bytes(3 << 20)}
        for number, data in enumerate(files.values()):
            part = self.world.write(f"inbox.{number}", data)
            os.chmod(part, 0o600)
            os.rename(part, inbox / f"{number:04d}.part")
            os.rename(inbox / f"{number:04d}.part", inbox / f"{number:04d}")
        self.alpha.cli("status")
        report = self.bravo.send("--tlp", "GREEN", "--to", "@electricity", *SEND)
        self.alpha.wait_report(report)
        self.assertEqual(self.alpha.list()[: len(before[0])], before[0])
        self.assertEqual(self.alpha.cli("community", "show", "electricity", "--json").out, before[1])
        self.alpha.restart()

    def test_inbox_no_plain_file(self):
        """A link, be it to a whole card, a folder and a pipe are set aside unopened and said; what a link leads to stays as it was."""
        inbox = self.alpha.dir / "inbox"
        card = self.world.write("whole.card", self.hub.card().read_bytes())
        (inbox / "link.card").symlink_to(card)
        (inbox / "nowhere.card").symlink_to(self.world.path / "nothing")
        (inbox / "folder.card").mkdir()
        (inbox / "folder.card" / "kept").write_text("kept")
        os.mkfifo(inbox / "pipe.card")
        names = {"link.card", "nowhere.card", "folder.card", "pipe.card"}
        wait_until(lambda: names <= {path.name for path in (inbox / "refused").iterdir()}, "all are set aside")
        self.assertEqual({path.name for path in inbox.iterdir() if path.name[0] != "."}, {"refused"})
        self.assertTrue((inbox / "refused" / "link.card").is_symlink())
        self.assertEqual((inbox / "refused" / "folder.card" / "kept").read_text(), "kept")
        self.assertTrue(os.path.isfile(card))
        for name in names:
            self.assertEqual(self.alpha.log_text().count(f"inbox: refused {name}: it is no plain file"), 1, name)

    def test_older_roster(self):
        alpha = self.alpha
        old = self.world.write("old.invite", invite(self.hub, "electricity").read_bytes())
        late = self.world.node("late").init()
        enrol(self.hub, late, "electricity")
        newer = self.hub.cli("community", "show", "electricity", "--json").object()["version"]
        wait_until(lambda: alpha.cli("community", "show", "electricity", "--json").object()["version"] == newer, "the new roster")
        fingerprint = self.hub.cli("community", "fingerprint", "electricity").out.strip()
        self.refused("join", old, "--fingerprint", fingerprint, want=3, rule="roster-old")
        self.assertEqual(alpha.cli("community", "show", "electricity", "--json").object()["version"], newer)

    def test_card_of_a_removed_member(self):
        gone = self.world.node("gone").init()
        enrol(self.hub, gone, "electricity")
        self.hub.cli("community", "remove", "electricity", "gone")
        version = self.hub.cli("community", "show", "electricity", "--json").out
        error = self.hub.cli("community", "add", "electricity", gone.card(), "--fingerprint", gone.fingerprint(), "--json", want=3).error()
        self.assertEqual(error["rule"], "revoked")
        self.assertEqual(self.hub.cli("community", "show", "electricity", "--json").out, version)
        self.hub.cli("community", "remove", "electricity", "nobody", want=4)
        self.refused("send", "--tlp", "AMBER", "--to", "gone", *SEND, want=4)

    def test_control_socket(self):
        """What is not a command: an error or a closed connection, never a fall."""

        for data in (b"", b"\n", b"{}\n", b"[]\n", b"nonsense\n", b'{"command": 1}\n', b'{"command": "explode"}\n', b"\xff" * 100 + b"\n",
                     b"[" * 100000 + b"\n", b"x" * (2 << 20), b'{"command":"send","label":7,"to":{},"body":[]}\n',
                     b'{"command":"show","id":"' + b"a" * 5000 + b'"}\n', b'{"command":"list","limit":-1}\n',
                     b'{"command":"list","limit":1e999}\n', b'{"command":"red-submit","header":"!!!","body":"","grant":"","slot_table":""}\n'):
            with self.subTest(data=data[:40]), socket.socket(socket.AF_UNIX) as line:
                line.settimeout(10)
                line.connect(str(self.alpha.dir / "control.sock"))
                try:
                    line.sendall(data)
                    line.shutdown(socket.SHUT_WR)
                    answer = b""
                    while part := line.recv(65536):
                        answer += part
                except (BrokenPipeError, ConnectionResetError):
                    answer = b""
                self.assertNotIn(b'"end": true', answer)
        self.alpha.cli("status")


if __name__ == "__main__":
    main()
