"""A person who does not unlock: after three months RED still reaches it, after half a year senders are told, and unlocking mends it."""

import os
import unittest
from pathlib import Path

from harness import E2E, build_mesh, main, wait_until

SECRET = "朱書きの本文-away-k2Wp7sLd"


class Away(E2E):
    @classmethod
    def setUpClass(cls):
        found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not found:
            raise unittest.SkipTest("libfaketime is not installed")
        cls.library = found[0]
        super().setUpClass()

    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"], persons={"alpha": ["sato"], "bravo": ["tanaka"]}, start=False)
        for org, node in world.nodes.items():
            cls.set_clock(world, org, "+0")
            node.extra_env = {"LD_PRELOAD": str(cls.library), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1",
                              "FAKETIME_TIMESTAMP_FILE": str(world.path / f"clock-{org}"),
                              "ASAN_OPTIONS": "verify_asan_link_order=0:exitcode=99:detect_leaks=0"}
            node.start()

    @staticmethod
    def set_clock(world, org, offset):
        part = world.write(f"clock-{org}.part", offset + "\n")
        os.rename(part, world.path / f"clock-{org}")

    def travel(self, days):
        for node in self.world.nodes.values():
            node.stop()
        for org, node in self.world.nodes.items():
            self.set_clock(self.world, org, f"+{days}d")
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
