"""Real published threat reports as bodies: they cross the mesh byte for byte. The files are not part of the project."""

import base64
import json
import unittest

from harness import E2E, build_mesh, main, shared_dir

BODY_MAX = 192 * 1024


def misp_files():
    folder = shared_dir()
    return sorted((folder / "data" / "misp").glob("*.json")) if folder else []


class Misp(E2E):
    @classmethod
    def setUpClass(cls):
        if not misp_files():
            raise unittest.SkipTest("no data/misp in $NRS_SHARED or ../shared")
        super().setUpClass()

    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"])

    def test_every_file_as_a_body(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        sent = {}
        for path in misp_files():
            text = path.read_bytes().decode("utf-8")
            self.assertLessEqual(len(text.encode()), BODY_MAX)
            title = json.loads(text).get("Event", {}).get("info", path.stem)[:100]
            report = alpha.send("--tlp", "AMBER", "--to", "@electricity", "--kind", "advisory", "--subject", title, "--body-file", path)
            sent[report] = (title, text)
        for report, (title, text) in sent.items():
            bravo.wait_report(report)
            shown = bravo.show(report)
            self.assertEqual((shown["subject"], shown["body"]), (title, text))
            exported = bravo.cli("export", report, "--sink", "own", "--format", "json").object()
            self.assertEqual(exported["body"], text)
            alpha.wait_stage(report, "bravo", "opened")

    def test_sizes_of_attachments(self):
        """All files together, as text of base64, in pieces as large as a body may be."""
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        whole = base64.b64encode(b"".join(path.read_bytes() for path in misp_files())).decode()
        pieces = [whole[at:at + BODY_MAX] for at in range(0, len(whole), BODY_MAX)]
        pieces[0] = pieces[0].ljust(BODY_MAX, "=")
        reports = []
        for number, piece in enumerate(pieces):
            reports.append(alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "advisory", "--subject", f"part {number}",
                                      "--body-file", "-", stdin=piece))
        for report, piece in zip(reports, pieces):
            bravo.wait_report(report)
            self.assertEqual(bravo.show(report)["body"], piece)
        over = alpha.cli("send", "--tlp", "GREEN", "--to", "@electricity", "--kind", "advisory", "--subject", "over", "--body-file", "-",
                         "--json", stdin="x" * (BODY_MAX + 1), want=8)
        self.assertEqual(over.error()["rule"], "too-large")


if __name__ == "__main__":
    main()
