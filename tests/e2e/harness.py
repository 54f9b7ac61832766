"""Real nodes for end-to-end tests: folders, processes, the program `noroshi`, and waiting that is always bounded.

A World owns one temporary folder and every process started in it. Nodes are made by the same commands that the README
tells people to type. Nothing sleeps blindly: every wait polls a condition and fails with what was last seen.
"""

import atexit
import ctypes
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIME_SCALE = float(os.environ.get("NRS_TIME_SCALE", "1"))
SANITIZER_WORDS = re.compile(
    r"ERROR: AddressSanitizer|ERROR: LeakSanitizer|runtime error:|WARNING: ThreadSanitizer|AddressSanitizer:DEADLYSIGNAL"
)
SANITIZER_EXIT = 99
ID_PATTERN = re.compile(r"^[0-9a-f]{64}$")

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def bin_dir():
    """Where noroshi and noroshid are: $NRS_BIN_DIR, else the release build."""
    given = os.environ.get("NRS_BIN_DIR")
    return Path(given) if given else ROOT / "build" / "bin"


def shared_dir():
    """The folder with the published data that some tests use, or None."""
    for candidate in (os.environ.get("NRS_SHARED"), ROOT.parent / "shared"):
        if candidate and Path(candidate).is_dir():
            return Path(candidate)
    return None


def _with_parent():
    """In the child: die with the test, also when that is killed with -9."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    allow_core_files()


def allow_core_files():
    """Core files are not forbidden by us: a daemon that leaves none has forbidden them itself."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def environment(extra=None):
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    kept.update(
        LANG="C.UTF-8",
        LC_ALL="C.UTF-8",
        ASAN_OPTIONS=f"abort_on_error=0:exitcode={SANITIZER_EXIT}:detect_leaks=1:disable_coredump=0",
        UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1",
        TSAN_OPTIONS=f"exitcode={SANITIZER_EXIT}:suppressions={ROOT}/tests/tsan.supp",
    )
    kept.update(extra or {})
    return kept


def free_port():
    """A port nobody listens on, below the range from which outgoing connections draw theirs."""
    chosen = random.SystemRandom()
    for _ in range(200):
        port = chosen.randrange(20000, 32000)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port between 20000 and 32000")


def wait_until(condition, what, timeout=30.0):
    """Poll until condition() is true and return its value; else fail with what was awaited and last seen."""
    end = time.monotonic() + timeout * TIME_SCALE
    pause = 0.02
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"not within {timeout * TIME_SCALE:.0f} s: {what}; last seen: {value!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)


def state_in(status, org):
    states = [link["state"] for link in status["links"] if link["org"] == org]
    return "up" if "up" in states else (states[0] if states else None)


class Result:
    """What one run of noroshi answered."""

    def __init__(self, argv, code, out, err):
        self.argv, self.code = argv, code
        self.raw_out, self.raw_err = out, err
        self.out, self.err = out.decode("utf-8", "replace"), err.decode("utf-8", "replace")

    def rows(self):
        """One JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines() if line.strip()]

    def object(self):
        """The single JSON object of the answer."""
        found = json.loads(self.out)
        if not isinstance(found, dict):
            raise AssertionError(f"not an object: {self}")
        return found

    def error(self):
        """The JSON object of an error: the last line of standard error."""
        lines = [line for line in self.err.splitlines() if line.strip()]
        if not lines:
            raise AssertionError(f"no error object: {self}")
        return json.loads(lines[-1])

    def last_word(self):
        words = self.out.split()
        return words[-1] if words else ""

    def __str__(self):
        return f"{' '.join(map(str, self.argv))}\n  exit {self.code}\n  out: {self.out[:2000]}\n  err: {self.err[:2000]}"


class Node:
    """One organisation's node: its folder, its process, and its program."""

    def __init__(self, world, org, name=None, listen=False, folder=None):
        self.world, self.org, self.name = world, org, name or org
        self.dir = Path(folder) if folder else world.path / org
        self.endpoint = f"tcp://127.0.0.1:{free_port()}" if listen else None
        self.process = None
        self.runs = 0
        self.extra_env = {}
        self.user = None # a user id that noroshid is to have, in place of ours

    def init(self, *extra):
        listen = ["--listen", self.endpoint] if self.endpoint else []
        keys = [] if "--passphrase-file" in extra else ["--no-passphrase"]
        self.cli("init", "--org", self.org, "--name", self.name, *listen, *keys, *extra)
        if self.world.reconnect_max_ms:
            path = self.dir / "node.json"
            settings = json.loads(path.read_text("utf-8"))
            settings["reconnect_max_ms"] = self.world.reconnect_max_ms
            path.write_text(json.dumps(settings, ensure_ascii=False), "utf-8")
        return self

    # ---- the process ----

    @property
    def log_path(self):
        return self.world.logs / f"{self.dir.name}.{self.runs}.log"

    def start(self, wait=True, extra=()):
        assert self.process is None, f"{self.org} runs already"
        self.runs += 1
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [str(bin_dir() / "noroshid"), "--dir", str(self.dir), *extra],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.world.cores,
                env=environment({"HOME": str(self.world.home), **self.extra_env}), preexec_fn=_with_parent,
                **({} if self.user is None else {"user": self.user, "group": self.user, "extra_groups": []}))
        self.world.processes.append(self.process)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.org}: noroshid ended with {self.process.returncode}:\n{self.log_tail()}")
            return self.cli("status", "--json", want=None).code == 0
        wait_until(ready, f"{self.org} answers its control socket")

    def log_text(self):
        return self.log_path.read_text("utf-8", "replace") if self.log_path.exists() else ""

    def log_tail(self, size=3000):
        return self.log_text()[-size:]

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, want=0):
        """End it as a service manager does; it must leave cleanly."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(20 * TIME_SCALE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.org}: did not stop on SIGTERM:\n{self.log_tail()}") from None
        self.process = None
        if code != want:
            raise AssertionError(f"{self.org}: noroshid left with {code}, not {want}:\n{self.log_tail()}")

    def kill(self):
        """End it as a power cut does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self):
        self.stop()
        return self.start()

    # ---- the program ----

    def cli(self, *args, want=0, stdin=None, person=None, passphrase=None, lang="en", env=None, timeout=60):
        """Run noroshi on this folder. want: the exit code it must give; None takes any."""
        argv = [str(bin_dir() / "noroshi"), "--dir", str(self.dir)]
        argv += ["--lang", lang] if lang else []
        argv += ["--as", person] if person else []
        argv += ["--passphrase-file", str(passphrase)] if passphrase else []
        argv += [part if isinstance(part, bytes) else str(part) for part in args]
        data = stdin.encode() if isinstance(stdin, str) else stdin
        channel = {"input": data} if data is not None else {"stdin": subprocess.DEVNULL}
        done = subprocess.run(argv, capture_output=True, timeout=timeout * TIME_SCALE, cwd=self.world.cores, check=False,
                              env=environment({"HOME": str(self.world.home), **self.extra_env, **(env or {})}), **channel)
        result = Result(argv, done.returncode, done.stdout, done.stderr)
        if done.returncode == SANITIZER_EXIT or done.returncode < 0 or SANITIZER_WORDS.search(result.err):
            raise AssertionError(f"the program itself failed: {result}")
        if want is not None and done.returncode != want:
            raise AssertionError(f"exit {want} expected: {result}")
        return result

    def fingerprint(self):
        return self.cli("card", "--fingerprint").out.strip()

    def card(self):
        """The node's card in a file of its own."""
        path = self.world.path / f"{self.dir.name}.card"
        path.write_bytes(self.cli("card").raw_out)
        return path

    def send(self, *args, **options):
        """Send and return the ID printed last."""
        report = self.cli("send", *args, **options).last_word()
        if not ID_PATTERN.match(report):
            raise AssertionError(f"send printed no ID: {report!r}")
        return report

    def list(self, *args):
        return self.cli("list", "--json", *args).rows()

    def subjects(self):
        return [row["subject"] for row in self.list()]

    def show(self, report, **options):
        return self.cli("show", report, "--json", **options).object()

    def status(self):
        return self.cli("status", "--json").object()

    def link(self, org):
        """The state of the link to an organisation; `up` if any of several is."""
        return state_in(self.status(), org)

    def stages(self, report):
        """recipient → set of stages reached."""
        reached = {}
        for row in self.cli("receipts", report, "--json").rows():
            reached.setdefault(row["recipient"], set()).add(row["stage"])
        return reached

    # ---- waiting ----

    def wait_link(self, org, state="up", timeout=40):
        def linked():
            done = self.cli("status", "--json", want=None)
            if done.code == 6:  # while it goes over to new keys a node does not answer
                return False
            return state_in(done.object(), org) == state
        wait_until(linked, f"{self.org}: link to {org} {state}", timeout)

    def wait_report(self, report, timeout=40):
        def arrived():
            return next((row for row in self.list() if row["id"] == report), None)
        return wait_until(arrived, f"{self.org} lists {report[:8]}", timeout)

    def wait_stage(self, report, recipient, stage, timeout=40):
        wait_until(lambda: stage in self.stages(report).get(recipient, ()),
                   f"{self.org}: {recipient} has {stage} {report[:8]}", timeout)


class World:
    """One temporary folder with nodes in it. close() ends everything and says whether all left cleanly."""

    def __init__(self, keep=False, reconnect_max_ms=None):
        self.reconnect_max_ms = reconnect_max_ms  # None: as shipped
        self.path = Path(tempfile.mkdtemp(prefix="nrs-"))
        os.chmod(self.path, 0o700)
        self.keep = keep or bool(os.environ.get("NRS_KEEP"))
        self.home, self.logs, self.cores = self.path / "home", self.path / "logs", self.path / "cwd"
        for folder in (self.home, self.logs, self.cores):
            folder.mkdir()
        self.nodes, self.processes, self.closed, self.kept = {}, [], False, False
        atexit.register(self.end)

    def node(self, org, name=None, listen=False, **options):
        self.nodes[org] = Node(self, org, name, listen, **options)
        return self.nodes[org]

    def write(self, name, data):
        path = self.path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def sanitizer_reports(self):
        return [f"{log.name}: {log.read_text('utf-8', 'replace')[-4000:]}" for log in sorted(self.logs.iterdir())
                if SANITIZER_WORDS.search(log.read_text("utf-8", "replace"))]

    def stop_all(self):
        for node in self.nodes.values():
            if node.process is not None:
                node.stop()

    def end(self, failed=False):
        """Kill what is left and remove the folder; a failed test keeps it."""
        if self.closed:
            return
        self.closed = True
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        self.kept = failed or self.keep
        if self.kept:
            print(f"kept: {self.path}", file=sys.stderr, flush=True)
        else:
            shutil.rmtree(self.path, ignore_errors=True)


def build_mesh(world, members, hubs=("hub",), community="electricity", persons=None, start=True):
    """Make hubs and members by the README's own commands, and one community of them all.

    persons: organisation → person ids, without passphrases. Members get their invites once every hub stands in the roster.
    """
    for org in (*hubs, *members):
        node = world.node(org, name=f"{org} 社", listen=org in hubs)
        node.init()
        for person in (persons or {}).get(org, ()):
            node.cli("person", "add", person, "--name", f"{person} さん", "--no-passphrase")
    first = world.nodes[hubs[0]]
    first.cli("community", "create", community, "--name", f"{community} CEPTOAR")
    for org in (*hubs[1:], *members):
        enrol(first, world.nodes[org], community, "hub" if org in hubs else "operator")
    for org in (*hubs[1:], *members):
        join(first, world.nodes[org], community)
    if start:
        for org in (*hubs, *members):
            world.nodes[org].start()
        for org in members:
            for hub in hubs:
                world.nodes[org].wait_link(hub)
        for org in members:
            others = {*hubs, *members} - {org}
            wait_reachable(world.nodes[org], [f"@{community}"], others)
            for owner, ids in (persons or {}).items():
                for person in ids:
                    if owner != org:
                        wait_reachable(world.nodes[org], [f"{person}@{owner}"], {f"{person}@{owner}"}, "RED",
                                       ((persons or {}).get(org) or (None,))[0])
    return first


def enrol(hub, member, community, role="operator"):
    hub.cli("community", "add", community, member.card(), "--fingerprint", member.fingerprint(), "--role", role)


def invite(hub, community):
    path = hub.world.path / f"{community}.invite"
    path.write_bytes(hub.cli("community", "invite", community).raw_out)
    return path


def join(hub, member, community):
    fingerprint = hub.cli("community", "fingerprint", community).out.strip()
    member.cli("join", invite(hub, community), "--fingerprint", fingerprint)


def befriend(outsider, hub, community):
    """What an outsider can do with a hub's card alone: put it into a community of its own, and so have its node dial the hub."""
    outsider.cli("community", "create", community, "--name", "同じ名の別物")
    enrol(outsider, hub, community, "hub")


def dry_run(node, to, label="GREEN", person=None):
    argv = ["send", "--tlp", label, "--kind", "incident", "--subject", "dry", "--body", "dry", "--dry-run", "--json"]
    for address in to:
        argv += ["--to", address]
    done = node.cli(*argv, want=None, person=person)
    return done.object() if done.code == 0 else {"recipients": [], "failed": str(done)}


def wait_reachable(node, to, expected, label="GREEN", person=None, timeout=60):
    """Until the node knows cards and prekeys of all expected recipients."""
    seen = {}

    def all_known():
        seen.clear()
        seen.update(dry_run(node, to, label, person))
        known = set(seen["recipients"]) - set(seen.get("waiting", ()))
        return set(expected) <= known
    try:
        wait_until(all_known, f"{node.org} can seal to {sorted(expected)}", timeout)
    except AssertionError as error:
        raise AssertionError(f"{error} {seen}") from None


class E2E(unittest.TestCase):
    """A test case with one World for the class. Subclasses override build(world)."""

    world = None
    failed = False

    @classmethod
    def build(cls, world):
        """Make the nodes that the tests of the class share."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(reconnect_max_ms=1000)
        cls.failed = False
        try:
            cls.build(cls.world)
        except unittest.SkipTest:
            cls.world.end(failed=False)
            raise
        except BaseException:
            cls.dump()
            cls.world.end(failed=True)
            raise

    @classmethod
    def dump(cls):
        for log in sorted(cls.world.logs.iterdir()):
            print(f"---- {log.name}\n{log.read_text('utf-8', 'replace')[-3000:]}", file=sys.stderr)
        sys.stderr.flush()

    @classmethod
    def tearDownClass(cls):
        problem = None
        try:
            cls.world.stop_all()
        except AssertionError as error:
            problem = error
        reports = cls.world.sanitizer_reports()
        if cls.failed or problem or reports:
            cls.dump()
        cls.world.end(failed=bool(cls.failed or problem or reports))
        if problem:
            raise problem
        if reports:
            raise AssertionError("a sanitizer spoke:\n" + "\n".join(reports))

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result is not None else 0
        super().run(result)
        if result is not None and len(result.failures) + len(result.errors) > before:
            type(self).failed = True
        return result

    def one(self, rows, **wanted):
        """The single row with these values."""
        found = [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]
        self.assertEqual(len(found), 1, f"{wanted} in {rows}")
        return found[0]


def main():
    """Run the file's tests. A skip is reported as such only when nothing failed, so that it cannot hide a failure."""
    if not (bin_dir() / "noroshid").exists():
        sys.exit(f"no noroshid in {bin_dir()}; set NRS_BIN_DIR")
    program = unittest.main(exit=False, verbosity=2, failfast=bool(os.environ.get("NRS_FAILFAST")))
    result = program.result
    if result.wasSuccessful():
        for test, reason in result.skipped:
            print(f"NRS-SKIP: {test}: {reason}", flush=True)
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
