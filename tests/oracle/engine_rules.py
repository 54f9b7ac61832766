"""What engine.c's engines have to answer. One community: a hub, the sender, a reader and another operator, a ministry. The disclaimer is
demanded for every label or for none, the duty likewise; everybody but the reader has the duty."""
from dataclasses import replace

import passing
import rules
from rules import Address, Community, Disclaimer, Duty, Letter, Org, Reached, Rule, YES, verdict

LABELS = {"CLEAR": 1, "GREEN": 2, "AMBER": 3, "AMBER+STRICT": 4, "RED": 5}
PAPS = {"": 0, "CLEAR": 1, "GREEN": 2, "AMBER": 3, "RED": 4}
ROLES = {"hub": rules.HUB, "reader": rules.OPERATOR, "other": rules.OPERATOR, "ministry": rules.MINISTRY, "sender": rules.OPERATOR}
NOW = 1000
DUTIES = {"none": (Duty("nda", 1),), "held": (Duty("nda", 1),), "absent": (), "expired": (Duty("nda", 1, NOW),), "not-begun": (Duty("nda", NOW + 1),)}
TO = {"community": (Address(rules.COMMUNITY, "c"),), "reader": (Address(rules.ORGANISATION, "reader"),),
      "reader+hub": (Address(rules.ORGANISATION, "reader"), Address(rules.ORGANISATION, "hub"))}


def conditions_of(text):
    pap, told, named = text.split("/")
    return PAPS[pap], {"": 0, "yes": rules.TELL, "no": rules.NO_TELL}[told] | {"": 0, "yes": rules.NAME, "no": rules.NO_NAME}[named]


def community_of(cell):
    duty = cell["duty"]
    return Community(
        "c", tuple(Org(name, role, DUTIES[duty] if name == "reader" else DUTIES["held"]) for name, role in ROLES.items()),
        duty_rules=() if duty == "none" else (Rule("nda", frozenset(rules.LABELS)),),
        disclaimers=(Disclaimer("d", 1, frozenset() if cell["decision"] == "none" else frozenset(rules.LABELS)),))


class Engine:
    """Remembers what was withdrawn, and what was opened before."""

    def __init__(self):
        self.withdrawn, self.opened = set(), set()

    def judge(self, what, cell):
        label = LABELS[cell["label"]]
        cell["words"] = frozenset(filter(None, [cell["consent"]]))
        return getattr(self, what)(cell, label)

    @staticmethod
    def sent(cell, label):
        return rules.send([community_of(cell)], Letter("sender", label, TO[cell["to"]], onward=cell["words"]), NOW)

    def send(self, cell, label):
        sent = self.sent(cell, label)
        if sent.refused:
            return sent.refused
        for who in ("reader", "hub", "other", "ministry"):
            left = "duty" in sent.left_out.get(who, ())
            if (cell[who] == "1") != (who in sent.slots) or (who == "reader" and (cell["left"] == "1") != left):
                return frozenset({f"to {sorted(sent.slots)}, left out {sorted(sent.left_out)}"})
        return YES

    def listed(self, cell, label):
        """Who has it: the addressed, and whom a hub that is one of them lets in (6.10)."""
        has = set(self.sent(cell, label).slots)
        if "hub" in has and not passing.onward(label, True, rules.MINISTRY, cell["words"]):
            has.add("ministry")
        cell["rule"] = "ok" if (cell["listed"] == "1") == (cell["who"] in has) else f"listed={cell['listed']}"
        return YES

    # ---- At the reader ----

    def reading(self, cell, label, act):
        """What the label says of this reader, then everything that closes the report to it."""
        by_label = rules.opened(label, False, False, cell["to"] != "community", cell["to"] == "community")
        duty = rules.duty_at("read", "", community_of(cell).duty_rules, label, 1, DUTIES[cell["duty"]], NOW)
        state = passing.State(label, was_opened=cell["report"] in self.opened, withdrawn=cell["report"] in self.withdrawn,
                              duty=not duty, needs=cell["decision"] != "none", accepted=cell["decision"] == "accepted")
        return verdict(by_label, passing.reading(state, act))

    def show(self, cell, label):
        closed = self.reading(cell, label, "show")
        if not closed:
            self.opened.add(cell["report"])
        return closed

    def export(self, cell, label):
        sink = rules.exported(label, cell["sink"], *conditions_of(cell["conditions"]))
        closed = verdict(sink & {"export-forbidden"}, self.reading(cell, label, "export") | sink)
        if not closed:
            self.opened.add(cell["report"])
        return closed

    # ---- Answers ----

    def target(self, cell, label):
        """Whom an answer is for: a reply without --to goes to the sender's desk, or to the community where the label is for communities."""
        whom = cell["whom"]
        community = not cell["wanted"] and label <= rules.GREEN
        return whom, rules.COMMUNITY if community else rules.ORGANISATION, whom in cell["to"].split("+")

    def reply(self, cell, label):
        whom, kind, named = self.target(cell, label)
        wanted = LABELS.get(cell["wanted"], label)
        answer = rules.reply(label, wanted, (Reached(kind, whom == "sender", named),))
        if cell["wanted"] and wanted > label and not answer:
            answer = rules.reply(label, rules.stricter(label, wanted), (Reached(kind, whom == "sender", named),))
        return self.either(cell, label, "reply", answer)

    def either(self, cell, label, act, answer):
        """A reader whom the report is closed to is told that, or that the answer it wanted would go too far."""
        closed = self.reading(cell, label, act)
        return answer | closed if closed and answer else closed or answer

    def reply_looser(self, cell, label):
        return self.either(cell, label, "reply", rules.conditions_of_quote(conditions_of(cell["conditions"]), (PAPS[cell["pap"]], 0)))

    def forward(self, cell, label):
        whom, kind, named = self.target(cell, label)
        wanted = LABELS.get(cell["wanted"], label)
        quoted = passing.Quoted(label, cell["words"], conditions_of(cell["conditions"]))
        target = passing.Target(kind, whom == "sender", named, role=ROLES[whom])
        return self.either(cell, label, "forward", passing.forward(quoted, wanted, (target,)))

    # ---- Withdrawal (8.4) ----

    def withdraw(self, cell, label):
        self.withdrawn.add(cell["report"])
        return YES

    def withdraw_other(self, cell, label):
        return passing.withdrawal_taken(passing.Withdrawal(by_originator=False))
