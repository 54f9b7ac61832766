"""A reader of Noroshi's wire form, written from proto/SPEC.md and proto/noroshi.proto alone: canonical protobuf, with
no library. Numbers are not checked against their ranges: that is what tests/vectors/wire is for."""


class Failure(Exception):
    """A check that does not hold: which one, and the word of the error."""

    def __init__(self, step, rule):
        super().__init__(f"{step}: {rule}")
        self.step = step
        self.rule = rule


# message → the fields in order of their numbers; [] marks repeated ones, "b" bytes, "s" text, "u" an integer.
MESSAGES = {
    "Record": ["type u", "payload b"],
    "Signed": ["statement b", "signer b", "signature b"],
    "RosterSignature": ["key b", "signature b"],
    "SignedByMany": ["statement b", "signatures []RosterSignature"],
    "Conditions": ["permissible_actions u", "flags u"],
    "Header": ["suite u", "label u", "urgency u", "flags u", "originator b", "community b", "roster_version u",
               "created_ms u", "expires_ms u", "onward u", "onward_communities []b", "attribution u",
               "disclaimers []b", "duty s", "conditions Conditions", "nonce b", "key_commitment b",
               "report_commitment b", "audience_commitment b", "attachment_root b", "body_size u", "summary b", "place b"],
    "Grant": ["suite u", "grantor b", "authority u", "authority_ref b", "audience_commitment b", "epk b",
              "slot_root b", "slot_count u", "created_ms u", "sealed_id b", "sealed_audience b", "file_key b",
              "community b"],
    "Sealed": ["header b", "body b", "grant b", "signature b"],
    "Slot": ["org b", "prekey_id b", "wrapped b"],
    "KeyChange": ["suite u", "cause u", "org s", "sign_key b", "agree_key b", "at_ms u", "card b", "consent b"],
    "SlotTable": ["sealed_id b", "grant_id b", "slots []b"],
    "SlotPath": ["sealed_id b", "grant_id b", "index u", "slot b", "path b"],
    "AudienceOpening": ["salt b", "audience b"],
    "SignedHeader": ["header b", "body_hash b", "grant_hash b", "signature b"],
    "Equivocation": ["first SignedHeader", "second SignedHeader"],
    "Body": ["report_salt b", "report b", "audience_salt b", "audience b", "stream b", "sequence u", "previous b"],
    "Vouch": ["count u", "since_ms u"],
    "Attachment": ["name s", "size u", "sha256 b", "key b", "root b"],
    "Report": ["kind u", "subject s", "body s", "to []s", "person s", "fields []Field", "follows b", "number u", "final u",
               "attachments []Attachment", "quoted b", "vouch Vouch", "passes_on []b"],
    "Field": ["name s", "value s"],
    "PersonEntry": ["id s", "name s", "sign_key b", "agree_key b", "proof b"],
    "Card": ["suite u", "org s", "name s", "sign_key b", "agree_key b", "curve_key b", "endpoints []s",
             "contacts []Field", "persons []PersonEntry", "serial u", "created_ms u", "proof b"],
    "Prekey": ["id b", "key b", "from_ms u", "until_ms u"],
    "Prekeys": ["suite u", "owner b", "org b", "created_ms u", "prekeys []Prekey"],
    "Duty": ["name s", "since_ms u", "until_ms u"],
    "Member": ["org s", "name s", "sign_key b", "agree_key b", "curve_key b", "role u", "proof b", "joined b",
               "duties []Duty"],
    "Tombstone": ["sign_key b", "cause u", "at_ms u", "curve_key b", "org s"],
    "Disclaimer": ["name s", "version u", "ja s", "en s", "labels u", "kinds u"],
    "DutyRule": ["labels u", "kinds u", "duty s"],
    "Rules": ["labels u", "flags u", "disclaimers []Disclaimer", "duties []DutyRule", "withdrawn u"],
    "Recognised": ["community b", "id s"],
    "Roster": ["suite u", "community b", "id s", "name s", "version u", "previous b", "created_ms u", "expires_ms u",
               "keys []b", "threshold u", "members []Member", "tombstones []Tombstone", "rules Rules",
               "recognised []Recognised", "forks []b"],
    "RosterHead": ["community b", "version u", "hash b", "signatures []RosterSignature"],
    "RosterEdit": ["offset u", "size u", "literal b"],
    "RosterDelta": ["head RosterHead", "base_version u", "base_hash b", "index u", "count u", "edits []RosterEdit"],
    "ForkProof": ["heads []RosterHead"],
    "Freshness": ["suite u", "community b", "version u", "hash b", "created_ms u", "joined b"],
    "Envelope": ["suite u", "from b", "to b", "community b", "created_ms u", "expires_ms u", "epk b", "prekey_id b",
                 "box b"],
    "AuditEntry": ["suite u", "salt b", "number u", "at_ms u", "event u", "rule u", "user s", "person s", "org s", "about b", "detail s"],
    "AuditProof": ["size u", "path b"],
    "AuditCheckpoint": ["suite u", "node b", "log b", "size u", "root b", "created_ms u", "proofs []AuditProof"],
    "AuditCosignature": ["suite u", "hub b", "node b", "log b", "size u", "root b", "created_ms u", "logs u"],
    "Letter": ["statements []b"],
    "Ask": ["salt b", "audience b", "community b"],
    "Statement": ["type u", "sealed_id b", "at_ms u", "stage u", "person s", "reason s", "reference b", "detail b",
                  "user s"],
    "SlotTable": ["sealed_id b", "grant_id b", "slots []b"],
    "Export": ["suite u", "from s", "community s", "disclaimers []Disclaimer", "report SignedHeader", "report_salt b", "content b", "attestation b", "release b", "grant b"],
    "Release": ["suite u", "sealed_id b", "holder b", "audience_commitment b", "community b", "label u", "conditions Conditions",
                "created_ms u", "expires_ms u", "ask b"],
    "Attestation": ["suite u", "sealed_id b", "at_ms u", "org s", "community s", "label u", "urgency u", "flags u", "created_ms u",
                    "expires_ms u", "conditions Conditions", "duty s", "disclaimers []b", "content b"],
    "Withdrawal": ["suite u", "sealed_id b", "at_ms u", "report SignedHeader", "words b"],
    "Notice": ["header b", "body_hash b", "grant b", "signature b"],
}


class Value(dict):
    """A decoded message; an absent field reads as zero, empty or None."""

    __getattr__ = dict.__getitem__


def varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Failure("decode", "malformed")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if byte == 0 and shift > 7:
                raise Failure("decode", "not-canonical")
            return value, at


def text(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Failure("decode", "bad-utf8") from None


def decode(name, data):
    fields = [field.split(" ", 1) for field in MESSAGES[name]]
    result = Value()
    for field, kind in fields:
        result[field] = [] if kind.startswith("[]") else {"u": 0, "b": b"", "s": ""}.get(kind)
    at = last = 0
    while at < len(data):
        tag, at = varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if not 1 <= number <= len(fields):
            raise Failure("decode", "unknown-field")
        field, kind = fields[number - 1]
        repeated = kind.startswith("[]")
        if number < last or (number == last and not repeated):
            raise Failure("decode", "not-canonical")
        last = number
        kind = kind.removeprefix("[]")
        if wire_type != (0 if kind == "u" else 2):
            raise Failure("decode", "malformed")
        value, at = varint(data, at)
        if kind != "u":
            size, value = value, data[at:at + value]
            at += size
            if len(value) != size:
                raise Failure("decode", "malformed")
        if not value and not repeated and kind in "ubs":
            raise Failure("decode", "not-canonical")
        if kind == "s":
            value = text(value)
        elif kind not in "ub":
            value = decode(kind, value)
        if repeated:
            result[field].append(value)
        else:
            result[field] = value
    return result


def record(type_number, data):
    outer = decode("Record", data)
    if outer.type != type_number:
        raise Failure("decode", "malformed")
    return outer.payload
