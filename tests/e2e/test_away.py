"""A person who does not unlock: after three months RED still reaches it, after half a year senders are told, and unlocking mends it."""

from harness import E2E, build_mesh, main, wait_until
from othertime import clock_of, set_clock

SECRET = "朱書きの本文-away-k2Wp7sLd"


class Away(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"], persons={"alpha": ["sato"], "bravo": ["tanaka"]}, start=False)
        for org, node in world.nodes.items():
            node.extra_env = clock_of(world, org)
            node.start()

    def travel(self, days):
        for node in self.world.nodes.values():
            node.stop()
        for org, node in self.world.nodes.items():
            set_clock(self.world, org, f"+{days}d")
            node.start()
        for org in ("alpha", "bravo"):
            self.world.nodes[org].wait_link("hub", timeout=60)

    def send(self, want=0, *extra, lang="en"):
        alpha = self.world.nodes["alpha"]
        return alpha.cli("send", "--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", "朱", "--body", SECRET, *extra,
                         person="sato", want=want, lang=lang)

    def sendable(self):
        return wait_until(lambda: (done := self.send(None)).code == 0 and done, "alpha can seal to tanaka", 60)

    def test_half_a_year(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        self.sendable()
        self.travel(91)  # three months: prekeys for it were published in advance
        report = self.sendable().last_word()
        bravo.wait_report(report)
        self.assertFalse([text for text in bravo.status()["warnings"] if "tanaka" in text])
        self.travel(165)
        self.assertTrue([text for text in bravo.status()["warnings"] if "tanaka end within 28 days" in text], bravo.status()["warnings"])
        self.assertIn("28日以内", bravo.cli("status", lang="ja").out)
        self.travel(190)
        self.assertTrue([text for text in bravo.status()["warnings"] if "tanaka, whose prekeys have ended" in text])
        error = self.send(3, "--json").error()
        self.assertEqual(error["rule"], "no-prekey")
        self.assertIn("person unlock", error["hint"])
        self.assertRegex(self.send(3, lang="ja").err, "有効なプレ鍵がありません")
        bravo.cli("person", "unlock", "tanaka")
        report = self.sendable().last_word()
        bravo.wait_report(report)
        self.assertIn(SECRET, bravo.cli("show", report, person="tanaka").out)
        self.assertFalse([text for text in bravo.status()["warnings"] if "tanaka" in text])
        alpha.wait_stage(report, "tanaka@bravo", "opened")


if __name__ == "__main__":
    main()
