"""A node with more reports than one answer of the daemon holds: the program asks for page after page."""

import json
import socket

from harness import E2E, enrol, main

PAGE = 1024
COUNT = PAGE + 20


class LongList(E2E):
    @classmethod
    def build(cls, world):
        hub = world.node("hub", listen=True).init()
        alpha = world.node("alpha").init()
        hub.cli("person", "add", "sato", "--name", "佐藤", "--no-passphrase")
        hub.cli("community", "create", "electricity", "--name", "電力")
        enrol(hub, alpha, "electricity")
        hub.start()
        for number in range(COUNT):
            cls.ask(hub, {"command": "send", "label": "AMBER", "to": ["@electricity"], "kind": "situation", "subject": f"n{number}", "body": "b"})

    @staticmethod
    def ask(node, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
            control.connect(str(node.dir / "control.sock"))
            control.sendall(json.dumps(request).encode() + b"\n")
            text = b""
            while not text.endswith(b'{"end":true}\n'):
                got = control.recv(1 << 16)
                if not got:
                    raise AssertionError(text)
                text += got
                if b'"error"' in text:
                    raise AssertionError(text)

    def setUp(self):
        self.hub = self.world.nodes["hub"]

    def subjects(self, *extra, person=None):
        return [row["subject"] for row in self.hub.cli("list", "--json", *extra, person=person).rows()]

    def test_json_lists_everything_newest_last(self):
        self.assertEqual(self.subjects(), [f"n{number}" for number in range(COUNT)])

    def test_a_limit_above_one_page(self):
        self.assertEqual(self.subjects("--limit", PAGE + 5), [f"n{number}" for number in range(COUNT - PAGE - 5, COUNT)])

    def test_as_a_person(self):
        self.assertEqual(self.subjects(person="sato"), [f"n{number}" for number in range(COUNT)])

    def test_on_the_screen(self):
        for lang in ("ja", "en"):
            lines = self.hub.cli("list", lang=lang).out.splitlines()
            self.assertEqual(len(lines), COUNT, lang)
            self.assertTrue(lines[0].endswith(" n0") and lines[-1].endswith(f" n{COUNT - 1}"), (lines[0], lines[-1]))


if __name__ == "__main__":
    main()
