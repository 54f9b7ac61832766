"""Two different reports under one number are proven, to all whom they concern.

The originator lies: in the database of its running node the count is set back, so that the next report bears a number that another one has.
A copy of its folder that is put back does not do that by itself (test_put_back.py), so each hub is given another report by hand.
"""

import sqlite3

from harness import E2E, build_mesh, main, wait_until
from test_gaps import gaps, number, start_all


def change(node, *statements):
    database = sqlite3.connect(node.dir / "store.db", timeout=20)
    with database:
        for text in statements:
            assert database.execute(text).rowcount > 0, text
    database.close()


def value(node, text):
    database = sqlite3.connect(f"file:{node.dir}/store.db?mode=ro", uri=True)
    found = database.execute(text).fetchone()[0]
    database.close()
    return found


class Equivocation(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"], hubs=("hub-east", "hub-west"), start=False)
        start_all(world, ["hub-east", "hub-west"], ["alpha", "bravo"])

    def test_two_reports_under_one_number(self):
        east, west, alpha, bravo = (self.world.nodes[org] for org in ("hub-east", "hub-west", "alpha", "bravo"))
        first = number(alpha, "一")
        for node in (east, west, bravo):
            node.wait_report(first)
        stream = value(alpha, "SELECT lower(hex(stream)) FROM sent_stream")
        bravo.stop()
        west.stop()
        one = number(alpha, "東へ")
        east.wait_report(one)
        alpha.stop()
        east.stop()
        change(alpha, f"DELETE FROM log WHERE hex(id) = '{one.upper()}'", f"DELETE FROM stream_item WHERE hex(id) = '{one.upper()}'")
        west.start()
        alpha.start()
        alpha.wait_link("hub-west")
        honest = number(alpha, "西の一")
        change(alpha, f"UPDATE sent_stream SET stream = x'{stream}', sequence = 1, last = x'{first}' WHERE hex(last) = '{honest.upper()}'")
        other = number(alpha, "西へ")
        west.wait_report(other)
        self.assertEqual(west.status()["equivocations"], [])
        east.start()  # the hubs exchange what they took
        for node in (east, west, alpha):
            wait_until(lambda n=node: n.status()["equivocations"], f"{node.org} has the proof", 90)
        bravo.start()
        proof = wait_until(lambda: bravo.status()["equivocations"], "bravo has the proof", 60)[0]
        self.assertEqual((proof["from"], proof["community"]), ("alpha", "electricity"))
        self.assertEqual({proof["first"], proof["second"]}, {one, other})
        self.assertIn("alpha has sent two different reports under one number", bravo.cli("status").out)
        self.assertIn("alpha は異なる報告2件", bravo.cli("status", lang="ja").out)
        self.assertIn("two reports of this node bear one number", alpha.cli("status").out)
        bravo.kill()
        bravo.start()
        self.assertEqual(bravo.status()["equivocations"], [proof], "a crash forgets nothing of it")
        after = number(alpha, "改めて")  # counted anew: no gap, no second proof
        bravo.wait_report(after)
        self.assertEqual(len(bravo.status()["equivocations"]), 1)
        self.assertEqual(gaps(bravo, "alpha"), 0)


if __name__ == "__main__":
    main()
