"""A node that stands still with a request in hand: the command does not say that nothing was done, for it may be."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

from harness import E2E, build_mesh, main, wait_until


class Unanswered(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha"])

    def send(self, lang):
        return self.world.nodes["alpha"].cli("send", "--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", lang, "--body", "b",
                                             lang=lang, want=6, timeout=150).err

    def test_sent_and_not_answered(self):
        alpha = self.world.nodes["alpha"]
        os.kill(alpha.process.pid, signal.SIGSTOP)
        try:
            with ThreadPoolExecutor() as threads:
                english, japanese = threads.map(self.send, ("en", "ja"))
        finally:
            os.kill(alpha.process.pid, signal.SIGCONT)
        self.assertIn("may have been done, or be done later", english)
        self.assertIn("noroshi list --sent", english)
        self.assertIn("実行されるかもしれません", japanese)
        for words in (english, japanese):
            self.assertIn("[no-node]", words)
            self.assertNotIn("noroshid --dir", words, "it runs")
        wait_until(lambda: sorted(row["subject"] for row in alpha.list("--sent")) == ["en", "ja"], "both were done", 30)

    def test_not_running(self):
        words = self.world.node("bravo").init().cli("list", want=6).err
        self.assertIn("noroshid --dir", words)
        self.assertNotIn("may have been done", words)


if __name__ == "__main__":
    main()
