"""The hub is killed with -9 again and again under a stream of reports: nothing is lost, nothing is doubled."""

import os
import random

from harness import E2E, build_mesh, main, wait_until

KILLS = int(os.environ.get("NRS_KILLS", "100" if os.environ.get("NRS_LONG") else "10"))
PER_KILL = 6


class KillHub(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "charlie"])

    def test_every_report_exactly_once(self):
        hub, alpha, bravo, charlie = (self.world.nodes[org] for org in ("hub", "alpha", "bravo", "charlie"))
        seed = int(os.environ.get("NRS_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"seed {seed}: NRS_SEED={seed} repeats the order of kills", flush=True)
        dice = random.Random(seed)
        reports = {"alpha": [], "bravo": []}
        for round_number in range(KILLS):
            kill_after = dice.randrange(PER_KILL)
            for number in range(PER_KILL):
                for sender in (alpha, bravo):
                    reports[sender.org].append(sender.send(
                        "--tlp", "AMBER", "--to", "@electricity", "--kind", "situation",
                        "--subject", f"{sender.org} {round_number}.{number}", "--body", "x" * dice.choice((10, 3000, 40000))))
                if number == kill_after:
                    hub.kill()
                    if dice.random() < 0.5:
                        hub.start(wait=False)
            if not hub.alive:
                hub.process = None
                hub.start(wait=False)
            # Some rounds let the links come up again, others kill while they still try.
            if dice.random() < 0.5:
                wait_until(lambda: alpha.link("hub") == "up", "alpha is back at the hub", 60)
        hub.wait_ready()
        for node, sender in ((bravo, "alpha"), (alpha, "bravo"), (charlie, "alpha"), (charlie, "bravo"), (hub, "alpha"), (hub, "bravo")):
            wanted = reports[sender]
            wait_until(lambda n=node, w=wanted: set(w) <= {row["id"] for row in n.list()}, f"{node.org} has all of {sender}", 90)
            listed = [row["id"] for row in node.list() if row["from"] == sender]
            self.assertEqual(len(listed), len(set(listed)), f"{node.org}: a report twice")
            self.assertEqual(set(listed), set(wanted), f"{node.org}: exactly what {sender} sent")
            self.assertEqual(listed, wanted, f"{node.org}: in the order in which {sender} sent them")
        last = reports["alpha"][-1]
        charlie.show(last)
        alpha.wait_stage(last, "charlie", "opened")
        for report in reports["alpha"]:
            for org in ("hub", "bravo", "charlie"):
                alpha.wait_stage(report, org, "stored")


if __name__ == "__main__":
    main()
