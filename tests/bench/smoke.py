"""Runs noroshi-bench --quick and checks that every figure is there with a value; how fast anything was, it does not ask."""
import json
import os
import subprocess
import sys

FIGURES = {
    "sealing growth per recipient / X",
    "opening 1 KiB / (V + X)",
    "opening 1 KiB in the engine, audit entry on the disk / (V + X + one synced append)",
    "showing 1 KiB in the engine, audit entry on the disk / one synced append",
    "noroshi status / starting true",
    "noroshi list of 100 reports / starting true",
    "latency from the sender's commit to its receipt, p50 / fdatasync",
    "latency from the sender's commit to its receipt, p99 / fdatasync",
    "hub CPU per 1 KiB report to one member, as they come / V",
    "hub CPU per 1 KiB report to one member, from a backlog / V",
    "CPU of all three per 1 KiB report, commands in JSON included / all V, X and signatures",
    "reports/s end to end, sealed and durable at all three / broker",
    "catching up on missed reports, from the member's start / live rate",
    "deliveries/s of a flooded hub to 100 members / bare ROUTER",
    "hub memory per idle member / bare ROUTER",
    "roster of 2,000: size whole / 1 MB",
    "roster of 2,000: size of one change / 2 KB",
    "roster of 2,000: verifying the whole / two V a member",
    "roster of 2,000: taking one change / verifying the whole",
    "store: cost per report with 1,000,000 reports / with 1,000",
}
KEYS = {"figure", "value", "floor", "ratio", "target", "first_class", "unit"}

ran = subprocess.run([sys.argv[1], "--quick"], stdout=subprocess.PIPE, text=True)
assert ran.returncode == 0, f"exit status {ran.returncode}"
figures = [json.loads(line) for line in ran.stdout.splitlines()]
names = [figure["figure"] for figure in figures]
assert sorted(names) == sorted(FIGURES), f"differs from what is expected: {set(names) ^ FIGURES}, or one stands twice"
for figure in figures:
    assert KEYS <= figure.keys() <= KEYS | {"note", "disk"}, figure
    assert isinstance(figure["value"], float) and figure["value"] > 0, figure
    assert ("note" in figure) == (figure["floor"] is None) == (figure["ratio"] is None), figure
    assert figure["floor"] is None or figure["floor"] > 0 and figure["ratio"] > 0, figure

# What rests on a disk says so where that is memory.
ON_DISK = {"latency from the sender's commit to its receipt, p50 / fdatasync", "latency from the sender's commit to its receipt, p99 / fdatasync",
           "reports/s end to end, sealed and durable at all three / broker", "catching up on missed reports, from the member's start / live rate"}
if os.path.isdir("/dev/shm"):
    ran = subprocess.run([sys.argv[1], "--quick", "mesh"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": "/dev/shm"})
    assert ran.returncode == 0, ran.stderr
    figures = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {figure["figure"] for figure in figures if figure.get("disk") == "tmpfs"} == ON_DISK, figures
    assert "WARNING: /dev/shm/noroshi-bench-" in ran.stderr, ran.stderr
