"""What onward.c's engines have to answer: two communities, electricity and gas, that each recognise the other or not."""
import passing
import rules
from engine_rules import LABELS
from rules import Address, COMMUNITY, Community, Letter, ORGANISATION, Org, YES

ELECTRICITY = Community("electricity", (Org("hub", rules.HUB), Org("source"), Org("reader"), Org("other"), Org("ministry", rules.MINISTRY)))
GAS = Community("gas", (Org("hub"), Org("gas-hub", rules.HUB), Org("gas-member"), Org("gas-ministry", rules.MINISTRY)))
IN = {"hub": [ELECTRICITY, GAS], "source": [ELECTRICITY], "reader": [ELECTRICITY], "other": [ELECTRICITY], "ministry": [ELECTRICITY],
      "gas-hub": [GAS], "gas-member": [GAS], "gas-ministry": [GAS]}


def addresses(text):
    return tuple(Address(COMMUNITY if one[0] == "@" else ORGANISATION, one.lstrip("@")) for one in text.split("+") if one)


class Engine:
    def __init__(self):
        self.withdrawn, self.opened = set(), set()

    def judge(self, what, cell):
        cell["level"] = LABELS[cell["label"]]
        cell["words"] = frozenset(filter(None, cell.get("consent", "").split("+")))
        return getattr(self, what)(cell)

    def choose(self, cell):
        if not cell["to"]:
            return frozenset({"usage"})
        sent = rules.send(IN[cell["node"]], Letter(cell["node"], cell["level"], addresses(cell["to"])), 0)
        if not sent.refused and sent.community != cell["community"]:
            return frozenset({f"to @{sent.community}"})
        return sent.refused

    # ---- Who has it ----

    @staticmethod
    def sent(cell):
        return rules.send([ELECTRICITY], Letter("source", cell["level"], addresses(cell["to"]), onward=cell["words"]), 0)

    def send(self, cell):
        return self.sent(cell).refused

    def holders(self, cell):
        """The addressed, and whom the hub lets in, if it is one of them: here, and in gas where the two recognise each other (the header lists
        gas where electricity recognises it)."""
        has = set(self.sent(cell).slots)
        listed = "communities" in cell["words"] and cell["recognise"] in ("both", "here")
        if "hub" not in has:
            return has
        here = {m.name for m in ELECTRICITY.members if not passing.onward(cell["level"], True, m.role, cell["words"])}
        there = {m.name for m in GAS.members if listed and cell["recognise"] == "both" and
                 not passing.onward(cell["level"], False, m.role, cell["words"], listed)}
        return has | (here if cell["words"] else set()) | there

    def listed(self, cell):
        cell["rule"] = "ok" if (cell["listed"] == "1") == (cell["who"] in self.holders(cell)) else f"listed={cell['listed']}"
        return YES

    # ---- What for ----

    def closed(self, cell, act):
        if cell["who"] not in self.holders(cell):
            return frozenset({"not-found"})
        at = (cell["report"], cell["who"])
        return passing.reading(passing.State(cell["level"], withdrawn=cell["report"] in self.withdrawn, was_opened=at in self.opened), act)

    def show(self, cell):
        closed = self.closed(cell, "show")
        if not closed:
            self.opened.add((cell["report"], cell["who"]))
        return closed

    def export(self, cell):
        sink = rules.exported(cell["level"], cell["sink"])
        closed = self.closed(cell, "export")
        return sink if sink and "not-found" not in closed and "withdrawn" not in closed else closed | sink

    def target(self, cell):
        """The answer's own way: its addresses, community and recipients, whatever it quotes."""
        return rules.send(IN[cell["who"]], Letter(cell["who"], LABELS[cell["wanted"]], addresses(cell["whom"])), 0)

    def reply(self, cell):
        closed = self.closed(cell, "reply")
        whom = addresses(cell["whom"])[0]
        named = cell["whom"] in cell["to"].split("+")
        reach = rules.reply(cell["level"], LABELS[cell["wanted"]], (rules.Reached(whom.kind, cell["whom"] == "source", named),))
        own = self.target(cell).refused
        if closed or own - {"label-forbids"}:  # whom an address names may be asked before what the label says of it
            return closed | reach | own
        return reach | own

    def forward(self, cell):
        closed = self.closed(cell, "forward")
        whom = addresses(cell["whom"])[0]
        named = cell["whom"] in cell["to"].split("+")
        sent = self.target(cell)
        member = ELECTRICITY.member(whom.name)
        target = passing.Target(whom.kind, cell["whom"] == "source", named, sent.community == "electricity" or bool(sent.refused),
                                member.role if member else rules.OPERATOR)
        reach = passing.forward(passing.Quoted(cell["level"], cell["words"]), LABELS[cell["wanted"]], (target,))
        if closed:
            return closed | reach | sent.refused
        return reach | sent.refused

    def withdraw(self, cell):
        if cell["who"] != "source":
            return frozenset({"not-originator"}) if cell["who"] in self.holders(cell) else frozenset({"not-found"})
        self.withdrawn.add(cell["report"])
        return YES
