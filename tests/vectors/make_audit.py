#!/usr/bin/env python3
"""Write tests/vectors/audit: exported audit logs, one fault in each, as <what>-<finding>.log; `ok` where there is none. Keys and
salts are fixed, so that the files do not change."""
import base64
import os

from nacl.public import PrivateKey

import audit_log as audit
from make_wire import T0, message

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "audit")
NODE, HUB, OTHER, OLDEST = (audit.SigningKey(bytes([n]) * 32) for n in (1, 2, 3, 4))
LOG = bytes(range(16))
DAY = 86400000


def key(signing):
    return bytes(signing.verify_key)


def entry(number, event=2, detail="AMBER"):
    salt = audit.digest("audit about", number.to_bytes(8, "little"))  # any 32 bytes will do
    if event == 1:
        return message((1, 1), (2, salt), (3, number), (4, T0 + number), (5, 1))
    return message((1, 1), (2, salt), (3, number), (4, T0 + number), (5, event), (7, "suzuki"), (10, audit.about(salt, bytes(32))), (11, detail))


def wrapped(signing, domain, statement):
    return message((1, statement), (2, key(signing)), (3, audit.sign(signing, domain, statement)))


def checkpoint(leaves, size, signer=NODE, log=LOG, olds=()):
    proofs = [message((1, old), (2, b"".join(audit.proof(old, leaves[:size])))) for old in olds]
    statement = message((1, 1), (2, key(signer)), (3, log), (4, size), (5, audit.root(leaves[:size])), (6, T0 + DAY), (7, proofs))
    return wrapped(signer, "audit checkpoint signature", statement)


def cosignature(leaves, size, hub=HUB, logs=1, node=NODE):
    statement = message((1, 1), (2, key(hub)), (3, key(node)), (4, LOG), (5, size), (6, audit.root(leaves[:size])), (7, T0 + DAY + 1), (8, logs))
    return wrapped(hub, "audit cosignature signature", statement)


def succession(before, after):
    """A Signed KeyChange by which `after` comes after `before`."""
    def agree(seed):
        return bytes(PrivateKey(bytes([seed]) * 32).public_key)

    name, sign_key, agree_key, curve_key = b"kanto", key(after), agree(9), agree(10)
    proof = audit.sign(after, "member proof", len(name).to_bytes(4, "little") + name + sign_key + agree_key + curve_key)
    card = message((1, 1), (2, name), (3, name), (4, sign_key), (5, agree_key), (6, curve_key), (10, T0), (11, T0), (12, proof))
    consent = audit.sign(after, "key consent", key(before))
    statement = message((1, 1), (2, 1), (3, name), (4, key(before)), (5, agree(8)), (6, T0), (7, wrapped(after, "card signature", card)), (8, consent))
    return wrapped(before, "key change signature", statement)


def b64(data):
    return base64.b64encode(data).decode()


ENTRIES = [entry(n, 2 if n % 7 else 9) if n <= 60 or 64 < n <= 130 else entry(n, 1) for n in range(1, 193)] + [entry(193), entry(194)]


def lines(entries=None, signed_by=None, cosigned_by=None, end=None, drop=()):
    """The file: entries, then what was signed at 64, 128 and 192; signed_by and cosigned_by: the entries that were signed."""
    entries = ENTRIES if entries is None else entries
    leaves = [audit.leaf(one) for one in entries]
    signed = [audit.leaf(one) for one in signed_by] if signed_by else leaves
    cosigned = [audit.leaf(one) for one in cosigned_by] if cosigned_by else leaves
    out = [audit.HEAD, "node " + b64(key(NODE)), "log " + LOG.hex(), "end %d %s %d %d" % (end or len(leaves), audit.root(leaves).hex(), len(leaves) // 64 * 64, min(len(leaves) // 64 * 64, 128))]
    for number, one in enumerate(entries, 1):
        if number not in drop:
            out.append("entry " + b64(one))
        if number in (64, 128, 192):
            out.append("checkpoint " + b64(checkpoint(signed, number, olds=[number - 64] if number > 64 else [])))
            if number < 192:
                out.append("cosignature " + b64(cosignature(cosigned, number)))
    return out


def replaced(out, at, line):
    return out[:at] + [line] + out[at + 1:]


def vectors():
    good = lines()
    other = list(ENTRIES)
    other[70] = entry(71, 6, "AMBER public")
    leaf_line = "leaf 71 " + audit.leaf(ENTRIES[70]).hex()
    at71 = good.index("entry " + b64(ENTRIES[70]))
    at_cosignature = next(i for i, line in enumerate(good) if line.startswith("cosignature"))
    at_checkpoint = next(i for i, line in enumerate(good) if line.startswith("checkpoint"))
    forged = bytearray(checkpoint([audit.leaf(one) for one in ENTRIES], 64))
    forged[-1] ^= 1
    leaves = [audit.leaf(one) for one in ENTRIES]
    follows = "succession " + b64(succession(OTHER, NODE))
    turned = bytearray(succession(OTHER, NODE))
    turned[-1] ^= 1
    return {
        "whole-ok": good,
        "begun-and-nothing-signed-ok": [audit.HEAD, "node " + b64(key(NODE)), "log " + LOG.hex(), "end 1 " + audit.leaf(ENTRIES[0]).hex() + " 0 0",
                                        "entry " + b64(ENTRIES[0])],
        "entry-that-cannot-be-read-changed": replaced(good, at71, leaf_line),
        "entry-other-than-signed-rewritten": replaced(good, at71, "entry " + b64(other[70])),
        "all-rewritten-but-the-hub-signed-otherwise": lines(other, cosigned_by=ENTRIES),
        "entry-removed-missing": lines(drop=[71]),
        "entry-twice-inserted": good[:at71] + [good[at71]] + good[at71:],
        "entry-behind-the-end-inserted": good + ["entry " + b64(entry(195))],
        "put-aside-behind-the-end-inserted": good + ["leaf %d %s" % (number, audit.leaf(ENTRIES[0]).hex()) for number in (193, 194, 195, 260)],
        "tail-gone-cut": [line for line in good if line not in ("entry " + b64(ENTRIES[192]), "entry " + b64(ENTRIES[193]))],
        "tail-gone-with-the-end-but-signed-cut": lines(ENTRIES[:100]) + ["checkpoint " + b64(checkpoint(leaves, 128))],
        "two-exchanged-missing": replaced(replaced(good, at71, good[at71 + 1]), at71 + 1, good[at71]),
        "checkpoint-with-a-bit-turned-checkpoint": replaced(good, at_checkpoint, "checkpoint " + b64(bytes(forged))),
        "checkpoint-under-a-former-key-ok": good[:4] + [follows] + replaced(good, at_checkpoint, "checkpoint " + b64(checkpoint(leaves, 64, signer=OTHER)))[4:],
        "cosignature-of-the-key-before-the-former-ok": good[:4] + [follows, "succession " + b64(succession(OLDEST, OTHER))]
                                                       + replaced(good, at_cosignature, "cosignature " + b64(cosignature(leaves, 64, node=OLDEST)))[4:],
        "checkpoint-of-another-node-checkpoint": replaced(good, at_checkpoint, "checkpoint " + b64(checkpoint(leaves, 64, signer=OTHER))),
        "cosignature-of-another-node-cosignature": replaced(good, at_cosignature, "cosignature " + b64(cosignature(leaves, 64, node=OTHER))),
        "node-of-another-node-checkpoint": replaced(good, 1, "node " + b64(key(OTHER))),
        "succession-to-another-node-succession": good[:4] + ["succession " + b64(succession(OLDEST, OTHER))] + good[4:],
        "succession-with-a-bit-turned-succession": good[:4] + ["succession " + b64(bytes(turned))] + good[4:],
        "succession-behind-an-entry-malformed": good[:5] + [follows] + good[5:],
        "checkpoints-taken-out-checkpoint": [line for line in good if not line.startswith("checkpoint") or line == good[at_checkpoint]],
        "cosignatures-taken-out-cosignature": [line for line in good if not line.startswith("cosignature")],
        "checkpoint-of-another-log-checkpoint": replaced(good, at_checkpoint, "checkpoint " + b64(checkpoint(leaves, 64, log=bytes(16)))),
        "cosignature-of-nothing-cosignature": replaced(good, at_cosignature, "cosignature " + b64(b"no signature")),
        "other-words-malformed": good[:6] + ["hello world"] + good[6:],
        "no-head-malformed": good[1:],
        "earlier-end-another-form": ["NOROSHI AUDIT LOG 1"] + replaced(good, 3, " ".join(good[3].split(" ")[:3]))[1:],
        "number-of-the-form-with-a-sign-malformed": [good[0].replace("2", "+2")] + good[1:],
        "head-in-another-order-malformed": [good[0], good[2], good[1]] + good[3:],
        "entry-that-is-no-base64-malformed": replaced(good, at71, "entry %%%"),
        "size-with-a-sign-malformed": replaced(good, 3, "end +194 " + good[3].split(" ", 2)[2]),
    }


def main():
    os.makedirs(HERE, exist_ok=True)
    for name, content in vectors().items():
        with open(os.path.join(HERE, name + ".log"), "w", encoding="ascii") as out:
            out.write("\n".join(content) + "\n")


if __name__ == "__main__":
    main()
