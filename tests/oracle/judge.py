"""Compares what a program printed, an observation a line, with the rules as rules.py and passing.py have them from the specification. Every
disagreement is printed.

    judge.py PROGRAM [LEAST]      LEAST: how many observations there must be
"""
import collections
import subprocess
import sys

import cells
import engine_answers
import engine_chain
import engine_onward
import engine_recall
import engine_red
import engine_red_recall
import engine_release
import engine_reply
import engine_rules
import engine_series
import engine_withheld


def judge_of(what, engines):
    if what in cells.JUDGES:
        return cells.JUDGES[what]
    kind = what.split("-", 1)[0]
    return lambda cell: engines[kind].judge(what.removeprefix(kind + "-").replace("-", "_"), cell)


def main():
    program, least = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    output = subprocess.run([program], stdout=subprocess.PIPE, check=True, text=True).stdout
    counts, wrong = collections.Counter(), collections.Counter()
    engines = {"engine": engine_rules.Engine(), "onward": engine_onward.Engine(), "release": engine_release.Engine(),
               "withheld": engine_withheld.Engine(), "red": engine_red.Engine(), "chain": engine_chain.Engine(),
               "reply": engine_reply.Engine(), "answers": engine_answers.Engine(), "series": engine_series.Engine(), "recall": engine_recall.Engine(),
               "red_recall": engine_red_recall.Engine()}
    for line in output.splitlines():
        what, *pairs = line.split(" ")
        cell = dict(pair.split("=", 1) for pair in pairs)
        wanted = judge_of(what, engines)(cell)
        counts[what] += 1
        if not (cell["rule"] in wanted if wanted else cell["rule"] == "ok"):
            wrong[what] += 1
            if wrong[what] <= 20:
                print(f"{line}\n    by the specification: {' or '.join(sorted(wanted)) or 'ok'}")
    for what in sorted(counts):
        print(f"{what}: {counts[what]} observations, {wrong[what]} disagreements")
    total = sum(counts.values())
    if total < least:
        print(f"only {total} observations, {least} wanted")
    sys.exit(1 if sum(wrong.values()) or total < least else 0)


if __name__ == "__main__":
    main()
