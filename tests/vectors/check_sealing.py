#!/usr/bin/env python3
"""Judge tests/vectors/sealing with a second implementation of sealing, grants, envelopes, rosters and what changes them, and cards.

It is written from proto/SPEC.md and shares nothing with keys/ but libsodium's primitives: the layouts, the hashes, the
trees and the order of the checks are its own. A vector says what must come out, or which check must fail and how.
"""
import hashlib
import os
import sys

from nacl import bindings
from nacl.exceptions import CryptoError

from wire_reader import Failure, decode, record

SUITE = 1
LABEL_CLEAR = 1
WITHHELD, VOUCHED = 2, 3  # of Header.attribution
BODY_CLASSES = (1024, 4096, 16384, 65536, 262144)
SUMMARY_CLASSES = (256, 768)
VOUCHED_BODY_CLASSES, VOUCHED_SUMMARY_CLASSES = BODY_CLASSES[2:], SUMMARY_CLASSES[1:]
LETTER_CLASSES = (256, 1024, 4096, 16384, 65536)
ZERO_NONCE = bytes(24)
TAG_SIZE = 16
VECTOR_COUNT_MIN = 120
KINDS = {"report", "envelope", "card", "prekeys", "roster", "person-prekey", "fingerprint", "equivocation", "withdrawal", "export",
         "delta", "fork", "freshness", "key-change", "statement-id", "roster-later", "invite"}


# ---- Primitives ----

def u32(value):
    return value.to_bytes(4, "little")


def u64(value):
    return value.to_bytes(8, "little")


def prefixed(data):
    return u32(len(data)) + data


def domain_hash(domain, *parts, size=32):
    text = b"noroshi/1 " + domain.encode()
    return hashlib.blake2b(prefixed(text) + b"".join(parts), digest_size=size).digest()


def signed_message(domain, statement):
    return prefixed(b"noroshi/1 " + domain.encode()) + domain_hash(domain, statement, size=64)


def need(holds, step, rule="forged"):
    if not holds:
        raise Failure(step, rule)


def check_signature(step, key, signature, domain, statement):
    need(len(key) == 32 and len(signature) == 64, step)
    try:
        bindings.crypto_sign_open(signature + signed_message(domain, statement), key)
    except CryptoError:
        raise Failure(step, "forged") from None


def agree(secret, key):
    try:
        shared = bindings.crypto_scalarmult(secret, key)
    except (CryptoError, RuntimeError):
        raise Failure("agreement", "forged") from None
    need(shared != bytes(32), "agreement")
    return shared


def open_box(step, box, bound, nonce, key, rule="forged"):
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(box, bound, nonce, key)
    except CryptoError:
        raise Failure(step, rule) from None


def open_padded(step, classes, box, bound, nonce, key):
    need(len(box) - TAG_SIZE in classes, step + "-padding", "not-canonical")
    plain = open_box(step, box, bound, nonce, key)
    size = int.from_bytes(plain[:4], "little")
    need(4 + size <= len(plain), step + "-padding", "not-canonical")
    need(not any(plain[4 + size:]), step + "-padding", "not-canonical")
    need(len(plain) == min(c for c in classes if c >= 4 + size), step + "-padding", "not-canonical")
    return plain[4:4 + size]


class KeyFile:
    """An identity out of its key file without a passphrase."""

    def __init__(self, data):
        need(len(data) == 140 and data[:12] == b"NRSKEY01" + u32(0), "key-file", "malformed")
        need(data[108:] == domain_hash("key file", data[:108]), "key-file", "passphrase")
        self.seed, self.agree_secret = data[12:44], data[44:76]
        self.sign_key = bindings.crypto_sign_seed_keypair(self.seed)[0]
        self.agree_key = bindings.crypto_scalarmult_base(self.agree_secret)


# ---- The slot tree: RFC 6962 with a verification after RFC 9162, 2.1.3.2 ----

def tree_leaf(data):
    return domain_hash("slot leaf", b"\0", data)


def tree_node(left, right):
    return domain_hash("slot node", b"\1", left, right)


def check_path(root, leaf, index, count, path):
    need(len(path) % 32 == 0 and index < count, "path")
    number, last, value = index, count - 1, tree_leaf(leaf)
    for at in range(0, len(path), 32):
        need(last > 0, "path")
        sibling = path[at:at + 32]
        if number & 1 or number == last:
            value = tree_node(sibling, value)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            value = tree_node(value, sibling)
        number, last = number >> 1, last >> 1
    need(last == 0 and value == root, "path")


# ---- Reports and grants ----

class Sealed:
    """A sealed report that a relay would carry."""

    def __init__(self, data):
        outer = decode("Sealed", record(1, data))
        self.header, self.grant = decode("Header", outer.header), decode("Grant", outer.grant)
        self.body, self.vouched = outer.body, self.header.attribution == VOUCHED
        self.clear = self.header.label == LABEL_CLEAR and self.header.attribution != WITHHELD
        self.body_classes = VOUCHED_BODY_CLASSES if self.vouched else BODY_CLASSES
        self.summary_classes = VOUCHED_SUMMARY_CLASSES if self.vouched else SUMMARY_CLASSES
        self.header_hash = domain_hash("header", outer.header, size=64)
        body_hash = domain_hash("body", outer.body, size=64)
        grant_hash = domain_hash("grant", outer.grant, size=64)
        self.id = domain_hash("sealed id", self.header_hash, body_hash)
        self.grant_id = domain_hash("statement id", outer.grant)
        self.check_relay()
        check_signature("signature", self.header.originator, outer.signature, "sealed signature",
                        self.header_hash + body_hash + grant_hash)

    def check_relay(self):
        header, grant = self.header, self.grant
        need(header.suite == SUITE and grant.suite == SUITE, "decode", "unknown-suite")
        need(len(header.summary) - TAG_SIZE in self.summary_classes, "relay", "not-canonical")
        need(header.body_size - TAG_SIZE in self.body_classes, "relay", "not-canonical")
        need(header.attribution != WITHHELD or header.place, "relay", "not-canonical")
        need(header.body_size == len(self.body), "relay")
        need(grant.grantor == header.originator and grant.authority == 1 and not grant.authority_ref, "relay")
        need(not grant.sealed_id and not grant.sealed_audience, "relay")
        need(grant.audience_commitment == header.audience_commitment, "relay")
        need(grant.created_ms == header.created_ms, "relay")
        check_grant_form("relay", grant, self.clear)
        if self.clear:
            need(domain_hash("key commitment", grant.file_key) == header.key_commitment, "relay")


def check_grant_form(step, grant, clear):
    need(bool(grant.file_key) == clear, step)
    slots = grant.slot_count > 0
    need(bool(grant.epk) == slots and bool(grant.slot_root) == slots, step)
    need(not (clear and slots), step)


def later_grant(data):
    return signed_grant(record(4, data))


def signed_grant(data):
    outer = decode("Signed", data)
    check_signature("grant-signature", outer.signer, outer.signature, "grant signature", outer.statement)
    grant = decode("Grant", outer.statement)
    need(grant.grantor == outer.signer, "grant-signer")
    need(len(grant.sealed_id) == 32, "grant-signer", "malformed")
    return grant, domain_hash("statement id", outer.statement)


def slot_transcript(sealed, grant, grantor_agree, reader, prekey_id, prekey, index):
    parts = [sealed.id, sealed.header.community, grant.grantor, grantor_agree, grant.epk]
    text = u32(SUITE) + b"".join(map(prefixed, parts)) + u32(grant.authority)
    text += prefixed(grant.authority_ref) + prefixed(grant.audience_commitment) + u32(grant.slot_count)
    text += b"".join(map(prefixed, [reader.sign_key, reader.agree_key, prekey_id, prekey]))
    return domain_hash("slot transcript", text + u32(index), size=64)


def open_slot(sealed, grant, path, reader, prekey_id, prekey_secret, grantor_sign, grantor_agree):
    need(path.sealed_id == sealed.id, "slot-report")
    need(grant is sealed.grant or grant.sealed_id == sealed.id, "slot-report")
    need(grant.grantor == grantor_sign, "grantor")
    check_grant_form("grant-form", grant, False)
    check_path(grant.slot_root, path.slot, path.index, grant.slot_count, path.path)
    slot = decode("Slot", path.slot)
    need(slot.prekey_id == prekey_id, "prekey")
    prekey = bindings.crypto_scalarmult_base(prekey_secret)
    transcript = slot_transcript(sealed, grant, grantor_agree, reader, prekey_id, prekey, path.index)
    fresh, lasting = agree(prekey_secret, grant.epk), agree(reader.agree_secret, grantor_agree)
    key = domain_hash("slot key", transcript, fresh, lasting)
    file_key = open_box("slot-key", slot.wrapped, transcript, ZERO_NONCE, key)
    need(domain_hash("key commitment", file_key) == sealed.header.key_commitment, "key-commitment")
    return file_key


def place(header, stream, sequence):
    return domain_hash("place", header.originator, header.community, stream, u64(sequence))


def open_report(sealed, file_key):
    header = sealed.header
    bound = header.originator + header.community + u64(header.created_ms) + header.nonce
    summary = open_padded("summary", sealed.summary_classes, header.summary, bound, ZERO_NONCE,
                          domain_hash("summary key", file_key))
    body = decode("Body", open_padded("body", sealed.body_classes, sealed.body, sealed.header_hash, header.nonce,
                                      domain_hash("body key", file_key)))
    need(domain_hash("report commitment", body.report_salt, body.report) == header.report_commitment,
         "report-commitment")
    need(domain_hash("audience commitment", body.audience_salt, body.audience) == header.audience_commitment,
         "audience-commitment")
    if header.attribution == WITHHELD:
        need(not body.stream, "place")
    else:
        need((place(header, body.stream, body.sequence) if body.stream else b"") == header.place, "place")
    need((decode("Report", body.report).vouch is not None) == sealed.vouched, "vouch")
    return summary, body.report, body.audience


def open_grant_audience(sealed, grant, file_key):
    box, bound = grant.sealed_audience, sealed.id + grant.grantor + grant.audience_commitment
    opening = decode("AudienceOpening", open_box("grant-audience", box[24:], bound, box[:24],
                                                 domain_hash("grant audience key", file_key)))
    need(domain_hash("audience commitment", opening.salt, opening.audience) == grant.audience_commitment,
         "grant-audience-commitment")
    return opening.audience


def report(given):
    reader = KeyFile(given["reader"])
    sealed = Sealed(given["sealed"])
    grant, grant_id = (later_grant(given["grant"]) if "grant" in given else (sealed.grant, sealed.grant_id))
    if sealed.clear:
        file_key = grant.file_key
    else:
        path = decode("SlotPath", record(3, given["slot_path"]))
        file_key = open_slot(sealed, grant, path, reader, given["prekey_id"], given["prekey_secret"],
                             given["grantor_sign"], given["grantor_agree"])
    summary, text, audience = open_report(sealed, file_key)
    found = {"sealed_id": sealed.id, "grant_id": grant_id, "file_key": file_key, "summary": summary, "report": text,
             "audience": audience}
    if grant.sealed_audience:
        found["grant_audience"] = open_grant_audience(sealed, grant, file_key)
    return found


# ---- Envelopes ----

def envelope(given):
    reader = KeyFile(given["reader"])
    outer = decode("Signed", record(8, given["envelope"]))
    check_signature("signature", outer.signer, outer.signature, "envelope signature", outer.statement)
    value = decode("Envelope", outer.statement)
    need(value["from"] == outer.signer, "signer")
    need(len(value.box) - TAG_SIZE in LETTER_CLASSES, "signer", "not-canonical")
    need(value["from"] == given["from_sign"], "from")
    need(value.to == domain_hash("key hash", reader.sign_key, size=16), "to")
    need(value.prekey_id == given["prekey_id"], "prekey")
    prekey = bindings.crypto_scalarmult_base(given["prekey_secret"])
    parts = [value["from"], given["from_agree"], reader.sign_key, reader.agree_key, value.to, value.community]
    text = u32(SUITE) + b"".join(map(prefixed, parts)) + u64(value.created_ms) + u64(value.expires_ms)
    text += b"".join(map(prefixed, [value.prekey_id, prekey, value.epk]))
    transcript = domain_hash("envelope transcript", text, size=64)
    fresh = agree(given["prekey_secret"], value.epk)
    lasting = agree(reader.agree_secret, given["from_agree"])
    key = domain_hash("envelope key", transcript, fresh, lasting)
    letter = open_padded("letter", LETTER_CLASSES, value.box, transcript, ZERO_NONCE, key)
    decode("Letter", letter)
    return {"letter": letter}


def statement_id(given):
    """Of an ask or an acceptance, as whoever answers or cites it finds it: of the sender of its envelope, and of the statement."""
    decode("Statement", given["statement_bytes"])
    need(domain_hash("statement by", given["signer"], given["statement_bytes"]) == given["id"], "id")
    return {}


# ---- Membership ----

def check_member(step, org, sign_key, agree_key, curve_key, proof):
    check_signature(step, sign_key, proof, "member proof", prefixed(org.encode()) + sign_key + agree_key + curve_key)


def card(given):
    outer = decode("Signed", given["card"])
    check_signature("signature", outer.signer, outer.signature, "card signature", outer.statement)
    value = decode("Card", outer.statement)
    need(value.sign_key == outer.signer, "signer")
    check_member("member-proof", value.org, value.sign_key, value.agree_key, value.curve_key, value.proof)
    for person in value.persons:
        check_signature("person-proof", person.sign_key, person.proof, "person proof",
                        value.sign_key + prefixed(person.id.encode()) + person.agree_key)
    return {"statement": outer.statement}


def prekeys(given):
    outer = decode("Signed", record(6, given["prekeys"]))
    check_signature("signature", outer.signer, outer.signature, "prekeys signature", outer.statement)
    value = decode("Prekeys", outer.statement)
    need(value.owner == outer.signer, "signer")
    return {"statement": outer.statement}


def roster_hash(statement):
    return domain_hash("roster hash", statement)


def check_roster_signatures(many, own, trusted):
    keys = [entry.key for entry in many.signatures]
    hashed = roster_hash(many.statement)
    head = (own.community or hashed) + u64(own.version) + hashed
    need(keys == sorted(set(keys)), "signature-order", "not-canonical")
    for entry in many.signatures:
        need(entry.key in own["keys"] or entry.key in trusted["keys"], "signature-key")
        check_signature("signature", entry.key, entry.signature, "roster signature", head)
    for version in (own, trusted):
        need(sum(key in version["keys"] for key in keys) >= version.threshold, "threshold")


DAY_MS = 24 * 3600 * 1000


def check_kept(own, before):
    """What no later version may change or leave out."""
    stones = {stone.sign_key: stone for stone in own.tombstones}
    members = {member.sign_key for member in own.members}
    need(own.id == before.id, "breach")
    for stone in before.tombstones:
        if stone.cause == 2 and own.version > before.version + 1:
            continue  # a version between may have made it a member again
        after = stones.get(stone.sign_key)
        if after is None:
            served = stone.cause == 2 and own.created_ms > stone.at_ms + 90 * DAY_MS
            need(served or (stone.cause == 2 and stone.sign_key in members), "breach")
        else:
            need((after.org, after.curve_key) == (stone.org, stone.curve_key), "breach")
            need((after.cause, after.at_ms) == (stone.cause, stone.at_ms) or (stone.cause, after.cause) == (2, 1), "breach")


class Many(dict):
    __getattr__ = dict.__getitem__


def check_roster(many, given, later=False):
    """later: those between may be missing; then there is no hash to follow."""
    many = Many(many)
    own = trusted = decode("Roster", many.statement)
    if "trusted" in given:
        before = trusted_statement(given)
        trusted = decode("Roster", before)
        need(own.community == (trusted.community or roster_hash(before)), "chain")
        need(own.version > trusted.version, "chain", "roster-old")
        need(later or own.version == trusted.version + 1, "chain", "roster-gap")
        need(own.version > trusted.version + 1 or own.previous == roster_hash(before), "chain", "forked")
        check_kept(own, trusted)
    else:
        need(own.version == 1, "chain", "malformed")
    check_roster_signatures(many, own, trusted)
    community = own.community or roster_hash(many.statement)
    for member in own.members:
        check_member("member-proof", member.org, member.sign_key, member.agree_key, member.curve_key, member.proof)
        if member.joined:
            check_signature("joined", member.sign_key, member.joined, "member joined", community)
    return {"statement": many.statement, "community": community}


def roster(given, later=False):
    many = decode("SignedByMany", given["roster"])
    return check_roster({"statement": many.statement, "signatures": many.signatures}, given, later)


def roster_later(given):
    return roster(given, True)


def invite(given):
    """One after the other, each by the word of the one before; a copy of the last, too, by that of the one before it."""
    before, last = None, given["first"]
    found = roster({"roster": last})
    for name in ("chain", "current"):
        if name not in given:
            continue
        many = decode("SignedByMany", given[name])
        if name == "current" and many.statement == decode("SignedByMany", last).statement:
            own = decode("Roster", many.statement)
            check_roster_signatures(many, own, own if before is None else decode("Roster", trusted_statement({"trusted": before})))
        else:
            found = roster_later({"roster": given[name], "trusted": last})
            before, last = last, given[name]
    return found


# ---- What changes a membership ----

def trusted_statement(given):
    return decode("SignedByMany", given["trusted"]).statement


def delta(given):
    """One delta against the roster held, or the whole roster in one piece."""
    value = decode("RosterDelta", given["delta"])
    base = trusted_statement(given) if "trusted" in given else b""
    need((value.index, value.count) == (0, 1), "pieces", "malformed")
    need(value.base_hash == (roster_hash(base) if base else b"") and bool(value.base_version) == bool(base), "base")
    statement = b""
    for edit in value.edits:
        if not edit.literal:
            need(edit.offset + edit.size <= len(base), "edit", "malformed")
        statement += edit.literal or base[edit.offset:edit.offset + edit.size]
    need(roster_hash(statement) == value.head.hash, "hash")
    many = {"statement": statement, "signatures": value.head.signatures}
    return check_roster(many, given)


def fork(given):
    trusted = decode("Roster", trusted_statement(given))
    value = decode("ForkProof", given["fork"])
    hashes = [head.hash for head in value.heads]
    need(hashes == sorted(set(hashes)), "decode", "not-canonical")
    need(len({(head.community, head.version) for head in value.heads}) == 1, "pair")
    for head in value.heads:
        keys = [entry.key for entry in head.signatures]
        need(keys == sorted(set(keys)), "signature-order", "not-canonical")
        signed = head.community + u64(head.version) + head.hash
        for entry in head.signatures:
            if entry.key in trusted["keys"]:
                check_signature("signature", entry.key, entry.signature, "roster signature", signed)
        need(sum(key in trusted["keys"] for key in keys) >= trusted.threshold, "threshold")
    return {"community": value.heads[0].community}


def freshness(given):
    outer = decode("Signed", given["freshness"])
    check_signature("signature", outer.signer, outer.signature, "freshness signature", outer.statement)
    value = decode("Freshness", outer.statement)
    if value.joined:
        check_signature("joined", outer.signer, value.joined, "member joined", value.community)
    return {"statement": outer.statement}


def low_order(key):
    try:
        return bindings.crypto_scalarmult(bytes([7]) * 32, key) == bytes(32)
    except (CryptoError, RuntimeError):
        return True


def key_change(given):
    outer = decode("Signed", given["key_change"])
    check_signature("signature", outer.signer, outer.signature, "key change signature", outer.statement)
    value = decode("KeyChange", outer.statement)
    need(value.sign_key == outer.signer, "signer")
    if value.cause == 1:
        need(not low_order(value.agree_key), "agree-key")
        try:
            card({"card": value.card})
        except Failure as failure:
            raise Failure("card", failure.rule) from None
        next_card = decode("Card", decode("Signed", value.card).statement)
        need(next_card.org == value.org and next_card.sign_key != value.sign_key, "successor")
        check_signature("consent", next_card.sign_key, value.consent, "key consent", value.sign_key)
    else:
        need(value.cause == 2 and not (value.agree_key or value.card or value.consent), "decode", "malformed")
    return {"statement": outer.statement}


# ---- Equivocation ----

def equivocation(given):
    value = decode("Equivocation", record(13, given["equivocation"]))
    ids, headers, signed = [], [], []
    for part in (value.first, value.second):
        need(part is not None, "decode", "malformed")
        header_hash = domain_hash("header", part.header, size=64)
        headers.append(decode("Header", part.header))
        ids.append(domain_hash("sealed id", header_hash, part.body_hash))
        signed.append((part.signature, header_hash + part.body_hash + part.grant_hash))
    one, other = headers
    need(one.place and one.place == other.place and ids[0] != ids[1] and WITHHELD not in (one.attribution, other.attribution), "pair")
    need(one.originator == other.originator and one.community == other.community, "pair")
    need(ids[0] < ids[1], "order", "not-canonical")
    for signature, hashes in signed:
        check_signature("signature", one.originator, signature, "sealed signature", hashes)
    if "stream" in given:
        need(place(one, given["stream"], given["sequence"][0]) == one.place, "place")
    return {"place": one.place}


# ---- Withdrawals ----

def signed_header(part, step):
    """The header, the report's id, and the originator's signature over both."""
    need(part is not None, "decode", "malformed")
    header_hash = domain_hash("header", part.header, size=64)
    header = decode("Header", part.header)
    check_signature(step, header.originator, part.signature, "sealed signature", header_hash + part.body_hash + part.grant_hash)
    return header, domain_hash("sealed id", header_hash, part.body_hash)


def withdrawal(given):
    outer = decode("Signed", given["withdrawal"])
    check_signature("signature", outer.signer, outer.signature, "withdrawal signature", outer.statement)
    value = decode("Withdrawal", outer.statement)
    header, sealed_id = signed_header(value.report, "report")
    need(sealed_id == value.sealed_id, "id")
    need(outer.signer == header.originator, "originator", "not-originator")
    words = domain_hash("withdrawal words", given["salt"], prefixed(given["reason"]), prefixed(given["person"]), prefixed(given["user"]))
    need(words == value.words, "words")
    return {"sealed_id": sealed_id}


# ---- Exported reports ----

def texts(value, hashes):
    need(len(value.disclaimers) == len(hashes), "disclaimers")
    for one, wanted in zip(value.disclaimers, hashes):
        found = domain_hash("disclaimer", prefixed(one.name.encode()), u32(one.version), prefixed(one.ja.encode()), prefixed(one.en.encode()))
        need(found == wanted, "disclaimers")


def chain(value, header, sealed_id):
    """What a release says in the place of the header, and that the grant of whom it names stands on it."""
    outer = decode("Signed", value.release)
    check_signature("release-signature", outer.signer, outer.signature, "release signature", outer.statement)
    release = decode("Release", outer.statement)
    grant, _ = signed_grant(value.grant)
    need(release.sealed_id == sealed_id and release.expires_ms <= header.expires_ms, "release", "release")
    need(header.label != 5 and header.attribution != WITHHELD and not header.flags & 2, "release", "release")
    need(grant.authority == 3 and grant.sealed_id == sealed_id and grant.sealed_audience, "grant", "release")
    need(grant.authority_ref == domain_hash("release id", outer.signer, outer.statement), "grant", "release")
    need(grant.grantor == release.holder and grant.community == release.community, "grant", "release")
    need(grant.audience_commitment == release.audience_commitment, "grant", "release")
    need(grant.created_ms < release.expires_ms, "grant", "expired")
    conditions = release.conditions or header.conditions
    return bytes([release.label, conditions.permissible_actions if conditions else 0, conditions.flags if conditions else 0])


def export(given):
    value = decode("Export", given["export"])
    if value.attestation:
        outer = decode("Signed", value.attestation)
        check_signature("signature", outer.signer, outer.signature, "attestation signature", outer.statement)
        said = decode("Attestation", outer.statement)
        texts(value, said.disclaimers)
        return {"sealed_id": said.sealed_id, "report": said.content}
    header, sealed_id = signed_header(value.report, "signature")
    need(domain_hash("report commitment", value.report_salt, value.content) == header.report_commitment, "content")
    need((decode("Report", value.content).vouch is not None) == (header.attribution == 3), "vouch")
    texts(value, header.disclaimers)
    found = {"sealed_id": sealed_id, "report": value.content}
    if value.release:
        found["terms"] = chain(value, header, sealed_id)
    return found


# ---- Persons' prekeys, fingerprints ----

def person_prekey(given):
    person = KeyFile(given["person"])
    key = domain_hash("person prekey", person.seed, person.agree_secret, given["share"])
    wrapped, bound = given["wrapped"], domain_hash("vault", given["label"])
    return {"secret": open_box("unwrap", wrapped[24:], bound, wrapped[:24], key, "damaged")}


def fingerprint(given):
    digest = domain_hash("fingerprint", given["key"], size=64)
    groups = [int.from_bytes(digest[i:i + 8], "big") % 100000 for i in range(0, 64, 8)]
    text = " ".join(f"{group:05}" for group in groups)
    need(given["fingerprint"].replace(" ", "") == text.replace(" ", ""), "fingerprint", "fingerprint")
    return {}


# ---- The vectors ----

CHECKS = {"report": report, "envelope": envelope, "card": card, "prekeys": prekeys, "roster": roster, "roster-later": roster_later,
          "person-prekey": person_prekey, "fingerprint": fingerprint, "equivocation": equivocation, "withdrawal": withdrawal,
          "export": export, "delta": delta, "fork": fork, "freshness": freshness, "key-change": key_change, "statement-id": statement_id,
          "invite": invite}
WANTED = {"sealed_id", "grant_id", "file_key", "summary", "report", "audience", "grant_audience", "letter", "statement",
          "community", "secret", "place", "terms"}
TEXTS = {"about", "kind", "expect", "step", "fingerprint"}


def read(path):
    given = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            name, value = line.rstrip("\n").split(": ", 1)
            if name in given:
                raise ValueError(f"{name} stands there twice")
            given[name] = value if name in TEXTS else bytes.fromhex(value)
    return given


def judge(given):
    """What is wrong with the outcome, or None."""
    wanted = {name: value for name, value in given.items() if name in WANTED}
    try:
        found = CHECKS[given["kind"]](given)
    except Failure as failure:
        if (failure.step, failure.rule) == (given.get("step"), given["expect"]):
            return None
        return f"{failure}; wanted {given.get('step', 'all checks to hold')}: {given['expect']}"
    if given["expect"] != "ok":
        return f"every check holds; wanted {given['step']}: {given['expect']}"
    if found != wanted:
        return "differs in " + ", ".join(sorted(n for n in found | wanted if found.get(n) != wanted.get(n)))
    return None


def main(folder):
    names = sorted(name for name in os.listdir(folder) if name.endswith(".txt"))
    wrong, good, bad = 0, set(), set()
    for name in names:
        given = read(os.path.join(folder, name))
        (good if given["expect"] == "ok" else bad).add(given["kind"])
        problem = judge(given)
        if problem is not None:
            wrong += 1
            print(f"{name}: {problem}")
    if len(names) < VECTOR_COUNT_MIN or good != KINDS or bad != KINDS:
        wrong += 1
        print(f"vectors are missing: {len(names)} files, good {sorted(good)}, bad {sorted(bad)}")
    print(f"{len(names)} vectors, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "sealing")))
