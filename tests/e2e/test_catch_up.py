"""A member that was away gets everything once; a cut resumes where the confirmation stood."""

from harness import E2E, build_mesh, main, wait_until


class CatchUp(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "charlie"])

    def burst(self, first, count):
        alpha = self.world.nodes["alpha"]
        return [alpha.send("--tlp", "AMBER", "--to", "@electricity", "--kind", "situation", "--subject", f"n{number}",
                           "--body", f"body {number}") for number in range(first, first + count)]

    def has_all(self, org, reports):
        node = self.world.nodes[org]
        wanted = set(reports)
        wait_until(lambda: wanted <= {row["id"] for row in node.list()}, f"{org} has all {len(reports)}", 60)
        listed = [row["id"] for row in node.list()]
        self.assertEqual(len(listed), len(set(listed)), f"{org}: a report twice")
        order = [report for report in listed if report in wanted]
        self.assertEqual(order, list(reports), f"{org}: not in the order sent")

    def test_stopped_and_back(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        before = self.burst(0, 5)
        self.has_all("bravo", before)
        for number, end in enumerate((bravo.stop, bravo.kill)):
            end()
            missed = self.burst(100 * (number + 1), 20)
            self.has_all("charlie", missed)
            for report in missed:
                self.assertNotIn("stored", alpha.stages(report).get("bravo", ()))
            bravo.start()
            self.has_all("bravo", before + missed)
            for report in missed:
                alpha.wait_stage(report, "bravo", "stored")
            before += missed

    def test_sender_away_from_the_hub(self):
        alpha, hub = self.world.nodes["alpha"], self.world.nodes["hub"]
        hub.kill()
        waiting = self.burst(1000, 10)  # send never waits for the network
        alpha.kill()
        alpha.start()
        hub.start()
        for org in ("bravo", "charlie", "hub"):
            self.has_all(org, waiting)

    def test_all_restart_in_turn(self):
        reports = self.burst(2000, 3)
        for number, org in enumerate(("alpha", "hub", "bravo", "charlie")):
            self.world.nodes[org].restart()
            reports += self.burst(2100 + 10 * number, 3)
        for org in ("hub", "bravo", "charlie"):
            self.has_all(org, reports)


if __name__ == "__main__":
    main()
