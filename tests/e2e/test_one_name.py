"""Two organisations of one name in two communities of a node: a bare address means neither until the community is stated, and when one
of them is removed the other does not take its place."""

from harness import E2E, Node, enrol, join, main, wait_reachable, wait_until

TEXT = ("--kind", "incident", "--subject", "S", "--body", "b")


class OneName(E2E):
    @classmethod
    def build(cls, world):
        cls.gas = world.node("gas-hub", listen=True).init()
        cls.electricity = world.node("elec-hub", listen=True).init()
        cls.desk = world.node("desk").init()
        cls.friend = world.node("kanto-power").init()
        cls.namesake = Node(world, "kanto-power", name="another", folder=world.path / "namesake")
        cls.namesake.init()
        world.nodes["namesake"] = cls.namesake
        for node, person in ((cls.desk, "ito"), (cls.friend, "sato"), (cls.namesake, "sato")):
            node.cli("person", "add", person, "--name", person, "--no-passphrase")
        cls.gas.cli("community", "create", "gas", "--name", "ガス")
        cls.electricity.cli("community", "create", "electricity", "--name", "電力")
        for hub, community, other in ((cls.gas, "gas", cls.namesake), (cls.electricity, "electricity", cls.friend)):
            for member in (cls.desk, other):
                enrol(hub, member, community)
                join(hub, member, community)
        enrol(cls.gas, cls.electricity, "gas")  # the same organisation in both
        join(cls.gas, cls.electricity, "gas")
        for node in (cls.gas, cls.electricity, cls.desk, cls.friend, cls.namesake):
            node.start()
        cls.desk.wait_link("gas-hub")
        cls.desk.wait_link("elec-hub")
        for community in ("gas", "electricity"):
            wait_reachable(cls.desk, [f"@{community}"], {"kanto-power"})

    def plan(self, *argv, label="AMBER+STRICT", **options):
        return self.desk.cli("send", "--tlp", label, *TEXT, "--dry-run", "--json", *argv, **options)

    def reached(self, argv, node, other):
        report = self.desk.send("--tlp", "AMBER+STRICT", *TEXT, *argv)
        node.wait_report(report)
        self.desk.wait_stage(report, "kanto-power", "stored")
        self.assertNotIn(report, [row["id"] for row in other.list()])
        return report

    def test_1_two_of_one_name(self):
        refused = self.plan("--to", "kanto-power", want=2).error()
        self.assertEqual("org-ambiguous", refused["rule"])
        self.assertIn("@gas", refused["message"])
        self.assertIn("@electricity", refused["message"])
        self.assertIn("--community", refused["hint"])
        japanese = self.plan("--to", "kanto-power", want=2, lang="ja").error()
        self.assertIn("鍵", japanese["message"])
        self.assertIn("--community", japanese["hint"])
        self.assertEqual("org-ambiguous", self.desk.cli("--as", "ito", "send", "--tlp", "RED", *TEXT, "--to", "sato@kanto-power", "--json",
                                                        want=2).error()["rule"])
        self.assertEqual("org-ambiguous", self.plan("--to", "kanto-power", "--to", "elec-hub", want=2).error()["rule"])
        self.assertEqual("electricity", self.plan("--to", "kanto-power", "--to", "@electricity", label="AMBER").object()["community"])
        self.assertEqual("community-rule", self.plan("--to", "@electricity", "--community", "gas", label="GREEN", want=3).error()["rule"])
        self.assertEqual("community-unknown", self.plan("--to", "kanto-power", "--community", "water", want=4).error()["rule"])
        self.assertEqual("org-unknown", self.plan("--to", "gas-hub", "--community", "electricity", want=4).error()["rule"])
        self.assertEqual("gas", self.plan("--to", "elec-hub").object()["community"], "one organisation in both: the first joined that has all")
        self.assertEqual("electricity", self.plan("--to", "elec-hub", "--community", "@electricity").object()["community"])
        first = self.reached(("--to", "kanto-power", "--community", "electricity"), self.friend, self.namesake)
        self.reached(("--to", "kanto-power", "--community", "gas"), self.namesake, self.friend)
        for community, node, other in (("electricity", self.friend, self.namesake), ("gas", self.namesake, self.friend)):
            def sealed():
                done = self.desk.cli("send", "--tlp", "RED", *TEXT, "--to", "sato@kanto-power", "--community", community, person="ito",
                                     want=None)
                return done.last_word() if done.code == 0 else None
            report = wait_until(sealed, "the person's prekeys are there")
            node.wait_report(report)
            self.assertEqual("b", node.show(report, person="sato")["body"])
            self.assertNotIn(report, [row["id"] for row in other.list()])
        # A reply stays with whom the quoted report's community has under the name; a forward asks.
        answer = self.friend.cli("reply", first, "--body", "聞きました").last_word()
        self.desk.wait_report(answer)
        again = self.desk.cli("reply", answer, "--body", "了解").last_word()
        self.friend.wait_report(again)
        news = self.friend.send("--tlp", "GREEN", *TEXT, "--to", "@electricity")
        self.desk.wait_report(news)
        argv = ("forward", news, "--tlp", "GREEN", "--to", "kanto-power", "--dry-run", "--json")
        self.assertIn(self.desk.cli(*argv, want=None).code, (2, 3))
        self.assertEqual("org-ambiguous", self.desk.cli("forward", news, "--tlp", "AMBER", "--to", "kanto-power", "--dry-run", "--json",
                                                        want=2).error()["rule"])
        self.assertEqual("electricity", self.desk.cli("forward", news, "--tlp", "AMBER", "--to", "kanto-power", "--community", "electricity",
                                                      "--dry-run", "--json").object()["community"])

        shared = self.friend.send("--tlp", "AMBER", *TEXT, "--to", "@electricity")
        wait_until(lambda: self.desk.cli("show", shared, want=None).code == 0, "it opens")
        ask = ("release", "ask", shared, "--reason", "r", "--json", "--to", "kanto-power")
        self.assertEqual("org-ambiguous", self.desk.cli(*ask, want=2).error()["rule"])
        self.assertEqual("community-rule", self.desk.cli(*ask, "--community", "gas", want=3).error()["rule"], "they do not recognise each other")
        self.assertEqual("community-unknown", self.desk.cli(*ask, "--community", "water", want=4).error()["rule"])
        self.assertEqual("electricity", self.desk.cli(*ask, "--community", "electricity").object()["community"])

    def test_2_one_is_removed(self):
        self.electricity.cli("community", "remove", "electricity", "kanto-power")

        def said():
            return self.plan("--to", "kanto-power", want=None)
        wait_until(lambda: "removed" in said().err, "the removal has come")
        for restarted in (False, True):
            if restarted:
                self.desk.restart()
            refused = said().error()
            self.assertEqual("org-ambiguous", refused["rule"])
            self.assertIn("@electricity", refused["message"])
            self.assertEqual("org-ambiguous", self.desk.cli("--as", "ito", "send", "--tlp", "RED", *TEXT, "--to", "sato@kanto-power", "--json",
                                                            want=2).error()["rule"])
        self.assertEqual("org-unknown", self.plan("--to", "kanto-power", "--community", "electricity", want=4).error()["rule"])
        self.assertEqual("gas", self.plan("--to", "kanto-power", "--community", "gas").object()["community"])


if __name__ == "__main__":
    main()
