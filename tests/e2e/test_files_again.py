"""The files that the command line reads follow what the node holds, also when the node was killed between its commit and the file."""

from harness import E2E, build_mesh, enrol, main, wait_until


class FilesAgain(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha"])
        for org in ("bravo", "charlie"):
            world.node(org).init()

    def show(self, node):
        return node.cli("community", "show", "electricity", "--json").object()["version"]

    def held(self, node):
        return self.one(node.status()["communities"], id="electricity")["roster_version"]

    def files(self, node):
        return {path: path.read_bytes() for folder in ("communities", "cards") for path in sorted((node.dir / folder).glob("[!.]*"))}

    def test_member(self):
        """As a kill leaves it: the old roster, no first one, and half a card."""
        hub, alpha = self.world.nodes["hub"], self.world.nodes["alpha"]
        old = (alpha.dir / "communities" / "electricity.roster").read_bytes()
        version = self.held(alpha)
        enrol(hub, self.world.nodes["bravo"], "electricity")
        wait_until(lambda: self.held(alpha) == version + 1 and self.show(alpha) == version + 1, "alpha has the roster")
        alpha.kill()
        good = self.files(alpha)
        self.assertEqual(len(good), 3, good.keys())
        for path, bytes_ in good.items():
            if path.suffix == ".roster":
                path.write_bytes(old)
            elif path.suffix == ".first":
                path.unlink()
            else:
                path.write_bytes(bytes_[:40])
        alpha.start()
        wait_until(lambda: self.files(alpha) == good, "the files are what the node holds", 10)
        self.assertEqual(self.show(alpha), self.held(alpha))

    def test_no_second_version(self):
        """The secretariat's next change follows what its node holds, whatever its file said before the start."""
        hub = self.world.nodes["hub"]
        path = hub.dir / "communities" / "electricity.roster"
        old, version = path.read_bytes(), self.held(hub)
        enrol(hub, self.world.nodes["charlie"], "electricity")
        wait_until(lambda: self.held(hub) == version + 1, "the node has the roster")
        hub.kill()
        path.write_bytes(old)
        hub.start()
        wait_until(lambda: self.show(hub) == version + 1, "the file is what the node holds", 10)
        hub.cli("community", "remove", "electricity", "charlie")
        wait_until(lambda: self.held(hub) == version + 2, "the node has the next")
        self.assertFalse([text for text in hub.status()["warnings"] if "two different" in text or "fork" in text.lower()])

    def test_a_newer_one_stays(self):
        """What a person made while the node was down, and the node has not been told of, is not put back to the older."""
        hub = self.world.nodes["hub"]
        path = hub.dir / "communities" / "electricity.roster"
        version = self.held(hub)
        hub.stop()
        hub.cli("community", "rule", "electricity", "--withheld", "no")
        newer = path.read_bytes()
        for file in (hub.dir / "inbox").glob("electricity-*"):
            file.unlink()
        hub.start()
        hub.wait_link("alpha")
        self.assertEqual((path.read_bytes() == newer, self.held(hub)), (True, version))
        path.unlink()
        hub.restart()
        wait_until(lambda: path.exists() and self.show(hub) == version, "the file is what the node holds", 10)


if __name__ == "__main__":
    main()
