"""RED where the node lies about keys: what answers on its control socket names others than the persons have signed, and the
person's process seals nothing to them."""

import base64
import json
import os
import socket
import threading

from harness import E2E, build_mesh, main

SECRET = "朱書きの本文-proxy-Q7nRk2Ww"


def text(data):
    return base64.b64encode(data).decode()


class Liar:
    """Stands between the command line and the daemon of one node, and changes recipients as it is told."""

    def __init__(self, node):
        self.node, self.taken, self.lie, self.waiting = node, [], lambda entry: entry, None
        self.says_from = None
        self.real, self.path = node.dir / "real.sock", node.dir / "control.sock"
        os.rename(self.path, self.real)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(8)
        threading.Thread(target=self.serve, daemon=True).start()

    def ask(self, request):
        with socket.socket(socket.AF_UNIX) as to:
            to.connect(str(self.real))
            to.sendall(json.dumps(request, ensure_ascii=False).encode() + b"\n")
            data = b""
            while chunk := to.recv(65536):
                data += chunk
        return [json.loads(line) for line in data.splitlines()]

    def serve(self):
        while True:
            try:
                caller, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(caller,), daemon=True).start()

    def answer(self, caller):
        with caller:
            data = b""
            while not data.endswith(b"\n"):
                data += caller.recv(65536)
            request = json.loads(data)
            command = request["command"]
            if command in ("red-grant", "red-submit"):
                self.taken.append(request)
            if command == "red-waiting" and self.waiting is not None:
                rows = [dict(self.waiting), {"end": True}]
            elif command == "red-grant":
                rows = [{"end": True}]
            else:
                rows = self.ask(request)
            for row in rows:
                if command == "red-open" and "from" in row and self.says_from:
                    row["from"] = self.says_from
                if command in ("red-prepare", "red-waiting") and "recipients" in row:
                    row["recipients"] = [self.lie(dict(entry)) for entry in row["recipients"]]
            caller.sendall(b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows))

    def end(self):
        self.listener.close()
        os.unlink(self.path)
        os.rename(self.real, self.path)


class RedProxy(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "carol"], persons={"alpha": ["sato"], "bravo": ["ito", "mori", "tanaka"], "carol": ["mori"]})

    def send(self, want):
        return self.world.nodes["alpha"].cli("send", "--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", "朱",
                                             "--body", SECRET, person="sato", want=want)

    def test_answer_to_whom_the_node_names(self):
        alpha, bravo, carol = (self.world.nodes[org] for org in ("alpha", "bravo", "carol"))
        report = carol.send("--tlp", "RED", "--to", "sato@alpha", "--kind", "incident", "--subject", "朱", "--body", SECRET, person="mori")
        alpha.wait_report(report)
        liar = Liar(alpha)
        try:
            liar.says_from = "elsewhere"  # bravo has a mori as well
            alpha.cli("reply", report, "--body", SECRET, person="sato", want=4)
            liar.says_from = "bravo"
            refused = alpha.cli("reply", report, "--body", SECRET, person="sato", want=5)
            self.assertIn("was not signed by the key of this organisation", refused.err)
            self.assertIn("署名されたものではありません", alpha.cli("reply", report, "--body", SECRET, person="sato", lang="ja", want=5).err)
            self.assertEqual([], liar.taken)
            liar.says_from = None
            answer = alpha.cli("reply", report, "--body", "承知", person="sato").last_word()
        finally:
            liar.end()
        carol.wait_report(answer)
        self.assertEqual("承知", carol.show(answer, person="mori")["body"])

    def test_keys_that_the_node_made_up(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        report = self.send(0).last_word()
        bravo.wait_report(report)
        liar = Liar(alpha)
        try:
            def prepared(*to):
                return liar.ask({"command": "red-prepare", "label": "RED", "to": list(to), "kind": "incident"})[0]
            honest = prepared("tanaka@bravo")
            other = {name: prepared(name)["recipients"][0] for name in ("ito@bravo", "mori@carol")}
            waits = {"id": report, "recipients": honest["recipients"], "cards": honest["cards"] + prepared("mori@carol")["cards"]}
            mine = os.urandom(32)
            lies = {
                "its own agreement key": lambda entry: {**entry, "agree_key": text(mine), "agreement": text(mine)},
                "its own prekey": lambda entry: {**entry, "prekey": text(mine), "prekey_id": os.urandom(16).hex()},
                "its own prekey under a known id": lambda entry: {**entry, "prekey": text(mine)},
                "another's bundle": lambda entry: {**entry, **{key: other["ito@bravo"][key] for key in ("prekey", "prekey_id", "prekeys")}},
                "no bundle": lambda entry: {**entry, "prekeys": None},
                "a colleague in its place": lambda entry: {**other["ito@bravo"], "address": entry["address"]},
                "a person elsewhere in its place": lambda entry: {**other["mori@carol"], "address": entry["address"]},
                "one who was not addressed": lambda entry: other["ito@bravo"],
            }
            for name, lie in lies.items():
                with self.subTest(name):
                    liar.lie, liar.waiting, liar.taken = lie, waits, []
                    unlocked = alpha.cli("person", "unlock", "sato")
                    self.assertEqual([], liar.taken, "nothing is granted")
                    self.assertIn("not granted", unlocked.err)
                    self.assertNotIn("granted TLP:RED anew", unlocked.err)
                    liar.waiting = None
                    refused = self.send(5)
                    self.assertIn("[forged]", refused.err)
                    self.assertEqual([], liar.taken, "nothing is sealed")
            self.assertIn("封をしていません", alpha.cli("send", "--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", "朱",
                                                        "--body", SECRET, person="sato", lang="ja", want=5).err)
            liar.lie, liar.waiting = (lambda entry: entry), waits
            self.assertIn("granted TLP:RED anew", alpha.cli("person", "unlock", "sato").err, "what is true is granted")
            self.assertEqual(1, len(liar.taken))
        finally:
            liar.end()
        report = self.send(0).last_word()
        bravo.wait_report(report)
        self.assertEqual(SECRET, bravo.show(report, person="tanaka")["body"])


if __name__ == "__main__":
    main()
