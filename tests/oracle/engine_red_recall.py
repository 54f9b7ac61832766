"""What red_recall.c's engines have to answer: what is taken back with a report whose text a RED one holds, as far as the persons' processes have said so."""
import passing
import rules
from recall import Copy, Network
from rules import RED, YES

MEMBERS = {"org-0": "hub", "org-1": "source", "org-2": "reader", "org-3": "other"}


class Engine:
    def __init__(self):
        self.net = Network(MEMBERS.values(), {"hub"})
        self.named, self.opened_by = {}, {}   # id → (node, person) it is for, its writer among them; (node, id) → persons who had opened it
        self.said = set()                     # (node, id): whose text it holds was said there

    def judge(self, what, cell):
        return getattr(self, "opened_" if what == "opened" else what)(cell)

    def sent(self, cell):
        self.net.copies[cell["report"]] = Copy("source", rules.AMBER, {"source"} | set(cell["to"].split("+")))
        return YES

    def made(self, cell):
        to = {(MEMBERS[org], person) for person, org in (one.split("@") for one in cell["to"].split("+"))}
        passes_on = frozenset(filter(None, cell["passes_on"].split("+")))
        if cell["rule"] == "ok":
            self.net.copies[cell["report"]] = Copy(cell["who"], RED, {cell["who"]} | {node for node, _ in to}, passes_on=passes_on)
            self.named[cell["report"]] = to | {(cell["who"], cell["person"])}
            self.said.add((cell["who"], cell["report"]))
        return YES

    # ---- Taking back ----

    def withdraw(self, cell):
        self.net.withdraw(cell["report"])
        return YES

    def down(self, cell):
        self.net.away = {cell["who"]}
        return YES

    def up(self, cell):
        self.net.away = set()
        self.net.settle()
        return YES

    # ---- What is shown, opened, quoted ----

    def withdrawn(self, node, one):
        """8.4: by its own withdrawal, or, where a process has said whose text it holds, by that of one of those."""
        return self.net.hears(node, one) or ((node, one) in self.said and bool(self.net.because_of(node, one)))

    def closed(self, cell, act):
        node, one = cell["who"], cell["report"]
        own = self.net.copies[one].by == node
        return passing.reading(passing.State(RED, own=own, withdrawn=self.withdrawn(node, one), was_opened=own or cell["person"] in self.opened_by.get((node, one), ())), act)

    def listed(self, cell):
        node, one = cell["who"], cell["report"]
        has = self.net.copies[one].has(node)
        marked = has and self.withdrawn(node, one)
        if (cell["listed"] == "1", cell["marked"] == "1") != (has, marked):
            return frozenset({f"listed={int(has)} marked={int(marked)}"})
        because = self.net.because_of(node, one) if (node, one) in self.said else set()
        if cell["for"] not in because and (cell["for"] or (because and not self.net.hears(node, one))):
            return frozenset({f"for={' or '.join(sorted(because))}"})
        return YES

    def open(self, cell):
        return self.closed(cell, "show")

    def opened_(self, cell):
        """The process says whose text it holds before it shows that: what is withdrawn by then is not shown for the first time."""
        node, one = cell["who"], cell["report"]
        before = self.closed(cell, "show")
        self.said.add((node, one))
        closed = self.closed(cell, "show")
        if not closed:
            self.opened_by.setdefault((node, one), set()).add(cell["person"])
        return closed or before

    def quote(self, cell):
        return self.closed(cell, "forward" if cell["forward"] == "1" else "reply")
