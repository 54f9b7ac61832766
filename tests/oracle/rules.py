"""The edge rules of proto/SPEC.md, stated from its sentences alone: labels, audiences, sinks, conditions, duties, disclaimers.

Every function answers with a verdict: the set of error names (2.7) that may be given, empty where the thing is allowed. SPEC 5:
"A label that is missing or unknown is refused before any other question. Where several rules forbid, the one that the label gives
is named; among the others any." So a verdict of two names means that either is right.
"""
from dataclasses import dataclass, field, replace

# 4.1: ascending in strictness.
CLEAR, GREEN, AMBER, STRICT, RED = 1, 2, 3, 4, 5
LABELS = (CLEAR, GREEN, AMBER, STRICT, RED)
# What a report may be addressed to (2.4).
COMMUNITY, ORGANISATION, PERSON = "community", "organisation", "person"
# 4.2
OPERATOR, HUB, MINISTRY, NATIONAL, RESPONSE, RELATED, COUNCIL = range(1, 8)
ROLES = range(1, 8)
FOUR_ROLES = {MINISTRY: "ministry", NATIONAL: "national", RESPONSE: "response", COUNCIL: "council"}
NAMED, WITHHELD, VOUCHED = 1, 2, 3  # 5.8
# 5.5: permissible actions, and flags whose pairs exclude each other.
PAP_NONE, PAP_CLEAR, PAP_GREEN, PAP_AMBER, PAP_RED = range(5)
TELL, NAME, NOT_SUPERVISION, NO_TELL, NO_NAME = 1, 2, 4, 8, 16
OWN, CLIENTS, COMMUNITY_SINK, PUBLIC = "own", "clients", "community", "public"
SINKS = (OWN, CLIENTS, COMMUNITY_SINK, PUBLIC)
YES = frozenset()


def verdict(label=(), other=()):
    """SPEC 5: what the label gives stands above what anything else gives."""
    return frozenset(label) if label else frozenset(other)


def label_first(label):
    """None where the label is one of 4.1; else the only refusal there may be."""
    if label == 0 or label is None:
        return frozenset({"label-missing"})
    if label not in LABELS:
        return frozenset({"label-unknown"})
    return None


def stricter(one, other):
    return max(one, other)


# --- 5.1, the rows ---------------------------------------------------------------------------------------------------------

ADDRESSED_TO = {
    RED: {PERSON},
    STRICT: {ORGANISATION},
    AMBER: {ORGANISATION, COMMUNITY},
    GREEN: {COMMUNITY},
    CLEAR: {PERSON, ORGANISATION, COMMUNITY},
}


def address(label, kind):
    early = label_first(label)
    if early is not None:
        return early
    return YES if kind in ADDRESSED_TO[label] else frozenset({"label-forbids"})


def carried(label, allowed_labels, red_sealed):
    """5.1 "a hub carries it sealed", 10.4 "the rules allow the label", 5.2 "RED needs its flag"."""
    early = label_first(label)
    if early is not None:
        return early
    if label not in allowed_labels or (label == RED and not red_sealed):
        return frozenset({"community-rule"})
    return YES


def opened(label, reader_is_person, person_named, org_named, member_of_named_community):
    """5.1 "opened by". Under RED every reader that is not a named person in its own process is `person-only`; elsewhere a reader
    that the audience does not name as the label asks is `label-forbids`. A person of an organisation reads at its desk."""
    early = label_first(label)
    if early is not None:
        return early
    if label == RED:
        return YES if reader_is_person and person_named else frozenset({"person-only"})
    allowed = {
        STRICT: org_named,
        AMBER: org_named or member_of_named_community,
        GREEN: member_of_named_community,
        CLEAR: True,
    }[label]
    return YES if allowed else frozenset({"label-forbids"})


def stands_in_community(members_then, roster_then_held, member_now, reader):
    """5.4: who was a member in the version the audience names, if that roster is held; else membership now decides."""
    return reader in members_then if roster_then_held else member_now


EXPORT = {
    RED: set(),
    STRICT: {OWN},
    AMBER: {OWN, CLIENTS},
    GREEN: {OWN, CLIENTS, COMMUNITY_SINK},
    CLEAR: {OWN, CLIENTS, COMMUNITY_SINK, PUBLIC},
}
PAP_SINKS = {
    PAP_NONE: set(SINKS),
    PAP_CLEAR: set(SINKS),
    PAP_GREEN: {OWN, CLIENTS, COMMUNITY_SINK},
    PAP_AMBER: {OWN, CLIENTS},
    PAP_RED: {OWN},
}


def exported(label, sink, pap=PAP_NONE, flags=0, attribution=NAMED, own_report=False):
    """5.1 the sinks; 5.5 "bound at export (`conditions`), after the label"; 5.8. Whoever *received* the report is bound by the
    conditions: its originator is not, but for the label."""
    early = label_first(label)
    if early is not None:
        return early
    if sink not in EXPORT[label]:
        return frozenset({"export-forbidden"})
    other = set()
    if attribution == WITHHELD and not own_report:
        other.add("source-withheld")
    if not own_report:
        if sink not in PAP_SINKS[pap]:
            other.add("conditions")
        if flags & NO_TELL and sink in (CLIENTS, PUBLIC):
            other.add("conditions")
    return verdict(other=other)


def conditions_valid(pap, flags):
    """3 "Conditions: not both of a pair (`not-canonical`)", "a code or bit set outside the values given is `unknown-flag`"."""
    if pap not in range(5) or flags & ~31:
        return frozenset({"unknown-flag"})
    if (flags & TELL and flags & NO_TELL) or (flags & NAME and flags & NO_NAME):
        return frozenset({"not-canonical"})
    return YES


def conditions_meet(one, other):
    """5.5 "A quote takes of each the stricter: no before yes before unstated"; PAP ascends in strictness."""
    pap = max(one[0], other[0])
    flags = (one[1] | other[1]) & NOT_SUPERVISION
    for yes, no in ((TELL, NO_TELL), (NAME, NO_NAME)):
        both = one[1] | other[1]
        flags |= no if both & no else both & yes
    return pap, flags


def conditions_of_quote(quoted, asked):
    """5.5 "one that asks for looser is refused": what the writer states is looser when the quoted one is stricter than it. What the
    writer does not state is taken from the quoted one."""
    pap, flags = asked
    if pap and pap < quoted[0]:
        return frozenset({"conditions"})
    for yes, no in ((TELL, NO_TELL), (NAME, NO_NAME)):
        if flags & yes and quoted[1] & no:
            return frozenset({"conditions"})
    return YES


# --- 5.1 last row: replies ---------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Reached:
    """One address of a reply or forward, seen from the quoted report."""
    kind: str = ORGANISATION
    is_sender: bool = False       # the sender of the quoted report (under RED: its writer)
    was_named: bool = False       # stood in the quoted audience by itself (organisation, or under RED the person)


def reply(quoted_label, reply_label, to):
    """5.1: label at least that of the quoted; a quoted AMBER+STRICT bounds the audience to the sender and the organisations named, RED
    to its persons and its writer; under the others anyone whom the reply's own label allows."""
    for label in (quoted_label, reply_label):
        early = label_first(label)
        if early is not None:
            return early
    if reply_label < quoted_label:
        return frozenset({"label-forbids"})
    for one in to:
        if address(reply_label, one.kind):
            return frozenset({"label-forbids"})
        if quoted_label >= STRICT and not (one.is_sender or one.was_named):
            return frozenset({"label-forbids"})
    return YES


# --- 5.2: duties -------------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Duty:
    name: str
    since: int = 0
    until: int = 0


def in_force(duties, name, now):
    """5.2 "from since on and before until (0: no end)". One that has ended or not begun is none."""
    return any(d.name == name and d.since <= now and (d.until == 0 or now < d.until) for d in duties)


@dataclass(frozen=True)
class Rule:
    """A duty rule or what makes a disclaimer needed: 5.3 "An empty set naming all and two empty ones nothing"."""
    name: str
    labels: frozenset = frozenset()
    kinds: frozenset = frozenset()


def meant(rule, label, kind):
    if not rule.labels and not rule.kinds:
        return False
    return (not rule.labels or label in rule.labels) and (not rule.kinds or kind in rule.kinds)


def meant_sealed(rule, label, sending=False):
    """Where the kind is sealed: "by rules without kinds" (5.2); "by label alone, since the kind is sealed" (5.3 carrying). A rule
    with kinds cannot be decided and is not asked; but a sender's node that does not know the kind (RED) takes it as meant."""
    if rule.kinds and sending:
        return not rule.labels or label in rule.labels
    return not rule.kinds and bool(rule.labels) and label in rule.labels


def demanded_duties(header_duty, rules, label, kind):
    found = {r.name for r in rules if meant(r, label, kind)}
    if header_duty:
        found.add(header_duty)
    return found


def demanded_sealed(header_duty, rules, label):
    found = {r.name for r in rules if meant_sealed(r, label)}
    if header_duty:
        found.add(header_duty)
    return found


def unknown_where_sealed(rules, label):
    """5.3 "a node that seals what it does not know the kind of (RED) takes each rule for its label as meant": the rules as it reads them."""
    if label != RED:
        return tuple(rules)
    return tuple(replace(r, labels=r.labels or frozenset({RED}), kinds=frozenset()) if meant_sealed(r, label, sending=True) else r for r in rules)


def header_duty(quoted_duty, rules, label, kind, inherits=()):
    """5.2 "the header names that of a quoted report, else the first that the rules demand, for it or else for that one"."""
    if quoted_duty:
        return quoted_duty
    under = ((label, kind), *((one[1], one[2]) for one in inherits))
    return next((r.name for at in under for r in rules if meant(r, *at)), "")


def duty_at(place, header, rules, label, kind, duties, now, hub=False):
    """Where a duty is asked: sending (each recipient), handing slots over ("of a member that is no hub"; kind sealed), being let in by
    a later grant, opening, reading. A hub carries without one."""
    if place == "carry":
        return YES
    if place == "hand-over" and hub:
        return YES
    wanted = (demanded_sealed if place in ("hand-over", "let-in") else None)
    names = wanted(header, rules, label) if wanted else demanded_duties(header, rules, label, kind)
    return YES if all(in_force(duties, n, now) for n in names) else frozenset({"duty"})


# --- 5.3: disclaimers --------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Disclaimer:
    name: str
    version: int
    labels: frozenset = frozenset()
    kinds: frozenset = frozenset()

    @property
    def hash(self):
        return (self.name, self.version)


def needed(disclaimers, label, kind=None):
    """What the rules demand. `kind` None: it is sealed, so that only rules without kinds can be asked (carrying)."""
    found = set()
    for one in disclaimers:
        rule = Rule(one.name, one.labels, one.kinds)
        if meant(rule, label, kind) if kind is not None else meant_sealed(rule, label):
            found.add(one.hash)
    return found


def two_versions(hashes):
    names = [name for name, _ in hashes]
    return len(names) != len(set(names))


def disclaimers_sealed(rules, label, kind, named=(), quoted=()):
    """Sending: (verdict, hashes of the header). Demanded ones are attached; one named by hand is looked for by name ("the newest is
    taken"); one of a quoted report in its newest version; in no roster held: `disclaimer-unknown`."""
    newest = {}
    for one in rules:
        newest[one.name] = max(newest.get(one.name, 0), one.version)
    hashes = set(needed(rules, label, kind))
    for name in list(named) + [n for n, _ in quoted]:
        if name not in newest:
            return frozenset({"disclaimer-unknown"}), None
        hashes.add((name, newest[name]))
    return YES, hashes


def disclaimers_at(place, hashes, rules, known, label, kind=None, accepted=False, named_version_held=True, own_report=False):
    """The table of 5.3. `rules` are those of the roster that the header names (asked only where it is held), `known` the hashes with a
    text in the newest roster or in that one. Where the table has –, another place answers, and whoever asks again answers as carrying
    does. At opening an unknown text is no refusal: the report is "kept closed"."""
    if own_report:
        return YES  # "The originator's own copy is open"
    other = set()
    if two_versions(set(hashes) & set(known)):  # a hash is of a text: its name is known where the text is
        other.add("disclaimer-versions")
    demanded = needed(rules, label, None if place in ("carry", "hand-over") else kind)
    if named_version_held and not demanded <= set(hashes):
        other.add("community-rule")
    if not set(hashes) <= set(known) and place != "open" and (named_version_held or place not in ("carry", "hand-over")):
        other.add("disclaimer-unknown")
    if hashes and not accepted and place in ("unlock", "read"):
        other.add("disclaimer-not-accepted")
    return verdict(other=other)


# --- 5.2: sending ------------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Org:
    """A possible recipient as the community's roster has it."""
    name: str
    role: int = OPERATOR
    duties: tuple = ()
    low_order: bool = False
    forked: bool = False          # the sides of a fork do not agree on it
    prekey: bool = True
    joined: bool = True
    persons: frozenset = frozenset()          # on its card
    persons_ready: frozenset = frozenset()    # with a current prekey
    key: str = ""                 # alike: one organisation, under one key or under keys that succeeded each other


@dataclass(frozen=True)
class Community:
    name: str
    members: tuple = ()
    labels: frozenset = frozenset(LABELS)
    red_sealed: bool = False
    withheld: bool = False
    duty_rules: tuple = ()
    disclaimers: tuple = ()
    recognised: frozenset = frozenset()
    stale: bool = False           # 7.11
    expired: bool = False         # "The same override serves past the roster's expiry"
    removed: frozenset = frozenset()  # (name, key) of its tombstones

    def member(self, name):
        return next((m for m in self.members if m.name == name), None)


@dataclass(frozen=True)
class Address:
    kind: str
    name: str                     # of the organisation or community
    person: str = ""


@dataclass(frozen=True)
class Letter:
    sender: str
    label: int
    to: tuple
    kind: int = 1
    onward: frozenset = frozenset()          # words of 4.2
    onward_communities: frozenset = frozenset()
    attribution: int = NAMED
    unlock: bool = False
    quoted_duty: str = ""
    inherits: tuple = ()          # (duty of its header, label, kind) of what it answers or passes on, and of those whose text that passes on
    disclaimers: tuple = ()       # names
    override_stale: bool = False
    as_person: str = ""
    stated: str = ""              # the community beside the addresses


@dataclass
class Sent:
    refused: frozenset = YES
    community: str = ""
    slots: set = field(default_factory=set)      # names, or (organisation, person) under RED
    waits: set = field(default_factory=set)
    disclaimers: set = field(default_factory=set)  # their hashes
    left_out: dict = field(default_factory=dict)  # name → set of names of the refusal


def another(chosen, other, name):
    """5.2 whether the name stands for somebody else in the other community, or for one who was removed there."""
    key = chosen.member(name).key
    namesake = other.member(name)
    if namesake is not None:
        return namesake.key != key
    return any(n == name and k != key for n, k in other.removed)


def choose_community(communities, letter):
    """5.2: the one that is named with `@` or stated, of which all other addressees are members; else the first of the node's communities
    that has all of them, when each name means the same organisation in all. None of that name: `community-unknown`; two names:
    `community-rule`; no community that has all: `org-unknown`; a name that means two: `org-ambiguous`."""
    named = {a.name for a in letter.to if a.kind == COMMUNITY} | {letter.stated} - {""}
    others = [a.name for a in letter.to if a.kind != COMMUNITY]
    if not named <= {c.name for c in communities}:
        return None, frozenset({"community-unknown"})
    if len(named) > 1:
        return None, frozenset({"community-rule"})
    for one in communities:
        if (not named or one.name in named) and all(one.member(o) for o in others):
            if not named and any(another(one, c, o) for c in communities if c is not one for o in others):
                return None, frozenset({"org-ambiguous"})
            return one, YES
    return None, frozenset({"org-unknown"})


def stands_for(community, sender, onward, label):
    """5.2 whom `@community` reaches: operators, hubs, related bodies; under CLEAR all; a member of the same role; the four roles by
    consent where the sender is a hub, which carries out its own consent by addressing them."""
    me = community.member(sender)
    found = set()
    for one in community.members:
        if one.name == sender:
            continue
        word = FOUR_ROLES.get(one.role)
        if (word is None or label == CLEAR or (me and one.role == me.role)
                or (me and me.role == HUB and word in onward)):
            found.add(one.name)
    return found


def consent_allowed(label, onward, unlock):
    """5.6: under RED and AMBER+STRICT consent is refused (`label-forbids`), with unlock-on-accept as well (`onward`)."""
    if not onward:
        return YES
    if label in (RED, STRICT):
        return frozenset({"label-forbids"})
    return frozenset({"onward"}) if unlock else YES


def send(communities, letter, now):
    """5.2 whole: what becomes of a letter, and of each recipient."""
    early = label_first(letter.label)
    if early is not None:
        return Sent(refused=early)
    by_label, other = set(), set()
    for one in letter.to:
        by_label |= address(letter.label, one.kind)
    consent = consent_allowed(letter.label, letter.onward, letter.unlock)
    (by_label if "label-forbids" in consent else other).update(consent)
    if letter.label == RED and (letter.attribution != NAMED or letter.unlock) or letter.label == CLEAR and letter.unlock:
        by_label.add("label-forbids")
    community, refused = choose_community(communities, letter)
    other |= refused
    if not letter.to:
        other.add("audience")
    if community is None or by_label:  # whom an address names may be asked before what may reach it
        return Sent(refused=verdict(by_label, other) | refused)
    other |= carried(letter.label, community.labels, community.red_sealed)
    if letter.attribution != NAMED and not community.withheld:
        other.add("community-rule")
    if letter.label > GREEN and not letter.override_stale:
        other |= {"roster-stale"} if community.stale else set()
        other |= {"community-rule"} if community.expired else set()
    community = replace(community, duty_rules=unknown_where_sealed(community.duty_rules, letter.label),
                        disclaimers=unknown_where_sealed(community.disclaimers, letter.label))
    unknown, sealed = disclaimers_sealed(community.disclaimers, letter.label, letter.kind, letter.disclaimers)
    other |= unknown
    if other:
        return Sent(refused=frozenset(other))
    sent = Sent(community=community.name, disclaimers=sealed)
    deliver(sent, community, letter, now)
    if not sent.refused and not sent.slots and not sent.waits:
        if sent.left_out and all(why == frozenset({"duty"}) for why in sent.left_out.values()):
            sent.refused = frozenset({"duty"})
            return sent
        lacking = any("no-prekey" in why for why in sent.left_out.values())
        short = all("duty" in why for why in sent.left_out.values())  # each of them for that rule too
        sent.refused = frozenset(({"audience", "no-prekey"} if lacking else {"audience"}) | ({"duty"} if short and sent.left_out else set()))
    return sent


def deliver(sent, community, letter, now):
    duty = header_duty(letter.quoted_duty, community.duty_rules, letter.label, letter.kind, letter.inherits)
    wanted = set()
    for one in letter.to:
        if one.kind == COMMUNITY:
            reach = stands_for(community, letter.sender, letter.onward, letter.label)
            wanted |= {(name, "") for name in reach}
            for member in community.members:
                if member.name not in reach and member.name != letter.sender:
                    sent.left_out.setdefault(member.name, set()).add("onward")
        elif one.kind == PERSON and letter.label == RED:
            wanted.add((one.name, one.person))
        elif one.name != letter.sender:
            wanted.add((one.name, ""))  # 5.2: person@organisation under CLEAR goes to the desk
    for name, person in wanted:
        org, why = community.member(name), set()
        sent.left_out.pop(name, None)  # addressed by itself as well
        if org.forked:
            why.add("forked")
        if org.low_order:
            why.add("forged")
        why |= duty_at("send", duty, community.duty_rules, letter.label, letter.kind, org.duties, now)
        for before in letter.inherits:  # "under its own label and kind, whatever it goes on under"
            why |= duty_at("send", before[0], community.duty_rules, before[1], before[2], org.duties, now)
        if person and person not in org.persons:
            sent.refused = frozenset({"person-unknown"})
        elif person and person not in org.persons_ready:
            why.add("no-prekey")
        key = (name, person) if person else name
        if why:
            sent.left_out[key] = why
        elif letter.label == CLEAR:
            sent.slots.add(key)   # the key stands in the grant: nobody waits
        elif person or (org.prekey and org.joined):
            sent.slots.add(key)
        else:
            sent.waits.add(key)
