"""New keys for the only hub of a community: whoever knows of the announcement comes to them without a new invite, also when its node was
down while the roster followed."""

from harness import E2E, Node, build_mesh, enrol, invite, join, main, wait_reachable, wait_until
from rosters import armour, card_path, pairs

CARDS = 4  # of an Invite


class HubKeys(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"])

    def test_only_hub(self):
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        new = hub.cli("key", "rotate", "--json").object()["fingerprint"]
        for node in (alpha, bravo):
            wait_until(lambda node=node: "hub of @electricity announces new keys" in node.log_text(), f"{node.org} knows of the new keys", 40)
        bravo.stop()
        said = hub.cli("community", "succeed", "electricity", "hub").out
        self.assertIn("noroshi community invite electricity", said)
        wait_until(lambda: hub.fingerprint() == new, "the hub takes its new keys up", 60)
        for node in (alpha, bravo):
            if node is bravo:
                bravo.start()
            wait_until(lambda node=node: new in node.cli("community", "show", "electricity").out, f"{node.org} has the roster that follows", 90)
            node.wait_link("hub", timeout=90)
        wait_reachable(alpha, ["bravo"], {"bravo"}, "AMBER")
        report = alpha.send("--tlp", "AMBER", "--to", "bravo", "--kind", "incident", "--subject", "件", "--body", "本文")
        bravo.wait_report(report)
        self.assertEqual(bravo.show(report)["body"], "本文")

    def test_same_name_in_two_communities(self):
        """Two organisations of one name, in two communities of one secretariat, change their keys: each is brought into its own roster."""
        hub = self.world.node("desk", listen=True).init()
        both = {}
        for community in ("gas", "elec"):
            hub.cli("community", "create", community, "--name", community)
            both[community] = self.world.nodes[community] = Node(self.world, "north-gas", folder=self.world.path / f"north-{community}").init()
            enrol(hub, both[community], community)
        new = {}
        for community, node in both.items():
            join(hub, node, community)
        hub.start()
        for community, node in both.items():
            new[community] = node.cli("key", "rotate", "--json").object()["fingerprint"]
            node.start()
            wait_until(lambda community=community: any(f"north-gas has announced new keys: bring them into the roster of @{community}" in text
                                                       for text in hub.status()["warnings"]), "announced", 40)
        for community in both:
            answer = hub.cli("community", "succeed", community, "north-gas", "--json").object()
            self.assertEqual((answer["fingerprint"], answer["changed"]), (new[community], True))
            again = hub.cli("community", "succeed", community, "north-gas", "--json").object()
            self.assertEqual((again["fingerprint"], again["changed"]), (new[community], False))
        listed = hub.cli("audit", "list").out
        for community in both:
            self.assertIn(f"north-gas of @{community} announces new keys", hub.log_text())
            self.assertIn(f"succeeded in @{community}", listed)
        self.assertIn("@gas の鍵の更新", hub.cli("audit", "list", lang="ja").out)
        hub.stop()

    def test_hubs_of_one_name(self):
        """The hubs of two communities have one name: an invite to each has the card of its own, at a node that runs and at one that does not."""
        desk = self.world.node("secretariat", listen=True).init()
        both, joining = {}, {}
        for community in ("ports", "water"):
            desk.cli("community", "create", community, "--name", community)
            both[community] = Node(self.world, "west", listen=True, folder=self.world.path / f"west-{community}").init()
            joining[community] = self.world.node(f"for-{community}").init()
            enrol(desk, both[community], community, "hub")
            enrol(desk, joining[community], community)
        self.assertEqual(set((desk.dir / "cards").glob("[!.]*")), {card_path(desk, node) for node in both.values()})
        for running in (False, True):
            if running:
                desk.start()
            for community, node in both.items():
                held = self.cards(desk, community)
                self.assertEqual(held, {armour(desk.dir / "own.card"), armour(node.dir / "own.card")})
                join(desk, joining[community], community)
        desk.stop()

        # As it stood before: by the name, of the last that was added; an invite has no card rather than another's.
        for node in both.values():
            card_path(desk, node).rename(desk.dir / "cards" / "west.card")
        self.assertEqual(len(self.cards(desk, "water")), 2)
        done = desk.cli("community", "invite", "ports")
        self.assertIn("west", done.err)
        self.assertEqual(len(self.cards(desk, "ports")), 1)

    def cards(self, node, community):
        return {value for field, value in pairs(armour(invite(node, community))) if field == CARDS}


if __name__ == "__main__":
    main()
