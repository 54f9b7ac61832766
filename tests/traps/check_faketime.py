"""DESIGN 7: libfaketime hangs czmq's loop on a step back unless FAKETIME_DONT_FAKE_MONOTONIC=1.

Usage: check_faketime.py PROGRAM. Exit 77 (skipped) where libfaketime is not installed."""
import glob
import os
import pathlib
import subprocess
import sys
import tempfile
import time

found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
if not found or os.environ.get("NRS_SANITIZED") == "1":
    sys.exit(77)


def ends(keep_monotonic):
    with tempfile.TemporaryDirectory() as folder:
        clock = pathlib.Path(folder, "clock")
        clock.write_text("+0")
        environment = dict(os.environ, LD_PRELOAD=found[0], FAKETIME_TIMESTAMP_FILE=str(clock), FAKETIME_NO_CACHE="1")
        environment.pop("FAKETIME_DONT_FAKE_MONOTONIC", None)
        if keep_monotonic:
            environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
        program = subprocess.Popen([sys.argv[1]], env=environment)
        time.sleep(0.2)
        clock.write_text("-3600")
        try:
            return program.wait(timeout=1.5) == 0
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
            return False


assert ends(keep_monotonic=True)
assert not ends(keep_monotonic=False), "libfaketime no longer hangs the loop: the setting may not be needed any more"
