"""Several commands that change keys or rosters at once: each is done after the other, none is lost."""

import subprocess

from harness import E2E, bin_dir, build_mesh, environment, main

COUNT = 5


class AtOnce(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha"])

    def together(self, node, commands):
        running = [subprocess.Popen([str(bin_dir() / "noroshi"), "--dir", str(node.dir), "--lang", "en", *map(str, command)], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment({"HOME": str(self.world.home)}))
                   for command in commands]
        ended = [one.communicate(timeout=120) for one in running]
        self.assertEqual([one.returncode for one in running], [0] * len(running), ended)

    def test_members_are_added_at_once(self):
        hub = self.world.nodes["hub"]
        before = hub.cli("community", "show", "electricity", "--json").object()["version"]
        commands = []
        for index in range(COUNT):
            member = self.world.node(f"late-{index}").init()
            commands.append(("community", "add", "electricity", member.card(), "--fingerprint", member.fingerprint()))
        self.together(hub, commands)
        shown = hub.cli("community", "show", "electricity", "--json").object()
        self.assertEqual(shown["version"], before + COUNT)
        self.assertLessEqual({f"late-{index}" for index in range(COUNT)}, {member["org"] for member in shown["members"]})

    def test_persons_are_added_at_once(self):
        alpha = self.world.nodes["alpha"]
        names = [f"person-{index}" for index in range(COUNT)]
        self.together(alpha, [("person", "add", name, "--name", name, "--no-passphrase") for name in names])
        self.assertLessEqual(set(names), {person["id"] for person in alpha.cli("card", "--json").object()["persons"]})


if __name__ == "__main__":
    main()
