"""A broker of today, as a floor: messages a second from one publisher to one subscriber through mosquitto, over TLS with
client certificates, QoS 1, persisted at each message. Prints the median of the runs, or fails when a program is missing.

    broker.py [--messages N] [--runs N]

Everything it makes lies in a folder of its own and goes with it.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PAYLOAD_SIZE = 1024
PROGRAMS = ("mosquitto", "mosquitto_pub", "mosquitto_sub", "openssl")
TOPIC = "reports"


def find(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if path is None:
        sys.exit(f"broker.py: {name} is not installed (Debian: mosquitto, mosquitto-clients, openssl)")
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificates(openssl, folder):
    """An authority of our own, and one certificate for each of the three."""

    def run(*arguments):
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=bench authority")
    for name in ("localhost", "publisher", "subscriber"):
        run("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", f"{name}.pem", "-days", "2")


def write_settings(folder, port):
    lines = [f"listener {port} 127.0.0.1", f"cafile {folder}/ca.pem", f"certfile {folder}/localhost.pem",
             f"keyfile {folder}/localhost.key", "require_certificate true", "allow_anonymous true",
             "persistence true", f"persistence_location {folder}/", "autosave_on_changes true", "autosave_interval 1",
             "max_queued_messages 0", "log_type none"]
    if os.geteuid() == 0:
        lines.append("user root")
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")


def wait_for_port(port, broker):
    for _ in range(200):
        if broker.poll() is not None:
            sys.exit("broker.py: the broker did not start")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit("broker.py: the broker does not answer")


def measure(tools, folder, port, messages):
    """Messages a second, from the first one written to the last one received."""

    def client(program, name):
        return [tools[program], "-h", "localhost", "-p", str(port), "--cafile", "ca.pem", "--cert", f"{name}.pem",
                "--key", f"{name}.key", "-q", "1", "-t", TOPIC, "-i", name]

    lines = (b"x" * PAYLOAD_SIZE + b"\n") * messages
    # A session that lasts, so that what is published has to be kept for it; what an earlier run left in it goes first.
    for options in (["-E"], ["-c", "-E"]):
        subprocess.run([*client("mosquitto_sub", "subscriber"), *options], cwd=folder, check=True, timeout=30,
                       stdout=subprocess.DEVNULL)
    reader = subprocess.Popen([*client("mosquitto_sub", "subscriber"), "-c", "-C", str(messages)], cwd=folder,
                              stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    writer = subprocess.Popen([*client("mosquitto_pub", "publisher"), "-l"], cwd=folder, stdin=subprocess.PIPE)
    began = time.monotonic()
    writer.stdin.write(lines)
    writer.stdin.close()
    if reader.wait(timeout=120) != 0 or writer.wait(timeout=30) != 0:
        sys.exit("broker.py: not all messages arrived")
    return messages / (time.monotonic() - began)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    tools = {name: find(name) for name in PROGRAMS}

    with tempfile.TemporaryDirectory(prefix="noroshi-broker-") as name:
        folder = Path(name)
        port = free_port()
        make_certificates(tools["openssl"], folder)
        write_settings(folder, port)
        broker = subprocess.Popen([tools["mosquitto"], "-c", str(folder / "mosquitto.conf")],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_port(port, broker)
            print(f"{statistics.median(measure(tools, folder, port, given.messages) for _ in range(given.runs)):.1f}")
        finally:
            broker.terminate()
            broker.wait(timeout=30)


if __name__ == "__main__":
    main()
