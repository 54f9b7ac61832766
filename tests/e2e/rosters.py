"""Rosters made by hand, with roster keys that somebody has got hold of: for tests of what such rosters can do."""

import base64
import hashlib
import os
import struct
import time

from nacl import bindings


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def data(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value if value else b""


def pairs(message):
    """[(field number, value)] in their order."""
    found, at = [], 0

    def take():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value
    while at < len(message):
        key, value = take(), take()
        if key & 7 == 2:
            at, value = at + value, message[at:at + value]
        found.append((key >> 3, value))
    return found


def pack(fields):
    return b"".join(number(field, value) if isinstance(value, int) else data(field, value) for field, value in fields)


def domain_hash(name, size, *parts):
    name = b"noroshi/1 " + name
    return hashlib.blake2b(struct.pack("<I", len(name)) + name + b"".join(parts), digest_size=size).digest()


def sign(seed, name, statement):
    """The signature and its key, by an Ed25519 seed."""
    public, secret = bindings.crypto_sign_seed_keypair(seed)
    domain = b"noroshi/1 " + name
    message = struct.pack("<I", len(domain)) + domain + domain_hash(name, 64, statement)
    return bindings.crypto_sign(message, secret)[:64], public


def armour(path):
    return base64.b64decode(b"".join(path.read_bytes().strip().splitlines()[1:-1]))


def card_path(keeper, owner):
    """Where a node keeps the card of another that is a hub: by the hash of its signing key."""
    signer = dict(pairs(armour(owner.dir / "own.card")))[2]
    return keeper.dir / "cards" / f"{domain_hash(b'key hash', 16, signer).hex()}.card"


def to_armour(kind, payload):
    text = base64.b64encode(payload).decode()
    lines = [text[at:at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN NOROSHI {kind}-----", *lines, f"-----END NOROSHI {kind}-----", ""])


def key_seeds(path):
    """(signing seed, agreement secret, link secret) of a key file without a passphrase."""
    raw = armour(path)
    assert raw[:8] == b"NRSKEY01" and raw[8:12] == bytes(4), "not a key file without a passphrase"
    return raw[12:44], raw[44:76], raw[76:108]


class Roster:
    """A roster as a list of fields, which a test changes as it likes."""

    def __init__(self, many):
        self.statement = dict(pairs(many))[1]
        self.fields = pairs(self.statement)

    def get(self, field):
        return next((value for key, value in self.fields if key == field), None)

    def set(self, field, value):
        at = next(index for index, (key, _) in enumerate(self.fields) if key == field)
        self.fields[at] = (field, value)

    @property
    def hash(self):
        return domain_hash(b"roster hash", 32, self.statement)

    @property
    def version(self):
        return self.get(5)

    @property
    def community(self):
        return self.get(2) or self.hash

    def successor(self):
        """The next version, unchanged but for what makes it the next."""
        after = object.__new__(Roster)
        kept = [(key, value) for key, value in self.fields if key not in (2, 5, 6, 15)]
        after.fields = sorted(kept + [(2, self.community), (5, self.version + 1), (6, self.hash)], key=lambda field: field[0])
        after.set(7, int(time.time() * 1000))
        return after

    def members(self):
        return [dict(pairs(value)) for key, value in self.fields if key == 11]

    def add(self, *members):
        """Members in their places."""
        kept = [field for field in self.fields if field[0] != 11]
        every = [value for key, value in self.fields if key == 11] + list(members)
        every.sort(key=lambda value: dict(pairs(value))[1])
        self.fields = sorted(kept + [(11, value) for value in every], key=lambda field: field[0])

    def drop(self, org):
        self.fields = [(key, value) for key, value in self.fields if key != 11 or dict(pairs(value))[1] != org.encode()]

    def signed(self, *seeds):
        self.statement = pack(self.fields)
        head = self.community + struct.pack("<Q", self.version) + self.hash
        signatures = sorted((public, signature) for signature, public in (sign(seed, b"roster signature", head) for seed in seeds))
        return data(1, self.statement) + b"".join(data(2, data(1, public) + data(2, signature)) for public, signature in signatures)


def new_member(org, name, community=None):
    """An entry with fresh keys and its proofs; nobody runs its node."""
    seed = os.urandom(32)
    public, _ = bindings.crypto_sign_seed_keypair(seed)
    agree, curve = (bindings.crypto_scalarmult_base(os.urandom(32)) for _ in range(2))
    prefixed = struct.pack("<I", len(org)) + org.encode()
    proof, _ = sign(seed, b"member proof", prefixed + public + agree + curve)
    joined = sign(seed, b"member joined", community)[0] if community else b""
    return data(1, org) + data(2, name) + data(3, public) + data(4, agree) + data(5, curve) + number(6, 1) + data(7, proof) + data(8, joined)


def record(kind, payload):
    return number(1, kind) + data(2, payload)


def signed_word(seed, roster, created_ms, version=None, hashed=None):
    """A hub's word on a head."""
    statement = number(1, 1) + data(2, roster.community) + number(3, version or roster.version) + data(4, hashed or roster.hash) + number(5, created_ms)
    signature, public = sign(seed, b"freshness signature", statement)
    return record(9, data(1, statement) + data(2, public) + data(3, signature))
