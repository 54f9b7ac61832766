"""What answers, passes on or follows another report, from the sentences of proto/SPEC.md alone: forwards and replies (5.5, 5.7) and series (6.9).

As in the other parts a verdict is the set of names that may be given, empty where the thing is allowed.
"""
from dataclasses import dataclass, replace

import passing
from rules import (CLEAR, RED, STRICT, YES, address, conditions_meet, conditions_of_quote, label_first, stricter, verdict)

TEXTS_MAX = 16  # 2.3 "reports whose text it holds"


# --- 5.7: the terms of what quotes another ---------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Terms:
    """What a header says beside its audience."""
    label: int
    conditions: tuple = (0, 0)
    words: frozenset = frozenset()        # onward consent
    listed: frozenset = frozenset()       # onward_communities
    duty: str = ""
    disclaimers: frozenset = frozenset()
    drill: bool = False
    unlock: bool = False
    passes_on: frozenset = frozenset()


@dataclass(frozen=True)
class Asked:
    """What its writer states; a label of None is taken from what is quoted."""
    label: int = None
    conditions: tuple = (0, 0)
    words: frozenset = frozenset()
    drill: bool = False


@dataclass(frozen=True)
class Held:
    """A report that a node holds, or of which it knows no more than the id."""
    by: str
    passes_on: frozenset = frozenset()
    held: bool = True


def binding(reports, one, node):
    """5.7: the ids of those whose terms hold for what a node does with a report. Another's: that one. "Of one that it has signed, and that passes on
    what others sent, each of these ... but for one that the other has passed on itself since, which then binds in its place; and where one of them
    is not held any more ... its own report binds it as another's would"."""
    if reports[one].by != node:
        return [one]
    others = [other for other in reports[one].passes_on if reports[other].by != node]
    held = [other for other in others if reports[other].held]
    found = [] if len(held) == len(others) else [one]
    return found + [other for other in held if not any(reports[later].by == reports[other].by and other in reports[later].passes_on for later in held)]


def consent(quoted, asked, bounds):
    """5.7: of each whose terms hold, none for a report that one has written all of. 5.6: none under RED, STRICT and with unlock."""
    label, unlock = asked.label or quoted.label, quoted.unlock
    if asked.words and label in (RED, STRICT):
        return frozenset({"label-forbids"})
    other = set()
    if asked.words and unlock:
        other.add("onward")
    if any(not asked.words <= one.words for one in bounds):
        other.add("conditions")
    return frozenset(other)


def terms(quoted, quoted_id, asked, recognised, forward, bounds):
    """5.7, 5.5: (verdict, the header of a reply or forward). bounds: the terms that hold, of each of `binding`. Unlock-on-accept is kept by a
    forward, the drill flag by both."""
    lowest = max([quoted.label, *(one.label for one in bounds)])
    conditions = quoted.conditions
    for one in bounds:
        conditions = conditions_meet(conditions, one.conditions)
    label = asked.label or lowest
    early = label_first(label)
    if early is not None:
        return early, None
    by_label = frozenset({"label-forbids"}) if label < lowest else YES
    kept = quoted if forward else replace(quoted, unlock=False)
    allowed = consent(kept, asked, bounds)
    if kept.unlock and label in (CLEAR, RED):
        by_label = by_label | {"label-forbids"}
    other = set(allowed - {"label-forbids"}) | conditions_of_quote(conditions, asked.conditions)
    by_label = by_label | (allowed & {"label-forbids"})
    ids = (quoted.passes_on | {quoted_id}) if forward else frozenset()
    if len(ids) > TEXTS_MAX:
        other.add("too-large")
    if by_label or other:
        return verdict(by_label, other), None
    listed = frozenset()
    if "communities" in asked.words:
        listed = frozenset(recognised).intersection(*(one.listed for one in bounds))
    return YES, Terms(stricter(label, lowest), conditions_meet(conditions, asked.conditions), asked.words, listed, quoted.duty,
                      quoted.disclaimers.union(*(one.disclaimers for one in bounds)), asked.drill or quoted.drill, kept.unlock, ids)


# --- 5.7: the subject of a reply -------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Recipient:
    """One address of a reply, seen from the report that it answers."""
    target: passing.Target
    reader: bool = False       # whom the report names, or its originator
    let_us_in: bool = False    # 6.10


def subject_known(quoted, label, to, own=False, unlock=False):
    """Whether a reply without a subject of its writer's carries the quoted one: "as far as a forward of that to all of its recipients would be
    allowed by the above, the quoted report's own readers and who let this node in (6.10) counted as allowed; else, and always where the quoted
    report is unlock-on-accept or withdrawn", the first 16 digits of its id."""
    if unlock or quoted.withdrawn:
        return False
    if own:
        return all(not address(label, one.target.kind) for one in to)
    others = tuple(one.target for one in to if not (one.reader or one.let_us_in))
    return not passing.forward(quoted, label, others, conditions=quoted.conditions)


# --- 6.9: series -----------------------------------------------------------------------------------------------------------------

BACK_MAX = 256


@dataclass(frozen=True)
class Part:
    """A report of a series."""
    by: str                    # the organisation, by its key or those that succeeded each other
    follows: str = ""
    number: int = 0            # 0: none
    final: bool = False
    vouched: bool = False      # by the hub; of what a source sends withheld "the hub judges", as if it were


@dataclass(frozen=True)
class Shelf:
    """What a node holds of series. held: parts by their ids; closed: of these, what was withdrawn unopened or whose key has not come; forgotten: of
    these, what it knows no more of than whose it was."""
    held: dict
    closed: frozenset = frozenset()
    forgotten: frozenset = frozenset()

    def reads(self, one):
        return one in self.held and one not in self.closed and one not in self.forgotten


def number_given(shelf, follows, given):
    """(verdict, number): "one more than that of the report followed, which counts as 1 without one; a number given by hand must be higher", where
    it can be read here."""
    if not shelf.reads(follows):
        return YES, given
    counts = shelf.held[follows].number or 1
    if given and given <= counts:
        return frozenset({"usage"}), 0
    return YES, given or counts + 1


def first_of_series(shelf, start):
    """"As far as it can be read back here": the first, or None where it can be read back no further, "which then nobody ends"."""
    at, back, writers = start, 0, set()
    while True:
        if at in shelf.closed:
            return None
        part = shelf.held[at]
        writers.add(part.by)
        back += 1
        if at in shelf.forgotten or part.follows not in shelf.held:
            return part
        if back == BACK_MAX:
            return part if len(writers) == 1 else None
        at = part.follows


def began(first, part):
    return first.by == part.by or (first.vouched and part.vouched)


def follow(shelf, part):
    """Sending: the verdict, and the number. "Whoever may not is refused", where its node can tell who began it."""
    if part.follows and part.follows not in shelf.held:
        return frozenset({"not-found"}), 0
    refused, number = number_given(shelf, part.follows, part.number)
    first = first_of_series(shelf, part.follows) if part.follows else None
    if part.final and first is not None and not began(first, part):
        refused = refused | {"not-originator"}
    return refused, number


def shown_final(shelf, part):
    """At whoever has it: it counts "where the report follows none, or none that is held here", or of who began it; "where it comes all the same, it is
    shown as any other that follows"."""
    if not part.final or part.follows not in shelf.held:
        return part.final
    first = first_of_series(shelf, part.follows)
    return first is not None and began(first, part)
