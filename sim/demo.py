"""The demonstration: a hub, three operators and one organisation outside, as real processes on this machine.

Every line with ✓ was checked at that moment; the first check that fails ends the story with ✗ and exit 1.
"""

import argparse
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "e2e"))

from harness import World, befriend, bin_dir, build_mesh, wait_reachable, wait_until  # noqa: E402

# The ransomware attack on the Nagoya United Terminal System, told from what the Nagoya Harbor Transportation Association
# (名古屋港運協会) published between 5 and 26 July 2023 and the Ministry of Land, Infrastructure, Transport and Tourism
# (国土交通省) from its review committee. The organisations of this mesh are made up and had no part in it.
SUBJECT = "名古屋港統一ターミナルシステムの障害（2023年7月） / Outage of the Nagoya United Terminal System"
BODY = """\
【事例】2023年7月4日6時30分ごろ、名古屋港の全5コンテナターミナルが使う「名古屋港統一ターミナルシステム（NUTS）」が停止した。
ほぼ同時に脅迫文がプリンターから印刷され、愛知県警との協議でランサムウェアへの感染と判明した。
トレーラーによるコンテナの搬出入が止まった。システムは7月6日7時30分に復旧し、作業は同日15時から順に再開、18時15分に
全ターミナルで再開した。侵入はリモート接続機器の脆弱性を突いたものと考えられている。
【教訓】外部接続機器の更新と認証、バックアップの隔離、復旧手順と手作業への切替の訓練。

[Case] At about 06:30 on 4 July 2023 the Nagoya United Terminal System (NUTS), used by all five container terminals of the port
of Nagoya, stopped. A ransom note came out of a printer at about the same time; with the Aichi police it was found to be
ransomware. Trailers could neither bring nor fetch containers. The system was restored at 07:30 on 6 July; work resumed from
15:00, and by 18:15 at all terminals. The intruder is thought to have used a weakness of a remote access device.
[Lessons] Keep remote access patched and authenticated, keep backups apart, practise restoring and working by hand.

出典 / Sources: 名古屋港運協会「NUTSシステム障害の経緯報告」(2023-07-26)、国土交通省「コンテナターミナルにおける情報セキュリティ対策等検討委員会」
"""
RED_BODY = "接続元の一覧は別途お伝えします。あなた限りです。 / The list of source addresses follows. For your eyes only."
COMMUNITY = "ports"
HUB, MEMBERS, OUTSIDER = "hub-ports", ("terminal-a", "terminal-b", "terminal-c"), "outsider"
PERSONS = {"terminal-a": ["sato"], "terminal-b": ["tanaka", "ito"]}
AMBER = ("send", "--tlp", "AMBER", "--to", f"@{COMMUNITY}", "--kind")


class Failed(Exception):
    """A check did not hold."""


class Story:
    def __init__(self, lang, world):
        self.lang, self.world, self.began = lang, world, time.monotonic()

    def say(self, mark, ja, en):
        if self.lang:
            print(f"{mark} {ja if self.lang == 'ja' else en}", flush=True)
        else:
            print(f"{mark} {ja}\n{' ' * len(mark)} {en}", flush=True)

    def chapter(self, ja, en):
        print(flush=True)
        self.say("■", ja, en)

    def check(self, held, ja, en):
        """held: a value, or a function that may fail with an assertion of its own."""
        reason = ""
        try:
            good = held() if callable(held) else held
        except AssertionError as error:
            good, reason = False, str(error)
        self.say("  ✓" if good else "  ✗", ja, en)
        if not good:
            raise Failed(reason)

    def nodes(self):
        return [self.world.nodes[org] for org in (HUB, *MEMBERS)]


def true(call, *args, **options):
    """For helpers that fail by an assertion and return nothing."""
    def run():
        call(*args, **options)
        return True
    return run


def set_up(story):
    story.chapter("一つのセプター、三つの事業者、外の一組織", "One CEPTOAR, three operators, one organisation outside")
    build_mesh(story.world, list(MEMBERS), hubs=(HUB,), community=COMMUNITY, persons=PERSONS)
    hub = story.world.nodes[HUB]
    members = hub.cli("community", "show", COMMUNITY, "--json").object()["members"]
    story.check({member["org"] for member in members} == {HUB, *MEMBERS},
                f"鍵・名簿・招待状を作り、{len(members)} 組織が暗号化された網でつながった",
                f"keys, roster and invites are made; {len(members)} organisations are linked, encrypted")
    outsider = story.world.node(OUTSIDER).init()
    path = story.world.write("copied.invite", hub.cli("community", "invite", COMMUNITY).raw_out)
    fingerprint = hub.cli("community", "fingerprint", COMMUNITY).out.strip()
    denied = outsider.cli("join", path, "--fingerprint", fingerprint, "--json", want=None)
    story.check(denied.code == 3 and denied.error()["rule"] == "not-member",
                "名簿にない組織は、招待状の写しがあっても参加できない", "an organisation on no roster cannot join, even with a copied invite")
    befriend(outsider, hub, COMMUNITY)
    outsider.start()
    story.check(true(outsider.wait_link, HUB, "refused"),
                "ハブの宛先を知って直接つないでも、入口で拒まれた", "dialling the hub all the same, it is refused at the door")


def amber(story):
    hub, first, second, third = story.nodes()
    story.chapter("TLP:AMBER を @ports へ：公表された事例の共有", "TLP:AMBER to @ports: a published incident is shared")
    body = story.world.write("nagoya.txt", BODY)
    report = first.cli(*AMBER, "lesson", "--subject", SUBJECT, "--body-file", body).last_word()
    story.say("  ・", f"terminal-a が送信: {SUBJECT.split(' / ')[0]}", f"terminal-a sends: {SUBJECT.split(' / ')[1]}")
    for node in (hub, second, third):
        row = node.wait_report(report)
        story.check(row["label"] == "AMBER" and row["subject"] == SUBJECT, f"{node.org} に届いた", f"it arrived at {node.org}")
    opened = second.show(report)
    story.check(opened["body"] == BODY and third.show(report)["body"] == BODY,
                "terminal-b と terminal-c が開いて読んだ（一字も違わない）", "terminal-b and terminal-c opened it, to the letter")
    for org in ("terminal-b", "terminal-c"):
        first.wait_stage(report, org, "opened")
    first.wait_stage(report, HUB, "stored")
    stages = first.stages(report)
    story.check("opened" not in stages[HUB],
                "送り主が受領を確認：terminal-b・terminal-c 開封、hub-ports 受信", "the sender reads: opened by two, stored by the hub")
    print("      $ noroshi receipts " + report[:8])
    for line in first.cli("receipts", report[:8], lang=story.lang or "ja").out.splitlines():
        print("      " + line, flush=True)
    story.check(story.world.nodes[OUTSIDER].list() == [], "外の組織には何も届いていない", "nothing reached the outsider")


def red(story):
    _, first, second, _ = story.nodes()
    story.chapter("TLP:RED を一人へ", "TLP:RED to one person")
    wait_reachable(first, ["tanaka@terminal-b"], {"tanaka@terminal-b"}, "RED", "sato")
    report = first.cli("send", "--tlp", "RED", "--to", "tanaka@terminal-b", "--kind", "incident", "--subject", "田中さん限り / Tanaka only",
                       "--body", RED_BODY, person="sato").last_word()
    second.wait_report(report)
    story.check(second.show(report, person="tanaka")["body"] == RED_BODY, "本人 tanaka@terminal-b は読めた", "tanaka@terminal-b reads it")
    for who, ja, en in ((None, "同じ会社の窓口は読めない", "the desk of the same company cannot"),
                        ("ito", "同僚 ito も読めない", "nor can ito, a colleague")):
        denied = second.cli("show", report, want=None, person=who)
        story.check(denied.code in (3, 4, 5) and RED_BODY not in denied.out + denied.err, ja, en)
    marker = RED_BODY.encode()
    clean = all(marker not in path.read_bytes() for node in story.nodes() for path in node.dir.rglob("*") if path.is_file())
    story.check(clean, "どのノードのフォルダーにも平文はない", "no node's folder holds its plaintext")
    denied = first.cli("send", "--tlp", "RED", "--to", f"@{COMMUNITY}", "--kind", "incident", "--subject", "x", "--body", "x", "--json",
                       want=None, person="sato")
    story.check(denied.code == 3 and denied.error()["rule"] == "label-forbids",
                "TLP:RED を @ports へは規則 label-forbids で断られた（終了状態 3）", "TLP:RED to @ports is refused by rule label-forbids (exit 3)")


def holds_once(node, reports):
    """All reports are there, each once."""
    def complete():
        return set(reports) <= {row["id"] for row in node.list()}
    wait_until(complete, f"{node.org} has all {len(reports)}", 40)
    listed = [row["id"] for row in node.list()]
    return len(listed) == len(set(listed))


def burst(sender, name, count, between=None):
    reports = []
    for number in range(count):
        reports.append(sender.cli(*AMBER, "situation", "--subject", f"{name} {number + 1}", "--body", name).last_word())
        if between and number == count // 2:
            between()
    return reports


def absence(story):
    _, first, second, third = story.nodes()
    story.chapter("一つの事業者が止まり、戻る", "One operator is down and comes back")
    third.stop()
    reports = burst(first, "留守中 / while away", 5)
    story.check(lambda: holds_once(second, reports), "terminal-c の停止中も他へは届く", "the others receive while terminal-c is down")
    story.check(all("stored" not in first.stages(report).get("terminal-c", ()) for report in reports),
                "送り主には terminal-c が未受領と見える", "the sender sees that terminal-c has not confirmed")
    third.start()
    story.check(lambda: holds_once(third, reports), "戻った terminal-c は全部を一度ずつ受け取った", "back again, it has all of them, once each")


def crash(story):
    hub, first, second, third = story.nodes()
    story.chapter("送信の最中にハブを kill -9", "The hub is killed with -9 in the middle of a burst")

    def kill():
        hub.kill()
        story.say("  ・", "ハブを kill -9 した。送信は続く", "the hub is killed; sending goes on")
    reports = burst(first, "前半後半 / burst", 20, kill) + burst(second, "別の送り主 / another", 5)
    hub.start()
    for node, wanted in ((second, reports), (third, reports), (hub, reports), (first, reports)):
        story.check(lambda n=node, w=wanted: holds_once(n, w), f"{node.org}：{len(wanted)} 件が全部、一度ずつ",
                    f"{node.org}: all {len(wanted)}, each once")
    for report in (reports[0], reports[-1]):
        sender = first if report == reports[0] else second
        for org in ("terminal-c", HUB):
            sender.wait_stage(report, org, "stored")
    story.check(True, "受領の知らせも欠けずに戻った", "the receipts came back too")


def close(story):
    story.chapter("片づけ", "Closing")

    def leave():
        story.world.stop_all()
        return not story.world.sanitizer_reports()
    story.check(leave, "全てのノードが正常に終了した", "every node left cleanly")
    seconds = time.monotonic() - story.began
    print(flush=True)
    story.say("✓", f"全ての確認が成り立った（{seconds:.0f} 秒）", f"every check held ({seconds:.0f} s)")


def main():
    parser = argparse.ArgumentParser(prog="sim/demo")
    parser.add_argument("--lang", choices=("ja", "en"))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    if not (bin_dir() / "noroshid").exists():
        sys.exit(f"✗ {bin_dir()}: no noroshid")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    world = World(keep=options.keep)
    story = Story(options.lang, world)
    story.say("狼煙", "実演：ラベル付きの報告が暗号化された網を渡る", "A labelled report crosses the encrypted mesh")
    try:
        for chapter in (set_up, amber, red, absence, crash, close):
            chapter(story)
    except (Failed, AssertionError) as error:
        story.say("✗", f"確認が成り立たなかった: {error}", f"a check failed: {error}")
        world.end(failed=True)
        return 1
    except KeyboardInterrupt:
        world.end()
        return 130
    world.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
