"""What release.c's engines have to answer: asks for wider sharing, the source's answers, and what those who are let in may do."""
import leaving
import passing
import rules
from engine_onward import ELECTRICITY, GAS, IN, addresses
from engine_rules import LABELS, conditions_of
from rules import COMMUNITY, Letter, PERSON, YES

ENDS = (60, 0, 121)  # minutes: in time, past, later than the report, which ends in 120


class Engine:
    def __init__(self):
        self.withdrawn, self.opened = set(), set()

    def judge(self, what, cell):
        if "label" in cell:
            cell["level"] = LABELS[cell["label"]]
            cell["key"] = tuple(cell[k] for k in ("recognise", "label", "to", "asker", "for"))
        return getattr(self, what)(cell)

    # ---- Asking and answering ----

    @staticmethod
    def addressed(cell):
        return rules.send([ELECTRICITY], Letter("source", cell["level"], addresses(cell["to"])), 0).slots

    @staticmethod
    def target(cell):
        """Of the asker's communities the one that has all it asks for; the report's own before others."""
        wanted = addresses(cell["for"])
        for one in IN[cell["asker"]]:
            if all(a.name == one.name if a.kind == COMMUNITY else one.member(a.name) for a in wanted):
                return one
        return None

    def ask(self, cell):
        if cell["asker"] not in self.addressed(cell):
            return frozenset({"not-found"})
        target = self.target(cell)
        other = set(passing.ask(passing.Ask(cell["level"], withdrawn=cell["key"] in self.withdrawn), at_holder=True))
        if any(a.kind == PERSON for a in addresses(cell["for"])):
            other.add("label-forbids")
        if "label-forbids" in other:
            return frozenset({"label-forbids"})
        if target is None:
            other.add("org-unknown")
        elif target is GAS and cell["recognise"] != "both":
            other.add("community-rule")
        return frozenset(other)

    def ask_withdrawn(self, cell):
        return self.ask({**cell, "for": "other"})

    def answer(self, cell):
        command, label = cell["answer"].split("/", 1)
        if command == "release-grant" and label == "RED":
            return frozenset({"label-forbids"})
        return YES

    @staticmethod
    def answered(cell):
        command, label = cell["answer"].split("/", 1)
        return cell["ask"] != "-" and command != "" and label != "RED"

    def again(self, cell):
        """An ask is answered once; nor is there a release that is over when it begins."""
        return frozenset({"exists"}) if self.answered(cell) else frozenset({"expired"})

    def late(self, cell):
        return frozenset({"exists", "withdrawn"}) if self.answered(cell) else frozenset({"withdrawn"})

    def withdraw(self, cell):
        self.withdrawn.add(cell["key"])
        return YES

    # ---- Who has it ----

    def let_in(self, cell):
        """Whom a release lets in: those whom the ask named, also of a community by its address, who had no slot. A member's role does not
        matter: the source was asked for the community by name."""
        if not self.answered(cell) or cell["answer"].startswith("release-deny"):
            return set()
        named = {a.name for a in addresses(cell["for"]) if a.kind != COMMUNITY}
        if any(a.kind == COMMUNITY for a in addresses(cell["for"])):
            named = {m.name for m in self.target(cell).members}
        return named - self.addressed(cell) - {"source", cell["asker"]}

    def listed(self, cell):
        has = cell["who"] in self.addressed(cell) | self.let_in(cell)
        cell["rule"] = "ok" if (cell["listed"] == "1") == has else f"listed={cell['listed']}"
        return YES

    def terms(self, cell):
        """The label and conditions under which this node has it; None where it has it not."""
        if cell["who"] in self.let_in(cell):
            label = LABELS.get(cell["answer"].split("/", 1)[1], cell["level"])
            return passing.binding(cell["level"], (0, 0), (label, conditions_of(cell["conditions"])))
        return (cell["level"], (0, 0)) if cell["who"] in self.addressed(cell) else None

    def closed(self, cell, act):
        at = (cell["key"], cell["who"])
        return passing.reading(passing.State(cell["level"], withdrawn=cell["key"] in self.withdrawn, was_opened=at in self.opened), act)

    def show(self, cell):
        terms = self.terms(cell)
        if terms is None:
            return frozenset({"not-found"})
        closed = self.closed(cell, "show")
        if not closed:
            self.opened.add((cell["key"], cell["who"]))
            if LABELS[cell["shown"]] != terms[0]:
                return frozenset({f"shown under label {terms[0]}"})
        return closed

    def export(self, cell):
        terms = self.terms(cell)
        if terms is None:
            return frozenset({"not-found"})
        refused = rules.exported(terms[0], cell["sink"], *terms[1]) | self.closed(cell, "export")
        hidden = bool(terms[1][1] & rules.NO_NAME)
        if not refused and (cell["from"] == "@electricity") != hidden:
            return frozenset({f"the source {'hidden' if hidden else 'named'}"})
        proof = leaving.export_proof(terms[1][1], cell["who"] in self.let_in(cell))
        if not refused and (cell["proof"], LABELS[cell["under"]]) != (proof, terms[0]):
            return frozenset({f"proof by {proof}, under label {terms[0]}"})
        return refused

    def forward(self, cell):
        terms = self.terms(cell)
        if terms is None:
            return frozenset({"not-found"})
        whom = addresses(cell["whom"])[0]
        sent = rules.send(IN[cell["who"]], Letter(cell["who"], LABELS[cell["wanted"]], (whom,)), 0)
        target = passing.Target(whom.kind, False, cell["whom"] in cell["to"].split("+"), sent.community == "electricity" or bool(sent.refused))
        reach = passing.forward(passing.Quoted(terms[0], conditions=terms[1]), LABELS[cell["wanted"]], (target,))
        return reach | sent.refused | self.closed(cell, "forward")

    # ---- Answers that are none ----

    @staticmethod
    def release(cell):
        return passing.Release(signed_by_originator=cell["signer"] == "1", from_originator=cell["sender"] == "1", same_report=cell["report"] == "1",
                               holder_is_grantor=cell["holder"] == "1", same_commitment=cell["commitment"] == "1", ask_open=cell["reference"] == "1",
                               ends=ENDS[int(cell["ends"])], report_ends=120)

    def forged(self, cell):
        """Each is an entry of the audit log, taken or refused."""
        if cell["entries"] != "1":
            return frozenset({"one entry"})
        return passing.answer_taken(self.release(cell))

    def replayed(self, cell):
        """The ask was answered by the first, if that was an answer: then none is open."""
        if cell["entries"] != "1":
            return frozenset({"one entry"})
        first = passing.answer_taken(self.release(cell))
        return first or frozenset({"release"})
