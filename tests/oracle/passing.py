"""The edge rules of proto/SPEC.md, second part: what is passed on (5.6, 5.7, 6.10), whose source is withheld (5.8, 6.11), permission of
the source (6.12), the recall (8.4), and what each place asks of a reader.

As in the first part a verdict is the set of names that may be given, empty where the thing is allowed.
"""
from dataclasses import dataclass, field

from rules import (AMBER, CLEAR, COMMUNITY, FOUR_ROLES, HUB, LABELS, NAMED, NAME, NO_NAME, NO_TELL, NOT_SUPERVISION, ORGANISATION,
                       RED, STRICT, TELL, VOUCHED, WITHHELD, YES, address, label_first, verdict)


# --- 5.6: consent -------------------------------------------------------------------------------------------------------------

def onward(label, same_community, role, words, listed=False):
    """The table of 5.6: may hubs let in a member with that role? `listed`: the other community stands in the header's list."""
    early = label_first(label)
    if early is not None:
        return early
    if label in (RED, STRICT):
        return frozenset({"label-forbids"})
    word = FOUR_ROLES.get(role)
    if same_community:
        return YES if word is not None and word in words else frozenset({"onward"})
    if label == CLEAR:
        return YES
    if not listed or "communities" not in words:
        return frozenset({"onward"})
    return YES if word is None or word in words else frozenset({"onward"})


def consent_form(label, words, listed, recognised, unlock):
    """What may be sealed: 3 ("onward_communities only with the bit"), 5.6 (the communities listed are those recognised)."""
    if label in (RED, STRICT) and words:
        return frozenset({"label-forbids"})
    other = set()
    if words and unlock:
        other.add("onward")
    if listed and "communities" not in words:
        other.add("not-canonical")
    if not set(listed) <= set(recognised):
        other.add("onward")
    return verdict(other=other)


# --- 6.10: extending ----------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Extension:
    """A later grant of authority 2 and what it stands on, as a hub or a recipient sees it."""
    label: int
    words: frozenset = frozenset()
    other_community: bool = False     # the grant is for another community than the header's
    listed: bool = False
    recognise_each_other: bool = True
    grantor_is_hub: bool = True       # now, of the header's community or of a listed one
    own_audience: bool = True
    label_allowed: bool = True        # the rules of the community it is for
    cited_held: bool = True
    consents: int = 1                 # how many consents stand on each other above the originator's grant, this one included
    base_authority: int = 1           # what the lowest stands on
    withheld: bool = False
    unlock: bool = False
    slots: tuple = ()                 # (role or None, member now, left since) of each slot's organisation


def extension_chain(one):
    """6.10 "A chain is checked whole"."""
    early = label_first(one.label)
    if early is not None:
        return early
    if one.label in (RED, STRICT):
        return frozenset({"label-forbids"})
    other = set()
    if one.withheld:
        other.add("source-withheld")
    if one.unlock:
        other.add("onward")
    if one.other_community and one.label != CLEAR and not (one.listed and "communities" in one.words):
        other.add("onward")
    if not one.other_community and not one.words & set(FOUR_ROLES.values()):
        other.add("onward")
    if not one.grantor_is_hub:
        other.add("not-member")
    if not one.own_audience:
        other.add("forged")
    if not one.label_allowed:
        other.add("community-rule")
    if not one.cited_held:
        other.add("not-found")
    if one.consents > 2 or one.base_authority != 1:
        other.add("onward")  # 6.12 "Nobody extends on such a grant"
    return verdict(other=other)


def extension_table(one):
    """Whoever takes a SLOT_TABLE of authority 2: a member now whom the consent does not cover, or one that is known and no member of the
    community, makes it `onward` as a whole; who has left since is passed over."""
    chain = extension_chain(one)
    if chain:
        return chain
    for role, member, left in one.slots:
        if left:
            continue
        if not member or onward(one.label, not one.other_community, role, one.words, one.listed):
            return frozenset({"onward"})
    return YES


def extension_open(one, role, member_now):
    """6.6 step 2: a member of the grant's community now (`not-member`) and the consent covers its role (`onward`)."""
    chain = extension_chain(one)
    if chain:
        return chain
    if not member_now:
        return frozenset({"not-member"})
    return frozenset({"onward"}) if onward(one.label, not one.other_community, role, one.words, one.listed) else YES


def foreign_report(label, joined_recognises, listed, from_hub_of_either):
    """6.10 "On its way": a report of a community that is not joined is taken when a joined one recognises it and is listed in the
    header's consent (CLEAR: recognises it), from a hub of either (`not-member`, `onward`)."""
    other = set()
    if not joined_recognises or not from_hub_of_either:
        other.add("not-member")
    if label in (RED, STRICT):
        other.add("label-forbids")
    elif label != CLEAR and not listed:
        other.add("onward")
    return verdict(other=other)


# --- 5.7: forwarding ------------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Quoted:
    label: int
    words: frozenset = frozenset()        # onward consent of the header
    conditions: tuple = (0, 0)
    attribution: int = NAMED
    disclaimers_accepted: bool = True
    withdrawn: bool = False
    drill: bool = False


@dataclass(frozen=True)
class Target:
    kind: str = ORGANISATION
    is_source: bool = False
    was_named: bool = False
    in_community: bool = True             # in the community of the quoted report
    role: int = 1                         # its own; of a community's address that of one of the four roles which it reaches beside operators


def forward(quoted, label, to, words=frozenset(), listed=frozenset(), quoted_listed=frozenset(), conditions=(0, 0)):
    """5.7. The reach: under every label but CLEAR the community of the quoted report; in it under STRICT the sender and the organisations
    named, under RED persons, under AMBER and GREEN whoever the label may be addressed to. (The source that forwards its own is bound
    by its label alone, and not asked here.)"""
    for one in (quoted.label, label):
        early = label_first(one)
        if early is not None:
            return early
    by_label, other = set(), set()
    if label < quoted.label:
        by_label.add("label-forbids")
    for one in to:
        by_label |= address(label, one.kind)
        if quoted.label == CLEAR:
            continue
        known = one.was_named or one.is_source
        if not one.in_community or (quoted.label >= STRICT and not known):
            by_label.add("label-forbids")
        elif one.role in FOUR_ROLES and not known and FOUR_ROLES[one.role] not in quoted.words:
            other.add("onward")
    if words and label in (RED, STRICT):
        by_label.add("label-forbids")
    if not set(words) <= set(quoted.words) or not set(listed) <= set(quoted_listed):
        other.add("conditions")
    if looser(quoted.conditions, conditions):
        other.add("conditions")
    if not quoted.disclaimers_accepted:
        other.add("disclaimer-not-accepted")
    if quoted.withdrawn:
        other.add("withdrawn")
    if quoted.attribution == WITHHELD:
        other.add("source-withheld")
    return verdict(by_label, other)


def looser(asked_from, asked):
    """What is asked for is looser than what it comes from: a lower stated PAP, or a yes where that says no."""
    if asked[0] and asked[0] < asked_from[0]:
        return True
    return any(asked[1] & yes and asked_from[1] & no for yes, no in ((TELL, NO_TELL), (NAME, NO_NAME)))


def at_least(asked_from, asked):
    """Of conditions that stand by themselves (a vouch): each as strict as that it comes from, what is missing being unstated."""
    if asked[0] < asked_from[0]:
        return False
    if asked_from[1] & NOT_SUPERVISION and not asked[1] & NOT_SUPERVISION:
        return False

    def rank(flags, yes, no):
        return 2 if flags & no else 1 if flags & yes else 0
    return all(rank(asked[1], y, n) >= rank(asked_from[1], y, n) for y, n in ((TELL, NO_TELL), (NAME, NO_NAME)))


# --- 5.8, 6.11: who is the source -------------------------------------------------------------------------------------------------

def attribution(value, label, rule, place, handed_by_originator=True, here_is_hub=True, originator_is_hub=True, named=True, desk=True,
                flags=0):
    """The table of 5.8 by place: seal, take, pass-on, open, export, quote, follow. `flags` of 5.5: "What is withheld is not asked for
    the name of its source by a condition (5.5 bit 1: `conditions`)"."""
    if value == NAMED:
        return YES
    if label == RED:
        return frozenset({"label-forbids"})
    other = set()
    if not rule and place in ("seal", "take"):
        other.add("community-rule")
    if value == WITHHELD:
        if place == "seal" and flags & NAME:
            other.add("conditions")
        if place == "take" and not (handed_by_originator and here_is_hub):
            other.add("source-withheld")
        if place == "pass-on":
            other.add("source-withheld")
        if place == "open" and not (here_is_hub and named and desk):
            other.add("source-withheld")
        if place in ("export", "quote", "follow"):
            other.add("source-withheld")
    elif place == "take" and not originator_is_hub:
        other.add("not-hub")
    return verdict(other=other)


@dataclass(frozen=True)
class Vouch:
    """What the secretariat of a hub publishes, beside what the source asked for."""
    source_label: int
    label: int
    source_audience: frozenset = frozenset({"a", "b"})
    audience: frozenset = frozenset({"a"})
    source_conditions: tuple = (0, 0)
    conditions: tuple = (0, 0)
    attribution: int = WITHHELD
    rule: bool = True
    here_is_hub: bool = True
    names_source: bool = False
    override: bool = False
    vouched: bool = False            # this part, or the whole, before
    withdrawn: bool = False
    kind_of_address: str = ORGANISATION


def vouch(one):
    for label in (one.source_label, one.label):
        early = label_first(label)
        if early is not None:
            return early
    by_label, other = set(), set()
    if one.label < one.source_label or one.label == RED:
        by_label.add("label-forbids")
    by_label |= address(one.label, one.kind_of_address)
    if not one.audience <= one.source_audience:
        other.add("audience")
    if not at_least(one.source_conditions, one.conditions):
        other.add("conditions")
    if one.attribution != WITHHELD:
        other.add("not-withheld")
    if not one.here_is_hub:
        other.add("not-hub")
    if not one.rule:
        other.add("community-rule")
    if one.names_source and not one.override:
        other.add("source-named")
    if one.vouched:
        other.add("vouched-already")
    if one.withdrawn:
        other.add("withdrawn")
    return verdict(by_label, other)


# --- 6.12: permission of the source -------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Ask:
    label: int
    own_report: bool = True               # the one asked is its originator
    attribution: int = NAMED
    unlock: bool = False
    expired: bool = False
    was_recipient: bool = True            # a recipient, or one let in
    member: bool = True                   # of the report's community now
    open_asks: int = 0
    addresses: int = 1
    other_community: bool = False
    holder_in_it: bool = True
    recognise_each_other: bool = True
    duty: bool = True                     # at the holder
    accepted: bool = True                 # at the holder
    withdrawn: bool = False
    passes_on: bool = False               # another's text, or its originator's own of before


def ask(one, at_holder=False):
    """What the originator refuses (and, `at_holder`, what the holder is refused before it leaves)."""
    by_label, other = set(), set()
    if one.label in (RED, CLEAR) or one.unlock:
        by_label.add("label-forbids")
    if one.attribution == WITHHELD:
        other.add("source-withheld")
        if one.unlock or one.label in (RED, CLEAR):
            by_label.add("source-withheld")
    if one.expired:
        other.add("expired")
    if one.withdrawn:
        other.add("withdrawn")
    if one.passes_on and at_holder:  # "what passes a text on is released by nobody"
        other.add("not-originator")
    if not one.member:
        other.add("not-member")
    if one.addresses > 32:
        other.add("too-large")
    if one.other_community and not (one.holder_in_it and one.recognise_each_other):
        other.add("onward")
        other.add("not-member")
    if one.open_asks >= 64:
        other.add("limit")
    if at_holder:
        if not one.duty:
            other.add("duty")
        if not one.accepted:
            other.add("disclaimer-not-accepted")
    else:
        if not one.own_report:
            other.add("not-originator")
        if not one.was_recipient:
            other.add("not-found")
    return verdict(by_label, other)


@dataclass(frozen=True)
class Release:
    """A release beside what it should agree with. Times are minutes from now."""
    signed_by_originator: bool = True
    held: bool = True
    same_report: bool = True
    holder_is_grantor: bool = True
    same_commitment: bool = True
    same_community: bool = True
    ends: int = 60
    report_ends: int = 120
    granted_at: int = -1
    grantor_member: bool = True
    label: int = AMBER
    label_allowed: bool = True
    slots_members: bool = True
    ask_open: bool = True
    from_originator: bool = True


def answer_taken(one):
    """The holder: an open ask of its own about that report (else `release`), from the originator alone, by envelope and by signature
    (`forged`), for itself, over its ask's commitment and community, no longer than the report lives (`release`), not expired. The
    decoder goes before it: label 1–4 (3), `unknown-flag` or `malformed` for another. A replayed answer finds no open ask."""
    if one.label not in LABELS or one.label == RED:
        return frozenset({"malformed", "unknown-flag"})
    other = set()
    if not one.ask_open:
        other.add("release")
    if not one.from_originator or not one.signed_by_originator:
        other.add("forged")
    if not (one.same_report and one.holder_is_grantor and one.same_commitment and one.same_community and one.ends <= one.report_ends):
        other.add("release")
    if one.ends <= 0:
        other.add("expired")
    return verdict(other=other)


def release_chain(one):
    """6.12 "Whoever carries or opens a grant of authority 3 checks"."""
    if not one.held:
        return frozenset({"not-found"})
    other = set()
    if not one.signed_by_originator:
        other.add("forged")
    if not (one.same_report and one.holder_is_grantor and one.same_commitment and one.same_community and one.ends <= one.report_ends):
        other.add("release")
    if one.granted_at >= one.ends or one.ends <= 0:
        other.add("expired")
    if not one.grantor_member:
        other.add("not-member")
    if not one.label_allowed:
        other.add("community-rule")
    if not one.slots_members:
        other.add("release")
    return verdict(other=other)


def binding(header_label, header_conditions, release=None):
    """"At those let in label and conditions of the release bind reading, quoting, forwarding and export in the place of the header's"."""
    return release if release is not None else (header_label, header_conditions)


def duty_label(header_label, release_label):
    """6.12 "Duties are as in 6.10, under the stricter of the labels of header and release"."""
    return max(header_label, release_label)


# --- 8.4: the recall ---------------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Withdrawal:
    signed: bool = True
    one_id: bool = True
    words_signed: bool = True            # the reason beside is the one that its signer committed to
    by_originator: bool = True           # or by the key that came after it
    community_held: bool = True
    from_signer_or_hub: bool = True
    header_ahead: bool = False           # more than 25 hours
    without_report: int = 0              # how many of this originator are held without their reports
    report_held: bool = True


def withdrawal_taken(one):
    other = set()
    if not one.signed or not one.one_id or not one.words_signed:
        other.add("forged")
    if not one.by_originator:
        other.add("not-originator")
    if not one.community_held or not one.from_signer_or_hub:
        other.add("not-member")
    if one.header_ahead:
        other.add("clock")
    if not one.report_held and one.without_report >= 4096:
        other.add("limit")
    return verdict(other=other)


@dataclass(frozen=True)
class State:
    """A report at one node, before a person does something with it."""
    label: int
    own: bool = False
    was_opened: bool = False      # shown to somebody before the withdrawal came
    withdrawn: bool = False
    attribution: int = NAMED
    duty: bool = True
    needs: bool = False           # it has disclaimers
    accepted: bool = False
    key: bool = True
    known: bool = True            # the texts of its disclaimers


def withdrawn_for(state, act):
    """8.4, what a withdrawn report is good for: take, hand-over, grant, show, accept, reply, export, forward."""
    if not state.withdrawn:
        return YES
    refused = frozenset({"withdrawn"})
    if act in ("take", "hand-over", "grant", "export", "forward", "accept", "decline", "extend", "vouch", "ask"):
        if act in ("accept", "decline") and state.was_opened:
            return YES
        return refused
    return YES if state.own or state.was_opened else refused  # show, reply


def reading(state, act):
    """What a reader is asked at each showing, quoting, exporting, forwarding (5.2, 5.3, 5.8, 8.4). Its own report is open to its
    originator (5.3), and its duty is not asked of it (5.2 asks recipients)."""
    other = set(withdrawn_for(state, act))
    if state.attribution == WITHHELD and (act == "forward" or (act == "export" and not state.own)):
        other.add("source-withheld")
    if not state.own:
        if not state.duty and act in ("show", "reply", "export", "forward"):
            other.add("duty")
        if state.needs and not state.accepted:
            other.add("disclaimer-not-accepted")
        if state.needs and not state.known:
            other.add("disclaimer-unknown")
    return verdict(other=other)
