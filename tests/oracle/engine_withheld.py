"""What withheld.c's engines have to answer: what is sent with its source withheld, what its hub may do with it and publish, and what the others
may do with that."""
import passing
import rules
from engine_onward import ELECTRICITY, addresses
from engine_rules import LABELS, PAPS, conditions_of
from rules import Community, Letter, WITHHELD, YES, verdict


class Engine:
    def __init__(self):
        self.withdrawn, self.opened = set(), set()

    def judge(self, what, cell):
        cell["level"] = LABELS[cell["label"]]
        cell["words"] = frozenset(filter(None, [cell["consent"]]))
        cell["terms"] = conditions_of(cell["conditions"])
        return getattr(self, what)(cell)

    @staticmethod
    def community(allowed):
        return Community("electricity", ELECTRICITY.members, withheld=allowed)

    def sent_by_hub(self, cell, level=None, to=None):
        """As the hub that vouches sends it: it carries out the consent of its own report itself. The source gets it like any member."""
        return rules.send([self.community(True)], Letter("hub", level or cell["level"], addresses(to or cell["to"]), onward=cell["words"]), 0)

    def reached(self, cell, level, to):
        """Whom addresses name under a label, whether or not it suits them."""
        sent = rules.Sent()
        rules.deliver(sent, self.community(True), Letter("hub", level, addresses(to), onward=cell["words"] if level < rules.STRICT else frozenset()), 0)
        return set(sent.slots)

    def send(self, cell):
        asked = rules.send([self.community(cell["allowed"] == "1")],
                           Letter("source", cell["level"], addresses(cell["to"]), onward=cell["words"], attribution=WITHHELD), 0)
        other = set(passing.attribution(WITHHELD, cell["level"], cell["allowed"] == "1", "seal", flags=cell["terms"][1]))
        if {a.name for a in addresses(cell["to"])} == {"hub"}:
            other.add("audience")  # to nobody whom the hub could publish it to
        if "label-forbids" in asked.refused:
            return asked.refused
        return asked.refused | other

    def listed(self, cell):
        """The hub's, and nobody else's."""
        cell["rule"] = "ok" if (cell["listed"] == "1") == (cell["who"] == "hub") else f"listed={cell['listed']}"
        return YES

    def own(self, cell):
        """The source's report: at the hub, which reads it and may do nothing else with it; at its source; at a member that never had it."""
        act, who = cell["act"], cell["who"]
        if who == "reader":
            return frozenset({"not-found", "not-hub"} if act == "vouch" else {"not-found"})
        if act == "show":
            return YES
        if act == "vouch":
            return frozenset({"not-hub"})
        if act == "withdraw":
            return frozenset({"not-originator"})
        if act == "ask":
            return frozenset({"usage"} if who == "source" else {"source-withheld"})
        if act == "export":
            return rules.exported(cell["level"], cell["sink"], *cell["terms"], attribution=WITHHELD, own_report=who == "source") | self.closed(WITHHELD, cell)
        return frozenset({"source-withheld"})

    @staticmethod
    def closed(attribution, cell):
        return passing.reading(passing.State(cell["level"], own=cell["who"] == "source", attribution=attribution), cell["act"])

    def vouch(self, cell):
        wanted = LABELS.get(cell["wanted"], cell["level"])
        to = cell["audience"] or cell["to"]
        given = conditions_of(cell["given"])
        by_label = set(passing.vouch(passing.Vouch(cell["level"], wanted, kind_of_address=addresses(to)[0].kind))) & {"label-forbids"}
        other = set()
        if not by_label and not self.reached(cell, wanted, to) <= self.reached(cell, wanted, cell["to"]):
            other.add("audience")
        if passing.looser(cell["terms"], given):
            other.add("conditions")
        if cell["text"] == "named":
            other.add("source-named")
        return verdict(by_label, other)

    def withdraw(self, cell):
        self.withdrawn.add(cell["report"])
        return YES

    def publish(self, cell):
        return frozenset({"withdrawn"}) if cell["report"] in self.withdrawn else YES

    def again(self, cell):
        return frozenset({"withdrawn", "vouched-already"} if cell["report"] in self.withdrawn else {"vouched-already"})

    def published_again(self, cell):
        return frozenset({"not-withheld"})

    def holders(self, cell):
        return set(self.sent_by_hub(cell).slots)

    def published(self, cell):
        cell["rule"] = "ok" if (cell["listed"] == "1") == (cell["who"] in self.holders(cell)) else f"listed={cell['listed']}"
        return YES

    def reader(self, cell):
        """What the hub has published, at a member: an ordinary report of the hub's, under the source's conditions."""
        act, who = cell["act"], cell["who"]
        if who not in self.holders(cell):
            return frozenset({"not-found"})
        if act == "show":
            return YES
        if act == "export":
            return rules.exported(cell["level"], cell["sink"], *cell["terms"])
        member = ELECTRICITY.member(cell["whom"])
        named = cell["whom"] in cell["to"].split("+")
        target = passing.Target(is_source=cell["whom"] == "hub", was_named=named, role=member.role)
        reach = passing.forward(passing.Quoted(cell["level"], cell["words"], cell["terms"]), rules.STRICT, (target,))
        own = rules.send([self.community(True)], Letter(who, rules.STRICT, addresses(cell["whom"])), 0)
        return reach | own.refused
