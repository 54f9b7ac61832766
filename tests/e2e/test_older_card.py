"""The card that is held of a hub is its newest: an older one, from an invite or a file, does not take its place."""

import shutil

from harness import E2E, build_mesh, enrol, join, main
from rosters import card_path


class OlderCard(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha"], hubs=("hub", "west"), start=False)
        cls.secret = world.write("backup.pass", "控えのための合い言葉\n")

    def renewed_card(self, node):
        """A restored node has a card of a higher serial: the one before, and this one."""
        older, file = node.card().read_bytes(), self.world.path / f"{node.org}.backup"
        node.cli("backup", "-o", file, "--backup-passphrase-file", self.secret)
        shutil.rmtree(node.dir)
        node.cli("restore", file, "--backup-passphrase-file", self.secret)
        newer = node.card().read_bytes()
        self.assertNotEqual(older, newer)
        return older, newer

    def test_invite(self):
        hub, alpha, west = (self.world.nodes[org] for org in ("hub", "alpha", "west"))
        older, newer = self.renewed_card(west)
        held = card_path(alpha, west)
        self.assertEqual(held.read_bytes(), older)
        held.write_bytes(newer)  # as alpha's daemon does when it comes over a link; none has told hub of it
        enrol(hub, self.world.node("bravo").init(), "electricity")
        join(hub, alpha, "electricity")  # a later roster, with the older card
        self.assertEqual(held.read_bytes(), newer)
        held.write_bytes(b"damaged\n")
        enrol(hub, self.world.node("charlie").init(), "electricity")
        join(hub, alpha, "electricity")
        self.assertEqual(held.read_bytes(), older, "better than none")


if __name__ == "__main__":
    main()
