"""What red.c's engines have to answer: for whom a person may seal under RED, and what the nodes hand out of it, to whom."""
import answering
import passing
import rules
from answering import Recipient
from engine_rules import LABELS
from rules import Address, COMMUNITY, Community, Disclaimer, Duty, Letter, ORGANISATION, Org, PERSON, RED, Rule, WITHHELD, YES

PERSONS = {"source": {"sato"}, "reader": {"ito", "tanaka"}, "other": {"mori"}, "gas-member": {"kato"}, "hub": set(), "ministry": {"suzuki"}}
READY = {"reader": {"tanaka"}}  # with a prekey; elsewhere all
HELD = (Duty("nda", 1),)


def address(text):
    if text[0] == "@":
        return Address(COMMUNITY, text[1:])
    person, _, org = text.rpartition("@")
    return Address(PERSON, org, person) if person else Address(ORGANISATION, org)


def community(setting):
    """The rules of that setting."""
    asked = setting.split("-")[0] in ("duty", "kind")
    rule = Rule("nda", frozenset({RED}), frozenset({1} if setting.startswith("kind") else ()))
    return Community(
        "electricity",
        tuple(Org(name, role, () if name == "reader" and setting.endswith("absent") else HELD, persons=frozenset(PERSONS.get(name, ())),
                  persons_ready=frozenset(READY.get(name, PERSONS.get(name, ()))))
              for name, role in (("hub", rules.HUB), ("source", rules.OPERATOR), ("reader", rules.OPERATOR), ("other", rules.OPERATOR),
                               ("ministry", rules.MINISTRY))),
        labels=frozenset(rules.LABELS) - (frozenset({RED}) if setting == "label-not-allowed" else frozenset()),
        red_sealed=setting != "not-carried", duty_rules=(rule,) if asked else (),
        disclaimers=(Disclaimer("nda", 1, kinds=frozenset({1} if setting.startswith("text") else ())),))


class Engine:
    def __init__(self):
        self.withdrawn, self.opened, self.gone = set(), set(), set()

    def judge(self, what, cell):
        return getattr(self, "opened_" if what == "opened" else what)(cell)

    def send(self, cell):
        letter = Letter("source", RED, tuple(address(one) for one in cell["to"].split("+") if one[0] != "@" or one.count("@") == 1),
                        onward=frozenset({"ministry"} if cell["more"] == "onward" else ()), attribution=WITHHELD if cell["more"] == "withheld" else rules.NAMED,
                        unlock=cell["more"] == "unlock", as_person="sato", kind={"": 1, "incident": 1, "advisory": 4}[cell["kind"]])
        sent = rules.send([community(cell["setting"])], letter, 10)
        if sent.refused:
            return sent.refused
        if int(cell["texts"]) != len(sent.disclaimers):
            return frozenset({f"with {sorted(sent.disclaimers)}"})
        for name, org in (("tanaka", "reader"), ("ito", "reader"), ("mori", "other")):
            if (cell[name] == "1") != ((org, name) in sent.slots):
                return frozenset({f"sealed for {sorted(sent.slots)}"})
        return YES

    # ---- Who has it, and who opens it ----

    @staticmethod
    def named(cell):
        return {tuple(reversed(one.split("@"))) for one in cell["to"].split("+")}

    def has(self, cell):
        return cell["who"] == "source" or cell["who"] in {org for org, _ in self.named(cell)}

    def listed(self, cell):
        cell["rule"] = "ok" if (cell["listed"] == "1") == self.has(cell) else f"listed={cell['listed']}"
        return YES

    def stranger(self, cell):
        """A node without it knows nothing of it; a person who is not on the organisation's card is nobody there."""
        found = set() if self.has(cell) else {"not-found"}
        if cell["person"] and cell["person"] not in PERSONS[cell["who"]]:
            found.add("person-unknown")
        return frozenset(found)

    def closed(self, cell, act):
        own = cell["who"] == "source"
        at = (cell["report"], cell["who"], cell["person"])
        state = passing.State(RED, own=own, withdrawn=cell["report"] in self.withdrawn, was_opened=own or at in self.opened,
                              duty=own or cell["who"] != "reader" or cell["setting"] != "duty-absent")
        return passing.reading(state, act)

    def may(self, cell):
        """5.1, for the person: named, in its own process; the writer keeps a slot of its own."""
        me = (cell["who"], cell["person"])
        return rules.opened(RED, True, me in self.named(cell) or me == ("source", "sato"), False, False)

    def show(self, cell):
        """The node shows nothing of it to anybody."""
        return self.stranger(cell) or rules.opened(RED, False, True, True, True) | self.closed(cell, "show")

    def open(self, cell):
        if not cell["person"]:
            return self.stranger(cell) or frozenset({"usage"})
        if (cell["report"], cell["who"]) in self.gone:  # its slots went with its key, so that nobody can tell for whom they were
            return self.stranger(cell) or self.may(cell) | self.closed(cell, "show")
        return self.stranger(cell) or rules.verdict(self.may(cell), self.closed(cell, "show"))

    def opened_(self, cell):
        verdict = self.stranger(cell) or self.may(cell)
        if not verdict:
            self.opened.add((cell["report"], cell["who"], cell["person"]))
        return verdict

    def export(self, cell):
        return self.stranger(cell) or rules.exported(RED, cell["sink"])

    def ask(self, cell):
        if not self.has(cell):
            return frozenset({"not-found"})
        return frozenset({"usage"}) if cell["who"] == "source" else passing.ask(passing.Ask(RED), at_holder=True)

    def withdraw(self, cell):
        return frozenset({"not-originator"} if self.has(cell) else {"not-found"})

    def take_back(self, cell):
        """8.4: under RED the person who wrote it asks for that."""
        if cell["person"] != "sato":
            return frozenset({"person-only"})
        self.withdrawn.add(cell["report"])
        for org in {org for org, _ in self.named(cell)} - {at[1] for at in self.opened if at[0] == cell["report"]}:
            self.gone.add((cell["report"], org))  # 8.4: "its key is destroyed at once, under RED when nobody has opened it"
        return YES

    # ---- Answers ----

    def looser(self, cell):
        if not self.has(cell):
            return frozenset({"not-found"})
        return frozenset({"label-forbids"}) | self.closed(cell, "reply")

    def quote(self, cell):
        """The node cannot read the quoted audience: the person's process compares (5.1). It asks the rest."""
        if not self.has(cell):
            return frozenset({"not-found"})
        act = "forward" if cell["forward"] == "1" else "reply"
        setting = "carried" if cell["setting"] == "withdrawn" else cell["setting"]
        sent = rules.send([community(setting)], Letter(cell["who"], RED, (address(cell["whom"]),), as_person=cell["person"]), 10)
        return self.closed(cell, act) | sent.refused

    # ---- What answers or passes on a report of another label ----

    def raised(self, cell):
        """The node asks everything of it, since it has read what is quoted: whom it reaches as a forward or a reply, for which persons it may be sealed, and
        whether all of them may know the quoted subject."""
        node, label, forward = cell["who"], LABELS[cell["label"]], cell["forward"] == "1"
        words, own = frozenset(filter(None, [cell["onward"]])), cell["who"] == "source"
        if not own and cell["to"] not in (node, "@electricity"):
            return frozenset({"not-found"})
        withdrawn = cell["setting"] == "withdrawn"
        home = community("carried" if withdrawn else cell["setting"])
        to = tuple(address(one) for one in cell["whom"].split("+"))
        closed = passing.reading(passing.State(label, own=own, withdrawn=withdrawn, was_opened=node == "reader"), "forward" if forward else "reply")
        targets = [passing.Target(one.kind, one.name == "source", one.name == cell["to"], home.member(one.name) is not None,
                                  home.member(one.name).role if home.member(one.name) else rules.OPERATOR) for one in to]
        quoted = passing.Quoted(label, words, withdrawn=withdrawn)
        if forward:
            reach = YES if own else passing.forward(quoted, RED, targets)
        else:
            reach = rules.reply(label, RED, tuple(rules.Reached(one.kind, one.is_source, one.was_named) for one in targets))
        sent = rules.send([home], Letter(node, RED, to, as_person=cell["person"]), 10)
        found = reach | sent.refused
        by_label = found & {"label-forbids"}
        if by_label:
            return by_label | closed | (found & {"org-unknown"})
        if found or closed or cell["rule"] != "ok":
            return rules.verdict(other=found | closed)
        got = {f"{person}@{org}" for org, person in sent.slots}
        if {one.split("@")[0] for one in cell["got"].split("+")} - {cell["person"]} != {person for _, person in sent.slots} - {cell["person"]}:
            return frozenset({f"for {sorted(got)}"})
        kept = [Recipient(one, one.was_named or one.is_source) for one, its in zip(targets, to) if (its.name, its.person) in sent.slots]
        if not forward and (cell["known"] == "1") != answering.subject_known(quoted, RED, kept, own):
            return frozenset({f"known={1 - int(cell['known'])}"})
        return YES
