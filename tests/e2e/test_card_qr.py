"""A card drawn as a QR code: the drawing is that of the library's matrix for the text that it says it holds."""

import ctypes
import fcntl
import os
import pty
import shutil
import struct
import subprocess
import termios
import time
from pathlib import Path

from harness import E2E, bin_dir, environment, main

QUIET = 4
HALVES = {" ": (0, 0), "▄": (0, 1), "▀": (1, 0), "█": (1, 1)}


class QRcode(ctypes.Structure):
    _fields_ = [("version", ctypes.c_int), ("width", ctypes.c_int), ("data", ctypes.POINTER(ctypes.c_ubyte))]


def wanted(text):
    """Rows of modules, 1 dark, as libqrencode makes them."""
    library = ctypes.CDLL("libqrencode.so.4")
    library.QRcode_encodeData.restype = ctypes.POINTER(QRcode)
    code = library.QRcode_encodeData(len(text), ctypes.c_char_p(text), 0, 0).contents
    return [[code.data[y * code.width + x] & 1 for x in range(code.width)] for y in range(code.width)]


def drawn(lines):
    """The same from the drawing: light modules are drawn, and a margin of four around."""
    rows = []
    for line in lines:
        halves = [HALVES[sign] for sign in line]
        rows += [[1 - upper for upper, _ in halves], [1 - lower for _, lower in halves]]
    width = len(rows[0])
    rows = rows[:width]  # the last line is half empty
    for row in rows[:QUIET] + rows[-QUIET:]:
        assert not any(row), "the margin is light"
    assert not any(any(row[:QUIET] + row[-QUIET:]) for row in rows)
    return [row[QUIET:-QUIET] for row in rows[QUIET:-QUIET]]


class CardQr(E2E):
    @classmethod
    def build(cls, world):
        cls.node = world.node("kanto", name="関東電力").init()

    def on_terminal(self, columns, lang="en"):
        """(exit status, text) of a run whose output is a window so wide."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 100, columns, 0, 0))
        process = subprocess.Popen([str(bin_dir() / "noroshi"), "--dir", str(self.node.dir), "--lang", lang, "card", "--qr"],
                                   stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env=environment())
        os.close(slave)
        text, end = b"", time.monotonic() + 30
        while time.monotonic() < end:
            try:
                got = os.read(master, 1 << 16)
            except OSError:
                break
            if not got:
                break
            text += got
        os.close(master)
        return process.wait(30), text.decode()

    def test_the_whole_card(self):
        card = self.node.cli("card").raw_out
        done = self.node.cli("card", "--qr")
        self.assertEqual(done.err, "")
        self.assertEqual(drawn(done.out.splitlines()), wanted(card))
        answer = self.node.cli("card", "--qr", "--json").object()
        self.assertEqual((answer["qr"], answer["whole"], answer["text"].encode()), (done.out, True, card))

    def test_on_a_terminal(self):
        code, text = self.on_terminal(200)
        self.assertEqual(code, 0)
        lines = [line.removeprefix("\033[97;40m").removesuffix("\033[0m") for line in text.splitlines()]
        self.assertEqual(drawn(lines), wanted(self.node.cli("card").raw_out))
        code, text = self.on_terminal(60)
        self.assertEqual(code, 0)
        self.assertIn("fingerprint", text)
        code, text = self.on_terminal(30, "ja")
        self.assertEqual(code, 2)
        self.assertIn("ウィンドウは 30 桁", text)

    def test_a_card_too_large_for_a_code(self):
        node = self.world.node("large").init()
        for number in range(12):
            node.cli("person", "add", f"p{number}", "--name", f"人物 {number} " + "名" * 40, "--no-passphrase")
        self.assertGreater(len(node.cli("card").raw_out), 2953)
        for lang, word in (("en", "fingerprint"), ("ja", "フィンガープリント")):
            done = node.cli("card", "--qr", lang=lang)
            self.assertIn(word, done.err)
            curve = node.cli("card", "--json").object()["curve"]
            self.assertEqual(drawn(done.out.splitlines()), wanted(f"NOROSHI large\n{node.fingerprint()}\n{curve}\n".encode()))
        self.assertFalse(node.cli("card", "--qr", "--json").object()["whole"])

    def test_usage(self):
        self.node.cli("card", "--qr", "--fingerprint", want=2)
        alone = self.world.path / "alone"
        alone.mkdir()
        shutil.copy(Path(bin_dir()) / "noroshi", alone / "noroshi")
        done = subprocess.run([str(alone / "noroshi"), "--dir", str(self.node.dir), "--json", "card", "--qr"], capture_output=True,
                              env=environment(), check=False)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"noroshi-qr", done.stderr)


if __name__ == "__main__":
    main()
