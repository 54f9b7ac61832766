"""What a hub has to answer to releases and grants that a holder has made up (6.12, 10.4)."""
import passing
from rules import YES

# Minutes from when the grant is made; the report lives a day. The hub's clock is a little behind, so that the last is not over for it.
ENDS = (60, -30, 24 * 60 + 1, 0)


class Engine:
    def __init__(self):
        self.granted = False

    def judge(self, what, cell):
        if what == "withdraw":
            return self.withdraw(cell)
        for key in ("held", "signer", "holder", "named", "community", "member"):
            cell[key] = cell[key] == "1"
        return getattr(self, what)(cell)

    @staticmethod
    def ends(cell):
        return ENDS[int(cell["ends"])]

    def release(self, cell):
        """By itself it is taken from its holder or a hub, of a member's signature, and opens nothing; also for a community that this hub does
        not hold, whose slots it can only pass on."""
        other = set()
        if not cell["holder"]:
            other.add("not-member")
        if not cell["signer"]:
            other.add("forged")
        if self.ends(cell) < 0:
            other.add("expired")
        if self.ends(cell) > 24 * 60:
            other.add("release")
        return frozenset(other)

    def chain(self, cell, held):
        return passing.Release(held=held, signed_by_originator=cell["signer"], holder_is_grantor=cell["holder"], same_commitment=cell["named"],
                               same_community=cell["community"], ends=self.ends(cell), report_ends=24 * 60, granted_at=0, slots_members=cell["member"])

    def grant(self, cell):
        """The slots are of the table, which comes behind it."""
        one = self.chain(cell, cell["release"] == "ok")
        return passing.release_chain(passing.Release(**{**one.__dict__, "slots_members": True}))

    def table(self, cell):
        if cell["grant"] != "ok":
            return frozenset({"not-found"})
        return passing.release_chain(self.chain(cell, cell["release"] == "ok"))

    @staticmethod
    def withdraw(cell):
        """Taken or refused, it is an entry; what is refused changes nothing, and what is taken closes what was not opened and marks the rest."""
        verdict = passing.withdrawal_taken(passing.Withdrawal(one_id=cell["same"] == "1", words_signed=cell["words"] == "1", by_originator=cell["by"] == "source",
                                                              from_signer_or_hub=cell["from"] in (cell["by"], "hub")))
        opened = cell["opened"] == "1"
        wanted = ("ok", "0") if verdict else ("ok", "1") if opened else ("withdrawn", "0")
        if (cell["shown"], cell["marked"]) != wanted:
            return frozenset({f"shown as {wanted}"})
        return verdict

    def reads(self, cell):
        """Only a chain that is whole lets anybody in; the report stays for the next sixteen."""
        if int(cell["number"]) % 16 == 0:
            self.granted = False
        whole = cell["held"] and not passing.release_chain(self.chain(cell, not self.release(cell)))
        self.granted = self.granted or whole
        if cell["gas"] == "1" or (cell["other"] == "1") != self.granted:
            cell["rule"] = f"other={cell['other']} gas={cell['gas']}"
        return YES
