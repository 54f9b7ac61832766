"""Whoever takes a hub's whole folder, keys included, opens no report that was not addressed to the hub."""

import json
import shutil
import socket

from harness import E2E, Node, build_mesh, main
from test_no_plaintext import search

STRICT = "厳の本文-strictbody-h6Nv2sXq"
STRICT_SUBJECT = "厳の件名-strictsubject-j4Lb9cRw"
RED = "朱の本文-redbody-m2Kd7yGt"
RED_SUBJECT = "朱の件名-redsubject-p8Zf1uHe"
DIRECT = "関の本文-amberbody-x3Cw5vJa"
MARKERS = {"strict": STRICT, "strict-subject": STRICT_SUBJECT, "red": RED, "red-subject": RED_SUBJECT, "direct": DIRECT}


def control(node, command):
    """One raw command over the control socket, past everything that the program noroshi would refuse by itself."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(20)
        line.connect(str(node.dir / "control.sock"))
        line.sendall(json.dumps(command).encode() + b"\n")
        answer = b""
        while part := line.recv(65536):
            answer += part
    return answer.decode("utf-8", "replace")


class StolenHub(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"], persons={"alpha": ["sato"], "bravo": ["tanaka"]})

    def test_nothing_opens(self):
        world = self.world
        hub, alpha, bravo = (world.nodes[org] for org in ("hub", "alpha", "bravo"))
        sealed = [
            alpha.send("--tlp", "AMBER+STRICT", "--to", "bravo", "--kind", "incident", "--subject", STRICT_SUBJECT, "--body", STRICT),
            alpha.send("--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", RED_SUBJECT, "--body", RED, person="sato"),
            alpha.send("--tlp", "AMBER", "--to", "bravo", "--kind", "incident", "--subject", "x", "--body", DIRECT),
        ]
        open_one = alpha.send("--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "皆へ", "--body", "皆への本文")
        for report in sealed:
            bravo.wait_report(report)
        self.assertEqual(bravo.show(sealed[0])["body"], STRICT, "it did travel through the hub")
        hub.wait_report(open_one)
        self.assertEqual([row["id"] for row in hub.list() if row["id"] in sealed], [], "the hub lists none of them")
        hub.stop()

        stolen = Node(world, "hub", folder=world.path / "stolen")
        world.nodes["stolen"] = stolen
        shutil.copytree(hub.dir, stolen.dir, ignore=shutil.ignore_patterns("*.sock"))
        self.assertTrue(any(path.stat().st_size > 0 for path in stolen.dir.rglob("*")))
        stolen.start()
        self.assertEqual(stolen.show(open_one)["body"], "皆への本文", "what was addressed to the hub opens: the copy is whole")
        said = []
        for report in sealed:
            said.append(stolen.cli("show", report, "--json", want=4))
            for sink in ("own", "clients", "community", "public"):
                for form in ("text", "json"):
                    done = stolen.cli("export", report, "--sink", sink, "--format", form, want=None)
                    self.assertIn(done.code, (3, 4, 5))
                    said.append(done)
            said.append(stolen.cli("receipts", report, want=None))
            said.append(stolen.cli("reply", report, "--body", "x", want=None))
        said.append(stolen.cli("list", "--json"))
        texts = [done.out + done.err for done in said] + [stolen.log_text()]
        for report in sealed:
            for command in ({"command": "show", "id": report}, {"command": "show", "id": report, "person": "tanaka"},
                            {"command": "export", "id": report, "sink": "own"}, {"command": "red-open", "id": report, "person": "tanaka"},
                            {"command": "red-open", "id": report, "person": "hub"}):
                answer = control(stolen, command)
                self.assertNotIn('"end": true', answer)
                self.assertNotIn('"end":true', answer)
                texts.append(answer)
        for text in texts:
            for marker in MARKERS.values():
                self.assertNotIn(marker, text)
        stolen.stop()
        self.assertEqual(search(stolen.dir, MARKERS), [])
        self.assertEqual(search(hub.dir, MARKERS), [])


if __name__ == "__main__":
    main()
