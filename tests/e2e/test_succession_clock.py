"""A change of keys that a secretariat's clock, far ahead, has dated: it bars the next change no longer than from when it was heard of."""

import datetime
import re

from harness import E2E, build_mesh, main, wait_until
from othertime import other_clock


class SuccessionClock(E2E):
    @classmethod
    def build(cls, world):
        cls.ahead = other_clock(FAKETIME="+100d")
        build_mesh(world, ["bravo"])

    def test_far_ahead(self):
        hub, bravo = self.world.nodes["hub"], self.world.nodes["bravo"]
        after = bravo.cli("key", "rotate", "--json").object()["fingerprint"]
        wait_until(lambda: any("announced new keys" in text for text in hub.status()["warnings"]), "the secretariat is told", 40)
        hub.cli("community", "succeed", "electricity", "bravo", env=self.ahead)
        wait_until(lambda: bravo.fingerprint() == after, "the new keys are in force", 60)
        refused = bravo.cli("key", "rotate", "--json", want=7).error()
        self.assertEqual(refused["rule"], "limit")
        until = datetime.datetime.fromisoformat(re.search(r"until (20\d\d-\d\d-\d\dT[\d:.]+Z)", refused["message"])[1].replace("Z", "+00:00"))
        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertLess(until, now + datetime.timedelta(days=28))
        self.assertGreater(until, now + datetime.timedelta(days=27))


if __name__ == "__main__":
    main()
