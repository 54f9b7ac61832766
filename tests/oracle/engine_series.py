"""What series.c's engines have to answer: who may follow what under which number, who ends a series, and what each node shows of it."""
import answering
from answering import Part, Shelf
from rules import YES

EVERYBODY = ("hub", "source", "reader", "other")


class Engine:
    def __init__(self):
        self.parts = {}      # id → Part
        self.has = {}        # node → ids it holds
        self.opened = set()  # (node, id)
        self.withdrawn, self.forgotten = set(), set()
        self.withheld, self.published = {}, {}   # id → its source; id of what a hub published → the source's

    def judge(self, what, cell):
        return getattr(self, what)(cell)

    def shelf(self, node):
        held = {one: self.parts[one] for one in self.has.get(node, ())}
        closed = {one for one in held if one in self.withdrawn and (node, one) not in self.opened and held[one].by != node}
        return Shelf(held, frozenset(closed), frozenset(one for one in held if (node, one) in self.forgotten))

    def asked(self, cell, node):
        follows = "" if cell["follows"] == "-" else cell["follows"]
        part = Part(node, follows, int(cell["given"]), cell["final"] == "1")
        return part, answering.follow(self.shelf(node), part)

    def send(self, cell):
        part, (refused, number) = self.asked(cell, cell["by"])
        if not refused and cell["rule"] == "ok":
            self.parts[cell["id"]] = Part(part.by, part.follows, number, part.final)
            for node in {part.by} | set(cell["to"].split("+")):
                self.has.setdefault(node, set()).add(cell["id"])
        return refused

    def next(self, cell):
        return self.asked(cell, cell["node"])[1][0]

    # ---- What becomes of a part ----

    def show(self, cell):
        if cell["id"] not in self.has[cell["node"]]:
            return frozenset({"not-found"})
        self.opened.add((cell["node"], cell["id"]))
        return YES

    def withdraw(self, cell):
        self.withdrawn.add(cell["id"])
        return YES

    def forget(self, cell):
        if cell["id"] not in self.has.get(cell["node"], ()):
            return frozenset({"not-found"})
        self.forgotten.add((cell["node"], cell["id"]))
        return YES

    # ---- What a hub vouches for ----

    def to_hub(self, cell):
        """5.8: what follows a report that its sender withheld, by its own id or the one it was published under, is withheld as well."""
        by, follows = cell["by"], "" if cell["follows"] == "-" else cell["follows"]
        if by == "hub" and follows in self.withheld:
            return frozenset({"source-withheld"})
        withheld = cell["withheld"] == "1" or self.withheld.get(self.published.get(follows, follows)) == by
        part = Part(by, follows, int(cell["given"]), cell["final"] == "1", withheld)
        refused, number = answering.follow(self.shelf(by), part)
        if not refused and cell["rule"] == "ok":
            self.parts[cell["id"]] = Part(by, follows, number, part.final)
            for node in {by, "hub"} if withheld else EVERYBODY:
                self.has.setdefault(node, set()).add(cell["id"])
            if withheld:
                self.withheld[cell["id"]] = by
        return refused

    def vouch(self, cell):
        """6.11: "`follows` only where it was this source's, and then by the id under which it did"; its number is then one more than that of the
        published one, and else left out, unless it is 1; what would go on with another source's, or end it, stands by itself."""
        one, by = self.parts[cell["of"]], self.withheld.get(cell["of"])
        if by is None:
            return frozenset({"not-withheld"})
        first = self.published.get(one.follows, one.follows)  # the report of a source that it goes on with
        own = self.withheld.get(first) == by
        follows = next((p for p, s in self.published.items() if s == first), "") if own else ""
        number = (self.parts[follows].number or 1) + 1 if follows else 1 if one.number == 1 else 0
        self.parts[cell["id"]] = Part("hub", follows, number, one.final and (own or not one.follows), True)
        self.published[cell["id"]] = cell["of"]
        for node in EVERYBODY:
            self.has.setdefault(node, set()).add(cell["id"])
        return YES

    # ---- What is shown ----

    def look(self, cell):
        node, one = cell["node"], cell["id"]
        shelf = self.shelf(node)
        if one not in shelf.held or one in shelf.forgotten:
            return self.as_listed(cell, "0", "0", "0", "", "")
        part = shelf.held[one]
        after = "+".join(sorted(other for other, it in shelf.held.items() if it.follows == one and shelf.reads(other)))
        if not shelf.reads(one):  # 8.4: header, time and reason; who follows it says so
            return self.as_listed(cell, "1", "0", "0", "", after)
        return self.as_listed(cell, "1", str(part.number), str(int(answering.shown_final(shelf, part))), part.follows, after)

    @staticmethod
    def as_listed(cell, *wanted):
        """Ids are shown by their first digits."""
        listed, number, final, follows, after = wanted
        shown = "+".join(sorted(cell["followed_by"].split("+")))
        alike = (cell["listed"], cell["number"], cell["final"]) == (listed, number, final) and (cell["follows"] != "") == (follows != "")
        alike = alike and follows.startswith(cell["follows"]) and len(shown.split("+")) == len(after.split("+")) and \
            all(whole.startswith(short) for whole, short in zip(after.split("+"), shown.split("+")))
        return YES if alike else frozenset({f"listed, number, final, follows, after: {wanted}"})
