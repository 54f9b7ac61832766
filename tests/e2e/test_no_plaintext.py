"""No plaintext on any disk: every file under every node's folder is searched for what was sent, in every guise that text takes."""

import base64
import os
import signal
import subprocess

from harness import E2E, allow_core_files, build_mesh, main

MARKERS = {
    "subject": "件名の目印-subject-q7Rk2mZp",
    "body": "本文の目印-body-w9Tx4nBv",
    "field": "様式の目印-field-e3Yc6hLs",
    "red-subject": "朱の件名-redsubject-u1Po8jDk",
    "red-body": "朱の本文-redbody-z5Qa0gFw",
    "reply": "返信の目印-reply-k8Wd3tMe",
}


def guises(text):
    """The text as bytes in the encodings and the base64 alignments in which it could lie in a file."""
    ascii_part = text[text.index("-") + 1:]
    for part in (text, ascii_part):
        yield part.encode()
        yield part.encode("utf-16-le")
        yield part.encode("utf-16-be")
        yield part.encode("unicode_escape")
        yield part.encode().hex().encode()
        for shift in range(3):  # base64 of a longer text: cut what depends on the neighbours
            coded = base64.b64encode(bytes(shift) + part.encode())
            yield coded[(0, 2, 3)[shift]: len(coded) // 4 * 4 - 4]
    yield text.encode("shift_jis", "ignore")


def search(folder, markers):
    """(file, marker, guise) for each find; special files are passed over."""
    found = []
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        data = path.read_bytes()
        for name, text in markers.items():
            found += [(str(path), name, guise) for guise in guises(text) if guise in data]
    return found


class NoPlaintext(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"], persons={"alpha": ["sato"], "bravo": ["tanaka"]})

    def test_search_can_find(self):
        """The search itself finds each guise that it claims to find."""
        for number, guise in enumerate(guises(MARKERS["body"])):
            folder = self.world.path / f"probe{number}"
            folder.mkdir()
            (folder / "file").write_bytes(b"\0\1" + guise + b"\2")
            self.assertTrue(search(folder, MARKERS), guise)

    def test_every_file_of_every_node(self):
        world = self.world
        hub, alpha, bravo = (world.nodes[org] for org in ("hub", "alpha", "bravo"))
        reports = []
        for label, to in (("AMBER", "@electricity"), ("AMBER+STRICT", "bravo"), ("GREEN", "@electricity")):
            reports.append(alpha.send("--tlp", label, "--to", to, "--kind", "incident", "--subject", MARKERS["subject"],
                                      "--body-file", "-", stdin=MARKERS["body"] * 50))
        form = (f"subject: {MARKERS['subject']}\nkind: incident\ntlp: AMBER\nsummary: {MARKERS['body']}\n"
                f"system: {MARKERS['field']}\nlessons: {MARKERS['field']}\n")
        form_file = world.path / "form.txt"
        form_file.write_text(form)
        reports.append(alpha.send("--form", form_file, "--to", "@electricity"))
        red = alpha.send("--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", MARKERS["red-subject"],
                         "--body", MARKERS["red-body"], person="sato")
        for report in (*reports, red):
            bravo.wait_report(report)
        self.assertIn(MARKERS["field"], bravo.cli("show", reports[-1]).out, "the markers did travel")
        self.assertIn(MARKERS["body"], bravo.cli("show", reports[1]).out)
        self.assertIn(MARKERS["red-body"], bravo.cli("show", red, person="tanaka").out)
        answer = bravo.cli("reply", reports[0], "--body", MARKERS["reply"]).last_word()
        alpha.wait_report(answer)
        self.assertIn(MARKERS["reply"], alpha.cli("show", answer).out)
        for args in (("list",), ("status",), ("receipts", reports[0])):
            bravo.cli(*args, want=None)
        # Refused and failing commands must not leave text behind either.
        alpha.cli("send", "--tlp", "RED", "--to", "@electricity", "--kind", "incident", "--subject", MARKERS["subject"],
                  "--body", MARKERS["body"], want=3)
        self.sweep("running")
        hub.kill()
        bravo.kill()
        self.sweep("after a crash: database, WAL, logs")
        hub.start()
        bravo.start()
        bravo.wait_link("hub")
        bravo.cli("forget", reports[0])
        world.stop_all()
        self.sweep("stopped")
        self.assertEqual(search(world.cores, MARKERS), [])

    def death(self, process):
        """Abort it and say how the kernel buried it: os.CLD_DUMPED with a core file, os.CLD_KILLED without."""
        process.send_signal(signal.SIGABRT)
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT).si_code

    def test_a_crash_leaves_no_core_file(self):
        """A core file would hold what the daemon had in memory, so the daemon forbids its own."""
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        report = alpha.send("--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", MARKERS["subject"],
                            "--body", MARKERS["body"])
        bravo.wait_report(report)
        other = subprocess.Popen(["sleep", "60"], preexec_fn=allow_core_files, cwd=self.world.cores)
        with_core = self.death(other)
        other.wait()
        code = self.death(hub.process)
        hub.kill()
        self.assertEqual(code, os.CLD_KILLED, "no core file of the daemon")
        self.assertEqual(search(self.world.cores, MARKERS), [])
        hub.start()
        if with_core != os.CLD_DUMPED:
            self.skipTest("this machine writes no core files at all")

    def sweep(self, when):
        for org, node in self.world.nodes.items():
            self.assertEqual(search(node.dir, MARKERS), [], f"{when}: {org}")
        self.assertEqual(search(self.world.logs, MARKERS), [], f"{when}: logs")
        self.assertEqual(search(self.world.cores, MARKERS), [], f"{when}: working folder")


if __name__ == "__main__":
    main()
