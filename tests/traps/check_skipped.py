"""DESIGN 7: a skipped cmocka test passes in ctest unless SKIP_REGULAR_EXPRESSION says otherwise.

Usage: check_skipped.py PROGRAM, a cmocka program that skips its only test."""
import pathlib
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
SKIPPED = r"\\[  SKIPPED \\]"


def outcome(properties):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "CTestTestfile.cmake").write_text(
            f'add_test(it "{PROGRAM}")\n' + (f"set_tests_properties(it PROPERTIES {properties})\n" if properties else ""))
        done = subprocess.run(["ctest"], cwd=folder, capture_output=True, text=True, timeout=20)
        return done.stdout


plain = outcome("")
assert "Passed" in plain and "Skipped" not in plain, plain
marked = outcome(f'SKIP_REGULAR_EXPRESSION "{SKIPPED}"')
assert "***Skipped" in marked, marked

# Every cmocka program of the tree is registered with it.
for listing in pathlib.Path(sys.argv[2]).rglob("CMakeLists.txt"):
    text = listing.read_text()
    if "PkgConfig::CMOCKA" in text and "add_test(" in text:
        assert "SKIP_REGULAR_EXPRESSION" in text, listing
