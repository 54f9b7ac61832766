"""The edge rules a second time, written from sections 5, 6.10 and 8.4 of proto/SPEC.md alone.

Each function answers with the set of rules that forbid something; an empty set allows it. Where several forbid it the specification says only
that the label is asked first: so a program may name any rule of the first set that is not empty, in the order given by `first`.
"""

CLEAR, GREEN, AMBER, STRICT, RED = range(1, 6)
NAMES = {CLEAR: "CLEAR", GREEN: "GREEN", AMBER: "AMBER", STRICT: "AMBER+STRICT", RED: "RED"}
LABELS = {name: label for label, name in NAMES.items()}
ADDRESSEES = ("community", "org", "person")
SINKS = ("screen", "own", "clients", "community", "public")
OPERATOR, HUB, MINISTRY, NATIONAL, RESPONSE, RELATED, COUNCIL = range(1, 8)
CONSENT_OF = {COUNCIL: "council", MINISTRY: "ministry", NATIONAL: "national", RESPONSE: "response"}
NOTHING = frozenset()


def rule(word, forbids=True):
    return frozenset({word}) if forbids else NOTHING


def first(*sets):
    """The rules that may be named: those of the first question that is not answered with yes."""
    return next((one for one in sets if one), NOTHING)


# ---- 5.1: the table ----

ADDRESSED_TO = {RED: {"person"}, STRICT: {"org"}, AMBER: {"org", "community"}, GREEN: {"community"}, CLEAR: set(ADDRESSEES)}
EXPORT_SINKS = {RED: {"screen"}, STRICT: {"screen", "own"}, AMBER: {"screen", "own", "clients"}, GREEN: {"screen", "own", "clients", "community"},
                CLEAR: set(SINKS)}


def addressed(label, to):
    return rule("label-forbids", to not in ADDRESSED_TO[label])


def carried(label, red_relay):
    return rule("community-rule", label == RED and not red_relay)


def opened_by(label, person_named, org_named, community_named, as_person):
    if label == RED:
        return rule("person-only", not (person_named and as_person))
    may = {STRICT: org_named, AMBER: org_named or community_named, GREEN: community_named, CLEAR: True}[label]
    return rule("label-forbids", not may)


def exported(label, sink):
    return rule("export-forbidden", sink not in EXPORT_SINKS[label])


def quote_label(quoted, wanted):
    """The label of a reply is at least that of what it quotes; of two the stricter holds."""
    return max(quoted, wanted)


def quote_reaches(quoted, among_named):
    """Under RED and AMBER+STRICT those alone who were named, or sent it."""
    return rule("label-forbids", quoted in (RED, STRICT) and not among_named)


def changed(before, after, wider, release):
    return rule("label-forbids", (after < before or (wider and before != CLEAR)) and not release)


# ---- 5.2: duties; whom a community's address reaches ----

def duty(place, state):
    """A hub carries without a duty; everybody else is asked wherever it comes near the key or the text."""
    return rule("duty", place != "carry" and state in ("absent", "expired", "not-begun"))


def community_reaches(label, own_role, role):
    return label == CLEAR or role not in CONSENT_OF or role == own_role


# ---- 5.3: disclaimers ----

def disclaimer(place, state):
    """state: none, accepted, waiting, declined, missing (demanded, not in the header), unknown, two-versions."""
    if state in ("none", "accepted"):
        return NOTHING
    if state in ("waiting", "declined"):
        return rule("disclaimer-not-accepted", place in ("grant", "read", "quote", "export"))
    if state == "two-versions":
        return rule("disclaimer-versions")
    if state == "unknown":
        return rule("disclaimer-unknown", place != "open")  # it is kept closed there
    return rule("community-rule")


def demanded(place, labels, kinds, label, kind):
    """An empty set names all, two empty ones nothing. A sealed kind counts at sending (nobody knows better), nowhere else."""
    if not labels and not kinds:
        return False
    if labels and label not in labels:
        return False
    if not kinds:
        return True
    return place == "send" if kind == 0 else kind in kinds


# ---- 5.5: conditions of use ----

PAP_SINKS = {"": set(SINKS), "CLEAR": set(SINKS), "GREEN": set(SINKS) - {"public"}, "AMBER": {"screen", "own", "clients"}, "RED": {"screen", "own"}}
PAP_ORDER = ["", "CLEAR", "GREEN", "AMBER", "RED"]


def conditions_export(pap, told, sink):
    """told: yes, no or ""."""
    return rule("conditions", sink not in PAP_SINKS[pap] or (told == "no" and sink in ("clients", "public")))


def looser(before, after):
    """What a quote says against what it quotes. Each is (pap, told, named, supervision)."""
    return rule("conditions", (after[0] != "" and PAP_ORDER.index(after[0]) < PAP_ORDER.index(before[0])) or
                any(then == "no" and now == "yes" for then, now in ((before[1], after[1]), (before[2], after[2]))))


def of_both(one, other):
    """Of each the stricter: no before yes before unstated."""
    pair = [max((a, b), key=["", "yes", "no"].index) for a, b in zip(one[1:3], other[1:3])]
    return (max(one[0], other[0], key=PAP_ORDER.index), *pair, one[3] or other[3])


# ---- 5.6: onward consent ----

def onward(label, consent, home, role):
    """May a hub let in a member with this role? consent: a set of words."""
    if label in (RED, STRICT):
        return rule("label-forbids")
    if home:
        if role not in CONSENT_OF:
            return rule("onward")  # the sender's to address; under CLEAR reached already
        return NOTHING if label == CLEAR else rule("onward", CONSENT_OF[role] not in consent)
    if label == CLEAR:
        return NOTHING
    return rule("onward", "communities" not in consent or (role in CONSENT_OF and CONSENT_OF[role] not in consent))


# ---- The places, everything at once ----

def edge(place, label, *, to="org", red_relay=True, reader=(False, False, False, False), sink="own", pap="", told="", duty_state="none",
         disclaimer_state="none"):
    if place == "send":
        by_label = addressed(label, to)
    elif place in ("carry", "deliver"):
        by_label = carried(label, red_relay)
    else:
        by_label = opened_by(label, *reader)
    beside = duty(place, duty_state) | disclaimer(place, disclaimer_state)
    if place == "export":
        by_label = exported(label, sink) | by_label
        beside |= conditions_export(pap, told, sink)
    return first(by_label, beside)
