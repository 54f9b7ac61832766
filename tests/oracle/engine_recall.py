"""What recall.c's engines have to answer: who hears that a report was taken back, what goes with it, and what each node then shows and allows."""
from dataclasses import replace

import passing
import rules
from engine_onward import ELECTRICITY, GAS, addresses
from engine_rules import LABELS
from recall import Copy, Network
from rules import Letter, NAMED, WITHHELD, YES

WITH_WITHHELD = replace(ELECTRICITY, withheld=True)

EVERYBODY = {member.name for community in (ELECTRICITY, GAS) for member in community.members}


class Engine:
    def __init__(self):
        self.net = Network({member.name for member in ELECTRICITY.members}, {"hub"})
        self.words, self.listed_gas, self.to = {}, {}, {}   # of each copy: consent; whether its header lists gas; addresses
        self.asks = {}                                      # ask → [copy, asker, answerer, state]
        self.by_hand = set()

    def judge(self, what, cell):
        return getattr(self, what)(cell)

    # ---- Sending, passing on ----

    def passed_on(self, quoted, node, label, to, words, withheld):
        """5.7 for a forward of one that this node may read."""
        copy = self.net.copies[quoted]
        closed = passing.reading(self.state(node, quoted), "forward") if copy.has(node) else frozenset({"not-found"})
        targets = tuple(passing.Target(one.kind, one.name == copy.by, one.name in self.to[quoted], role=ELECTRICITY.member(one.name).role
                                       if one.kind != rules.COMMUNITY else rules.OPERATOR) for one in addresses(to))
        if withheld:  # what it says its hub reads first
            kind = rules.COMMUNITY if label == rules.GREEN else rules.ORGANISATION
            targets += (passing.Target(kind, copy.by == "hub", "hub" in self.to[quoted], role=rules.HUB),)
        reach = passing.forward(passing.Quoted(copy.label, self.words[quoted]), label, targets, words)
        return closed | reach

    def send(self, cell):
        label, by, words = LABELS[cell["label"]], cell["by"], frozenset(filter(None, cell["consent"].split("+")))
        quoted, withheld = self.net.copies.get(cell["quoted"]), cell["withheld"] == "1"
        sent = rules.send([WITH_WITHHELD], Letter(by, label, addresses(cell["to"]), onward=words, attribution=WITHHELD if withheld else NAMED), 0)
        refused = sent.refused
        if quoted is not None:
            refused = refused | self.passed_on(cell["quoted"], by, label, cell["to"], words, withheld)
        if cell["rule"] != "ok":
            return refused
        passes_on = frozenset() if quoted is None else quoted.passes_on | {cell["quoted"]}
        self.net.copies[cell["id"]] = Copy(by, label, {by} | ({"hub"} if withheld else set(sent.slots)), passes_on=passes_on, withheld=withheld)
        self.words[cell["id"]], self.to[cell["id"]] = words, cell["to"].split("+")
        self.listed_gas[cell["id"]] = "communities" in words and (quoted is None or self.listed_gas[cell["quoted"]])
        if not self.net.away and not withheld:
            self.extend(cell["id"])
        return refused

    def vouch(self, cell):
        """6.11: to those whom the source's addresses name, in the hub's own name, and without a word of whose text it holds."""
        source = self.net.copies[cell["of"]]
        if self.net.withdrawn("hub", cell["of"]):
            return frozenset({"withdrawn"})
        sent = rules.send([WITH_WITHHELD], Letter("hub", source.label, addresses("+".join(self.to[cell["of"]]))), 0)
        self.net.copies[cell["id"]] = Copy("hub", source.label, {"hub"} | set(sent.slots), published_of=cell["of"])
        self.words[cell["id"]], self.to[cell["id"]], self.listed_gas[cell["id"]] = frozenset(), self.to[cell["of"]], False
        return YES

    def extend(self, one):
        """6.10, 5.6: whom the hub lets in, if it is one of those that have it."""
        copy, words, listed = self.net.copies[one], self.words[one], self.listed_gas[one]
        if "hub" not in copy.holders:
            return
        for member in ELECTRICITY.members:
            if not copy.has(member.name) and not passing.onward(copy.label, True, member.role, words):
                copy.let_in[member.name] = "hub"
        for member in GAS.members:
            if listed and not copy.has(member.name) and not passing.onward(copy.label, False, member.role, words, listed):
                copy.let_in[member.name] = "hub"

    # ---- Asking for more ----

    def ask(self, cell):
        copy = self.net.copies[cell["id"]]
        if not copy.has(cell["node"]):
            return frozenset({"not-found"})
        refused = passing.ask(passing.Ask(copy.label, passes_on=bool(copy.passes_on)), at_holder=True)
        if not refused:
            self.asks[cell["ask"]] = [cell["id"], cell["node"], cell["of"], "open"]
        return refused

    def answered(self, cell, state):
        ask = self.asks[cell["ask"]]
        one, asker, answerer, was = ask
        refused = set()
        if was != "open":
            refused.add("exists")
        if self.net.withdrawn(answerer, one):
            refused.add("withdrawn")
        if not refused:
            ask[3] = state
            if state == "released" and not self.net.copies[one].has("ministry"):
                self.net.copies[one].let_in["ministry"] = asker
        return frozenset(refused)

    def grant(self, cell):
        return self.answered(cell, "released")

    def deny(self, cell):
        return self.answered(cell, "denied")

    def ask_late(self, cell):
        copy = self.net.copies[cell["id"]]
        if copy.by == cell["node"] and not copy.published_of:  # of what it vouches for a hub may ask in its own name
            return frozenset({"not-originator"} if copy.passes_on else {"usage"})
        return passing.ask(passing.Ask(copy.label, attribution=WITHHELD if copy.withheld else NAMED, withdrawn=self.net.withdrawn(cell["node"], cell["id"]),
                                       passes_on=bool(copy.passes_on)), at_holder=True)

    def ask_state(self, cell):
        one, _, _, state = self.asks[cell["ask"]]
        if state == "open" and self.net.withdrawn(cell["node"], one):
            state = "lapsed"
        return YES if cell["state"] == state else frozenset({state})

    # ---- Taking back ----

    def withdraw(self, cell):
        copy = self.net.copies[cell["id"]]
        if copy.by != cell["node"]:
            return frozenset({"not-originator"}) if copy.has(cell["node"]) else frozenset({"not-found"})
        if cell["id"] not in self.net.taken_back:
            self.by_hand.add(cell["id"])
        self.net.withdraw(cell["id"])
        return YES

    def down(self, cell):
        """Without the hub nobody hears anybody."""
        self.net.away = {cell["node"]} if cell["node"] != "hub" else set(EVERYBODY)
        return YES

    def up(self, cell):
        self.net.away = set()
        self.net.settle()
        return YES

    def forget(self, cell):
        copy = self.net.copies[cell["id"]]
        if not copy.has(cell["node"]):
            return frozenset({"not-found"})
        self.net.forgotten.add((cell["node"], cell["id"]))
        return YES

    # ---- What is shown of it, and allowed ----

    def state(self, node, one):
        copy = self.net.copies[one]
        return passing.State(copy.label, own=copy.by == node, attribution=WITHHELD if copy.withheld else NAMED, was_opened=node in copy.opened, withdrawn=self.net.withdrawn(node, one))

    def here(self, cell):
        return self.net.copies[cell["id"]].has(cell["node"]) and (cell["node"], cell["id"]) not in self.net.forgotten

    def listed(self, cell):
        node, one = cell["node"], cell["id"]
        if (cell["listed"] == "1") != self.here(cell):
            return frozenset({f"listed={int(self.here(cell))}"})
        if not self.here(cell):
            return YES
        marked, because = self.net.withdrawn(node, one), self.net.because_of(node, one)
        if (cell["marked"] == "1") != marked:
            return frozenset({f"marked={int(marked)}"})
        if cell["for"] not in because and (cell["for"] or (because and not self.net.hears(node, one))):
            return frozenset({f"for={' or '.join(sorted(because))}"})
        if not because and (cell["reason"] == "1") != (marked and one in self.by_hand):
            return frozenset({"the reason that its sender gave, or none"})
        return YES if cell["missing"] == "0" else frozenset({"nothing missing"})

    def show(self, cell):
        if not self.here(cell):
            return frozenset({"not-found"})
        closed = passing.reading(self.state(cell["node"], cell["id"]), "show")
        if not closed:
            self.net.copies[cell["id"]].opened.add(cell["node"])
        return closed

    def export(self, cell):
        closed = passing.reading(self.state(cell["node"], cell["id"]), "export")
        return closed | rules.exported(self.net.copies[cell["id"]].label, "own")

    def forward(self, cell):
        """To its sender, or a report of one's own to the hub: allowed but for what closes it."""
        return passing.reading(self.state(cell["node"], cell["id"]), "forward")

    def reply(self, cell):
        return passing.reading(self.state(cell["node"], cell["id"]), "reply")

