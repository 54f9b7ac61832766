#!/usr/bin/env python3
"""What people try at the edges and may not: each refused with the rule named, in both languages, and written down at the node where it was tried."""

import re

import harness

REPORT = ("--kind", "incident", "--subject", "件名", "--body", "本文")
JA, EN = "本情報は監督の根拠としない。", "This information is not used for supervision."


class Attempts(harness.E2E):
    @classmethod
    def build(cls, world):
        hub = harness.build_mesh(world, ["alpha", "bravo", "charlie"])
        cls.alpha, cls.bravo, cls.charlie, cls.hub = (world.nodes[org] for org in ("alpha", "bravo", "charlie", "hub"))
        cls.lay_down("terms", JA)
        cls.lay_down("other", JA)
        hub.cli("community", "rule", "electricity", "--withheld", "yes")

    @classmethod
    def lay_down(cls, name, ja):
        world = cls.world
        cls.hub.cli("community", "disclaimer", "electricity", name, "--ja", world.write("ja.txt", ja), "--en", world.write("en.txt", EN))
        version = cls.hub.cli("community", "show", "electricity", "--json").object()["version"]
        for node in world.nodes.values():
            harness.wait_until(lambda node=node: node.status()["communities"][0]["roster_version"] >= version, f"{node.org} has the text")

    def refused(self, node, rule, kind, *argv, want=3):
        """Tried three times: as JSON, in English, in Japanese; each is an entry."""
        before = len(self.entries(node, kind, rule))
        error = node.cli(*argv, "--json", want=want).error()
        self.assertEqual(error["rule"], rule, argv)
        texts = {}
        for lang in ("en", "ja"):
            done = node.cli(*argv, want=want, lang=lang)
            self.assertEqual(done.out, "", argv)
            self.assertIn(f"[{rule}]", done.err, argv)
            texts[lang] = done.err
        self.assertRegex(texts["ja"], r"[ぁ-ん]", argv)
        self.assertNotRegex(re.sub(r"noroshi [a-z -]+", "", texts["ja"]), r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,} ", argv)
        self.assertNotRegex(texts["en"], r"[ぁ-ん]", argv)
        self.assertEqual(len(self.entries(node, kind, rule)) - before, 3, (argv, node.cli("audit", "list").out))

    def entries(self, node, kind, rule):
        return [row for row in node.cli("audit", "list", "--kind", kind, "--json").rows() if row["rule"] == rule]

    def send(self, *more, label="AMBER", to="bravo"):
        report = self.alpha.send("--tlp", label, "--to", to, *REPORT, *more)
        for org in (to,) if to in self.world.nodes else ("bravo", "charlie"):
            self.world.nodes[org].wait_report(report)
        return report

    def ask(self, report, to="charlie"):
        ask = self.bravo.cli("release", "ask", report, "--to", to, "--reason", "対処のため", "--json").object()["id"]
        harness.wait_until(lambda: any(row["id"] == ask for row in self.alpha.cli("release", "list", "--json").rows()), "the ask has come")
        return ask

    def test_disclaimers(self):
        self.refused(self.alpha, "disclaimer-unknown", "send", "send", "--tlp", "GREEN", "--to", "@electricity", *REPORT, "--disclaimer", "nobody-knows")
        report = self.send("--disclaimer", "terms", to="@electricity")
        self.refused(self.bravo, "disclaimer-not-accepted", "send", "reply", report, "--body", "返事")
        self.bravo.cli("accept", self.send(to="@electricity"), want=2)  # one that asks for nothing to be accepted
        self.bravo.cli("accept", report)
        self.lay_down("terms", JA + "改訂。")
        answer = self.bravo.cli("reply", report, "--body", "返事", "--disclaimer", "terms", "--json").object()
        self.assertEqual([(one["name"], one["version"]) for one in answer["disclaimers"]], [("terms", 2)])  # never two of one

    def test_releases(self):
        report = self.send()
        ask = self.ask(report)
        self.refused(self.bravo, "not-originator", "release", "release", "grant", ask)
        self.refused(self.bravo, "not-originator", "deny", "release", "deny", ask, "--reason", "r")
        self.refused(self.alpha, "label-forbids", "release", "release", "grant", ask, "--tlp", "RED")
        self.alpha.cli("release", "grant", ask)
        self.charlie.wait_report(report)
        self.alpha.cli("release", "grant", ask, want=8)  # answered already
        late = self.send()
        ask = self.ask(late)
        self.alpha.cli("withdraw", late, "--reason", "誤報")
        self.refused(self.alpha, "withdrawn", "release", "release", "grant", ask)
        self.refused(self.bravo, "label-forbids", "ask", "release", "ask", self.send(), "--to", "sato@charlie", "--reason", "r")

    def test_vouching(self):
        report = self.alpha.send("--withhold-source", "--tlp", "AMBER", "--to", "@electricity", *REPORT)
        self.hub.wait_report(report)
        self.refused(self.hub, "label-forbids", "vouch", "vouch", report, "--tlp", "GREEN")
        self.refused(self.alpha, "not-hub", "vouch", "vouch", report)

    def test_withdrawals(self):
        report = self.send(to="@electricity")
        self.refused(self.bravo, "not-originator", "withdraw", "withdraw", report, "--reason", "誤報")
        self.refused(self.hub, "not-originator", "withdraw", "withdraw", report, "--reason", "誤報")
        self.assertIsNone(self.alpha.show(report)["withdrawn_at"])


if __name__ == "__main__":
    harness.main()
