"""The daemon asks for its passphrase at the terminal, without echo; whatever ends it there, the terminal echoes again."""

import os
import pty
import signal
import termios
import time

from harness import E2E, bin_dir, environment, main, wait_until


class Prompt(E2E):
    @classmethod
    def build(cls, world):
        world.node("alpha").init("--passphrase-file", world.write("pass", "狼煙を上げる\n"))

    def begin(self):
        """(process, terminal), once the daemon has asked."""
        pid, terminal = pty.fork()
        if pid == 0:
            program = str(bin_dir() / "noroshid")
            os.execve(program, [program, "--dir", str(self.world.nodes["alpha"].dir)], environment({"HOME": str(self.world.home)}))
        os.set_blocking(terminal, False)
        self.said = b""
        wait_until(lambda: self.read(terminal) and not self.echoes(terminal), "it asks, and does not echo", 20)
        return pid, terminal

    def read(self, terminal):
        try:
            self.said += os.read(terminal, 4096)
        except (BlockingIOError, OSError):
            pass
        return self.said

    @staticmethod
    def echoes(terminal):
        return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)

    def end(self, pid):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return status
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise AssertionError("it did not end")

    def test_interrupted(self):
        for how in (b"\x03", b"half a line\x03", signal.SIGTERM, signal.SIGHUP):
            with self.subTest(how=how):
                pid, terminal = self.begin()
                if isinstance(how, bytes):
                    os.write(terminal, how)
                else:
                    os.kill(pid, how)
                status = self.end(pid)
                self.assertTrue(os.WIFSIGNALED(status))
                self.assertEqual(os.WTERMSIG(status), signal.SIGINT if isinstance(how, bytes) else how)
                self.assertTrue(self.echoes(terminal))
                os.close(terminal)

    def test_answered(self):
        for answer, ready in (("違う\n", False), ("狼煙を上げる\n", True)):
            with self.subTest(answer=answer):
                pid, terminal = self.begin()
                os.write(terminal, answer.encode())
                if ready:
                    wait_until(lambda: self.world.nodes["alpha"].cli("status", want=None).code == 0, "it runs", 30)
                    self.assertTrue(self.echoes(terminal))
                    os.kill(pid, signal.SIGTERM)
                    self.assertEqual(self.end(pid), 0)
                else:
                    self.assertEqual(os.waitstatus_to_exitcode(self.end(pid)), 5)
                self.assertNotIn(answer.strip().encode(), self.read(terminal))
                self.assertTrue(self.echoes(terminal))
                os.close(terminal)


if __name__ == "__main__":
    main()
