"""What real engines have to answer, from the same sections of the specification. One community: a hub, the sender, a reader and another operator,
a ministry. The disclaimer is demanded for every label or for none, the duty likewise; everybody but the reader has the duty."""

import rules
from rules import NOTHING, OPERATOR, MINISTRY, first, rule

ROLES = {"hub": rules.HUB, "reader": OPERATOR, "other": OPERATOR, "ministry": MINISTRY, "sender": OPERATOR}


def conditions_of(text):
    pap, told, named = text.split("/")
    return (pap, told, named, False)


class Engine:
    """Remembers what was withdrawn, and what was opened before."""

    def __init__(self):
        self.withdrawn, self.opened = set(), set()

    def judge(self, what, cell):
        label = rules.LABELS[cell["label"]]
        cell["consents"] = set(filter(None, [cell["consent"]]))
        return getattr(self, what.removeprefix("engine-").replace("-", "_"))(cell, label)

    # ---- Sending (5.1, 5.2, 5.6) ----

    @staticmethod
    def recipients(cell, label):
        """Whom the address reaches."""
        if cell["to"] == "community":
            return {who for who in ("hub", "reader", "other", "ministry") if rules.community_reaches(label, OPERATOR, ROLES[who])}
        return {"reader"} if cell["to"] == "reader" else {"reader", "hub"}

    def send(self, cell, label):
        kinds = {"community"} if cell["to"] == "community" else {"org"}
        refused = frozenset().union(*(rules.addressed(label, kind) for kind in kinds))
        if cell["consents"]:
            refused |= rule("label-forbids", label in (rules.RED, rules.STRICT))
        if refused:
            return refused
        reached = self.recipients(cell, label)
        left = {who for who in reached if who == "reader" and rules.duty("send", cell["duty"])}
        if reached == left:
            return rule("audience")
        for who in ("reader", "hub", "other", "ministry"):
            if (cell[who] == "1") != (who in reached - left) or (who == "reader" and (cell["left"] == "1") != (who in left)):
                return frozenset({f"recipients {sorted(reached - left)}, left out {sorted(left)}"})
        return NOTHING

    def listed(self, cell, label):
        """Who has it: the addressed, and whom a hub that is one of them lets in (6.10)."""
        has = self.recipients(cell, label)
        if "hub" in has and label != rules.CLEAR and not rules.onward(label, cell["consents"], True, MINISTRY):
            has = has | {"ministry"}
        cell["rule"] = "ok" if (cell["listed"] == "1") == (cell["who"] in has) else f"listed={cell['listed']}"
        return NOTHING

    # ---- At the reader ----

    def closed(self, cell, place):
        """What closes a report to its reader, whatever the label says: duty, disclaimer, withdrawal."""
        closed = rules.duty(place, cell["duty"]) | rules.disclaimer(place, cell["decision"])
        if cell["report"] in self.withdrawn and (place == "export" or cell["report"] not in self.opened):
            closed |= rule("withdrawn")
        return closed

    def show(self, cell, label):
        by_label = rules.opened_by(label, False, cell["to"] != "community", cell["to"] == "community", False)
        closed = first(by_label, self.closed(cell, "read"))
        if not closed:
            self.opened.add(cell["report"])
        return closed

    def export(self, cell, label):
        pap, told, _, _ = conditions_of(cell["conditions"])
        closed = first(rules.exported(label, cell["sink"]), self.closed(cell, "export") | rules.conditions_export(pap, told, cell["sink"]))
        if not closed:
            self.opened.add(cell["report"])
        return closed

    @staticmethod
    def named(cell, whom):
        """Who sent it, or is an organisation that it names."""
        return whom == "sender" or whom in cell["to"].split("+")

    def answer(self, cell, label, place):
        """What a reply and a forward have in common: the label, who is meant, and the reader's own right."""
        given = rules.LABELS.get(cell["wanted"])
        lower = rule("label-forbids", given is not None and rules.quote_label(label, given) != given)
        whom = cell["whom"]
        reach = rules.quote_reaches(label, self.named(cell, whom))
        label_then = rules.quote_label(label, given or label)
        # a reply without --to goes to the sender's desk, or to the community where the label is for communities
        kind = "org" if cell["wanted"] or label > rules.GREEN else "community"
        address = rules.addressed(label_then, kind)
        return lower, reach, address, self.closed(cell, place)

    def reply(self, cell, label):
        lower, reach, address, closed = self.answer(cell, label, "quote")
        return first(closed, lower, address | reach)

    def reply_looser(self, cell, label):
        lower = rules.looser(conditions_of(cell["conditions"]), (cell["pap"], "", "", False))
        return first(self.closed(cell, "quote"), lower)

    def forward(self, cell, label):
        lower, reach, address, closed = self.answer(cell, label, "quote")
        if cell["report"] in self.withdrawn:
            closed |= rule("withdrawn")
        role = NOTHING
        if not rules.community_reaches(label, OPERATOR, ROLES[cell["whom"]]) and not self.named(cell, cell["whom"]):
            role = rule("onward", CONSENT_MISSING(cell))
        return first(closed, lower, address | reach | role)

    # ---- Withdrawal (8.4) ----

    def withdraw(self, cell, label):
        self.withdrawn.add(cell["report"])
        return NOTHING

    def withdraw_other(self, cell, label):
        return rule("not-originator")


def CONSENT_MISSING(cell):
    return "ministry" not in cell["consents"]
