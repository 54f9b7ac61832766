"""What leaves a node by other ways than a grant, from the sentences of proto/SPEC.md alone: the proof of an export (14.1), and replies that a hub
carries to a source which it does not name (6.11)."""
from dataclasses import dataclass

from rules import AMBER, NO_NAME, demanded_duties, in_force


def export_proof(flags, let_in_by_release):
    """14.1: who stands for an export: "Where the source may not be named, by the header or by the release", whoever exports; else the originator's
    signature, and "where a release let the exporter have it" that release and its holder's grant beside it."""
    if flags & NO_NAME:
        return "exporter"
    return "released" if let_in_by_release else "originator"


@dataclass(frozen=True)
class Reply:
    """A reply to what a hub vouches for, with the rules that demand duties in its own community, and in the source's where that is another."""
    label: int
    kind: int
    duty: str = ""  # that its header names
    disclaimers: frozenset = frozenset()
    writer_had_it: bool = True
    addressed_to_source: bool = False
    rules: tuple = ()
    rules_of_source: tuple = ()


def reply_reaches(one, duties, disclaimers, now):
    """6.11: whether its text is carried to the source. duties, disclaimers: what the source has taken, and laid down in its own report."""
    if not one.writer_had_it or one.addressed_to_source or one.label > AMBER:
        return False
    wanted = demanded_duties(one.duty, one.rules, one.label, one.kind) | demanded_duties("", one.rules_of_source, one.label, one.kind)
    return one.disclaimers <= disclaimers and all(in_force(duties, name, now) for name in wanted)
