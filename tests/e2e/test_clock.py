"""A clock that jumps a day either way: nothing falls, nothing is lost or doubled, and true time mends all."""

import datetime

from harness import E2E, build_mesh, main, wait_until
from othertime import clock_of, set_clock


class Clock(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"], start=False)
        for org, node in world.nodes.items():
            node.extra_env = clock_of(world, org)
            node.start()

    def send(self, sender, subject):
        """A send that is taken or refused with a reason; its id or None."""
        done = sender.cli("send", "--tlp", "AMBER", "--to", "@electricity", "--kind", "situation", "--subject", subject, "--body", "b",
                          "--json", want=None)
        self.assertIn(done.code, (0, 3, 7), str(done))
        return done.object()["id"] if done.code == 0 else None

    def settle(self, reports):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        for org in ("alpha", "bravo"):
            self.world.nodes[org].wait_link("hub", timeout=60)
        last = wait_until(lambda: self.send(alpha, "after"), "alpha can send in true time", 30)
        bravo.wait_report(last, 60)
        self.assertEqual(bravo.show(last)["body"], "b")
        listed = [row["id"] for row in bravo.list()]
        self.assertEqual(len(listed), len(set(listed)), "nothing doubled")
        return set(reports) - set(listed)

    def test_everywhere_at_once(self):
        for offset in ("+1d", "-1d"):
            with self.subTest(offset=offset):
                for org in self.world.nodes:
                    set_clock(self.world, org, offset)
                alpha = self.world.nodes["alpha"]
                reports = [report for report in (self.send(alpha, f"at {offset}") for _ in range(3)) if report]
                if reports:
                    created = datetime.datetime.fromisoformat(self.one(alpha.list(), id=reports[0])["created_at"])
                    off = abs((created - datetime.datetime.now(datetime.timezone.utc)).total_seconds())
                    self.assertGreater(off, 80000, "the node does see the clock that jumped")
                for org, node in self.world.nodes.items():
                    self.assertTrue(node.alive, f"{org} fell")
                    node.status()
                for org in self.world.nodes:
                    set_clock(self.world, org, "+0")
                self.assertEqual(self.settle(reports), set(), "what was taken arrived")

    def test_one_alone(self):
        bravo = self.world.nodes["bravo"]
        for org in ("bravo", "hub"):
            for offset in ("+1d", "-1d"):
                with self.subTest(org=org, offset=offset):
                    set_clock(self.world, org, offset)
                    report = self.send(self.world.nodes["alpha"], f"{org} at {offset}")
                    for name, node in self.world.nodes.items():
                        self.assertTrue(node.alive, f"{name} fell")
                        node.status()
                    set_clock(self.world, org, "+0")
                    missing = self.settle([report] if report else [])
                    # A time too far ahead is refused or put off by a node whose clock is behind: put off, it comes in the end.
                    self.assertEqual(missing, set(), bravo.log_tail())


if __name__ == "__main__":
    main()
