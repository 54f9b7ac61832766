"""What a thief makes of a copy of a node's folder and of its process's memory, written from proto/SPEC.md alone.

The thief has every key that lies in the copy, knows the formats, and keeps all wrapped bytes that ever stood in the
database. Reading another process's memory takes root; the daemon forbids it to everybody else.
"""

import base64
import os
import re
import shutil
import sqlite3
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "vectors"))

from nacl import bindings  # noqa: E402
from nacl.exceptions import CryptoError  # noqa: E402

import check_sealing as sealing  # noqa: E402
from wire_reader import decode, record  # noqa: E402

REGION_SIZE_MAX = 1 << 32  # larger ones are a sanitizer's shadow
HALF_SIZE = 2048


def copy_folder(node, name):
    """Everything in the node's folder but its socket, as it stands: database, WAL, vault, keys."""
    target = node.world.path / name
    shutil.copytree(node.dir, target, ignore=shutil.ignore_patterns("*.sock"))
    return target


def copy_memory(pid):
    """The resident writable memory of a process, as a list of byte strings."""
    regions = []
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory, \
            open(f"/proc/{pid}/pagemap", "rb", 0) as pages:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line)
            start, end = int(found[1], 16), int(found[2], 16)
            if "[v" in line or "s" in found[3] or end - start > REGION_SIZE_MAX:
                continue
            regions.extend(resident(memory, pages, start, end))
    return regions


def resident(memory, pages, start, end):
    """The stretches of a region that are in memory or swapped out; the rest is zeros that nobody wrote."""
    page = 4096
    stretch = None
    for first in range(start, end, 1 << 21):
        last = min(first + (1 << 21), end)
        pages.seek(first // page * 8)
        entries = pages.read((last - first) // page * 8)
        for number in range(len(entries) // 8):
            here = first + number * page
            if entries[number * 8 + 7] & 0xC0:
                stretch = stretch or here
            elif stretch:
                yield from read(memory, stretch, here)
                stretch = None
    if stretch:
        yield from read(memory, stretch, end)


def read(memory, start, end):
    try:
        memory.seek(start)
        yield memory.read(end - start)
    except (OSError, ValueError, OverflowError):
        return


def armoured(path):
    lines = path.read_text("ascii").splitlines()
    return base64.b64decode("".join(line for line in lines if line and not line.startswith("-----")))


def unwrap(key, label, wrapped):
    """The secret, or None."""
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(wrapped[24:], sealing.domain_hash("vault", label), wrapped[:24], key)
    except CryptoError:
        return None


class Loot:
    """All that one copy of a folder gives away, with wrapped bytes of earlier copies beside its own."""

    def __init__(self, folder, others=()):
        self.identity = sealing.KeyFile(armoured(folder / "identity.key"))
        self.segments, self.prekeys, self.reports = set(), set(), set()
        for place in (folder, *others):
            self.read_database(place / "store.db")
        key = sealing.domain_hash("vault", self.identity.seed, self.identity.agree_secret)
        vault = (folder / "vault").read_bytes()
        self.roots = [root for place in (0, 1) if (root := self.root(vault, place, key))]
        self.segment_keys = {secret for root in self.roots for number, wrapped in self.segments
                             if (secret := unwrap(root, sealing.u64(number), wrapped))}
        self.prekey_secrets = {name: secret for key in self.segment_keys for name, wrapped in self.prekeys
                               if (secret := unwrap(key, name, wrapped))}
        self.file_keys = {secret for key in self.segment_keys for name, wrapped in self.reports if (secret := unwrap(key, name, wrapped))}

    def read_database(self, path):
        # Opening a copy tidies its WAL away, so a copy of the copy is read.
        scratch = path.parent / "reading"
        scratch.mkdir(exist_ok=True)
        for name in ("store.db", "store.db-wal"):
            if (path.parent / name).exists():
                shutil.copy(path.parent / name, scratch / name)
        database = sqlite3.connect(scratch / "store.db")
        self.segments |= set(database.execute("SELECT segment, wrapped FROM segment"))
        self.prekeys |= set(database.execute("SELECT id, wrapped FROM prekey"))
        self.reports |= set(database.execute("SELECT id, wrapped_key FROM report WHERE length(wrapped_key) > 0"))
        database.close()
        shutil.rmtree(scratch)

    @staticmethod
    def root(vault, place, key):
        half = vault[place * HALF_SIZE:(place + 1) * HALF_SIZE]
        if half[:8] != b"NRSVLT01":
            return None
        bound = sealing.domain_hash("vault", half[:40], bytes([place]))
        try:
            return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(half[40:], bound, half[16:40], key)[:32]
        except CryptoError:
            return None

    def secrets(self):
        """Every value of 32 bytes that opens something."""
        return {*self.roots, *self.segment_keys, *self.prekey_secrets.values(), *self.file_keys}

    def open(self, sealed, table, grantor_sign, grantor_agree):
        """The report's text by any key there is, or None."""
        for number, slot_bytes in enumerate(table.slots):
            slot = decode("Slot", slot_bytes)
            secret = self.prekey_secrets.get(slot.prekey_id)
            if secret is None:
                continue
            key = slot_key(sealed, table, number, slot, secret, self.identity, grantor_agree)
            try:
                file_key = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(slot.wrapped, key[1], bytes(24), key[0])
            except CryptoError:
                continue
            return sealing.open_report(sealed, file_key)[1]
        for file_key in self.file_keys:
            if sealing.domain_hash("key commitment", file_key) == sealed.header.key_commitment:
                return sealing.open_report(sealed, file_key)[1]
        return None


def slot_key(sealed, table, number, slot, secret, reader, grantor_agree):
    prekey = bindings.crypto_scalarmult_base(secret)
    transcript = sealing.slot_transcript(sealed, sealed.grant, grantor_agree, reader, slot.prekey_id, prekey, number)
    fresh = sealing.agree(secret, sealed.grant.epk)
    lasting = sealing.agree(reader.agree_secret, grantor_agree)
    return sealing.domain_hash("slot key", transcript, fresh, lasting), transcript


def carried(node, report):
    """The sealed report and its slot table as a hub has them."""
    database = sqlite3.connect(f"file:{node.dir}/store.db?mode=ro", uri=True)
    sealed, table = None, None
    rows = database.execute("SELECT record, slots FROM log WHERE length(record) > 0")
    for data in (part for row in rows for part in row if part):
        if data[:2] == b"\x08\x01":
            found = sealing.Sealed(data)
            sealed = found if found.id.hex() == report else sealed
        elif data[:2] == b"\x08\x02":
            found = decode("SlotTable", record(2, data))
            table = found if found.sealed_id.hex() == report else table
    database.close()
    return sealed, table
