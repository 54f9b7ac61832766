"""Two different reports under one number are proven, to all whom they concern.

The originator is one folder copied: either copy sends under the next number, each to another hub.
"""

import shutil

from harness import E2E, build_mesh, main, wait_until
from test_gaps import gaps, number, start_all


class Equivocation(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"], hubs=("hub-east", "hub-west"), start=False)
        start_all(world, ["hub-east", "hub-west"], ["alpha", "bravo"])

    def test_two_copies_of_one_folder(self):
        east, west, alpha, bravo = (self.world.nodes[org] for org in ("hub-east", "hub-west", "alpha", "bravo"))
        first = number(alpha, "一")
        for node in (east, west, bravo):
            node.wait_report(first)
        alpha.stop()
        bravo.stop()
        copy = alpha.dir.with_name("alpha-copy")
        shutil.copytree(alpha.dir, copy, ignore=shutil.ignore_patterns("control.sock"))
        west.stop()
        alpha.start()
        alpha.wait_link("hub-east")
        one = number(alpha, "東へ")
        east.wait_report(one)
        alpha.stop()
        east.stop()
        west.start()
        shutil.rmtree(alpha.dir)
        copy.rename(alpha.dir)
        alpha.start()
        alpha.wait_link("hub-west")
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
