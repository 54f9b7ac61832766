"""RED for a person whose prekeys are gone: the writer's own process grants it anew at the next unlock, and only to whom it was written."""

import shutil

from harness import E2E, build_mesh, main, wait_until

SECRET = "朱書きの本文-again-p4Xm1vRc"


class RedAgain(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"], persons={"alpha": ["mori", "sato"], "bravo": ["ito", "tanaka"]})

    def test_restored_node(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        secret = self.world.write("backup.pass", "控えのための合い言葉\n")
        file = self.world.path / "bravo.backup"
        bravo.cli("backup", "-o", file, "--backup-passphrase-file", secret)
        report = alpha.cli("send", "--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", "朱", "--body", SECRET,
                           person="sato").last_word()
        bravo.wait_report(report)
        bravo.kill()
        shutil.rmtree(bravo.dir)
        bravo.cli("restore", file, "--backup-passphrase-file", secret)
        bravo.start()
        bravo.wait_report(report)
        refused = bravo.cli("show", report, person="tanaka", want=None)
        self.assertIn(refused.code, (3, 4, 5))
        self.assertNotIn(SECRET, refused.out + refused.err)
        alpha.wait_stage(report, "tanaka@bravo", "waiting")
        self.assertTrue([text for text in alpha.status()["warnings"] if "wait for TLP:RED" in text], alpha.status()["warnings"])
        self.assertIn("再交付", alpha.cli("status", lang="ja").out)
        self.assertNotIn("granted", alpha.cli("person", "unlock", "sato").err, "the prekeys that are gone are never granted to")
        bravo.cli("person", "unlock", "tanaka")

        def granted():
            alpha.cli("person", "unlock", "mori")  # wrote nothing, and grants nothing
            if "waiting" in alpha.stages(report)["tanaka@bravo"]:
                alpha.cli("person", "unlock", "sato")
            return "waiting" not in alpha.stages(report)["tanaka@bravo"]
        wait_until(granted, "the writer's process has granted it", 40)
        wait_until(lambda: bravo.cli("show", report, person="tanaka", want=None).code == 0, "it opens", 40)
        self.assertEqual(bravo.show(report, person="tanaka")["body"], SECRET)
        refused = bravo.cli("show", report, person="ito", want=None)
        self.assertIn(refused.code, (3, 4, 5))
        self.assertNotIn(SECRET, refused.out + refused.err)
        alpha.wait_stage(report, "tanaka@bravo", "opened")
        self.assertFalse([text for text in alpha.status()["warnings"] if "wait for TLP:RED" in text])


if __name__ == "__main__":
    main()
