"""What reply.c's engines have to answer: whether the text of a reply to what the hub vouches for reaches its source, and that the hub's digests leave
in either case."""
import leaving
import rules
from engine_rules import LABELS
from rules import Duty, Rule, YES

KINDS = {"incident": 1, "situation": 6}
NEEDS = (Rule("nda", frozenset({rules.AMBER, rules.STRICT}), frozenset({KINDS["situation"]})),)


class Engine:
    @staticmethod
    def told(cell):
        label, kind = LABELS[cell["label"]], KINDS[cell["kind"]]
        here, there = (NEEDS if cell[where] == "1" else () for where in ("here", "there"))
        own, other = (here, ()) if cell["writer"] == "reader" else (there, here)
        reply = leaving.Reply(label, kind, rules.header_duty("", own, label, kind),
                              disclaimers=frozenset({"terms"}) if cell["terms"] == "1" and cell["writer"] != "reader" and kind == KINDS["situation"] else frozenset(),
                              addressed_to_source=cell["to"] == "@electricity", rules=own, rules_of_source=other)
        reaches = leaving.reply_reaches(reply, (Duty("nda"),) if cell["taken"] == "1" else (), frozenset(), 0)
        return YES if (cell["told"] == "1") == reaches else frozenset({"told" if reaches else "not told"})

    def judge(self, what, cell):
        return getattr(self, what)(cell)
