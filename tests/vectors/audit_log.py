"""A second implementation of the audit log, written from proto/SPEC.md 13 alone: the exported form, the tree, consistency,
checkpoints and cosignatures. `python3 audit_log.py FILE FINGERPRINT…` checks a file as a reviewer would.

It finds less precisely than the C does where: what it must agree on is whether a file is good, and up to where it is signed.
"""
import base64
import hashlib
import sys

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from check_sealing import key_change
from wire_reader import Failure, decode

HEAD = "NOROSHI AUDIT LOG 2"
PAGE = 64


def digest(domain, *parts, size=32):
    name = ("noroshi/1 " + domain).encode()
    return hashlib.blake2b(len(name).to_bytes(4, "little") + name + b"".join(parts), digest_size=size).digest()


def leaf(entry):
    return digest("audit leaf", b"\0", entry)


def node(left, right):
    return digest("audit node", b"\1", left, right)


def about(salt, identity):
    return digest("audit about", salt, identity)


def root(leaves):
    """MTH of RFC 6962, 2.1, as it stands there."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return node(root(leaves[:split]), root(leaves[split:]))


def proof(old, leaves, whole=True):
    """SUBPROOF of RFC 6962, 2.1.2."""
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    if old <= split:
        return proof(old, leaves[:split], whole) + [root(leaves[split:])]
    return proof(old - split, leaves[split:], False) + [root(leaves[:split])]


def signed_bytes(domain, statement):
    name = ("noroshi/1 " + domain).encode()
    return len(name).to_bytes(4, "little") + name + digest(domain, statement, size=64)


def sign(key, domain, statement):
    return key.sign(signed_bytes(domain, statement)).signature


def fingerprint(key):
    whole = digest("fingerprint", key, size=64)
    return " ".join("%05d" % (int.from_bytes(whole[8 * i:8 * i + 8], "big") % 100000) for i in range(8))


def signed_statement(name, domain, data):
    """The decoded statement of a Signed, whose signature holds."""
    outer = decode("Signed", data)
    try:
        VerifyKey(outer.signer).verify(signed_bytes(domain, outer.statement), outer.signature)
    except BadSignatureError:
        raise Failure("signature", "forged") from None
    statement = decode(name, outer.statement)
    if outer.signer != statement["node" if name == "AuditCheckpoint" else "hub"]:
        raise Failure("signer", "forged")
    return statement


class Log:
    """What a file says, checked as it is read."""

    def __init__(self, lines):
        self.faults, self.leaves, self.signed, self.broken = [], [], {}, False
        lines = [line.rstrip("\n") for line in lines]
        if lines[:1] != [HEAD] or [line.split(" ")[0] for line in lines[1:4]] != ["node", "log", "end"]:
            raise Failure("head", "malformed")
        self.keys = [base64.b64decode(lines[1].split(" ")[1], validate=True)]  # and those before it
        self.checkpoint = 0
        self.log = bytes.fromhex(lines[2].split(" ")[1])
        for line in lines[4:]:
            word, value = line.split(" ", 1)
            getattr(self, "take_" + word)(value)
        size, end_root, checkpoint, cosigned = lines[3].split(" ")[1:]
        if not (size.isdigit() and checkpoint.isdigit() and cosigned.isdigit()):
            raise Failure("head", "malformed")
        if self.checkpoint < int(checkpoint) or max(self.signed.values(), default=0) < int(cosigned):
            self.faults.append("signed")
        if int(size) > 0 and (len(self.leaves) != int(size) or self.broken or root(self.leaves) != bytes.fromhex(end_root)):
            self.faults.append("end")

    def take_succession(self, value):
        if self.leaves:
            raise Failure("succession", "malformed")
        data = base64.b64decode(value, validate=True)
        try:
            key_change({"key_change": data})
        except Failure:
            self.faults.append("succession")
            return
        change = decode("KeyChange", decode("Signed", data).statement)
        if change.cause == 1 and decode("Card", decode("Signed", change.card).statement).sign_key == self.keys[-1]:
            self.keys.append(change.sign_key)
        else:
            self.faults.append("succession")

    def take_entry(self, value):
        data = base64.b64decode(value, validate=True)
        entry = decode("AuditEntry", data)
        if entry.number != len(self.leaves) + 1:
            self.faults.append("number")
            self.broken = True
        self.leaves.append(leaf(data))

    def take_leaf(self, value):
        number, value = value.split(" ")
        self.faults.append("changed" if int(number) == len(self.leaves) + 1 else "inserted")
        if self.faults[-1] == "changed":
            self.leaves.append(bytes.fromhex(value))

    def holds(self, statement):
        return (statement.node in self.keys and statement.log == self.log and not self.broken and len(self.leaves) == statement.size
                and root(self.leaves) == statement.root)

    def take_checkpoint(self, value):
        statement = signed_statement("AuditCheckpoint", "audit checkpoint signature", base64.b64decode(value, validate=True))
        if self.holds(statement):
            self.checkpoint = statement.size
        else:
            self.faults.append("checkpoint")

    def take_cosignature(self, value):
        statement = signed_statement("AuditCosignature", "audit cosignature signature", base64.b64decode(value, validate=True))
        if self.holds(statement):
            self.signed[statement.hub] = statement.size
        else:
            self.faults.append("cosignature")


def check(lines, fingerprints):
    """(good, size signed by all of those named)."""
    try:
        log = Log(lines)
    except (Failure, ValueError, AttributeError):
        return False, 0
    sizes = [max([size for key, size in log.signed.items() if fingerprint(key) == named], default=0) for named in fingerprints]
    return not log.faults and all(sizes), min(sizes, default=0)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="ascii") as file:
        good, size = check(file.readlines(), sys.argv[2:])
    print("good" if good else "NOT GOOD", "signed up to entry", size)
    sys.exit(0 if good else 5)
