"""New keys for an organisation: signed by the old, brought into the roster without a telephone, taken up by a running node; nothing
is lost on the way, whenever it is cut off."""

import os
import random
import subprocess
import time

from harness import E2E, bin_dir, build_mesh, enrol, environment, join, main, wait_reachable, wait_until


class Succession(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "charlie", "delta"], persons={"alpha": ["sato"], "bravo": ["tanaka"]})

    def send(self, node, subject, to="@electricity"):
        return node.send("--tlp", "AMBER", "--to", to, "--kind", "incident", "--subject", subject, "--body", subject + "の本文")

    def reads(self, node, report, subject):
        wait_until(lambda: node.cli("show", report, want=None).code == 0, f"{node.org} opens {subject}", 60)
        self.assertEqual(node.show(report)["body"], subject + "の本文")

    @staticmethod
    def signal_descriptors(node):
        """Root may see them; to others a daemon that hides its memory shows none."""
        folder = f"/proc/{node.process.pid}/fd"
        try:
            return sum("signalfd" in os.readlink(f"{folder}/{name}") for name in os.listdir(folder))
        except OSError:
            return 0

    def test_1_switch(self):
        hub, alpha, bravo, charlie = (self.world.nodes[org] for org in ("hub", "alpha", "bravo", "charlie"))
        old = bravo.fingerprint()
        before = self.send(alpha, "前")
        self.reads(bravo, before, "前")
        charlie.stop()
        own = self.send(bravo, "自")  # charlie will get it when its maker has other keys
        alpha.wait_report(own)
        mori = self.world.write("mori.pass", "森だけの合い言葉です\n")
        bravo.cli("person", "add", "mori", "--name", "森", "--passphrase-file", mori)
        bravo.cli("person", "add", "hara", "--name", "原", "--passphrase-file", mori)
        paper = self.world.write("bravo.paper", bravo.cli("key", "paper").raw_out)
        bravo.stop()
        for wrong, code in ((f"mori={self.world.write('not.mori', 'x')}", 5), ("mori", 2), (f"nobody={mori}", 4), ("mori=/none", 8)):
            bravo.cli("key", "rotate", "--person-passphrase-file", wrong, want=code)
        self.assertFalse((bravo.dir / "identity.next.key").exists())
        made = bravo.cli("key", "rotate", "--person-passphrase-file", f"mori={mori}", "--json")
        self.assertIn("hara is not on the new card", made.err)
        self.assertNotIn("mori is not", made.err)
        answer = made.object()
        self.assertEqual(bravo.cli("key", "rotate", "--json").object()["fingerprint"], answer["fingerprint"], "the same keys when given again")
        self.assertEqual(bravo.fingerprint(), old, "nothing has changed yet")
        bravo.start()
        wait_until(lambda: any("announced new keys" in text for text in hub.status()["warnings"]), "the secretariat is told", 40)
        self.assertIn("届け出", hub.cli("status", lang="ja").out)
        between = self.send(alpha, "間")
        self.reads(bravo, between, "間")
        bravo.stop()
        way = self.send(alpha, "途中", "bravo")  # sealed to the old key
        wait_until(lambda: "sent" in str(alpha.stages(way)), "sent", 10)
        time.sleep(1)
        answered = hub.cli("community", "succeed", "electricity", "bravo", "--json").object()
        self.assertEqual(answered["fingerprint"], answer["fingerprint"])
        wait_until(lambda: answer["fingerprint"] in alpha.cli("community", "show", "electricity").out, "alpha has the new roster", 40)
        bravo.start()
        wait_until(lambda: bravo.fingerprint() == answer["fingerprint"], "the running node takes the new keys up", 60)
        wait_until(lambda: bravo.cli("status", "--json", want=None).code == 0, "it answers", 30)
        self.assertEqual(bravo.status()["fingerprint"], answer["fingerprint"])
        self.assertLessEqual(self.signal_descriptors(bravo), 1, "the switch leaves nothing of the run before open")
        bravo.wait_link("hub", timeout=60)
        for report, subject in ((before, "前"), (between, "間"), (way, "途中")):
            self.reads(bravo, report, subject)
        self.assertEqual(bravo.show(own)["body"], "自の本文")
        alpha.wait_stage(way, "bravo", "opened", 60)
        wait_reachable(alpha, ["bravo"], {"bravo"}, "AMBER")
        new = self.send(alpha, "新", "bravo")
        self.reads(bravo, new, "新")
        alpha.wait_stage(new, "bravo", "opened")
        own2 = self.send(bravo, "再")
        self.reads(alpha, own2, "再")
        charlie.start()
        self.reads(charlie, own, "自")
        self.reads(charlie, own2, "再")
        bravo.wait_stage(own, "charlie", "opened", 60)
        for node in self.world.nodes.values():
            listed = [row["id"] for row in node.list()]
            self.assertEqual(len(listed), len(set(listed)))
        self.assertFalse((bravo.dir / "next.key").exists() or (bravo.dir / "identity.next.key").exists())
        bravo.restart()
        for report, subject in ((before, "前"), (way, "途中"), (new, "新")):
            self.reads(bravo, report, subject)
        red = alpha.cli("send", "--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", "朱", "--body", "朱書き", person="sato",
                        want=None)
        if red.code != 0:  # its prekeys named the old organisation's key: the person unlocks
            bravo.cli("person", "unlock", "tanaka")
            wait_reachable(alpha, ["tanaka@bravo"], {"tanaka@bravo"}, "RED", "sato")
            red = alpha.cli("send", "--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", "朱", "--body", "朱書き", person="sato")
        bravo.wait_report(red.last_word())
        self.assertEqual(bravo.show(red.last_word(), person="tanaka")["body"], "朱書き")
        self.assertEqual([person["id"] for person in bravo.cli("card", "--json").object()["persons"]], ["mori", "tanaka"])
        bravo.cli("person", "unlock", "mori", passphrase=mori)
        wait_reachable(alpha, ["mori@bravo"], {"mori@bravo"}, "RED", "sato")
        red = alpha.send("--tlp", "RED", "--to", "mori@bravo", "--kind", "incident", "--subject", "朱", "--body", "森へ", person="sato")
        bravo.wait_report(red)
        self.assertEqual(bravo.show(red, person="mori", passphrase=mori)["body"], "森へ")

        self.again_within_the_grace(paper)

    def again_within_the_grace(self, paper):
        """What is on its way to the key before last would be lost: neither the node nor the secretariat changes keys again so soon, unless that key
        is revoked, by the paper made before."""
        hub, bravo = self.world.nodes["hub"], self.world.nodes["bravo"]
        keys = bravo.fingerprint()
        refused = bravo.cli("key", "rotate", "--json", want=7).error()
        self.assertEqual(refused["rule"], "limit")
        self.assertIn("@electricity until 20", refused["message"])
        self.assertIn("key revoke", refused["hint"])
        self.assertIn("送信中", bravo.cli("key", "rotate", lang="ja", want=7).err)
        self.assertFalse((bravo.dir / "identity.next.key").exists())
        held = {path: path.read_bytes() for path in (bravo.dir / "communities").iterdir()}
        for path in held:  # an older program, or a folder without rosters, announces them all the same
            path.rename(path.with_suffix(path.suffix + ".away"))
        file = self.world.path / "again.succession"
        bravo.stop()
        bravo.cli("key", "rotate", "-o", file)
        for path in held:
            path.with_suffix(path.suffix + ".away").rename(path)
        before = hub.cli("community", "show", "electricity", "--json").object()["version"]
        self.assertEqual(hub.cli("community", "succeed", "electricity", file, "--json", want=7).error()["rule"], "limit")
        self.assertEqual(hub.cli("community", "show", "electricity", "--json").object()["version"], before)
        bravo.start()
        bravo.wait_link("hub", timeout=60)
        self.assertEqual(bravo.fingerprint(), keys)
        hub.cli("key", "revoke", paper, "--submit")
        wait_until(lambda: list((hub.dir / "changes").glob("*.revocation")), "the key before is revoked", 20)
        third = hub.cli("community", "succeed", "electricity", file, "--json").object()["fingerprint"]
        wait_until(lambda: bravo.fingerprint() == third, "it goes over once more", 60)

    def test_2_bad_input(self):
        hub, delta = self.world.nodes["hub"], self.world.nodes["delta"]
        before = hub.cli("community", "show", "electricity", "--json").object()["version"]
        path = self.world.path / "delta.succession"
        delta.cli("key", "rotate", "-o", path)
        text = path.read_text("ascii")
        line = text.splitlines()[2]
        stranger = self.world.node("stranger").init()
        stranger.cli("key", "rotate", "-o", self.world.path / "stranger.succession")
        paper = self.world.write("delta.paper", delta.cli("key", "paper").raw_out)
        delta.cli("key", "revoke", paper, "-o", self.world.path / "delta.revocation")
        flipped = text.replace(line, line[:20] + ("A" if line[20] != "A" else "B") + line[21:])
        cases = {"flipped": (flipped, (5,)), "cut": (text[:300], (5,)), "empty": ("", (5,)), "card": (delta.cli("card").out, (8,)),
                 "revocation": ((self.world.path / "delta.revocation").read_text(), (8,)),
                 "stranger": ((self.world.path / "stranger.succession").read_text(), (3,))}
        for name, (data, codes) in cases.items():
            with self.subTest(name=name):
                done = hub.cli("community", "succeed", "electricity", self.world.write(f"{name}.bad", data), want=None)
                self.assertIn(done.code, codes, str(done))
        hub.cli("community", "succeed", "electricity", "nobody", want=8)
        hub.cli("community", "succeed", "gas", path, want=4)
        delta.cli("community", "succeed", "electricity", path, want=3)
        self.assertEqual(hub.cli("community", "show", "electricity", "--json").object()["version"], before)
        hub.cli("community", "succeed", "electricity", path)
        again = hub.cli("community", "succeed", "electricity", path, "--json").object()
        self.assertEqual(again["changed"], False, "said again, it is done")
        wait_until(lambda: (answer := delta.cli("status", "--json", want=None)).code == 0 and '"state":"up"' in answer.out and
                   not (delta.dir / "next.key").exists(), "delta has switched", 60)

    def test_4_prekeys_of_the_old_key_are_gone(self):
        """A report for a destroyed prekey of the key before is granted to the key after."""
        hub, alpha = self.world.nodes["hub"], self.world.nodes["alpha"]
        echo = self.world.node("echo").init()
        enrol(hub, echo, "electricity")
        join(hub, echo, "electricity")
        echo.start()
        echo.wait_link("hub")
        wait_reachable(alpha, ["echo"], {"echo"}, "AMBER")
        hub.stop()
        way = self.send(alpha, "古い鍵へ", "echo")
        alpha.stop()
        hub.start()
        echo.wait_link("hub", timeout=60)
        old = echo.fingerprint()
        echo.cli("key", "rotate")
        wait_until(lambda: any("echo has announced" in text for text in hub.status()["warnings"]), "announced", 40)
        hub.cli("community", "succeed", "electricity", "echo")
        wait_until(lambda: echo.fingerprint() != old, "echo has switched", 60)
        echo.wait_link("hub", timeout=60)
        echo.cli("key", "prekeys", "--rotate", "--destroy")
        alpha.start()
        echo.wait_report(way)
        self.reads(echo, way, "古い鍵へ")
        foxtrot = self.world.node("foxtrot").init()
        enrol(hub, foxtrot, "electricity")
        join(hub, foxtrot, "electricity")
        foxtrot.start()
        wait_reachable(foxtrot, ["echo"], {"echo"}, "AMBER")  # it never had a prekey of the old key, nor needs one
        for node in (foxtrot, echo, alpha):
            self.assertFalse([text for text in node.status()["warnings"] if "no current prekeys" in text and "echo" in text], node.org)

    def test_3_killed_at_any_instant(self):
        """kill -9 of the command and of the daemon, over and over: one of the two identities is whole, and in the end the new one serves."""
        hub, alpha, charlie = (self.world.nodes[org] for org in ("hub", "alpha", "charlie"))
        chosen = random.Random(11)
        charlie.stop()
        for _ in range(3):
            running = subprocess.Popen([str(bin_dir() / "noroshi"), "--dir", str(charlie.dir), "key", "rotate"], env=environment(),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chosen.random() * 1.2)
            running.kill()
            running.wait()
        answer = charlie.cli("key", "rotate", "--json").object()
        way = self.send(alpha, "鍵替え中")
        charlie.start()
        wait_until(lambda: any("charlie has announced" in text for text in hub.status()["warnings"]), "announced", 40)
        hub.cli("community", "succeed", "electricity", "charlie")
        for _ in range(6):
            time.sleep(chosen.random() * 0.8)
            charlie.kill()
            charlie.start(wait=False)
        wait_until(lambda: charlie.cli("status", "--json", want=None).code == 0 and charlie.status()["fingerprint"] == answer["fingerprint"],
                   "the new keys are in force", 60)
        self.reads(charlie, way, "鍵替え中")
        wait_reachable(alpha, ["charlie"], {"charlie"}, "AMBER")
        after = self.send(alpha, "鍵替え後", "charlie")
        self.reads(charlie, after, "鍵替え後")

    def test_4_a_name_that_another_bore(self):
        """Whose key left without announcing another receives nothing: it is no reason to refuse who bears the name now its first change."""
        hub = self.world.nodes["hub"]
        enrol(hub, self.world.node("golf").init(), "electricity")
        hub.cli("community", "remove", "electricity", "golf", "--left")
        golf = self.world.node("golf", folder=self.world.path / "golf-other").init()
        enrol(hub, golf, "electricity")
        join(hub, golf, "electricity")
        golf.start()
        golf.wait_link("hub", timeout=60)
        answer = golf.cli("key", "rotate", "--json").object()
        wait_until(lambda: any("golf has announced" in text for text in hub.status()["warnings"]), "announced", 40)
        hub.cli("community", "succeed", "electricity", "golf")
        wait_until(lambda: golf.fingerprint() == answer["fingerprint"], "the new keys are in force", 60)
        self.assertEqual(golf.cli("key", "rotate", "--json", want=7).error()["rule"], "limit", "of its own it has one now")

    def test_5_the_new_key_is_stolen_too(self):
        """The second change is refused, and what the refusal names is a way: the key is revoked, and the organisation comes anew."""
        hub, alpha = self.world.nodes["hub"], self.world.nodes["alpha"]
        hotel = self.world.node("hotel").init()
        enrol(hub, hotel, "electricity")
        join(hub, hotel, "electricity")
        hotel.start()
        hotel.wait_link("hub")
        after = hotel.cli("key", "rotate", "--json").object()["fingerprint"]
        wait_until(lambda: any("hotel has announced" in text for text in hub.status()["warnings"]), "announced", 40)
        hub.cli("community", "succeed", "electricity", "hotel")
        wait_until(lambda: hotel.fingerprint() == after, "the new keys are in force", 60)
        hotel.wait_link("hub", timeout=60)
        wait_reachable(alpha, ["hotel"], {"hotel"}, "AMBER")
        kept = self.send(alpha, "前の鍵へ", "hotel")
        self.reads(hotel, kept, "前の鍵へ")
        hint = hotel.cli("key", "rotate", "--json", want=7).error()["hint"]
        japanese = hotel.cli("key", "rotate", lang="ja", want=7).err
        for step in ("key paper", "key revoke", "--submit", "noroshi init", "community add"):
            self.assertIn(step, hint)
            self.assertIn(step, japanese)
        paper = self.world.write("hotel.paper", hotel.cli("key", "paper").raw_out)  # of the key in force: one of the key before ends that alone
        hub.cli("key", "revoke", paper, "--submit")
        wait_until(lambda: hotel.link("hub") != "up", "the link of the stolen key ends", 20)
        hotel.stop()
        hub.cli("community", "remove", "electricity", "hotel")
        anew = self.world.node("hotel", folder=self.world.path / "hotel-anew").init()
        enrol(hub, anew, "electricity")
        join(hub, anew, "electricity")
        anew.start()
        anew.wait_link("hub", timeout=60)
        wait_reachable(alpha, ["hotel"], {"hotel"}, "AMBER")
        self.reads(anew, self.send(alpha, "新しい鍵へ", "hotel"), "新しい鍵へ")
        self.reads(alpha, self.send(anew, "新しい鍵から"), "新しい鍵から")
        thief = self.world.node("thief", folder=hotel.dir)  # the stolen folder runs on, under the key and the one before it
        thief.org = "hotel"
        thief.start()
        wait_until(lambda: thief.status()["warnings"], "it is told", 40)
        self.assertNotEqual(thief.link("hub"), "up")
        self.assertEqual(thief.show(kept)["body"], "前の鍵への本文", "what came before is still there to read")
        thief.stop()


if __name__ == "__main__":
    main()
