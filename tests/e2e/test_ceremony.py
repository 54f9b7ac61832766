"""Rosters signed by k of n keys that live on machines without network and without a node; and every file of it spoilt."""

import json
import random
import resource
import subprocess

from harness import SANITIZER_WORDS, E2E, Result, bin_dir, build_mesh, environment, join, main, wait_until

SEND = ("--kind", "situation", "--body", "b", "--subject")


class Ceremony(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"])
        cls.offline = world.path / "offline"
        cls.offline.mkdir()
        cls.names = ("chair", "vice", "clerk", "stranger")
        cls.keys = {name: cls.tool("community", "key", cls.path(f"{name}.key"), "--no-passphrase", "--json").object()["key"]
                    for name in cls.names}

    @classmethod
    def path(cls, name):
        return cls.offline / name

    @classmethod
    def tool(cls, *args, want=0, lang="en", file_limit=None):
        """noroshi on a machine that has no node: no folder, no control socket. file_limit: bytes, past which no file grows."""
        argv = [str(bin_dir() / "noroshi"), "--dir", str(cls.offline / "no-node"), "--lang", lang, *map(str, args)]
        done = subprocess.run(argv, capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL, cwd=cls.world.cores,
                              preexec_fn=file_limit and (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))),
                              env=environment({"HOME": str(cls.world.home)}))
        result = Result(argv, done.returncode, done.stdout, done.stderr)
        if SANITIZER_WORDS.search(result.err) or (want is not None and result.code not in (want if isinstance(want, tuple) else (want,))):
            raise AssertionError(f"exit {want} expected: {result}")
        return result

    def version(self, node):
        return node.cli("community", "show", "electricity", "--json").object()["version"]

    def wait_version(self, version, *nodes):
        for node in nodes:
            wait_until(lambda n=node: self.version(n) == version, f"{node.org} holds version {version}")
            wait_until(lambda n=node: n.status()["communities"][0]["roster_version"] == version, f"{node.org} runs by it")

    def test_0_founded_by_two_of_three(self):
        """A community whose roster keys never were on its node: founded by a draft, which two of three sign elsewhere."""
        node, member = self.world.node("gas-ceptoar", listen=True).init(), self.world.node("gas-one").init()
        node.start()
        draft, three = self.path("gas.draft"), [part for name in ("chair", "vice", "clerk") for part in ("--add-key", self.keys[name])]
        create = ("community", "create", "gas", "--name", "ガスCEPTOAR")
        for wrong in ((*three, "--threshold", "2"), ("--draft", draft), ("--threshold", "2"), (*three, "--threshold", "4", "--draft", draft),
                      (*three, "--threshold", "0", "--draft", draft), ("--add-key", "zz", "--draft", draft)):
            node.cli(*create, *wrong, want=2)
        node.cli(*create, *three, *three[:2], "--draft", draft, want=8)
        for key in ("00" * 32, "01" + "00" * 31, "ab" * 32, "ff" * 32):  # under which no signature could hold
            refused = node.cli(*create, *three, "--add-key", key, "--draft", draft, "--json", want=8).error()
            self.assertEqual(refused["rule"], "malformed")
            self.assertIn(key, refused["message"])
            self.assertEqual(self.world.nodes["hub"].cli("community", "keys", "electricity", "--add-key", key, "--json", want=8).error()["rule"], "malformed")
        self.assertFalse(draft.exists())
        made = node.cli(*create, *three, "--threshold", "2", "--draft", draft, "--json").object()
        self.assertEqual((made["result"], made["version"], made["threshold"], made["complete"]), ("drafted", 1, 2, False))
        self.assertEqual(set(made["keys"]), {self.keys[name] for name in ("chair", "vice", "clerk")})
        self.assertFalse(list((node.dir / "rosters").glob("*")) if (node.dir / "rosters").exists() else [])
        node.cli("community", "show", "gas", want=4)
        for lang, words in (("en", ("Version 1: it founds the community", "+ gas-ceptoar", "signatures needed: 2 of 3", "Not complete yet")), ("ja", ("コミュニティを新しく作ります", "必要な署名：3 個のうち 2 個"))):
            shown = self.tool("community", "sign", draft, "--dry-run", lang=lang).out
            for word in (*words, made["fingerprint"]):
                self.assertIn(word, shown)
        node.cli("community", "apply", draft, want=5)
        self.tool("community", "sign", draft, "--key", self.path("stranger.key"), want=3)
        self.tool("community", "sign", draft, "--key", self.path("vice.key"))
        node.cli("community", "apply", draft, want=5)
        node.cli("community", "show", "gas", want=4)
        self.tool("community", "sign", draft, "--key", self.path("clerk.key"))
        member.cli("community", "apply", draft, want=3)  # it is no member
        member.cli("community", "show", "gas", want=4)
        node.cli("community", "apply", draft)
        node.cli("community", "apply", draft)
        node.cli(*create, *three, "--threshold", "2", "--draft", self.path("again.draft"), want=8)
        self.assertEqual(node.cli("community", "fingerprint", "gas").out.strip(), made["fingerprint"])
        wait_until(lambda: [one["id"] for one in node.status()["communities"]] == ["gas"], "the running node is in it")
        node.cli("community", "add", "gas", member.card(), "--fingerprint", member.fingerprint(), want=3)  # no key is here
        node.cli("community", "add", "gas", member.card(), "--fingerprint", member.fingerprint(), "--draft", draft)
        for name in ("chair", "clerk"):
            self.tool("community", "sign", draft, "--key", self.path(f"{name}.key"))
        node.cli("community", "apply", draft)
        join(node, member, "gas")
        member.start()
        member.wait_link("gas-ceptoar")
        report = member.send("--tlp", "GREEN", "--to", "@gas", *SEND, "初めての報告")
        node.wait_report(report)

    def test_0b_passphrase_before_the_command(self):
        """Where a command opens no key, the passphrase file that all commands take is that of the key that it makes."""
        secret, draft, node = self.world.write("locked.pass", "鍵の合い言葉です\n"), self.path("locked.draft"), self.world.node("locked")
        made = self.tool("--passphrase-file", secret, "community", "key", self.path("first.key"), "--json").object()["key"]
        self.tool("--passphrase-file", secret, "community", "key", self.path("open.key"), "--no-passphrase", want=2)
        node.cli("init", "--org", "locked", "--name", "locked", passphrase=secret)
        node.cli("community", "create", "locked", "--name", "鍵", want=5)
        node.cli("community", "create", "locked", "--name", "鍵", "--add-key", made, "--draft", draft)
        self.tool("community", "sign", draft, "--key", self.path("first.key"), want=5)
        for words in (("--passphrase-file", secret, "community", "sign"), ("community", "sign", "--passphrase-file", secret)):
            self.tool(*words, draft, "--key", self.path("first.key"))

    def test_1_two_of_three(self):
        """One key in the folder becomes two of three elsewhere; the folder's is dropped in a second step."""
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        first = self.version(hub)
        draft = self.path("keys.draft")
        adds = [part for name in ("chair", "vice", "clerk") for part in ("--add-key", self.keys[name])]
        few = hub.cli("community", "keys", "electricity", *adds, "--threshold", "2", "--json", want=3).error()  # the one key here is not enough
        self.assertEqual((few["rule"], few["message"]), ("not-here", "@electricity: this node holds 1 of the roster keys, and 2 must sign"))
        self.assertIn("--draft", few["hint"])
        self.assertEqual(self.version(hub), first)
        hub.cli("community", "keys", "electricity", *adds, "--threshold", "2", "--draft", draft)
        self.assertEqual(self.version(hub), first, "a draft changes nothing")
        shown = self.tool("community", "sign", draft, "--dry-run").out
        for word in (f"Version {first + 1}, after version {first}", f"+ roster key {self.keys['chair']}", "signatures needed: 1, now 2 of 4",
                     "Signatures: 1 of 1 needed; of the new keys: 1 of 2 needed", "Not complete yet",
                     hub.cli("community", "fingerprint", "electricity").out.strip()):
            self.assertIn(word, shown)
        self.assertIn("名簿鍵", self.tool("community", "sign", draft, "--dry-run", lang="ja").out)
        hub.cli("community", "apply", draft, want=5)
        before = draft.read_bytes()
        self.tool("community", "sign", draft, "--dry-run", "--key", self.path("chair.key"))
        self.assertEqual(draft.read_bytes(), before, "a dry run signs nothing")
        self.tool("community", "sign", draft, "--key", self.path("stranger.key"), want=3)
        self.assertEqual(draft.read_bytes(), before)
        done = self.tool("community", "sign", draft, "--key", self.path("chair.key"), "--json").object()
        self.assertTrue(done["complete"])
        self.assertIn(self.keys["chair"], done["signed_by"])
        hub.cli("community", "apply", draft, "--dry-run")
        self.assertEqual(self.version(hub), first)
        hub.cli("community", "apply", draft)
        self.wait_version(first + 1, hub, alpha, bravo)
        self.assertIn("in-force-already", hub.cli("community", "apply", draft, "--json").out)
        self.assertIn("名簿鍵は 1 個で、必要な署名は 2 個です", hub.cli("community", "renew", "electricity", lang="ja", want=3).err)

        # The folder's own key goes: from now on nothing in this folder can sign a roster.
        shown = json.loads(self.tool("community", "sign", draft, "--dry-run", "--json").out)
        (own,) = set(shown["keys"]) - set(self.keys.values())
        hub.cli("community", "keys", "electricity", "--drop-key", own, "--draft", draft)
        copies = [self.path("a.draft"), self.path("b.draft")]
        self.tool("community", "sign", draft, "--key", self.path("vice.key"), "--output", copies[0])
        self.tool("community", "sign", draft, "--key", self.path("clerk.key"), "--output", copies[1])
        self.tool("community", "combine", *copies, "--output", draft)
        hub.cli("community", "apply", draft)
        self.wait_version(first + 2, hub, alpha, bravo)
        hub.cli("community", "renew", "electricity", want=3)
        hub.cli("community", "renew", "electricity", "--draft", draft)
        self.tool("community", "sign", draft, "--key", self.path("vice.key"))
        self.tool("community", "sign", draft, "--key", self.path("chair.key"))
        hub.cli("community", "apply", draft)
        self.wait_version(first + 3, hub, alpha, bravo)

    def test_2_member_through_the_ceremony(self):
        """A member is added and another leaves by drafts; who joins verifies the chain of key changes."""
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        charlie = self.world.node("charlie").init()
        now = self.version(hub)
        draft = self.path("charlie.draft")
        hub.cli("community", "add", "electricity", charlie.card(), "--fingerprint", charlie.fingerprint(), "--draft", draft)
        shown = self.tool("community", "sign", draft, "--dry-run").out
        self.assertIn("+ charlie", shown)
        self.assertIn(charlie.fingerprint(), shown)
        for name in ("vice", "clerk"):
            self.tool("community", "sign", draft, "--key", self.path(f"{name}.key"))
        hub.cli("community", "apply", draft)
        self.wait_version(now + 1, hub, alpha, bravo)
        join(hub, charlie, "electricity")
        charlie.start().wait_link("hub")
        report = alpha.send("--tlp", "GREEN", "--to", "@electricity", *SEND, "to the newcomer")
        charlie.wait_report(report)
        for node in (alpha, charlie):  # each can verify its own roster offline, from the first on
            node.cli("community", "show", "electricity")
            node.cli("community", "invite", "electricity")
        hub.cli("community", "remove", "electricity", "charlie", "--left", "--draft", draft)
        self.assertIn("- charlie", self.tool("community", "sign", draft, "--dry-run").out)
        self.assertEqual(json.loads(self.tool("community", "sign", draft, "--dry-run", "--json").out)["changes"][0]["cause"], "left")
        for name in ("chair", "clerk"):
            self.tool("community", "sign", draft, "--key", self.path(f"{name}.key"))
        hub.cli("community", "apply", draft)
        self.wait_version(now + 2, hub, alpha, bravo)
        wait_until(lambda: charlie.link("hub") != "up", "it left: the link drops")

    def refused(self, node, draft, *, want):
        """Exit 3 or 5 with a reason; nothing changed; the attempt is in the audit log of the node, and the draft itself never reaches it."""
        version, attempts = self.version(node), len(self.refusals(node, "roster"))
        done = node.cli("community", "apply", draft, "--json", want=None)
        self.assertIn(done.code, want, str(done))
        self.assertTrue(done.error()["message"])
        self.assertEqual(done.out, "")
        self.assertEqual(self.version(node), version)
        wait_until(lambda: len(self.refusals(node, "roster")) == attempts + 1, "the attempt is in the audit log")
        self.assertEqual(self.refusals(node, "roster")[-1]["rule"], done.error()["rule"])
        self.assertNotIn("inbox: apply-", node.log_text())
        self.assertEqual(self.version(node), version)
        return done

    def test_3_spoilt_files(self):
        hub = self.world.nodes["hub"]
        now = self.version(hub)
        draft, spoilt = self.path("renewed.draft"), self.path("spoilt.draft")
        hub.cli("community", "renew", "electricity", "--draft", draft)
        self.refused(hub, draft, want=(5,))  # no signature
        self.tool("community", "sign", draft, "--key", self.path("chair.key"))
        self.refused(hub, draft, want=(5,))  # too few
        one = draft.read_bytes()
        self.tool("community", "sign", draft, "--key", self.path("vice.key"))
        good = draft.read_bytes()
        dice = random.Random(5)
        bad = {f"cut at {at}": good[:at] for at in (0, 40, len(good) // 2, len(good) - 2)}
        for number in range(4):
            flipped = bytearray(good)
            at = dice.randrange(len(good))
            flipped[at] ^= 1 << dice.randrange(7)
            bad[f"bit in byte {at}, {number}"] = bytes(flipped)
        for name, data in bad.items():
            with self.subTest(name):
                spoilt.write_bytes(data)
                for argv in (("sign", spoilt, "--dry-run"), ("sign", spoilt, "--key", self.path("chair.key")),
                             ("combine", draft, spoilt, "--output", self.path("never"))):
                    done = self.tool("community", *argv, want=(3, 5))
                    self.assertTrue(done.err.strip())
                    self.assertEqual(spoilt.read_bytes(), data)
                    self.assertFalse(self.path("never").exists())
                self.refused(hub, spoilt, want=(3, 5))
        spoilt.write_bytes(one)
        self.assertEqual(self.version(hub), now)

        # Another community's: of the same name, by another node.
        other = self.world.node("other").init()
        other.cli("community", "create", "electricity", "--name", "別の電力")
        foreign = self.path("foreign.draft")
        other.cli("community", "renew", "electricity", "--draft", foreign)
        self.refused(hub, foreign, want=(5,))
        self.tool("community", "combine", draft, foreign, "--output", self.path("never"), want=5)
        other.cli("community", "create", "gas", "--name", "ガス")
        other.cli("community", "renew", "gas", "--draft", foreign)
        self.refused(hub, foreign, want=(3,))

        # Out of order: a version that is long past. (A second of one version: test_rival.py.)
        hub.cli("community", "apply", draft)
        self.refused(hub, self.path("charlie.draft"), want=(3,))
        self.assertEqual(self.version(hub), now + 1)
        self.assertFalse(hub.status()["communities"][0]["forked"], "nothing changed, and nothing is frozen")

        # A key that was dropped signs no more, and a draft with its signature is refused.
        hub.cli("community", "keys", "electricity", "--drop-key", self.keys["clerk"], "--draft", draft)
        for name in ("chair", "vice"):
            self.tool("community", "sign", draft, "--key", self.path(f"{name}.key"))
        hub.cli("community", "apply", draft)
        hub.cli("community", "renew", "electricity", "--draft", draft)
        self.tool("community", "sign", draft, "--key", self.path("clerk.key"), want=3)
        self.tool("community", "sign", draft, "--key", self.path("chair.key"))
        self.refused(hub, draft, want=(5,))

    def test_7_a_version_between_is_missing(self):
        """A whole draft of two versions on: refused, and never in force at the node behind the back of who was told so."""
        hub, bravo, now = self.world.nodes["hub"], self.world.nodes["bravo"], self.version(self.world.nodes["hub"])
        drafts = [self.path("next.draft"), self.path("after.draft")]
        self.wait_version(now, bravo)
        bravo.stop()
        for draft in drafts:
            hub.cli("community", "renew", "electricity", "--draft", draft)
            for name in ("chair", "vice"):
                self.tool("community", "sign", draft, "--key", self.path(f"{name}.key"), "--replace")
            hub.cli("community", "apply", draft)
        self.wait_version(now + 2, hub)
        hub.stop()
        bravo.start()
        attempts = self.refusals(bravo, "roster")
        dry = bravo.cli("community", "apply", drafts[1], "--dry-run", "--json", want=3)
        self.assertEqual(dry.error()["rule"], "roster-gap")
        self.assertEqual(self.refusals(bravo, "roster"), attempts, "a dry run is no attempt")
        self.assertEqual(self.refused(bravo, drafts[1], want=(3,)).error()["rule"], "roster-gap")
        self.assertEqual(bravo.status()["communities"][0]["roster_version"], now)
        for draft in drafts:
            bravo.cli("community", "apply", draft)
        self.wait_version(now + 2, bravo)
        hub.start()

    def logged(self, folder=None):
        """What the ceremonies on the machine without a node left beside the keys; or what was tried at a node that did not run."""
        path = (folder or self.path("x").parent) / "ceremony.log"
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        return [json.loads(line) for line in path.read_text("ascii").splitlines()]

    def test_5_what_an_offline_machine_remembers(self):
        hub, draft = self.world.nodes["hub"], self.path("log.draft")
        hub.cli("community", "renew", "electricity", "--draft", draft)
        good = draft.read_bytes()
        before = self.logged()
        self.tool("community", "sign", draft, "--dry-run", "--key", self.path("chair.key"), want=5)
        self.tool("community", "sign", draft, "--dry-run", "--key", self.path("chair.key"), "--replace")
        self.tool("community", "sign", draft, want=2)
        self.assertEqual(self.logged(), before, "a dry run and wrong usage are no attempts")
        shown = self.tool("community", "sign", draft, "--key", self.path("chair.key"), "--replace", "--json").object()  # in the place of one given up above
        self.tool("community", "sign", draft, "--key", self.path("stranger.key"), want=3)
        spoilt = self.path("行\n.draft")
        spoilt.write_bytes(good[:len(good) // 2])
        self.tool("community", "sign", spoilt, "--key", self.path("chair.key"), want=5)
        self.tool("community", "combine", draft, spoilt, "--output", self.path("never"), want=5)
        signed, stranger, cut, combined = self.logged()[len(before):]
        self.assertEqual((signed["what"], signed["rule"], signed["id"], signed["version"], signed["hash"], signed["key"], signed["file"]),
                         ("sign", None, "electricity", shown["version"], shown["hash"], self.keys["chair"], "log.draft"))
        self.assertEqual((stranger["rule"], stranger["key"], stranger["hash"]), ("not-member", self.keys["stranger"], shown["hash"]))
        self.assertEqual((cut["what"], cut["rule"], cut["file"]), ("sign", "damaged", "行\n.draft"))
        self.assertNotIn("hash", cut)
        self.assertEqual((combined["what"], combined["rule"]), ("combine", "damaged"))
        for entry in (signed, stranger, cut, combined):
            self.assertTrue(entry["at"] and entry["user"])
        # No signature leaves without its line.
        draft.write_bytes(good)
        for bad in (self.path("no-folder") / "log", self.path("chair.key").parent):
            self.tool("community", "sign", draft, "--key", self.path("vice.key"), "--log", bad, want=1)
            self.assertEqual(draft.read_bytes(), good)
        log = self.path("ceremony.log")
        whole = log.read_bytes()  # the disk fills up within a line: nothing of it stays
        self.tool("community", "sign", draft, "--key", self.path("vice.key"), want=1, file_limit=len(whole) + 20)
        self.assertEqual((log.read_bytes(), draft.read_bytes()), (whole, good))
        other = self.path("elsewhere.log")
        self.tool("community", "sign", draft, "--key", self.path("vice.key"), "--log", other)
        self.assertEqual(json.loads(other.read_text())["key"], self.keys["vice"])

    def test_5b_two_drafts_of_one_version(self):
        """A key signs one draft of a version, whichever log says so, until a person gives the first one up; another key may sign the other."""
        log = self.path("twice.log")
        drafts = [self.path("one.draft"), self.path("two.draft")]
        twice = self.world.node("twice").init()
        twice.cli("community", "create", "twice", "--name", "二度", "--add-key", self.tool("community", "key", self.path("second.key"), "--no-passphrase", "--json").object()["key"],
                  "--add-key", self.keys["chair"], "--draft", self.path("founding.draft"))
        self.tool("community", "sign", self.path("founding.draft"), "--key", self.path("second.key"))
        twice.cli("community", "apply", self.path("founding.draft"))
        for days, draft in zip((100, 200), drafts):
            twice.cli("community", "renew", "twice", "--expires", f"{days}d", "--draft", draft)
        again = self.path("again.draft")
        again.write_bytes(drafts[0].read_bytes())
        first = self.tool("community", "sign", drafts[0], "--key", self.path("second.key"), "--log", log, "--json").object()
        good, lines = drafts[1].read_bytes(), len(log.read_text().splitlines())
        for words in (("--log", log), ("--log", log, "--dry-run")):
            refused = self.tool("community", "sign", drafts[1], "--key", self.path("second.key"), *words, "--json", want=5).error()
            self.assertEqual(refused["rule"], "forked")
            self.assertIn(first["hash"], refused["message"])
            self.assertIn("--replace", refused["hint"])
        self.assertIn("第 2 版の別の案", self.tool("community", "sign", drafts[1], "--key", self.path("second.key"), "--log", log, lang="ja", want=5).err)
        self.assertEqual(drafts[1].read_bytes(), good)
        refusals = [json.loads(line) for line in log.read_text().splitlines()[lines:]]
        self.assertEqual([(line["rule"], line["version"]) for line in refusals], [("forked", 2)] * 2)
        self.tool("community", "sign", drafts[0], "--key", self.path("second.key"), "--log", log)  # the same once more is no other
        self.tool("community", "sign", drafts[1], "--key", self.path("chair.key"), "--log", log, "--output", self.path("chair.draft"))
        self.tool("community", "sign", drafts[1], "--key", self.path("second.key"), "--log", log, "--replace")
        self.assertEqual(json.loads(log.read_text().splitlines()[-1])["rule"], None)
        self.tool("community", "sign", again, "--key", self.path("second.key"), "--log", log, want=5)
        self.tool("community", "sign", drafts[0], "--key", self.path("second.key"), "--log", log)  # it bears that signature already
        # What stands beside the key counts as well where the log is elsewhere.
        self.tool("community", "sign", again, "--key", self.path("second.key"), want=5)
        drafts[1].write_bytes(good)
        self.tool("community", "sign", drafts[1], "--key", self.path("second.key"), "--log", self.path("new.log"), want=5)

    def of_a_lone_key(self, name):
        """A community under one key in a folder of its own: (that folder, four drafts of its second version)."""
        folder, founding = self.path(name), self.path(f"{name}.draft")
        folder.mkdir()
        made, node = self.tool("community", "key", folder / "lone.key", "--no-passphrase", "--json").object()["key"], self.world.node(name).init()
        node.cli("community", "create", name, "--name", name, "--add-key", made, "--draft", founding)
        self.tool("community", "sign", founding, "--key", folder / "lone.key")
        node.cli("community", "apply", founding)
        drafts = [self.path(f"{name}{number}.draft") for number in range(4)]
        for number, draft in enumerate(drafts):
            node.cli("community", "renew", name, "--expires", f"{100 + number}d", "--draft", draft)
        return folder, drafts

    def test_5c_a_log_elsewhere(self):
        """Which log is named does not matter: what a key signed stands beside it as well, and what took the place of another says so."""
        folder, drafts = self.of_a_lone_key("lone")
        sign, logs = ("--key", folder / "lone.key", "--json"), [self.path(f"lone{number}.log") for number in range(3)]
        first = self.tool("community", "sign", drafts[0], *sign, "--log", logs[0]).object()
        for words in (("--log", logs[1]), ()):
            self.assertIn(first["hash"], self.tool("community", "sign", drafts[1], *sign, *words, want=5).error()["message"])
        self.tool("community", "sign", drafts[1], *sign, "--log", logs[1], "--replace")
        for log in (folder / "ceremony.log", logs[1]):
            line = json.loads(log.read_text().splitlines()[-1])
            self.assertEqual((line["what"], line["rule"], line["replaces"]), ("sign", None, first["hash"]))
        self.assertNotIn("replaces", json.loads(logs[0].read_text().splitlines()[-1]))
        lines = len((folder / "ceremony.log").read_text().splitlines())
        self.tool("community", "sign", drafts[2], *sign, "--log", folder / "." / "ceremony.log", "--replace")
        self.assertEqual(len((folder / "ceremony.log").read_text().splitlines()), lines + 1, "one log, one line")

    def test_5d_nothing_beside_the_key(self):
        """Where nothing can be written beside the key a log is named, which counts: of that the person is told."""
        folder, drafts = self.of_a_lone_key("stick")
        log, key, good = self.path("stick.log"), folder / "lone.key", drafts[0].read_bytes()
        (folder / "ceremony.log").write_bytes(b"\n" * (16 << 20))
        self.tool("community", "sign", drafts[0], "--key", key, want=1)
        self.assertEqual(drafts[0].read_bytes(), good)
        for lang, words in (("en", f"stands in {log} alone, and not beside the key"), ("ja", "鍵と同じ場所には残りません")):
            self.assertIn(words, self.tool("community", "sign", drafts[0], "--key", key, "--log", log, lang=lang).err)
        self.tool("community", "sign", drafts[1], "--key", key, "--log", log, want=5)

    def test_5e_at_once(self):
        """Of drafts of one version that a key is to sign at the same time it signs one."""
        folder, drafts = self.of_a_lone_key("rush")
        argv = [str(bin_dir() / "noroshi"), "--dir", str(self.offline / "no-node"), "community", "sign", "--key", str(folder / "lone.key")]
        for _ in range(6):
            (folder / "ceremony.log").unlink()
            running = [subprocess.Popen([*argv, "--output", f"{draft}.signed", str(draft)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                        env=environment({"HOME": str(self.world.home)})) for draft in drafts]
            self.assertEqual(sorted(one.wait(60) for one in running), [0, 5, 5, 5])

    def test_5f_a_draft_that_cannot_be_written(self):
        """No line says that it was signed: another may be."""
        folder, drafts = self.of_a_lone_key("nowhere")
        before = (folder / "ceremony.log").read_bytes()
        self.tool("community", "sign", drafts[0], "--key", folder / "lone.key", "--output", self.path("no-folder") / "x", want=8)
        self.assertEqual((folder / "ceremony.log").read_bytes(), before)
        self.tool("community", "sign", drafts[1], "--key", folder / "lone.key")

    def test_8_at_a_node_that_does_not_run(self):
        """What is refused there is written into its folder, with who and why: no audit log can have it."""
        hub, draft = self.world.nodes["hub"], self.path("unsigned.draft")
        hub.cli("community", "renew", "electricity", "--draft", draft)
        hub.stop()
        try:
            hub.cli("community", "apply", draft, "--dry-run", want=None)
            hub.cli("community", "apply", self.path("nowhere"), want=8)
            self.assertFalse((hub.dir / "ceremony.log").exists(), "a dry run and wrong usage are no attempts")
            for lang in ("en", "ja"):
                hub.cli("community", "apply", draft, want=5, lang=lang)
            hub.cli("community", "add", "electricity", hub.card(), "--fingerprint", "0" * 40, want=5)
            unsigned, again, card = self.logged(hub.dir)
            self.assertEqual((unsigned["what"], unsigned["rule"], unsigned["file"]), ("apply", again["rule"], "unsigned.draft"))
            self.assertEqual((card["what"], card["rule"], card["file"]), ("add", "fingerprint", "hub.card"))
            self.assertTrue(all(entry["at"] and entry["user"] for entry in (unsigned, again, card)))
        finally:
            hub.start()
        before = self.logged(hub.dir)
        hub.cli("community", "apply", draft, want=5)  # the audit log has it
        self.assertEqual(self.logged(hub.dir), before)
        elsewhere = self.world.node("no-folder")
        elsewhere.cli("join", draft, "--fingerprint", "0" * 40, want=None)
        self.assertFalse(elsewhere.dir.exists())

    def test_6_every_other_file(self):
        """Cards, invites, revocations, successions: cut, flipped, swapped: refused with the reason, nothing changed, and in the audit log of the
        node, whose program found it out before the node was asked; the folder of one that does not run stays as it is."""
        dice = random.Random(6)
        home = self.world.node("home", listen=True).init()
        home.cli("community", "create", "water", "--name", "水道")
        other = self.world.node("elsewhere").init()
        other.cli("community", "create", "water", "--name", "別の水道")
        guest = self.world.node("guest").init()
        card, invited = guest.card().read_bytes(), self.path("guest.paper")
        home.cli("community", "add", "water", guest.card(), "--fingerprint", guest.fingerprint())
        fingerprint = home.cli("community", "fingerprint", "water").out.strip()
        invite, foreign = home.cli("community", "invite", "water").raw_out, other.cli("community", "invite", "water").raw_out
        invited.write_bytes(guest.cli("key", "paper").raw_out)
        guest.cli("key", "revoke", invited, "-o", self.path("guest.revocation"))
        guest.cli("key", "rotate", "-o", self.path("guest.succession"))
        spoilt = self.path("spoilt")

        def bad(data):
            for at in (0, 25, len(data) // 2, len(data) - 3):
                yield data[:at]
            for _ in range(4):
                flipped = bytearray(data)
                flipped[dice.randrange(27, len(data) - 27)] ^= 1 << dice.randrange(7)
                yield bytes(flipped)

        cases = [(home, "card", ("community", "add", "water", spoilt, "--fingerprint", guest.fingerprint()), card),
                 (guest, "join", ("join", spoilt, "--fingerprint", fingerprint), invite),
                 (home, "key", ("key", "revoke", spoilt, "--submit"), self.path("guest.revocation").read_bytes()),
                 (home, "roster", ("community", "succeed", "water", spoilt), self.path("guest.succession").read_bytes())]
        home.start()
        for node, kind, argv, good in cases:
            if not node.alive:
                def files():
                    return sorted((path, path.read_bytes()) for path in node.dir.rglob("*") if path.is_file() and path.name != "ceremony.log")
                before = files()
                spoilt.write_bytes(good[:-9])
                node.cli(*argv, want=5)
                self.assertEqual(files(), before)
                self.assertEqual(self.logged(node.dir)[-1]["rule"], "damaged")
                node.start()
            held = sorted(path.read_bytes() for path in (node.dir / "communities").glob("*"))
            attempts = 0
            for data in bad(good):
                spoilt.write_bytes(data)
                for lang in ("en", "ja"):
                    with self.subTest(kind=kind, lang=lang, size=len(data)):
                        done = node.cli(*argv, lang=lang, want=5)
                        self.assertTrue(done.err.strip() and not done.out)
                        attempts += 1
            self.assertEqual(sorted(path.read_bytes() for path in (node.dir / "communities").glob("*")), held)
            wait_until(lambda: len(self.refusals(node, kind)) == attempts, f"{attempts} attempts in the audit log of {node.org}")
            self.assertLessEqual({row["rule"] for row in self.refusals(node, kind)}, {"damaged", "forged"})
        spoilt.write_bytes(foreign)
        guest.cli("join", spoilt, "--fingerprint", fingerprint, want=5)
        spoilt.write_bytes(invite)
        guest.cli("join", spoilt, "--fingerprint", other.cli("community", "fingerprint", "water").out.strip(), want=5)
        self.assertEqual([row["rule"] for row in self.refusals(guest, "join")][-2:], ["fingerprint", "fingerprint"])
        self.assertEqual(guest.status()["communities"], [])
        spoilt.write_bytes(card)
        home.cli("community", "add", "water", spoilt, "--fingerprint", other.fingerprint(), want=5)
        self.assertEqual(self.refusals(home, "card")[-1]["rule"], "fingerprint")
        listed = home.cli("audit", "list", lang="ja").out
        self.assertIn("コマンドラインが拒否", listed)
        self.assertIn("プレ鍵の公開", listed)
        self.assertNotIn("by the command line", listed)
        guest.cli("join", spoilt, "--fingerprint", fingerprint, want=8)  # a whole card, in an invite's place

    def refusals(self, node, kind):
        return [row for row in node.cli("audit", "list", "--kind", kind, "--json").rows() if row["rule"]]

    def test_4_key_files(self):
        key = self.path("chair.key")
        self.tool("community", "key", key, "--no-passphrase", want=8)  # never written over
        good = key.read_bytes()
        draft = self.path("any.draft")
        self.world.nodes["hub"].cli("community", "renew", "electricity", "--draft", draft)
        before = draft.read_bytes()
        bad = self.path("bad.key")
        for data in (b"", good[:50], good[:-3], good.replace(b"KEY", b"CARD"), good[:120] + bytes([good[120] ^ 1]) + good[121:]):
            bad.write_bytes(data)
            done = self.tool("community", "sign", draft, "--key", bad, want=5)
            self.assertTrue(done.err.strip())
            self.assertEqual(draft.read_bytes(), before)
        locked, right, wrong = self.path("locked.key"), self.path("right"), self.path("wrong")
        right.write_text("合言葉 one two\n")
        wrong.write_text("another\n")
        self.tool("community", "key", locked, "--passphrase-file", right)
        self.tool("community", "sign", draft, "--key", locked, want=5)
        self.tool("--passphrase-file", wrong, "community", "sign", draft, "--key", locked, want=5)
        self.tool("--passphrase-file", right, "community", "sign", draft, "--key", locked, want=3)  # opens, and is no roster key
        self.assertEqual(draft.read_bytes(), before)
        self.tool("community", "sign", draft, want=2)
        self.tool("community", "combine", draft, draft, want=2)


if __name__ == "__main__":
    main()
