"""What answers.c's engines have to answer: replies and forwards that are really made, and what of the quoted report they carry."""
from dataclasses import dataclass, field, replace

import answering
import passing
import rules
from answering import Asked, Recipient, Terms
from engine_onward import addresses
from engine_rules import LABELS, PAPS, conditions_of
from rules import COMMUNITY, Community, Disclaimer, Duty, FOUR_ROLES, Letter, Org, Reached, Rule, YES, verdict

NDA = (Duty("nda"),)
ELECTRICITY = Community(
    "electricity", tuple(Org(name, role, () if name == "other" else NDA) for name, role in (
        ("hub", rules.HUB), ("source", rules.OPERATOR), ("reader", rules.OPERATOR), ("other", rules.OPERATOR), ("ministry", rules.MINISTRY),
        ("ministry-2", rules.MINISTRY))),
    duty_rules=(Rule("nda", frozenset({rules.STRICT}), frozenset({1})),), disclaimers=(Disclaimer("terms", 1),))
GAS = Community("gas", tuple(Org(name, role, NDA) for name, role in (
    ("hub", rules.OPERATOR), ("gas-hub", rules.HUB), ("gas-member", rules.OPERATOR), ("gas-ministry", rules.MINISTRY))))
IN = {"hub": [ELECTRICITY, GAS], "gas-member": [GAS]}
KINDS = {"incident": 1, "advisory": 4}
STATES = {"marked": ((PAPS["AMBER"], rules.NO_TELL | rules.NOT_SUPERVISION), True)}
ORGS = {"org-0": "hub", "org-1": "source", "org-2": "reader", "org-3": "other", "org-4": "ministry", "org-5": "gas-hub", "org-6": "gas-member",
        "org-7": "gas-ministry", "org-8": "ministry-2"}
WHOM_ADDRESSES_NAME = {"org-unknown", "community-unknown", "org-ambiguous"}  # asked before what may reach it


@dataclass
class Quote:
    by: str
    to: list
    state: str
    terms: Terms
    holders: set     # whom it was sealed for, its originator, and whom hubs let in
    kind: int = 1
    accepted: bool = True  # its disclaimers, by all who have it
    released: dict = field(default_factory=dict)  # node → the terms under which a release lets it have it


class Engine:
    def __init__(self):
        self.quotes, self.opened = {}, set()
        self.home = ELECTRICITY

    def rules(self, cell):
        """Two duties from here on: one for AMBER, one for incidents, which the other operator has not taken."""
        both = (Duty("nda"), Duty("pledge"))
        members = tuple(replace(one, duties=NDA if one.name == "other" else both) for one in ELECTRICITY.members)
        self.home = replace(ELECTRICITY, members=members, duty_rules=(Rule("nda", frozenset({rules.AMBER})), Rule("pledge", frozenset(), frozenset({1}))))
        return YES

    def judge(self, what, cell):
        return getattr(self, what)(cell)

    # ---- What is quoted ----

    def send(self, cell):
        label, words = LABELS[cell["label"]], frozenset(filter(None, cell["consent"].split("+")))
        unlock, early = cell["state"] == "unlocked", cell["early"] == "1"
        texts = ("terms",) if cell["state"] in ("terms", "waiting", "unlocked") else ()
        sent = rules.send([self.home], Letter(cell["by"], label, addresses(cell["to"]), onward=words, unlock=unlock, disclaimers=texts), 10)
        if sent.refused:
            return sent.refused
        conditions, drill = STATES.get(cell["state"], ((0, 0), False))
        listed = frozenset({"gas"} if "communities" in words and not early else ())
        duty = rules.header_duty("", self.home.duty_rules, label, 1)
        terms = Terms(label, conditions, words, listed, duty, frozenset(texts), drill, unlock)
        holders = self.let_in(set(sent.slots) | {cell["by"]}, cell["by"], label, words, listed)
        self.quotes[cell["id"]] = Quote(cell["by"], cell["to"].split("+"), cell["state"], terms, holders, accepted=cell["state"] != "waiting")
        return YES

    @staticmethod
    def let_in(holders, by, label, words, listed):
        """6.10: and whom the hub lets in, if it is one of those that have it."""
        if "hub" in holders:
            holders |= {m.name for m in ELECTRICITY.members if by != "hub" and not passing.onward(label, True, m.role, words)}
            holders |= {m.name for m in GAS.members if listed and not passing.onward(label, False, m.role, words, True)}
        return holders

    def show(self, cell):
        if cell["node"] not in self.quotes[cell["quoted"]].holders:
            return frozenset({"not-found"})
        self.opened.add((cell["node"], cell["quoted"]))
        return YES

    def released(self, cell):
        """6.12: label and conditions of the release stand in the place of the header's, of each that it does not state the header's."""
        quote = self.quotes[cell["quoted"]]
        quote.holders.add(cell["node"])
        quote.released[cell["node"]] = replace(quote.terms, label=LABELS.get(cell["label"], quote.terms.label), conditions=conditions_of(cell["conditions"]))
        return YES

    # ---- What is made of it ----

    def reply(self, cell):
        return self.made(cell, False)

    def forward(self, cell):
        return self.made(cell, True)

    def targets(self, cell, quote, community):
        """The addresses, and who of the four roles a community's address reaches beside: its sender's own."""
        own_role = community.member(cell["node"]).role if community is not None and community.member(cell["node"]) else 0
        for one in addresses(cell["whom"]):
            member = ELECTRICITY.member(one.name)
            role = member.role if member and one.kind != COMMUNITY else rules.OPERATOR
            named = one.name in quote.to or one.name == cell["node"]  # who writes it has it
            target = passing.Target(one.kind, one.name == quote.by, named, community is self.home, role)
            yield Recipient(target, one.name in quote.to or one.name == quote.by, "gas-member" == cell["node"] and one.name == "hub")
            if one.kind == COMMUNITY and own_role in FOUR_ROLES:
                for fellow in community.members:
                    if fellow.role == own_role and fellow.name != cell["node"]:
                        target = passing.Target(COMMUNITY, fellow.name == quote.by, fellow.name in quote.to, community is self.home, own_role)
                        yield Recipient(target, fellow.name in quote.to or fellow.name == quote.by)

    def binding(self, one, node):
        """Those whose terms hold for the node, each as it has it; none of what it has written all of."""
        reports = {key: answering.Held(quote.by, quote.terms.passes_on, node in quote.holders) for key, quote in self.quotes.items()}
        return [replace(self.quotes[key], terms=self.quotes[key].released.get(node, self.quotes[key].terms)) for key in answering.binding(reports, one, node)]

    def closed(self, node, one, act):
        """What is asked of a reader: of it, and of those whose terms hold."""
        found = YES
        for quote in [self.quotes[one], *self.binding(one, node)]:
            state = passing.State(quote.terms.label, own=node == quote.by, was_opened=(node, one) in self.opened, withdrawn=quote.state == "withdrawn",
                                  needs=bool(quote.terms.disclaimers), accepted=quote.accepted)
            found = found | passing.reading(state, act)
        return found

    def made(self, cell, forward):
        quote, node = self.quotes[cell["quoted"]], cell["node"]
        if node not in quote.holders:
            return frozenset({"not-found"})
        quote = replace(quote, terms=quote.released.get(node, quote.terms))
        bounds = self.binding(cell["quoted"], node)
        words = frozenset(filter(None, cell["asked"].split("+")))
        asked = Asked(LABELS.get(cell["wanted"]), conditions_of(cell["conditions"]), words, cell["drill"] == "1")
        homes = [self.home if one is ELECTRICITY else one for one in IN.get(node, [ELECTRICITY])]
        label = LABELS.get(cell["wanted"], max([quote.terms.label, *(one.terms.label for one in bounds)]))
        letter = Letter(node, label, addresses(cell["whom"]))
        community, _ = rules.choose_community(homes, letter)
        refused, terms = answering.terms(quote.terms, cell["quoted"], asked, {"gas"} if community is self.home else {"electricity"}, forward,
                                         [one.terms for one in bounds])
        texts = quote.terms.disclaimers.union(*(one.terms.disclaimers for one in bounds))
        sent = rules.send(homes, replace(letter, kind=KINDS[cell["kind"]], onward=words, unlock=forward and quote.terms.unlock, quoted_duty=quote.terms.duty,
                                         disclaimers=tuple(texts), inherits=tuple((one.terms.duty, one.terms.label, one.kind) for one in [quote, *bounds])), 10)
        closed = self.closed(node, cell["quoted"], "forward" if forward else "reply")
        reach = self.reach(cell, quote, bounds, label, forward, words, community)
        found = refused | sent.refused | reach
        by_label = found & {"label-forbids"}
        if by_label:
            return by_label | closed | (found & WHOM_ADDRESSES_NAME)
        if found or closed or cell["rule"] != "ok":
            return verdict(other=found | closed)
        return self.carried(cell, quote, bounds, terms, sent, forward, label, community)

    def reach(self, cell, quote, bounds, label, forward, words, community):
        """A forward goes as far as one of each whose terms hold would; a reply as the quoted label says."""
        if not forward:
            return rules.reply(quote.terms.label, label, tuple(Reached(one.target.kind, one.target.is_source, one.target.was_named)
                                                               for one in self.targets(cell, quote, community)))
        found = YES
        for one in bounds if community is not None else ():
            found = found | passing.forward(passing.Quoted(one.terms.label, one.terms.words), label, tuple(to.target for to in self.targets(cell, one, community)), words)
        return found

    def known(self, cell, quote, bounds, sent, label, community):
        """Of a reply without a subject: as far as a forward of each whose terms hold would go."""
        if quote.terms.unlock or quote.state == "withdrawn":
            return False
        got, to = set(sent.slots) | set(sent.waits), addresses(cell["whom"])
        for one in bounds:
            recipients = list(self.targets(cell, one, community))
            still = [two for two, address in zip(recipients, to) if address.kind == COMMUNITY or address.name in got] + recipients[len(to):]
            if not answering.subject_known(passing.Quoted(one.terms.label, one.terms.words, one.terms.conditions), label, still):
                return False
        return True

    def carried(self, cell, quote, bounds, terms, sent, forward, label, community):
        """What the made report says, beside whom it went to."""
        got = {ORGS[one] for one in filter(None, cell["got"].split("+"))}
        if got != set(sent.slots) | set(sent.waits):
            return frozenset({f"to {sorted(sent.slots)}"})
        if not forward and cell["subject"] != ("text" if self.known(cell, quote, bounds, sent, label, community) else "id"):
            return frozenset({f"subject by {'id' if cell['subject'] == 'text' else 'text'}"})
        found = Terms(LABELS[cell["under"]], self.conditions(cell), frozenset(filter(None, cell["onward"].split("+"))), frozenset({"x"} if cell["listed"] != "0" else ()),
                      cell["duty"], frozenset(filter(None, cell["disclaimers"].split("+"))), bool(int(cell["flags"]) & 1), bool(int(cell["flags"]) & 2),
                      frozenset(filter(None, cell["passes_on"].split("+"))))
        inherits = tuple((one.terms.duty, one.terms.label, one.kind) for one in [quote, *bounds])
        duty = rules.header_duty(quote.terms.duty, self.home.duty_rules if sent.community == "electricity" else (), label, KINDS[cell["kind"]], inherits)
        wanted = replace(terms, listed=frozenset({"x"} if terms.listed else ()), duty=duty)
        holders = self.let_in(set(sent.slots) | {cell["node"]}, cell["node"], label, terms.words, "gas" in terms.listed)
        named = [one for one in cell["whom"].split("+") if one[0] == "@" or one in got]  # 5.2: who is left out is not named
        self.quotes[cell["id"]] = Quote(cell["node"], named, "plain", replace(terms, duty=duty), holders, KINDS[cell["kind"]], not terms.disclaimers)
        return YES if found == wanted else frozenset({str(wanted)})

    # ---- What is done with what one has passed on ----

    def export(self, cell):
        """5.5: whoever has written all of it is bound by its label alone; else each whose terms hold binds as it does whoever received it."""
        node, one = cell["node"], cell["quoted"]
        found = rules.exported(self.quotes[one].terms.label, cell["sink"], own_report=True) | self.closed(node, one, "export")
        for quote in self.binding(one, node):
            found = found | rules.exported(quote.terms.label, cell["sink"], *quote.terms.conditions)
        return found

    def ask(self, cell):
        """6.12: "what passes a text on is released by nobody"."""
        node, quote = cell["node"], self.quotes[cell["quoted"]]
        if node not in quote.holders:
            return frozenset({"not-found"})
        if node == quote.by:
            return frozenset({"not-originator"})
        refused = passing.ask(passing.Ask(quote.terms.label, unlock=quote.terms.unlock, passes_on=True), at_holder=True)
        return refused if "label-forbids" in refused else refused | self.closed(node, cell["quoted"], "reply")

    @staticmethod
    def conditions(cell):
        pap, told, named = cell["terms"].split("/")
        known = conditions_of(f"{pap.removeprefix('PAP:')}/{told}/{named}")
        return known[0], known[1] | (rules.NOT_SUPERVISION if cell["not_for_supervision"] == "1" else 0)
