"""Several commands that change keys or rosters at once: each is done after the other, none is lost. Of several that make one folder a node's, one
does."""

import json
import subprocess

from harness import E2E, bin_dir, build_mesh, environment, main

COUNT = 5


class AtOnce(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha"])

    def at_once(self, node, commands):
        """(exit status, what it printed, what it complained of) of each."""
        running = [subprocess.Popen([str(bin_dir() / "noroshi"), "--dir", str(node.dir), "--lang", "en", *map(str, command)], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment({"HOME": str(self.world.home)}))
                   for command in commands]
        ended = [one.communicate(timeout=120) for one in running]
        return [(one.returncode, *map(bytes.decode, texts)) for one, texts in zip(running, ended)]

    def together(self, node, commands):
        ended = self.at_once(node, commands)
        self.assertEqual([code for code, _, _ in ended], [0] * len(ended), ended)

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

    def test_a_folder_is_made_one_node(self):
        """One wins, whole: its key, card and settings are one organisation's; the others say whose the folder is and leave it alone."""
        for round_number in range(8):
            node = self.world.node(f"made-{round_number}")
            if round_number % 2:
                node.dir.mkdir()
            ended = self.at_once(node, [("init", "--org", f"org-{index}", "--name", str(index), "--no-passphrase", "--json") for index in range(COUNT)])
            won = [json.loads(out) for code, out, _ in ended if code == 0]
            self.assertEqual(sorted(code for code, _, _ in ended), [0] + [8] * (COUNT - 1), ended)
            for code, out, complaint in ended:
                self.assertTrue(code == 0 or ("is a node's already" in complaint and not out), (out, complaint))
            card = node.cli("card", "--json").object()
            settings = json.loads((node.dir / "node.json").read_text())
            self.assertEqual((card["org"], card["fingerprint"], settings["org"]), (won[0]["org"], won[0]["fingerprint"], won[0]["org"]))
            self.assertEqual([path.name for path in node.dir.iterdir() if path.name.startswith(".") or "." in path.name and path.name not in
                              ("identity.key", "node.json", "own.card")], [])
            node.start().stop()


if __name__ == "__main__":
    main()
