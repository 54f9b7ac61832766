"""RED is for persons: sealed and opened in the person's own process, and by nobody else."""

from harness import E2E, build_mesh, main, wait_reachable

SECRET = "朱書きの本文-red-4e1f"


class Red(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"], persons={"alpha": ["sato"], "bravo": ["tanaka", "ito"]})

    def send_red(self, *to, subject="朱", **options):
        alpha = self.world.nodes["alpha"]
        args = [part for address in to for part in ("--to", address)]
        return alpha.send("--tlp", "RED", *args, "--kind", "incident", "--subject", subject, "--body", SECRET, person="sato", **options)

    def test_one_person_alone(self):
        alpha, bravo, hub = (self.world.nodes[org] for org in ("alpha", "bravo", "hub"))
        report = self.send_red("tanaka@bravo")
        row = bravo.wait_report(report)
        self.assertEqual(row["label"], "RED")
        self.assertIsNone(row["subject"], "the node may not open it")
        self.assertIsNone(row["kind"])
        for who in (None, "ito"):  # the desk, and a colleague
            refused = bravo.cli("show", report, "--json", want=None, person=who)
            self.assertIn(refused.code, (3, 4, 5), str(refused))
            self.assertNotIn(SECRET, refused.out + refused.err)
        self.assertEqual(bravo.cli("show", report, "--json", want=3).error()["rule"], "person-only")
        hub.cli("show", report, want=4)
        self.assertEqual(bravo.show(report, person="tanaka")["body"], SECRET)
        alpha.wait_stage(report, "tanaka@bravo", "opened")
        self.assertEqual(alpha.show(report, person="sato")["body"], SECRET, "the sender keeps a slot of its own")
        refused = alpha.cli("show", report, want=None)
        self.assertEqual(refused.code, 3, str(refused))
        self.assertNotIn(SECRET, refused.out + refused.err)

    def test_forgotten_by_its_person_alone(self):
        bravo = self.world.nodes["bravo"]
        report = self.send_red("tanaka@bravo")
        bravo.wait_report(report)
        error = bravo.cli("forget", report, "--json", want=3).error()
        self.assertEqual(error["rule"], "person-only")
        self.assertIn("--as PERSON forget", error["hint"])
        bravo.cli("forget", report, person="ito", want=3)
        entry = bravo.cli("audit", "list", "--json", "--kind", "forget").rows()[-1]
        self.assertEqual((entry["rule"], entry["person"]), ("person-only", "ito"))
        self.assertEqual(bravo.show(report, person="tanaka")["body"], SECRET)
        bravo.cli("forget", report, person="tanaka")
        bravo.cli("show", report, person="tanaka", want=4)

    def test_listed_with_its_subject_for_its_person_alone(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        report = self.send_red("tanaka@bravo", subject="名指しの件名")
        bravo.wait_report(report)

        def listed(node, **options):
            return next(row for row in node.cli("list", "--json", **options).rows() if row["id"] == report)

        for node, who in ((bravo, "tanaka"), (alpha, "sato")):
            row = listed(node, person=who)
            self.assertEqual((row["subject"], row["kind"]), ("名指しの件名", "incident"))
            self.assertIn("名指しの件名", node.cli("list", person=who).out)
        for options in ({}, {"person": "ito"}):
            row = listed(bravo, **options)
            self.assertEqual((row["subject"], row["kind"]), (None, None))
        self.assertFalse(listed(bravo, person="tanaka")["opened"], "to list it is not to open it")

    def test_never_exported(self):
        bravo = self.world.nodes["bravo"]
        report = self.send_red("tanaka@bravo")
        bravo.wait_report(report)
        for sink in ("own", "clients", "community", "public"):
            for who in (None, "tanaka"):
                path = self.world.path / "red.json"
                bravo.cli("export", report, "--sink", sink, "--format", "json", "-o", path, want=3, person=who)
                self.assertFalse(path.exists())

    def test_addresses_refused(self):
        alpha = self.world.nodes["alpha"]
        before = alpha.list()
        for to in ("@electricity", "bravo"):
            error = alpha.cli("send", "--tlp", "RED", "--to", to, "--kind", "incident", "--subject", "s", "--body", "b", "--json",
                              person="sato", want=3).error()
            self.assertEqual(error["rule"], "label-forbids")
            self.assertTrue(error["hint"], "the refusal says what would be allowed")
        alpha.cli("send", "--tlp", "RED", "--to", "nobody@bravo", "--kind", "incident", "--subject", "s", "--body", "b",
                  person="sato", want=4)
        self.assertEqual(alpha.list(), before)

    def test_to_two_persons(self):
        bravo = self.world.nodes["bravo"]
        report = self.send_red("tanaka@bravo", "ito@bravo")
        bravo.wait_report(report)
        for who in ("tanaka", "ito"):
            self.assertEqual(bravo.show(report, person=who)["body"], SECRET)

    def test_person_under_a_passphrase(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        right, wrong = self.world.write("right.txt", "correct horse battery\n"), self.world.write("wrong.txt", "incorrect\n")
        bravo.cli("person", "add", "mori", "--name", "森", "--passphrase-file", right)
        # The person was added while the node runs: the card and the prekeys still reach the others.
        wait_reachable(alpha, ["mori@bravo"], {"mori@bravo"}, "RED", "sato")
        report = self.send_red("mori@bravo")
        bravo.wait_report(report)
        refused = bravo.cli("show", report, person="mori", passphrase=wrong, want=5)
        self.assertNotIn(SECRET, refused.out + refused.err)
        bravo.cli("show", report, person="mori", want=5)
        self.assertEqual(bravo.show(report, person="mori", passphrase=right)["body"], SECRET)

    def test_reply_stays_with_the_persons(self):
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        report = self.send_red("tanaka@bravo")
        bravo.wait_report(report)
        bravo.cli("reply", report, "--tlp", "AMBER", "--to", "@electricity", "--body", "x", person="tanaka", want=3)
        answer = bravo.cli("reply", report, "--body", "返事の本文", person="tanaka").last_word()
        alpha.wait_report(answer)
        self.assertEqual(alpha.show(answer, person="sato")["body"], "返事の本文")

    def test_reply_under_red_to_what_is_not(self):
        """The label forbids it, whoever asks: it is no matter of who acts, nor of an address that was not given."""
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        report = alpha.send("--tlp", "AMBER", "--to", "bravo", "--kind", "incident", "--subject", "琥珀", "--body", "本文")
        bravo.wait_report(report)
        for person in (None, "tanaka"):
            for to, named in ((), "alpha"), (("--to", "@electricity"), "@electricity"):
                with self.subTest(person=person, to=to):
                    error = bravo.cli("reply", report, "--tlp", "RED", *to, "--body", "x", "--json", person=person, want=3).error()
                    self.assertEqual((error["rule"], error["message"]), ("label-forbids", f"TLP:RED may not be addressed to {named}."))
                    self.assertIn("person", error["hint"])
        error = bravo.cli("reply", report, "--tlp", "RED", "--to", "sato@alpha", "--body", "x", "--json", want=3).error()
        self.assertEqual(error["rule"], "person-only")
        answer = bravo.cli("reply", report, "--tlp", "RED", "--to", "sato@alpha", "--body", "朱の返事", person="tanaka").last_word()
        alpha.wait_report(answer)
        self.assertEqual(alpha.show(answer, person="sato")["body"], "朱の返事")
        report = alpha.send("--tlp", "AMBER", "--to", "bravo", "--kind", "incident", "--subject", "琥珀", "--body", "本文", person="sato")
        bravo.wait_report(report)
        answer = bravo.cli("reply", report, "--tlp", "RED", "--body", "書いた人へ", person="tanaka").last_word()
        alpha.wait_report(answer)
        self.assertEqual(alpha.show(answer, person="sato")["body"], "書いた人へ")

    def test_the_keys_of_a_row_are_those_of_any_other(self):
        """README: stable keys, null where there is no value."""
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        red = self.send_red("tanaka@bravo")
        amber = alpha.send("--tlp", "AMBER", "--to", "bravo", "--kind", "incident", "--subject", "s", "--body", "b")
        for report in (red, amber):
            bravo.wait_report(report)
        missing = set(bravo.show(amber)) - set(bravo.show(red, person="tanaka"))
        self.assertEqual(missing, set())
        form = ("--kind", "incident", "--subject", "s", "--body", "b", "--json")
        sent = alpha.cli("send", "--tlp", "RED", "--to", "tanaka@bravo", *form, person="sato").object()
        self.assertEqual(set(alpha.cli("send", "--tlp", "AMBER", "--to", "bravo", *form).object()) - set(sent), set())

    def test_dry_run_of_an_answer(self):
        """That report alone says who may receive it, and a dry run opens nothing: it says so, and leaves no trace."""
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        report = self.send_red("tanaka@bravo")
        bravo.wait_report(report)

        def trace():
            return len(bravo.cli("audit", "list", "--json").rows()), alpha.stages(report)
        before = trace()
        for words in (("reply", report), ("reply", report, "--to", "ito@bravo"), ("reply", report, "--to", "sato@alpha"), ("forward", report, "--to", "ito@bravo")):
            done = bravo.cli(*words, "--body", "x", "--dry-run", "--json", person="tanaka", want=3)
            self.assertEqual((done.error()["rule"], done.out), ("person-only", ""))
            self.assertIn("dry-run", done.error()["hint"])
        self.assertEqual(bravo.cli("reply", report, "--tlp", "AMBER", "--dry-run", "--json", person="tanaka", want=3).error()["rule"], "label-forbids")
        self.assertIn("開封しない", bravo.cli("reply", report, "--dry-run", person="tanaka", lang="ja", want=3).err)
        self.assertEqual(trace(), before)
        self.assertFalse(bravo.wait_report(report)["opened"])
        amber = alpha.send("--tlp", "AMBER", "--to", "bravo", "--kind", "incident", "--subject", "s", "--body", "b", person="sato")
        bravo.wait_report(amber)
        plan = bravo.cli("reply", amber, "--tlp", "RED", "--body", "x", "--dry-run", "--json", person="tanaka").object()
        self.assertEqual(plan["recipients"], ["sato@alpha"])

    def test_shown_as_any_other(self):
        """The keys of show are the same under RED; a reply to a drill is one."""
        alpha, bravo = self.world.nodes["alpha"], self.world.nodes["bravo"]
        report = alpha.send("--tlp", "RED", "--to", "tanaka@bravo", "--kind", "incident", "--subject", "訓練の朱", "--body", SECRET,
                            "--drill", person="sato")
        bravo.wait_report(report)
        row = bravo.show(report, person="tanaka")
        self.assertEqual((row["expired"], row["sent"], row["drill"]), (False, False, True))
        self.assertEqual((row["conditions"], row["duty"]), (None, None))
        self.assertTrue(alpha.show(report, person="sato")["sent"])
        text = bravo.cli("show", report, person="tanaka", lang="ja").out
        self.assertIn("TLP:RED 【訓練】\n", text)
        self.assertIn("件名：【訓練】訓練の朱", text)
        answer = bravo.cli("reply", report, "--body", "返事", person="tanaka").last_word()
        self.assertTrue(alpha.wait_report(answer)["drill"])


if __name__ == "__main__":
    main()
