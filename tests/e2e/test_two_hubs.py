"""Two hubs serve one sector: either dies, nothing stops, nothing is doubled."""

from harness import E2E, build_mesh, main, wait_until


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


if __name__ == "__main__":
    main()
