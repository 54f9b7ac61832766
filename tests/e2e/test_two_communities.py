"""An organisation of two communities changes its keys. One follows before the other: there it is away meanwhile, and comes back by itself when that
one follows too, as a member and as its only hub; nothing that was sent in between is lost."""

from harness import E2E, build_mesh, enrol, join, main, wait_reachable, wait_until


def names_no_longer(node, community):
    return any(f"@{community} does not have the new keys of this node yet" in text for text in node.status()["warnings"])


class TwoCommunities(E2E):
    @classmethod
    def build(cls, world):
        council, gas = world.node("council", listen=True).init(), world.node("gas-hub", listen=True).init()
        council.cli("community", "create", "council", "--name", "会議")
        gas.cli("community", "create", "gas", "--name", "ガス")
        kanto, friend = world.node("kanto").init(), world.node("friend").init()
        for hub, community, members in ((council, "council", (gas, kanto)), (gas, "gas", (kanto, friend))):
            for member in members:
                enrol(hub, member, community)
        join(council, gas, "council")
        join(council, kanto, "council")
        for member in (kanto, friend):
            join(gas, member, "gas")
        for node in (council, gas, kanto, friend):
            node.start()
        for node, hub in ((gas, "council"), (kanto, "council"), (kanto, "gas-hub"), (friend, "gas-hub")):
            node.wait_link(hub)

    def goes_over(self, node, told):
        """It announces new keys, and the council follows. Returns when it is up under them."""
        new = node.cli("key", "rotate", "--json").object()["fingerprint"]
        for other in told:
            wait_until(lambda other=other: "announces new keys" in other.log_text(), f"{other.org} is told", 40)
        self.world.nodes["council"].cli("community", "succeed", "council", node.org)
        wait_until(lambda: node.fingerprint() == new, "it goes over", 60)
        wait_until(lambda: node.cli("status", "--json", want=None).code == 0, "it answers under the new keys", 60)
        node.wait_link("council", timeout=60)
        return new

    def test_1_a_member(self):
        council, gas, kanto, friend = (self.world.nodes[org] for org in ("council", "gas-hub", "kanto", "friend"))
        wait_reachable(friend, ["@gas"], {"kanto"}, "AMBER")
        self.goes_over(kanto, (council, gas))
        self.assertTrue(names_no_longer(kanto, "gas"))
        self.assertIn("事務局に noroshi community succeed", kanto.cli("status", lang="ja").out)
        way = friend.send("--tlp", "AMBER", "--to", "@gas", "--kind", "situation", "--subject", "途中", "--body", "途中の本文")
        gas.wait_report(way)
        gas.cli("community", "succeed", "gas", "kanto")
        wait_until(lambda: not names_no_longer(kanto, "gas"), "it comes back", 60)
        kanto.wait_link("gas-hub", timeout=60)
        kanto.wait_report(way, timeout=60)
        self.assertEqual(kanto.show(way)["body"], "途中の本文")
        friend.wait_stage(way, "kanto", "opened", 60)
        own = kanto.send("--tlp", "GREEN", "--to", "@gas", "--kind", "situation", "--subject", "再", "--body", "b")
        friend.wait_report(own, timeout=60)

    def test_2_its_only_hub(self):
        council, gas, kanto, friend = (self.world.nodes[org] for org in ("council", "gas-hub", "kanto", "friend"))
        friend.stop()
        friend.start()
        friend.wait_link("gas-hub")
        new = self.goes_over(gas, (council, kanto, friend))
        self.assertTrue(names_no_longer(gas, "gas"))
        way = friend.send("--tlp", "AMBER", "--to", "@gas", "--kind", "situation", "--subject", "間", "--body", "間の本文")
        for node in (kanto, friend):
            self.assertEqual([text for text in node.status()["warnings"] if "may have been removed" in text], [])
        gas.cli("community", "succeed", "gas", "gas-hub")
        for node in (kanto, friend):
            wait_until(lambda node=node: new in node.cli("community", "show", "gas").out, f"{node.org} has the roster that follows", 60)
            node.wait_link("gas-hub", timeout=60)
        kanto.wait_report(way, timeout=60)
        self.assertEqual(kanto.show(way)["body"], "間の本文")


class SecondOfOneHub(E2E):
    """Who is linked already joins a second community of the same hub, one after the other: each hears of all that joined before it."""

    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"])

    def test_1_one_after_the_other(self):
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        hub.cli("community", "create", "gas", "--name", "ガス")
        for member in (alpha, bravo):
            enrol(hub, member, "gas")
        join(hub, alpha, "gas")
        wait_reachable(hub, ["@gas"], {"alpha"}, "AMBER")  # what alpha says went to bravo as well, which holds no such community
        early = alpha.send("--tlp", "AMBER", "--to", "bravo", "--community", "gas", "--kind", "incident", "--subject", "先", "--body", "先の本文")
        self.assertEqual([(row["stage"], row["waits_for"]) for row in alpha.cli("receipts", early, "--json").rows()], [("waiting", "join")])
        self.assertIn("has not joined, as far as is known here", alpha.cli("receipts", early).out)
        self.assertIn("相手がまだ参加していない", alpha.cli("receipts", early, lang="ja").out)
        join(hub, bravo, "gas")
        for node, others in ((hub, {"alpha", "bravo"}), (alpha, {"hub", "bravo"}), (bravo, {"hub", "alpha"})):
            wait_reachable(node, ["@gas"], others, "AMBER")
        bravo.wait_report(early)
        late = bravo.send("--tlp", "AMBER", "--to", "@gas", "--kind", "incident", "--subject", "後", "--body", "後の本文")
        for node in (hub, alpha):
            node.wait_report(late)


if __name__ == "__main__":
    main()
