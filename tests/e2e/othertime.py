"""Another clock than the machine's, for a node or a command."""

import os
import unittest
from pathlib import Path


def other_clock(**more):
    """What has to be in the environment for it; the test is skipped where the library is not installed."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        raise unittest.SkipTest("libfaketime is not installed")
    return {"LD_PRELOAD": str(found[0]), "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "ASAN_OPTIONS": "verify_asan_link_order=0:exitcode=99:detect_leaks=0", **more}


def set_clock(world, org, offset):
    """From now on; the node was started with clock_of."""
    part = world.write(f"clock-{org}.part", offset + "\n")
    os.rename(part, world.path / f"clock-{org}")


def clock_of(world, org):
    """The environment of a node whose clock follows set_clock while it runs."""
    set_clock(world, org, "+0")
    return other_clock(FAKETIME_NO_CACHE="1", FAKETIME_TIMESTAMP_FILE=str(world.path / f"clock-{org}"))
