"""Duties of confidentiality: recorded in the roster, asked for by the rules, and nobody without one gets the key."""

from harness import E2E, build_mesh, main, wait_until


class Duties(E2E):
    @classmethod
    def build(cls, world):
        hub = build_mesh(world, ["alpha", "bravo", "charlie", "delta"], persons={"alpha": ["sato"], "bravo": ["tanaka"], "charlie": ["ito"]})
        hub.cli("community", "duty", "electricity", "hub", "nda", "--since", "2020-04-01")
        hub.cli("community", "duty", "electricity", "bravo", "nda", "--since", "2020-04-01")
        hub.cli("community", "duty", "electricity", "charlie", "nda", "--since", "2020-04-01", "--until", "2021-03-31")
        cls.rule(world, "--duty-for", "AMBER=nda", "--duty-for", "RED=nda", "--duty-for", "near-miss=nda")

    @classmethod
    def rule(cls, world, *args):
        """Change a rule, and wait until all have it."""
        hub = world.nodes["hub"]
        version = hub.cli("community", "rule", "electricity", *args, "--json").object()["version"]
        for node in world.nodes.values():
            wait_until(lambda node=node: node.status()["communities"][0]["roster_version"] == version, f"{node.org} has the rules")

    def test_left_out_with_the_reason(self):
        alpha, bravo, charlie, delta = (self.world.nodes[org] for org in ("alpha", "bravo", "charlie", "delta"))
        args = ["--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "秘", "--body", "b"]
        plan = alpha.cli("send", *args, "--dry-run", "--json").object()
        self.assertEqual(set(plan["recipients"]), {"hub", "bravo"})
        self.assertEqual({one["who"]: (one["rule"], one["duty"], one["duty_state"]) for one in plan["excluded"]},
                         {"charlie": ("duty", "nda", "expired"), "delta": ("duty", "nda", "absent")})
        sent = alpha.cli("send", *args, lang="ja")
        self.assertIn("charlie", sent.err)
        self.assertIn("（nda: 期限切れです） [duty]", sent.err)
        report = sent.last_word()
        bravo.wait_report(report)
        self.assertEqual(bravo.show(report)["duty"], "nda")
        open_to_all = alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "incident", "--subject", "公", "--body", "b")
        for node in (charlie, delta):
            node.wait_report(open_to_all)
            node.cli("show", report, want=4)
        for dry in ([], ["--dry-run"]):  # nobody is left: by which rule, and who they were
            argv = ["send", "--tlp", "AMBER", "--to", "charlie", "--kind", "incident", "--subject", "s", "--body", "b", *dry]
            refused = alpha.cli(*argv, "--json", want=3)
            self.assertEqual(refused.error()["rule"], "duty")
            self.assertIn("nda", refused.error()["message"])
            self.assertEqual([(one["who"], one["rule"], one["duty"]) for one in refused.object()["excluded"]], [("charlie", "duty", "nda")])
            self.assertIn("charlie", alpha.cli(*argv, lang="ja", want=3).err)
        error = alpha.cli("send", "--tlp", "RED", "--to", "ito@charlie", "--kind", "incident", "--subject", "s", "--body", "b", "--json",
                          person="sato", want=3).error()
        self.assertEqual(error["rule"], "duty")

    def test_taken_back_closes(self):
        """Whoever could read can no more when the duty has ended; a new one opens it again."""
        alpha, bravo, hub = (self.world.nodes[org] for org in ("alpha", "bravo", "hub"))
        report = alpha.send("--tlp", "AMBER", "--to", "bravo", "--kind", "incident", "--subject", "秘", "--body", "b")
        bravo.wait_report(report)
        bravo.show(report)
        hub.cli("community", "duty", "electricity", "bravo", "nda", "--since", "2020-04-01", "--until", "2021-03-31")
        wait_until(lambda: bravo.cli("show", report, "--json", want=None).code == 3, "the duty has ended")
        self.assertEqual(bravo.cli("show", report, "--json", want=3).error()["rule"], "duty")
        self.assertIn("守秘義務", bravo.cli("show", report, want=3, lang="ja").err)
        hub.cli("community", "duty", "electricity", "bravo", "nda", "--since", "2020-04-01")
        wait_until(lambda: bravo.cli("show", report, "--json", want=None).code == 0, "there is a new one")

    def test_rules_and_bad_input(self):
        hub, alpha = self.world.nodes["hub"], self.world.nodes["alpha"]
        shown = hub.cli("community", "show", "electricity", "--json").object()
        self.assertEqual(shown["rules"]["duties"], [{"duty": "nda", "labels": ["AMBER", "RED"], "kinds": []},
                                                    {"duty": "nda", "labels": [], "kinds": ["near-miss"]}])
        duties = {one["org"]: one["duties"] for one in shown["members"]}
        self.assertEqual(duties["charlie"], [{"name": "nda", "since": "2020-03-31T15:00:00.000Z", "until": "2021-03-31T15:00:00.000Z"}])
        self.assertEqual(duties["delta"], [])
        self.assertFalse(hub.cli("community", "rule", "electricity", "--duty-for", "AMBER=nda", "--json").object()["changed"])
        for args, code in ((("rule", "electricity"), 2), (("rule", "electricity", "--duty-for", "AMBER"), 2),
                           (("rule", "electricity", "--duty-for", "PINK=nda"), 2), (("rule", "electricity", "--duty-for", "AMBER=No Name"), 8),
                           (("rule", "electricity", "--red-relay", "maybe"), 2), (("rule", "electricity", "--labels", "CLEAR,PINK"), 2),
                           (("duty", "electricity", "bravo", "nda"), 2), (("duty", "electricity", "nobody", "nda", "--since", "2026-04-01"), 4),
                           (("duty", "electricity", "bravo", "nda", "--since", "2026-04-01", "--until", "2026-03-01"), 2),
                           (("duty", "electricity", "bravo", "nda", "--since", "yesterday"), 2)):
            hub.cli("community", *args, want=code)
        self.assertEqual(hub.cli("community", "show", "electricity", "--json").object(), shown)
        alpha.cli("community", "rule", "electricity", "--red-relay", "no", want=3)
        self.rule(self.world, "--labels", "CLEAR,GREEN,AMBER,RED", "--red-relay", "no")
        for label, to in (("AMBER+STRICT", "bravo"), ("RED", "tanaka@bravo")):
            error = alpha.cli("send", "--tlp", label, "--to", to, "--kind", "incident", "--subject", "s", "--body", "b", "--json", want=3,
                              person="sato" if label == "RED" else None).error()
            self.assertEqual(error["rule"], "community-rule")
        self.rule(self.world, "--labels", "CLEAR,GREEN,AMBER,AMBER+STRICT,RED", "--red-relay", "yes")


if __name__ == "__main__":
    main()
