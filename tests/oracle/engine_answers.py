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
    released: dict = field(default_factory=dict)  # node → the terms under which a release lets it have it


class Engine:
    def __init__(self):
        self.quotes, self.opened = {}, set()

    def judge(self, what, cell):
        return getattr(self, what)(cell)

    # ---- What is quoted ----

    def send(self, cell):
        label, words = LABELS[cell["label"]], frozenset(filter(None, cell["consent"].split("+")))
        unlock, early = cell["state"] == "unlocked", cell["early"] == "1"
        texts = ("terms",) if cell["state"] in ("terms", "waiting", "unlocked") else ()
        sent = rules.send([ELECTRICITY], Letter(cell["by"], label, addresses(cell["to"]), onward=words, unlock=unlock, disclaimers=texts), 10)
        if sent.refused:
            return sent.refused
        conditions, drill = STATES.get(cell["state"], ((0, 0), False))
        listed = frozenset({"gas"} if "communities" in words and not early else ())
        duty = rules.header_duty("", ELECTRICITY.duty_rules, label, 1)
        terms = Terms(label, conditions, words, listed, duty, frozenset(texts), drill, unlock)
        holders = set(sent.slots) | {cell["by"]}
        if "hub" in holders:
            holders |= {m.name for m in ELECTRICITY.members if cell["by"] != "hub" and not passing.onward(label, True, m.role, words)}
            holders |= {m.name for m in GAS.members if listed and not passing.onward(label, False, m.role, words, True)}
        self.quotes[cell["id"]] = Quote(cell["by"], cell["to"].split("+"), cell["state"], terms, holders)
        return YES

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
            target = passing.Target(one.kind, one.name == quote.by, named, community is ELECTRICITY, role)
            yield Recipient(target, one.name in quote.to or one.name == quote.by, "gas-member" == cell["node"] and one.name == "hub")
            if one.kind == COMMUNITY and own_role in FOUR_ROLES:
                for fellow in community.members:
                    if fellow.role == own_role and fellow.name != cell["node"]:
                        target = passing.Target(COMMUNITY, fellow.name == quote.by, fellow.name in quote.to, community is ELECTRICITY, own_role)
                        yield Recipient(target, fellow.name in quote.to or fellow.name == quote.by)

    def made(self, cell, forward):
        quote, node = self.quotes[cell["quoted"]], cell["node"]
        if node not in quote.holders:
            return frozenset({"not-found"})
        quote = replace(quote, terms=quote.released.get(node, quote.terms))
        own, label = node == quote.by, LABELS.get(cell["wanted"], quote.terms.label)
        words = frozenset(filter(None, cell["asked"].split("+")))
        asked = Asked(LABELS.get(cell["wanted"]), conditions_of(cell["conditions"]), words, cell["drill"] == "1")
        homes = IN.get(node, [ELECTRICITY])
        community, _ = rules.choose_community(homes, Letter(node, label, addresses(cell["whom"])))
        recipients = list(self.targets(cell, quote, community))
        refused, terms = answering.terms(quote.terms, cell["quoted"], asked, {"gas"} if community is ELECTRICITY else {"electricity"}, forward, own)
        sent = rules.send(homes, Letter(node, label, addresses(cell["whom"]), KINDS[cell["kind"]], words, unlock=forward and quote.terms.unlock,
                                        quoted_duty=quote.terms.duty, disclaimers=tuple(quote.terms.disclaimers)), 10)
        state = passing.State(quote.terms.label, own=own, was_opened=(node, cell["quoted"]) in self.opened, withdrawn=quote.state == "withdrawn",
                              needs=bool(quote.terms.disclaimers), accepted=quote.state != "waiting")
        closed = passing.reading(state, "forward" if forward else "reply")
        reach = self.reach(quote, label, recipients, forward, own, words, community)
        found = refused | sent.refused | reach
        by_label = found & {"label-forbids"}
        if by_label:
            return by_label | closed | (found & WHOM_ADDRESSES_NAME)
        if found or closed or cell["rule"] != "ok":
            return verdict(other=found | closed)
        return self.carried(cell, quote, terms, sent, recipients, forward, own, label)

    def reach(self, quote, label, recipients, forward, own, words, community):
        if forward and own:
            return YES
        if forward:
            if community is None:
                return YES
            quoted = passing.Quoted(quote.terms.label, quote.terms.words)
            return passing.forward(quoted, label, tuple(one.target for one in recipients), words)
        return rules.reply(quote.terms.label, label, tuple(Reached(one.target.kind, one.target.is_source, one.target.was_named) for one in recipients))

    def carried(self, cell, quote, terms, sent, recipients, forward, own, label):
        """What the made report says, beside whom it went to."""
        got = {ORGS[one] for one in filter(None, cell["got"].split("+"))}
        if got != set(sent.slots) | set(sent.waits):
            return frozenset({f"to {sorted(sent.slots)}"})
        if not forward:
            still = [one for one, address in zip(recipients, addresses(cell["whom"])) if address.kind == COMMUNITY or address.name in got] + \
                recipients[len(addresses(cell["whom"])):]
            quoted = passing.Quoted(quote.terms.label, quote.terms.words, quote.terms.conditions, withdrawn=quote.state == "withdrawn")
            known = answering.subject_known(quoted, label, still, own, quote.terms.unlock)
            if cell["subject"] != ("text" if known else "id"):
                return frozenset({f"subject by {'text' if known else 'id'}"})
        found = Terms(LABELS[cell["under"]], self.conditions(cell), frozenset(filter(None, cell["onward"].split("+"))), frozenset({"x"} if cell["listed"] != "0" else ()),
                      cell["duty"], frozenset(filter(None, cell["disclaimers"].split("+"))), bool(int(cell["flags"]) & 1), bool(int(cell["flags"]) & 2),
                      frozenset(filter(None, cell["passes_on"].split("+"))))
        duty = rules.header_duty(quote.terms.duty, ELECTRICITY.duty_rules if sent.community == "electricity" else (), label, KINDS[cell["kind"]])
        wanted = Terms(terms.label, terms.conditions, terms.words, frozenset({"x"} if terms.listed else ()), duty, terms.disclaimers, terms.drill, terms.unlock,
                       terms.passes_on)
        holders = set(sent.slots) | {cell["node"]}
        self.quotes[cell["id"]] = Quote(cell["node"], cell["whom"].split("+"), "plain", terms, holders)
        return YES if found == wanted else frozenset({str(wanted)})

    @staticmethod
    def conditions(cell):
        pap, told, named = cell["terms"].split("/")
        known = conditions_of(f"{pap.removeprefix('PAP:')}/{told}/{named}")
        return known[0], known[1] | (rules.NOT_SUPERVISION if cell["not_for_supervision"] == "1" else 0)
