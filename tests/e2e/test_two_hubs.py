"""Two hubs serve one sector: either dies, nothing stops, nothing is doubled; also when it dies with much under way."""

import os
import random
import threading
import time

from harness import E2E, build_mesh, main, wait_until

KILLS = int(os.environ.get("NRS_KILLS", "40" if os.environ.get("NRS_LONG") else "6"))


class TwoHubs(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"], hubs=("hub-east", "hub-west"))

    def exchange(self, text):
        """A report each way, each exactly once, with a receipt back."""
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        for sender, reader in ((alpha, bravo), (bravo, alpha)):
            report = sender.send("--tlp", "AMBER", "--to", "@electricity", "--kind", "situation", "--subject", text, "--body", text)
            reader.wait_report(report, 60)
            self.assertEqual(reader.show(report)["body"], text)
            sender.wait_stage(report, reader.org, "opened", 60)
            self.sent.append(report)
        for node in (alpha, bravo):
            listed = [row["id"] for row in node.list()]
            self.assertEqual(sorted(listed), sorted(self.sent), f"{node.org}: exactly once each")

    def test_either_dies(self):
        self.sent = []
        east, west = self.world.nodes["hub-east"], self.world.nodes["hub-west"]
        self.exchange("both")
        for down, up in ((east, west), (west, east)):
            down.kill()
            self.exchange(f"without {down.org}")
            down.start()
            for org in ("alpha", "bravo"):
                self.world.nodes[org].wait_link(down.org, timeout=90)
            self.exchange(f"{down.org} is back beside {up.org}")
        everything = set(self.sent)
        for hub in (east, west):
            wait_until(lambda h=hub: everything <= {row["id"] for row in h.list()}, f"{hub.org} has all", 60)
            listed = [row["id"] for row in hub.list()]
            self.assertEqual(sorted(listed), sorted(self.sent), f"{hub.org}: exactly once each")

    def send_without_end(self, sender, stop, sent, dice):
        """Reports of all sizes, one after the other; what the command answered with is sent."""
        number = 0
        while not stop.is_set():
            body = "x" * dice.choice((10, 3000, 40000, 180000))
            sent.append(sender.send("--tlp", "AMBER", "--to", "@electricity", "--kind", "situation", "--subject", f"{sender.org} {number}",
                                    "--body-file", self.world.write(f"{sender.org}.body", body)))
            number += 1

    def under_way(self, hub):
        """How much a member still holds that this hub has not confirmed."""
        return sum(link["queued"] for org in ("alpha", "bravo") for link in self.world.nodes[org].status()["links"] if link["org"] == hub.org)

    def test_killed_under_load(self):
        seed = int(os.environ.get("NRS_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"seed {seed}: NRS_SEED={seed} repeats the order of kills", flush=True)
        dice = random.Random(seed)
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        hubs = [self.world.nodes["hub-east"], self.world.nodes["hub-west"]]
        for hub in hubs:
            for org in ("alpha", "bravo"):
                self.world.nodes[org].wait_link(hub.org, timeout=90)
        stop, sent = threading.Event(), {"alpha": [], "bravo": []}
        threads = [threading.Thread(target=self.send_without_end, args=(node, stop, sent[node.org], random.Random(dice.random())), daemon=True)
                   for node in (alpha, bravo)]
        caught = 0
        for thread in threads:
            thread.start()
        try:
            for _ in range(KILLS):
                down = dice.choice(hubs)
                wait_until(lambda h=down: self.under_way(h) > 0, f"{down.org} has something to confirm", 60)
                time.sleep(dice.random() * 0.3)
                caught += self.under_way(down) > 0
                down.kill()
                for node, sender in ((bravo, "alpha"), (alpha, "bravo")):  # nothing stops: what is sent from now on arrives
                    count = len(sent[sender])
                    wait_until(lambda s=sender, c=count: len(sent[s]) > c, f"{sender} goes on sending", 60)
                    self.assertIsNotNone(node.wait_report(sent[sender][count], 60))
                down.start(wait=False)
                if dice.random() < 0.7:  # else the other one may go before this one is whole again
                    for org in ("alpha", "bravo"):
                        self.world.nodes[org].wait_link(down.org, timeout=90)
                else:
                    down.wait_ready()
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
        self.assertFalse(any(thread.is_alive() for thread in threads))
        self.assertGreater(caught, 0, "some kill has met what was under way")
        for node, sender in ((bravo, "alpha"), (alpha, "bravo"), *((hub, org) for hub in hubs for org in ("alpha", "bravo"))):
            wanted = set(sent[sender])
            wait_until(lambda n=node, w=wanted: w <= {row["id"] for row in n.list()}, f"{node.org} has all of {sender}", 120)
            listed = [row["id"] for row in node.list() if row["from"] == sender and row["subject"] and row["subject"].startswith(f"{sender} ")]
            self.assertEqual(sorted(listed), sorted(wanted), f"{node.org}: exactly what {sender} sent, once each")
        for sender in (alpha, bravo):
            for report in sent[sender.org]:
                for org in {"alpha", "bravo", "hub-east", "hub-west"} - {sender.org}:
                    sender.wait_stage(report, org, "stored", 120)


if __name__ == "__main__":
    main()
