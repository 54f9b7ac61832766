"""Withheld reports are missed, shown, asked for by another path and cleared.

The hostile hub is an honest one whose database was changed while it stood still: it has never heard of the withheld report.
"""

import json
import sqlite3
import subprocess
import threading

from harness import E2E, build_mesh, main, wait_reachable, wait_until

GRACE_MS = 1500


def start_all(world, hubs, members, persons=None, **more):
    """As build_mesh does, with a short grace time and other settings."""
    for node in world.nodes.values():
        path = node.dir / "node.json"
        settings = json.loads(path.read_text("utf-8"))
        settings.update(gap_grace_ms=GRACE_MS, **more)
        path.write_text(json.dumps(settings, ensure_ascii=False), "utf-8")
        node.start()
    for org in members:
        for hub in hubs:
            world.nodes[org].wait_link(hub)
    for org in members:
        wait_reachable(world.nodes[org], ["@electricity"], {*hubs, *members} - {org})
        for owner, ids in (persons or {}).items():
            for person in ids:
                if owner != org:
                    wait_reachable(world.nodes[org], [f"{person}@{owner}"], {f"{person}@{owner}"}, "RED", persons[org][0])


def withhold(hub, *reports):
    """The hub, stopped, forgets the reports and their slots, as if it had never had them."""
    database = sqlite3.connect(hub.dir / "store.db")
    with database:
        for report in reports:
            gone = database.execute("DELETE FROM log WHERE hex(substr(id, 1, 8)) = ?", (report[:16].upper(),)).rowcount
            assert gone > 0, report
    database.close()


def gaps(node, org, state="missing"):
    return sum(gap["count"] for gap in node.status()["gaps"] if gap["from"] == org and gap["state"] == state)


def number(node, subject):
    return node.send("--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", subject, "--body", subject)


class Withheld(E2E):
    @classmethod
    def build(cls, world):
        persons = {"alpha": ["sato"], "bravo": ["tanaka"]}
        build_mesh(world, ["alpha", "bravo"], persons=persons, start=False)
        start_all(world, ["hub"], ["alpha", "bravo"], persons, head_after_ms=6000)

    def test_in_the_middle_of_a_stream(self):
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        bravo.stop()
        sent = [number(alpha, f"第{i}報") for i in range(4)]
        wait_until(lambda: set(sent) <= {row["id"] for row in hub.list()}, "the hub has all")
        alpha.stop()
        hub.stop()
        withhold(hub, sent[1], sent[2])
        hub.start()
        bravo.start()
        bravo.wait_report(sent[3])
        self.assertEqual([row["id"] for row in bravo.list()], [sent[0], sent[3]])
        wait_until(lambda: gaps(bravo, "alpha") == 2, "bravo misses two")
        gap = self.one(bravo.status()["gaps"], **{"from": "alpha"})
        self.assertEqual((gap["community"], gap["state"], gap["count"]), ("electricity", "missing", 2))
        row = self.one(bravo.list(), id=sent[3])
        self.assertEqual((row["missing_before"], row["missing_since"]), (2, gap["since"]))
        self.assertEqual(self.one(bravo.list(), id=sent[0])["missing_before"], 0)
        self.assertIn("2 reports of alpha are missing since", bravo.cli("list").out)
        self.assertIn("2 reports of alpha in @electricity are missing since", bravo.cli("status").out)
        self.assertIn("報告 2 件（発信元 alpha、@electricity）が", bravo.cli("status", lang="ja").out)
        self.assertIn("alpha からの報告 2 件が", bravo.cli("list", lang="ja").out)
        bravo.kill()
        bravo.start()
        self.assertEqual(gaps(bravo, "alpha"), 2, "a crash forgets nothing of it")
        alpha.start()  # it is asked, and sends them again; the hub takes them as new
        wait_until(lambda: gaps(bravo, "alpha") == 0, "nothing is missing any more", 60)
        self.assertEqual({row["id"] for row in bravo.list()}, set(sent))
        self.assertEqual(bravo.show(sent[2])["body"], "第2報")
        self.assertEqual([row["missing_before"] for row in bravo.list()], [0] * 4)
        self.assertNotIn("missing", bravo.cli("status").out)

    def test_the_last_of_all(self):
        """No report follows that could show the gap: its originator, who hears no receipt, says that there is one."""
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        bravo.stop()
        last = alpha.send("--tlp", "AMBER", "--to", "bravo", "--kind", "incident", "--subject", "最後", "--body", "最後の本文")
        wait_until(lambda: alpha.status()["links"][0]["queued"] == 0, "the hub has it")
        hub.stop()
        withhold(hub, last)
        hub.start()
        wait_until(lambda: "is not confirmed: they are told" in alpha.log_text(), "alpha has told bravo", 60)
        wait_until(lambda: alpha.status()["links"][0]["state"] == "up" and alpha.status()["links"][0]["queued"] == 0, "the hub has the word")
        alpha.stop()
        bravo.start()
        wait_until(lambda: gaps(bravo, "alpha") == 1, "bravo misses it", 60)
        self.assertIn("1 reports of alpha in @electricity are missing since", bravo.cli("status").out)
        self.assertIn("報告 1 件（発信元 alpha、@electricity）が", bravo.cli("status", lang="ja").out)
        self.assertNotIn(last, [row["id"] for row in bravo.list()])
        alpha.start()
        bravo.wait_report(last, 60)
        self.assertEqual(bravo.show(last)["body"], "最後の本文")
        wait_until(lambda: gaps(bravo, "alpha") == 0, "nothing is missing any more")
        alpha.wait_stage(last, "bravo", "opened")

    def test_red_between_persons(self):
        """The count is in the sealed text: the persons' processes count, and the node is told the number alone."""
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))

        def red(text):
            return alpha.send("--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", text, "--body", text, person="sato")

        sent = [red("一")]
        bravo.wait_report(sent[0])
        bravo.show(sent[0], person="tanaka")
        bravo.stop()
        sent += [red("二"), red("三")]
        wait_until(lambda: alpha.status()["links"][0]["queued"] == 0, "the hub has them")
        alpha.stop()
        hub.stop()
        withhold(hub, sent[1])
        hub.start()
        bravo.start()
        bravo.wait_report(sent[2])
        self.assertEqual(gaps(bravo, "alpha"), 0, "the node cannot know: it reads no number")
        self.assertEqual(bravo.show(sent[2], person="tanaka")["body"], "三")
        wait_until(lambda: gaps(bravo, "alpha") == 1, "now it is told")
        alpha.start()
        bravo.wait_report(sent[1], 60)
        wait_until(lambda: gaps(bravo, "alpha") == 0, "here, though not yet opened")
        self.assertEqual(bravo.show(sent[1], person="tanaka")["body"], "二")
        self.assertEqual(gaps(bravo, "alpha"), 0)

    def test_red_at_once(self):
        """Processes that seal side by side never use one number twice."""
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        alpha.wait_link("hub")
        sent, failed = [], []

        def one(i):
            try:
                sent.append(alpha.send("--tlp", "RED", "--to", "tanaka@bravo", "--kind", "situation", "--subject", f"{i}", "--body", f"{i}",
                                       person="sato"))
            except (AssertionError, subprocess.SubprocessError) as error:
                failed.append(error)

        threads = [threading.Thread(target=one, args=(i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        for report in sent:
            bravo.wait_report(report)
            bravo.show(report, person="tanaka")
        status = bravo.status()
        self.assertEqual((status["gaps"], status["equivocations"]), ([], []))


if __name__ == "__main__":
    main()
