"""Onward consent: a hub lets in whom the source agreed to, in its own community and in one that it recognises, and nobody else."""

from harness import E2E, build_mesh, enrol, invite, join, main, wait_reachable, wait_until

REPORT = ("--kind", "incident", "--subject", "変電所の障害", "--body", "本文")


class Onward(E2E):
    @classmethod
    def build(cls, world):
        hub = build_mesh(world, ["alpha", "bravo"], start=False)
        for org, role in (("naikaku", "national"), ("shocho", "ministry")):
            node = world.node(org, name=f"{org} 省")
            node.init()
            enrol(hub, node, "electricity", role)
            join(hub, node, "electricity")
        gas = world.node("gas-hub", name="ガス CEPTOAR", listen=True)
        gas.init()
        gas.cli("community", "create", "gas", "--name", "ガス CEPTOAR")
        member = world.node("gas-one", name="ガス事業者")
        member.init()
        enrol(gas, member, "gas")
        enrol(gas, hub, "gas")
        join(gas, member, "gas")
        join(gas, hub, "gas")
        fingerprint = gas.cli("community", "fingerprint", "gas").out.strip()
        done = hub.cli("community", "recognise", "electricity", invite(gas, "gas"), "--fingerprint", fingerprint, "--json").object()
        assert done["changed"], done
        fingerprint = hub.cli("community", "fingerprint", "electricity").out.strip()
        gas.cli("community", "recognise", "gas", invite(hub, "electricity"), "--fingerprint", fingerprint)
        for node in world.nodes.values():
            node.start()
        wait_reachable(world.nodes["alpha"], ["@electricity"], {"hub", "bravo"})
        wait_reachable(world.nodes["alpha"], ["naikaku"], {"naikaku"}, "AMBER")
        wait_reachable(world.nodes["alpha"], ["shocho"], {"shocho"}, "AMBER")
        wait_reachable(hub, ["@gas"], {"gas-hub", "gas-one"})
        wait_reachable(hub, ["naikaku"], {"naikaku"}, "AMBER")
        wait_reachable(hub, ["shocho"], {"shocho"}, "AMBER")
        wait_until(lambda: cls.plan(world, "communities")["communities"] == [{"id": "gas", "members": 3, "recognises": True}],
                   "alpha knows the members of the other community")

    @classmethod
    def plan(cls, world, *words):
        argv = ["send", "--tlp", "AMBER", "--to", "@electricity", *REPORT, "--dry-run", "--json"]
        for word in words:
            argv += ["--onward", word]
        return world.nodes["alpha"].cli(*argv).object()["onward"]

    def node(self, org):
        return self.world.nodes[org]

    def send(self, *words, label="AMBER", to="@electricity"):
        argv = ["--tlp", label, "--to", to, *REPORT]
        for word in words:
            argv += ["--onward", word]
        return self.node("alpha").send(*argv)

    def absent(self, report, *orgs):
        for org in orgs:
            self.node(org).cli("show", report, want=4)

    def receipts(self, node, report):
        return {row["recipient"]: row for row in self.node(node).cli("receipts", report, "--json").rows()}

    def test_public_bodies_by_consent_alone(self):
        alone = self.send()
        for org in ("bravo", "hub"):
            self.node(org).wait_report(alone)
        agreed = self.send("national")
        self.node("naikaku").wait_report(agreed)
        shown = self.node("naikaku").show(agreed)
        self.assertEqual((shown["from"], shown["body"], shown["onward"]), ("alpha", "本文", ["national"]))
        self.assertEqual((shown["let_in_by"]["by"], shown["let_in_by"]["authority"]), ("hub", "consent"))
        self.assertIn("展開元：hub", self.node("naikaku").cli("show", agreed, lang="ja").out)
        self.absent(agreed, "shocho", "gas-hub", "gas-one")
        self.absent(alone, "naikaku", "shocho", "gas-hub", "gas-one")
        wait_until(lambda: self.receipts("alpha", agreed).get("naikaku", {}).get("stage") == "opened", "the source has the receipt")
        row = self.receipts("alpha", agreed)["naikaku"]
        self.assertEqual((row["let_in_by"], row["authority"]), ("hub", "consent"))
        self.assertIn("hub による展開", self.node("alpha").cli("receipts", agreed, lang="ja").out)
        self.assertEqual([one["org"] for one in self.node("alpha").show(agreed)["let_in"]], ["naikaku"])
        for org, by in (("hub", None), ("alpha", "hub")):
            entries = [row for row in self.node(org).cli("audit", "list", "--json").rows() if row["kind"] == "extend"]
            self.assertIn((by, None, "AMBER @electricity 1"), [(row["org"], row["rule"], row["detail"]) for row in entries])

    def test_what_a_dry_run_says(self):
        self.assertEqual(self.plan(self.world, "ministry")["members"], ["shocho"])
        done = self.node("alpha").cli("send", "--tlp", "GREEN", "--to", "@electricity", *REPORT, "--onward", "ministry", "--onward", "communities",
                                      "--dry-run", lang="ja")
        self.assertIn("ハブからの展開が可能です", done.out)
        self.assertIn("@gas", done.out)
        left = self.node("alpha").cli("send", "--tlp", "AMBER", "--to", "@electricity", *REPORT, "--dry-run", "--json").object()["excluded"]
        self.assertEqual({(one["who"], one["rule"]) for one in left}, {("naikaku", "onward"), ("shocho", "onward")})

    def test_another_community(self):
        for label in ("AMBER", "GREEN", "CLEAR"):
            report = self.send("communities", label=label)
            for org in ("gas-hub", "gas-one"):
                self.node(org).wait_report(report)
            shown = self.node("gas-one").show(report)
            self.assertEqual((shown["from"], shown["community"], shown["let_in_by"]["by"]), ("alpha", "electricity", "hub"))
            wait_until(lambda: self.receipts("alpha", report).get("gas-one", {}).get("stage") == "opened", "its receipt came back by the hub")
            row = self.receipts("alpha", report)["gas-one"]
            self.assertEqual((row["let_in_by"], row["community"]), ("hub", "gas"))
            self.assertEqual(self.receipts("hub", report)["gas-one"]["stage"], "opened")
        # what binds there binds here: an AMBER report leaves for no community's sink
        report = self.send("communities")
        self.node("gas-one").wait_report(report)
        self.assertEqual(self.node("gas-one").cli("export", report, "--sink", "community", "--format", "text", "--json", want=3).error()["rule"], "export-forbidden")

    def test_refusals(self):
        alpha, hub = self.node("alpha"), self.node("hub")
        for label, to in (("AMBER+STRICT", "bravo"), ("RED", "sato@bravo")):
            done = alpha.cli("send", "--tlp", label, "--to", to, *REPORT, "--onward", "national", "--json", want=3)
            self.assertEqual(done.error()["rule"], "label-forbids")
        wrong = " ".join(["11111"] * 8)
        before = hub.cli("community", "show", "electricity", "--json").object()
        self.assertEqual([one["id"] for one in before["recognised"]], ["gas"])
        hub.cli("community", "recognise", "electricity", invite(self.node("gas-hub"), "gas"), "--fingerprint", wrong, want=5)
        hub.cli("community", "recognise", "electricity", "nowhere", "--end", want=4)
        hub.cli("community", "recognise", "electricity", invite(hub, "electricity"), want=2)
        self.assertEqual(hub.cli("community", "show", "electricity", "--json").object()["version"], before["version"])
        sent = alpha.cli("send", "--tlp", "AMBER", "--to", "bravo", *REPORT, "--onward", "national", lang="ja")
        self.assertIn("展開できる者がいません", sent.err)


if __name__ == "__main__":
    main()
