"""Commands that write several files: killed before each step, or out of room at each of them. What they leave is whole, or the same
command completes it."""

import json
import os
import shutil
import subprocess

from harness import E2E, TIME_SCALE, bin_dir, environment, main, wait_until
from test_disk_full import MNT_DETACH, libc, mount_tmpfs, private_mounts

STEPS = ("fsync", "rename")
STEP_COUNT_MAX = 12
PAGE = 4096


def tree(folder):
    """name → bytes of every file that counts: what a writer that was killed left beside is nobody's, and the log says what was tried."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(".") and path.name not in ("filler", "ceremony.log")}


class Whole(E2E):
    """Each case: how the folder is made ready, the command, and what holds when it is complete."""

    @classmethod
    def build(cls, world):
        cls.passphrase = world.write("passphrase", "a passphrase of several words\n")
        cls.other = world.write("other", "another passphrase of several words\n")
        cls.desk = world.node("desk", listen=True).init()
        cls.member = world.node("member").init()
        cls.card, cls.fingerprint = cls.member.card(), cls.member.fingerprint()
        cls.desk.cli("community", "create", "electricity", "--name", "電力")
        cls.desk.cli("person", "add", "ito", "--name", "伊藤", "--no-passphrase")
        cls.locked = world.node("locked").init("--passphrase-file", str(cls.passphrase))
        cls.locked.cli("community", "create", "electricity", "--name", "電力", passphrase=cls.passphrase)
        # A member's folder, and an invite for it.
        cls.desk.cli("community", "add", "electricity", cls.card, "--fingerprint", cls.fingerprint)
        cls.invite = world.write("electricity.invite", cls.desk.cli("community", "invite", "electricity").raw_out)
        cls.community = cls.desk.cli("community", "fingerprint", "electricity").out.strip()
        cls.backup = world.path / "desk.backup"
        cls.desk.cli("backup", "-o", cls.backup, "--backup-passphrase-file", cls.passphrase)
        cls.key = world.path / "second.key"
        made = cls.desk.cli("community", "key", cls.key, "--no-passphrase", "--json").object()
        cls.keys = ("--add-key", made["key"])
        cls.draft = world.path / "rule.draft"
        cls.desk.cli("community", "rule", "electricity", "--withheld", "no", "--draft", cls.draft)

    # ---- the cases ----

    def cases(self):
        """(name, folder it begins with or None, arguments, what must hold when it is done)"""
        add = ("community", "add", "electricity", self.card, "--fingerprint", self.fingerprint, "--role", "hub")
        return (
            ("init", None, ("init", "--org", "fresh", "--name", "新規", "--no-passphrase"), self.is_node),
            ("person add", self.desk, ("person", "add", "sato", "--name", "佐藤", "--no-passphrase"), self.has_person),
            ("person remove", self.desk, ("person", "remove", "ito"), self.has_not_ito),
            ("key rotate", self.desk, ("key", "rotate"), self.is_rotated),
            ("community create", self.desk, ("community", "create", "gas", "--name", "ガス"), self.has_gas),
            ("community add", self.desk, add, self.member_is_hub),
            ("key passphrase", self.member, ("key", "passphrase", "--new-passphrase-file", self.other), self.opens_with_the_other),
            ("community apply", self.desk, ("community", "apply", self.draft), self.withholds_nothing),
            ("community remove", self.desk, ("community", "remove", "electricity", "member"), self.member_is_gone),
            ("community keys", self.desk, ("community", "keys", "electricity", *self.keys), self.has_two_keys),
            ("join", self.member, ("join", self.invite, "--fingerprint", self.community), self.is_member),
            ("restore", None, ("restore", self.backup, "--backup-passphrase-file", self.passphrase), self.is_restored),
        )

    def is_node(self, node):
        self.assertEqual(node.cli("card", "--json").object()["org"], "fresh")

    def persons(self, node):
        return [person["id"] for person in node.cli("card", "--json").object()["persons"]]

    def has_person(self, node):
        self.assertEqual(self.persons(node), ["ito", "sato"])
        node.cli("key", "passphrase", "--person", "sato", "--no-passphrase")

    def has_not_ito(self, node):
        self.assertEqual(self.persons(node), [])
        self.assertFalse((node.dir / "persons" / "ito.key").exists())

    def is_rotated(self, node):
        self.assertTrue((node.dir / "identity.next.key").exists())
        self.assertTrue((node.dir / "inbox" / "desk.succession").exists())

    def shown(self, node, slug="electricity"):
        node.cli("community", "fingerprint", slug)
        return {row["org"]: row["role"] for row in node.cli("community", "show", slug, "--json").object()["members"]}

    def has_gas(self, node):
        self.assertEqual(self.shown(node, "gas"), {"desk": "hub"})
        node.cli("community", "rule", "gas", "--withheld", "no")  # its roster key signs

    def member_is_hub(self, node):
        self.assertEqual(self.shown(node), {"desk": "hub", "member": "hub"})

    def opens_with_the_other(self, node):
        self.assertTrue(json.loads((node.dir / "node.json").read_text("utf-8"))["passphrase"])
        node.cli("community", "create", "gas", "--name", "ガス", passphrase=self.other)

    def withholds_nothing(self, node):
        row = node.cli("community", "show", "electricity", "--json").object()
        self.assertEqual((row["version"], row["rules"]["withheld"]), (3, False))

    def member_is_gone(self, node):
        self.assertEqual(self.shown(node), {"desk": "hub"})

    def has_two_keys(self, node):
        self.assertEqual(len(self.shown(node)), 2)
        self.assertTrue((node.dir / "communities" / "electricity.chain").exists())
        node.cli("community", "rule", "electricity", "--withheld", "no")

    def is_member(self, node):
        self.assertEqual(self.shown(node), {"desk": "hub", "member": "operator"})

    def is_restored(self, node):
        self.assertEqual(self.persons(node), [], "until they unlock")
        self.assertTrue((node.dir / "persons" / "ito.key").exists())
        self.assertEqual(len(self.shown(node)), 2)

    # ---- how they are run ----

    def begin(self, base, folder):
        """A copy of the folder to begin with, or none."""
        shutil.rmtree(folder, ignore_errors=True)
        if base is not None:
            shutil.copytree(base.dir, folder)
        return self.world.node(f"{folder.name}", folder=folder)

    def complete(self, node, arguments, holds):
        """Given again the command completes, or says that nothing is left to do; then what it is for holds."""
        again = node.cli(*arguments, "--json", want=None)
        if again.code != 0:
            said = again.error()
            self.assertIn((again.code, said["rule"]), ((8, "exists"), (4, "person-unknown"), (4, "org-unknown"), (5, "passphrase")), str(again))
        holds(node)

    def killed_at(self, node, step, number, arguments):
        """Whether the command was killed before that step."""
        argv = ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={step}", "-e", f"inject={step}:signal=SIGKILL:when={number}",
                str(bin_dir() / "noroshi"), "--dir", str(node.dir), *map(str, arguments)]
        done = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=60 * TIME_SCALE, check=False,
                              env=environment({"HOME": str(self.world.home), "ASAN_OPTIONS": "detect_leaks=0"}))
        if done.returncode not in (0, -9, 137):
            raise AssertionError(f"{argv}: {done.returncode} {done.stderr!r}")
        return done.returncode != 0

    def test_killed_at_each_step(self):
        if shutil.which("strace") is None:
            self.skipTest("strace is not installed")
        folder = self.world.path / "killed"
        for name, base, arguments, holds in self.cases():
            kills = 0
            for step in STEPS:
                for number in range(1, STEP_COUNT_MAX + 1):
                    with self.subTest(name, step=step, number=number):
                        node = self.begin(base, folder)
                        if not self.killed_at(node, step, number, arguments):
                            break
                        kills += 1
                        self.complete(node, arguments, holds)
            self.assertGreater(kills, 3, name)

    def test_killed_beside_a_running_node(self):
        """The node that runs ends up with what the folder has: a card, prekeys, a roster."""
        if shutil.which("strace") is None:
            self.skipTest("strace is not installed")
        folder = self.world.path / "running"
        node = self.begin(self.desk, folder).start()
        self.addCleanup(node.stop)

        def known(number):
            return number in [row["person"] for row in node.cli("person", "list", "--json").rows() if row["prekeys_until"]]

        for step in STEPS:
            for number in range(1, STEP_COUNT_MAX + 1):
                name = f"{step}{number}"
                killed = False
                with self.subTest("person add", step=step, number=number):
                    words = ("person", "add", name, "--name", "人", "--no-passphrase")
                    killed = self.killed_at(node, step, number, words)
                    again = node.cli(*words, "--json", want=None)
                    if again.code != 0:
                        self.assertEqual(again.error()["rule"], "exists")
                        self.assertIn("person unlock", again.error()["hint"])
                        node.cli("person", "unlock", name)
                    wait_until(lambda name=name: known(name), f"the node knows {name}", 10)
                with self.subTest("person rekey", step=step, number=number):
                    words = ("person", "rekey", name, "--no-passphrase")
                    killed = self.killed_at(node, step, number, words) or killed
                    node.cli(*words)
                    node.cli("person", "unlock", name)  # the key is the one on the card
                with self.subTest("person remove", step=step, number=number):
                    words = ("person", "remove", name)
                    killed = self.killed_at(node, step, number, words) or killed
                    self.assertIn(node.cli(*words, want=None).code, (0, 4))
                    wait_until(lambda name=name: not known(name), f"the node has removed {name}", 10)
                    self.assertFalse((folder / "persons" / f"{name}.key").exists())
                with self.subTest("community create", step=step, number=number):
                    words = ("community", "create", name, "--name", "町")
                    killed = self.killed_at(node, step, number, words) or killed
                    self.assertIn(node.cli(*words, want=None).code, (0, 8))
                    wait_until(lambda name=name: name in [row["id"] for row in node.status()["communities"]], f"the node has @{name}", 10)
                    self.assertTrue(node.cli("community", "rule", name, "--withheld", "no", "--json").object())
                if not killed:
                    break

    def fork(self):
        """A node whose community is forked, stopped: (its folder's node, the version that is there twice)."""
        node = self.begin(self.desk, self.world.path / "forked")
        key = node.dir / "rosters" / "electricity.key"
        drafts = [self.world.path / f"{name}.draft" for name in ("one", "other")]
        for days, draft in zip(("200d", "100d"), drafts):
            node.cli("community", "renew", "electricity", "--expires", days, "--draft", draft)
            node.cli("community", "sign", draft, "--key", key, want=None)
        node.start()
        node.cli("community", "apply", drafts[0])
        self.assertEqual(node.cli("community", "apply", drafts[1], "--prove-fork", "--json", want=5).error()["rule"], "forked")
        node.stop()
        return node, node.cli("community", "show", "electricity", "--json").object()["version"]

    def test_heal_killed_at_each_step(self):
        """`community heal` asks the node that runs. Given again it heals, or says that there is no fork any more; members get one roster."""
        if shutil.which("strace") is None:
            self.skipTest("strace is not installed")
        base, version = self.fork()
        kills = 0
        for step in STEPS:
            for number in range(1, STEP_COUNT_MAX + 1):
                node = self.begin(base, self.world.path / "healing").start()
                try:
                    with self.subTest(step=step, number=number):
                        self.assertTrue(node.status()["communities"][0]["forked"])
                        if not self.killed_at(node, step, number, ("community", "heal", "electricity")):
                            break
                        kills += 1
                        self.heals(node, version)
                finally:
                    node.stop()
        self.assertGreater(kills, 3)

    def heals(self, node, version):
        again = node.cli("community", "heal", "electricity", "--json", want=None)
        if again.code != 0:
            self.assertEqual((again.code, again.error()["rule"]), (4, "not-found"), str(again))
        wait_until(lambda: not node.status()["communities"][0]["forked"], "it is healed", 10)
        self.assertEqual(node.status()["communities"][0]["roster_version"], version + 1)
        self.assertEqual(node.cli("community", "show", "electricity", "--json").object()["version"], version + 1)
        node.cli("community", "rule", "electricity", "--withheld", "no")
        self.assertEqual(node.status()["communities"][0]["roster_version"], version + 2)

    def test_no_key_is_left_beside(self):
        """A change of passphrase that was cut off leaves a key that opens without one, until the next command that changes keys or rosters."""
        if shutil.which("strace") is None:
            self.skipTest("strace is not installed")
        node = self.begin(self.locked, self.world.path / "beside")
        words = ("--passphrase-file", self.passphrase, "key", "passphrase", "--no-passphrase")
        self.assertTrue(self.killed_at(node, "rename", 1, words))
        left = [path for path in node.dir.rglob(".*.key.??????")]
        self.assertEqual(len(left), 2, "the node's and the roster's")
        node.cli("community", "show", "electricity")
        self.assertEqual(list(node.dir.rglob(".*.key.??????")), [])
        node.cli("key", "passphrase", "--new-passphrase-file", self.other, passphrase=self.passphrase)

    def test_a_key_is_never_thrown_away(self):
        """What an init that was cut off left is taken up; a node's key without its node.json is left alone."""
        folder = self.world.path / "cut"
        shutil.copytree(self.locked.dir, folder)
        node = self.world.node("cut", folder=folder)
        (folder / "node.json").unlink()
        before = tree(folder)
        words = ("init", "--org", "locked", "--name", "錠", "--passphrase-file", self.passphrase, "--json")
        self.assertIn("node.json", node.cli(*words, want=8).error()["hint"])  # it holds a roster
        self.assertIn("node.json", node.cli(*words, want=8, lang="ja").error()["message"])
        self.assertEqual(tree(folder), before)
        for name in ("rosters", "communities", "inbox"):
            shutil.rmtree(folder / name)
        key = (folder / "identity.key").read_bytes()
        wrong = node.cli("init", "--org", "locked", "--name", "錠", "--passphrase-file", self.other, "--json", want=5).error()
        self.assertIn("cut off", wrong["hint"])
        self.assertEqual((folder / "identity.key").read_bytes(), key)
        node.cli(*words)
        self.assertEqual((folder / "identity.key").read_bytes(), key)
        self.assertEqual(node.fingerprint(), self.locked.fingerprint())

    def test_another_key_stays(self):
        """`restore` writes over no key of another node, which a killed init or a mishap has left without its node.json."""
        folder = self.world.path / "other-key"
        shutil.copytree(self.member.dir, folder)
        node = self.world.node("other-key", folder=folder)
        (folder / "node.json").unlink()
        for path in folder.glob("store.db*"):
            path.unlink()
        before = tree(folder)
        done = node.cli("restore", self.backup, "--backup-passphrase-file", self.passphrase, "--json", want=8)
        self.assertEqual(done.error()["rule"], "exists")
        self.assertEqual(tree(folder), before)

    # ---- a full disk ----

    @staticmethod
    def leave(folder, pages):
        """Take the file system's room but for so many pages."""
        filler = folder / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while file.write(bytes(PAGE)) == PAGE:
                    pass
            except OSError:
                pass
        os.truncate(filler, max(0, filler.stat().st_size - filler.stat().st_size % PAGE - pages * PAGE))
        return filler

    def full_cases(self):
        relock = ("key", "passphrase", "--new-passphrase-file", self.other)
        open_again = ("key", "passphrase", "--no-passphrase")
        return (
            ("key passphrase", self.desk, relock, lambda node: node.cli(*open_again, passphrase=self.other), "passphrase until now"),
            ("person add", self.desk, ("person", "add", "sato", "--name", "佐藤", "--no-passphrase"), self.has_person, None),
            ("person remove", self.desk, ("person", "remove", "ito"), self.has_not_ito, None),
            ("community create", self.desk, ("community", "create", "gas", "--name", "ガス"), self.has_gas, None),
            ("community keys", self.desk, ("community", "keys", "electricity", *self.keys), self.has_two_keys, None),
            ("key rotate", self.desk, ("key", "rotate"), self.is_rotated, None),
            ("join", self.member, ("join", self.invite, "--fingerprint", self.community), self.is_member, None),
            ("restore", None, ("restore", self.backup, "--backup-passphrase-file", self.passphrase), self.is_restored, "nothing of it is left"),
        )

    def test_room_for_a_part(self):
        """With room for the first files and not for the last: exit 1, and all is as it was."""
        private_mounts()
        mounted = self.world.path / "small"
        for name, base, arguments, holds, hint in self.full_cases():
            mount_tmpfs(mounted, "8m")
            try:
                folder, failures = mounted / "node", 0
                node = self.begin(base, folder)
                before = tree(folder)
                for pages in range(0, 24):
                    with self.subTest(name, pages=pages):
                        filler = self.leave(mounted, pages)
                        done = node.cli(*arguments, "--json", want=None)
                        filler.unlink()
                        if done.code == 0:
                            break
                        failures += 1
                        self.assertEqual((done.code, done.error()["rule"]), (1, "disk"), str(done))
                        self.assertEqual(["note" in json.loads(line) for line in done.err.splitlines()].count(False), 1, str(done))  # notes come before it
                        if hint is not None:
                            self.assertIn(hint, done.error()["hint"])
                        self.assertEqual(tree(folder), before, name)
                        self.assertEqual(folder.exists(), base is not None, "the folder itself goes as well")
                self.assertGreater(failures, 1, name)
                holds(node)
            finally:
                libc.umount2(str(mounted).encode(), MNT_DETACH)
                mounted.rmdir()


if __name__ == "__main__":
    main()
