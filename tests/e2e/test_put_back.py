"""A node's folder that is put back from a copy of files: what it sent between the copy and then is held by others, what it sends from then on
arrives once, nobody takes it for a liar, and it says what happened."""

import shutil

from harness import E2E, build_mesh, main, wait_reachable, wait_until


def text(node, subject, label="AMBER"):
    return node.send("--tlp", label, "--to", "@electricity", "--kind", "incident", "--subject", subject, "--body", subject + "の本文")


def older(node):
    return [text for text in node.status()["warnings"] if "an older copy of this node's folder" in text]


class PutBack(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"], persons={"alpha": ["sato"], "bravo": ["tanaka"]})

    def copy(self, node, name):
        to = self.world.path / name
        node.stop()
        shutil.copytree(node.dir, to, symlinks=True)
        node.start()
        return to

    def put_back(self, node, copy):
        node.kill()
        shutil.rmtree(node.dir)
        shutil.copytree(copy, node.dir, symlinks=True)

    def once_everywhere(self, reports, nodes):
        for node in nodes:
            for report in reports:
                node.wait_report(report, 60)
            rows = [row["id"] for row in node.list()]
            self.assertEqual(len(rows), len(set(rows)), "nothing is doubled")

    def no_liar(self, *nodes):
        for node in nodes:
            self.assertEqual(node.status()["equivocations"], [])

    def test_sender(self):
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        of_the_hub = older(hub)
        before = [text(alpha, f"前{i}") for i in range(3)]
        self.once_everywhere(before, [hub, bravo])
        copy = self.copy(alpha, "alpha-copy")
        alpha.wait_link("hub")
        between = [text(alpha, f"間{i}") for i in range(3)]
        red = alpha.send("--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", "赤", "--body", "赤", person="sato")
        self.once_everywhere([*between, red], [bravo])
        self.once_everywhere(between, [hub])
        self.assertEqual(bravo.show(red, person="tanaka")["body"], "赤")
        self.put_back(alpha, copy)
        hub.stop()  # what is sent before the first link, more than what was lost, is not taken for what was
        alpha.start()
        after = [text(alpha, f"後{i}") for i in range(20)]
        hub.start()
        alpha.wait_link("hub")
        more = text(alpha, "更に")
        again = alpha.send("--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", "再", "--body", "再", person="sato")
        self.once_everywhere([*before, *between, *after, more], [hub, bravo])
        self.once_everywhere([red, again], [bravo])
        for report, body in ((after[0], "後0"), (after[19], "後19"), (more, "更に"), (between[2], "間2")):
            self.assertEqual(bravo.show(report)["body"], body + "の本文")
        self.assertEqual(bravo.show(again, person="tanaka")["body"], "再")
        self.no_liar(hub, alpha, bravo)
        wait_until(lambda: older(alpha), "alpha says what happened")
        self.assertIn("古い写し", alpha.cli("status", lang="ja").out)
        alarms = [row for row in alpha.cli("audit", "list", "--json").rows() if row["kind"] == "alarm"]
        self.assertEqual([row["rule"] for row in alarms], ["rewritten"])
        self.assertEqual(older(hub), of_the_hub, "nobody else's folder was put back")
        alpha.wait_stage(more, "bravo", "stored")
        self.assertEqual(alpha.stages(before[0])["bravo"] & {"stored"}, {"stored"})

    def test_recipient(self):
        """It receives again what it had received since the copy, also what was sealed to prekeys that were made after it."""
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        old = text(alpha, "古い")
        bravo.wait_report(old)
        copy = self.copy(bravo, "bravo-copy")
        bravo.wait_link("hub")
        known = {row["key"] for row in prekeys(alpha, bravo)}
        bravo.cli("key", "prekeys", "--rotate", "--destroy")
        wait_until(lambda: {row["key"] for row in prekeys(alpha, bravo)} != known, "alpha has the new prekeys")
        lost = [text(alpha, f"失{i}") for i in range(2)]
        self.once_everywhere([old, *lost], [bravo])
        self.put_back(bravo, copy)
        bravo.start()
        bravo.wait_link("hub")
        self.once_everywhere([old, *lost], [bravo])
        for i, report in enumerate(lost):
            wait_until(lambda: bravo.cli("show", report, want=None).code == 0, f"{i} is granted anew", 90)
            self.assertEqual(bravo.show(report)["body"], f"失{i}の本文")
        wait_reachable(alpha, ["@electricity"], {"hub", "bravo"})
        new = text(alpha, "新しい")
        self.once_everywhere([new], [bravo])
        self.assertEqual(bravo.show(new)["body"], "新しいの本文")
        self.no_liar(hub, alpha, bravo)

    def test_hub(self):
        """A hub that was put back carries everything on, and is told again what it had."""
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        copy = self.copy(hub, "hub-copy")
        for node in (alpha, bravo):
            node.wait_link("hub")
        between = [text(alpha, f"中{i}") for i in range(3)]
        own = text(hub, "事務局")
        self.once_everywhere([*between, own], [bravo])
        bravo.stop()
        waiting = text(alpha, "留守の間")
        wait_until(lambda: waiting in [row["id"] for row in hub.list()], "the hub has it")
        self.put_back(hub, copy)
        hub.start()
        second = text(hub, "戻ってから")
        bravo.start()
        self.once_everywhere([*between, waiting, second], [bravo, hub])
        self.assertEqual(bravo.show(waiting)["body"], "留守の間の本文")
        self.no_liar(hub, alpha, bravo)


def prekeys(reader, owner):
    """The prekeys that a node holds of another: what it would seal to."""
    import base64
    import sqlite3
    key = owner.cli("card", "--json").object()["org"]
    database = sqlite3.connect(f"file:{reader.dir}/store.db?mode=ro", uri=True)
    rows = [{"key": base64.b64encode(payload), "org": key} for (payload,) in database.execute("SELECT payload FROM prekeys")]
    database.close()
    return rows


if __name__ == "__main__":
    main()
