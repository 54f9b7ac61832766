"""The cells that cells.c prints, put as questions to rules.py and passing.py."""
import passing
import rules

CONSENTS = ["council", "ministry", "national", "response", "communities"]
PAPS = {"": 0, "CLEAR": 1, "GREEN": 2, "AMBER": 3, "RED": 4}
ADDRESSES = {"community": rules.COMMUNITY, "org": rules.ORGANISATION, "person": rules.PERSON}
TOLD = {"": 0, "yes": rules.TELL, "no": rules.NO_TELL}
NOW = 1000
DUTIES = {"held": (rules.Duty("d", 1, 0),), "absent": (), "expired": (rules.Duty("d", 1, NOW),), "not-begun": (rules.Duty("d", NOW + 1, 0),), "none": ()}
PLACES = {"send": "send", "carry": "carry", "deliver": "hand-over", "grant": "let-in", "open": "open", "read": "read", "quote": "read", "export": "read"}


def duty(cell):
    return rules.duty_at(PLACES[cell["place"]], "" if cell["duty"] == "none" else "d", (), int(cell["label"]), 1, DUTIES[cell["duty"]], NOW)


def disclaimer(cell):
    state = cell["disclaimer"]
    if state == "none":
        return rules.YES
    demanded = (rules.Disclaimer("n", 1, frozenset({int(cell["label"])})),) if state == "missing" else ()
    hashes = {"missing": set(), "two-versions": {("n", 1), ("n", 2)}}.get(state, {("n", 1)})
    known = set() if state == "unknown" else {("n", 1), ("n", 2)}
    place = {"send": "carry", "carry": "carry", "deliver": "hand-over", "open": "open", "grant": "unlock"}.get(cell["place"], "read")
    # What comes before the question whether it was accepted is asked alone.
    return rules.disclaimers_at(place, hashes, demanded, known, int(cell["label"]), 1, accepted=state in ("accepted", "two-versions", "unknown"))


def edge(cell):
    label, place = int(cell["label"]), cell["place"]
    if place == "send":
        by_label = rules.address(label, ADDRESSES[cell["to"]])
        other = set()
    elif place in ("carry", "deliver"):
        by_label, other = rules.YES, rules.carried(label, rules.LABELS, cell["relay"] == "1")
    else:
        facts = [bool(int(cell["reader"]) >> at & 1) for at in range(4)]
        by_label = rules.opened(label, facts[3], facts[0], facts[1], facts[2])
        other = set()
    if place == "export":
        sink = rules.exported(label, cell["sink"], PAPS[cell["pap"]], TOLD[cell["told"]]) if cell["sink"] != "screen" else rules.YES
        by_label = by_label | (sink & {"export-forbidden"})
        other |= sink - {"export-forbidden"}
    return rules.verdict(by_label, set(other) | duty(cell) | disclaimer(cell))


def conditions_at(number):
    return number % 5, [0, 1, 8][number // 5 % 3] | [0, 2, 16][number // 15 % 3] | (4 if number // 45 % 2 else 0)


def conditions(cell):
    one, other = conditions_at(int(cell["one"])), conditions_at(int(cell["other"]))
    found = PAPS[cell["pap"]], int(cell["flags"])
    if found != rules.conditions_meet(one, other):
        return frozenset({f"of both: {rules.conditions_meet(one, other)}"})
    return rules.conditions_of_quote(one, other)


def number(name, wanted):
    def judged(cell):
        value = int(wanted(cell))
        cell["rule"] = "ok" if int(cell[name]) == value else f"{name}={cell[name]}"
        return rules.YES
    return judged


def change(cell):
    before, after = int(cell["label"]), int(cell["after"])
    if cell["release"] == "1":
        return rules.YES
    return frozenset({"label-forbids"}) if after < before or (cell["wider"] == "1" and before != rules.CLEAR) else rules.YES


def onward(cell):
    words = {w for at, w in enumerate(CONSENTS) if int(cell["consent"]) >> at & 1}
    return passing.onward(int(cell["label"]), cell["home"] == "1", int(cell["role"]), words, listed=True)


def reaches(cell):
    com = rules.Community("c", (rules.Org("me", int(cell["own"])), rules.Org("o", int(cell["role"]))))
    return "o" in rules.stands_for(com, "me", frozenset(), int(cell["label"]))


def demands(cell):
    label = int(cell["label"])
    labels = {"0": set(), "1": {label}, "2": set(range(1, 6)) - {label}}[cell["labels"]]
    rule = rules.Rule("r", frozenset(labels), frozenset({int(cell["kinds"])} - {0}))
    kind = int(cell["kind"])
    return rules.meant(rule, label, kind) if kind else rules.meant_sealed(rule, label, sending=cell["place"] == "send")


def attribution(cell):
    return passing.attribution(int(cell["value"]), rules.AMBER, cell["rule_allows"] == "1", "take", cell["direct"] == "1", cell["here"] == "1",
                               cell["originator"] == "1")


def vouched_label(cell):
    given, wanted = int(cell["given"]), int(cell["wanted"])
    kind = sorted(rules.ADDRESSED_TO[wanted])[-1]
    return passing.vouch(passing.Vouch(given, wanted, kind_of_address=kind))


JUDGES = {
    "edge": edge,
    "quote-label": number("result", lambda c: rules.stricter(int(c["label"]), int(c["wanted"]))),
    "quote": lambda c: rules.reply(int(c["label"]), int(c["label"]), (rules.Reached(
        kind=sorted(rules.ADDRESSED_TO[int(c["label"])])[-1], was_named=c["named"] == "1"),)),
    "change": change,
    "onward": onward,
    "community": number("reaches", reaches),
    "demands": number("demanded", demands),
    "conditions": conditions,
    "attribution": attribution,
    "withheld-open": lambda c: passing.attribution(rules.WITHHELD, rules.AMBER, True, "open", here_is_hub=c["here"] == "1", named=c["named"] == "1"),
    "withhold": lambda c: passing.attribution(rules.WITHHELD, int(c["label"]), c["rule_allows"] == "1", "seal"),
    "vouch-label": vouched_label,
    "extends": number("may", lambda c: passing.onward(int(c["label"]), False, rules.OPERATOR, {"communities"}, True) == rules.YES),
    "hides": number("hidden", lambda c: conditions_at(int(c["conditions"]))[1] & rules.NO_NAME != 0),
}
