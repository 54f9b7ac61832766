"""Compares what a program printed, a cell a line, with the rules as rules.py has them from the specification. Every disagreement is printed.

    judge.py PROGRAM [LEAST]      LEAST: how many cells there must be
"""

import collections
import subprocess
import sys

import engine_rules
import rules

CONSENTS = ["council", "ministry", "national", "response", "communities"]
TOLD = {0: "", 1: "yes", 8: "no"}
NAMED = {0: "", 2: "yes", 16: "no"}


def conditions_at(number):
    return (rules.PAP_ORDER[number % 5], ("", "yes", "no")[number // 5 % 3], ("", "yes", "no")[number // 15 % 3], number // 45 % 2 == 1)


def bits(number, words):
    return {word for at, word in enumerate(words) if number >> at & 1}


def edge(cell):
    facts = int(cell.get("reader", 0))
    return rules.edge(cell["place"], int(cell["label"]), to=cell.get("to", ""), red_relay=cell.get("relay") == "1",
                      reader=tuple(bool(facts >> at & 1) for at in range(4)), sink=cell.get("sink", ""), pap=cell.get("pap", ""), told=cell.get("told", ""),
                      duty_state=cell["duty"], disclaimer_state=cell["disclaimer"])


def conditions(cell):
    one, other = conditions_at(int(cell["one"])), conditions_at(int(cell["other"]))
    flags = int(cell["flags"])
    found = (cell["pap"], TOLD[flags & 9], NAMED[flags & 18], bool(flags & 4))
    if found != rules.of_both(one, other):
        return frozenset({f"of both: {rules.of_both(one, other)}"})
    return rules.looser(one, other)


def number(name, wanted):
    """A cell that answers with a number, not with a rule."""
    def judged(cell):
        cell["rule"] = "ok" if int(cell[name]) == int(wanted(cell)) else f"{name}={cell[name]}"
        return rules.NOTHING
    return judged


JUDGES = {
    "edge": edge,
    "quote-label": number("result", lambda cell: rules.quote_label(int(cell["label"]), int(cell["wanted"]))),
    "quote": lambda cell: rules.quote_reaches(int(cell["label"]), cell["named"] == "1"),
    "change": lambda cell: rules.changed(int(cell["label"]), int(cell["after"]), cell["wider"] == "1", cell["release"] == "1"),
    "onward": lambda cell: rules.onward(int(cell["label"]), bits(int(cell["consent"]), CONSENTS), cell["home"] == "1", int(cell["role"])),
    "community": number("reaches", lambda cell: rules.community_reaches(int(cell["label"]), int(cell["own"]), int(cell["role"]))),
    "demands": number("demanded", lambda cell: rules.demanded(
        cell["place"], {"0": set(), "1": {int(cell["label"])}, "2": set(range(1, 6)) - {int(cell["label"])}}[cell["labels"]],
        {int(cell["kinds"])} - {0}, int(cell["label"]), int(cell["kind"]))),
    "conditions": conditions,
}


def main():
    program, least = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    output = subprocess.run([program], stdout=subprocess.PIPE, check=True, text=True).stdout
    counts, wrong = collections.Counter(), collections.Counter()
    engine = engine_rules.Engine()
    for line in output.splitlines():
        what, *pairs = line.split(" ")
        cell = dict(pair.split("=", 1) for pair in pairs)
        wanted = engine.judge(what, cell) if what.startswith("engine-") else JUDGES[what](cell)
        counts[what] += 1
        if not (cell["rule"] in wanted if wanted else cell["rule"] == "ok"):
            wrong[what] += 1
            if wrong[what] <= 20:
                print(f"{line}\n    by the specification: {' or '.join(sorted(wanted)) or 'ok'}")
    for what in sorted(counts):
        print(f"{what}: {counts[what]} cells, {wrong[what]} disagreements")
    total = sum(counts.values())
    if total < least:
        print(f"only {total} cells, {least} wanted")
    sys.exit(1 if sum(wrong.values()) or total < least else 0)


if __name__ == "__main__":
    main()
