"""What goes with a report that its originator took back, from 8.4, 6.10, 6.11 and 6.12 of proto/SPEC.md alone: forwards, forwards of those, what a
hub has published, and who was let in. A network of nodes that hear of it, or are cut off and do not.
"""
from dataclasses import dataclass, field


@dataclass
class Copy:
    """A report, and who has it."""
    by: str                                      # its originator's node
    label: int
    holders: set = field(default_factory=set)    # its originator, and whom that has sent it to
    let_in: dict = field(default_factory=dict)   # who → by whom (a hub, or the holder of a release)
    passes_on: frozenset = frozenset()
    published_of: str = ""                       # at a hub: the source's report that this was vouched for from
    withheld: bool = False
    opened: set = field(default_factory=set)     # nodes where it was opened before its withdrawal was heard of

    def has(self, node):
        return node in self.holders or node in self.let_in


class Network:
    def __init__(self, members, hubs):
        self.members, self.hubs = set(members), set(hubs)  # of the reports' community
        self.copies = {}
        self.taken_back = set()        # ids that their originators have withdrawn
        self.heard = {}                # node → ids whose withdrawal it has
        self.away = set()              # nodes that hear nothing and say nothing
        self.forgotten = set()         # (node, id): it binds the others no less

    def hears(self, node, copy_id):
        return copy_id in self.heard.setdefault(node, set())

    def withdraw(self, copy_id):
        self.taken_back.add(copy_id)
        self.heard.setdefault(self.copies[copy_id].by, set()).add(copy_id)
        self.settle()

    def tellers(self, copy_id, node):
        """Who tells a node of a withdrawal: the originator each member "the report was sent to, granted", by whomever, and each hub of the community;
        whom a hub or the holder of a release let in hears it of that one as well. A withheld one goes to the hubs that it was given to alone."""
        copy = self.copies[copy_id]
        if copy.withheld:
            return {copy.by} if node in copy.holders else set()
        found = {copy.by} if node in self.members and (copy.has(node) or node in self.hubs) else set()
        return found | ({copy.let_in[node]} if node in copy.let_in else set())

    def settle(self):
        """Until nobody has more to say."""
        before = None
        while before != (before := (len(self.taken_back), sum(map(len, self.heard.values())))):
            for copy_id in list(self.taken_back):
                copy = self.copies[copy_id]
                for node in copy.holders | set(copy.let_in) | self.hubs:
                    if node not in self.away and any(self.hears(by, copy_id) and by not in self.away for by in self.tellers(copy_id, node)):
                        self.heard.setdefault(node, set()).add(copy_id)
            for copy_id, copy in self.copies.items():
                if copy_id not in self.taken_back and copy.by not in self.away and self.must_go(copy):
                    self.taken_back.add(copy_id)
                    self.heard.setdefault(copy.by, set()).add(copy_id)

    def must_go(self, copy):
        """8.4 "whoever passed it on withdraws that in its own name, by its node and at once"; 6.11 "what it has published of it ... its node
        withdraws by itself", also "where the source's report passes on what was withdrawn, also before the source has said so"."""
        if any(self.hears(copy.by, one) for one in copy.passes_on):
            return True
        source = self.copies.get(copy.published_of)
        return source is not None and (self.hears(copy.by, copy.published_of) or any(self.hears(copy.by, one) for one in source.passes_on))

    def because_of(self, node, copy_id):
        """Those of them whose text it holds and whose withdrawal is known here."""
        return {one for one in self.copies[copy_id].passes_on if self.hears(node, one)}

    def withdrawn(self, node, copy_id):
        """"a report that has it in passes_on is bound by this list as well"."""
        return self.hears(node, copy_id) or bool(self.because_of(node, copy_id))
