"""DESIGN 7: what the daemon must not hold: zauth and zcertstore (a fixed buffer that overflows; keys missed), czmq's log on
standard output, a replaced source of randomness, a routing id of its own choice.

Usage: check_daemon.py NOROSHID SOURCE_DIR [NOROSHI]"""
import pathlib
import re
import subprocess
import sys

daemon, source = sys.argv[1:3]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def undefined(program):
    return {line.split()[-1].split("@")[0] for line in output("nm", "-D", "--undefined-only", program).splitlines() if line}


def needed(program):
    return re.findall(r"NEEDED.*\[(.*)\]", output("readelf", "-d", program))


names = undefined(daemon)
assert "zmq_poll" in names and "zmq_setsockopt" in names, "nm shows what the program takes from libraries"
for forbidden in ("zauth", "zcertstore", "zcert_load", "zactor_new", "zsys_info", "randombytes_set_implementation"):
    assert forbidden not in names, f"{daemon} takes {forbidden}"
assert not any(library.startswith("libczmq") for library in needed(daemon)), "czmq would log to standard output"

# The daemon's sockets neither take nor give a routing id, and never hand one over.
shell = "\n".join(path.read_text() for path in sorted(pathlib.Path(source, "node/shell").glob("*.[ch]")))
for forbidden in ("ZMQ_CONNECT_ROUTING_ID", "ZMQ_CONNECT_RID", "ZMQ_ROUTER_HANDOVER", "ZMQ_ROUTING_ID", "ZMQ_IDENTITY", "ZMQ_PROBE_ROUTER"):
    assert forbidden not in shell, f"node/shell names {forbidden}"

# Nothing but an answer goes to standard output.
failed = subprocess.run([daemon, "--dir", "/nonexistent"], capture_output=True, text=True, timeout=5)
assert failed.returncode == 8 and failed.stdout == "" and failed.stderr != "", failed
unknown = subprocess.run([daemon, "--no-such-option"], capture_output=True, text=True, timeout=5)
assert unknown.returncode == 2 and unknown.stdout == "" and unknown.stderr != "", unknown

# The person's hand starts fast because it links neither.
if len(sys.argv) > 3 and pathlib.Path(sys.argv[3]).exists():
    assert not any(re.match(r"lib(c?zmq)\.", library) for library in needed(sys.argv[3])), needed(sys.argv[3])
