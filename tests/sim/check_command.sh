#!/bin/sh
# The command line's contract: exit codes, and output that depends on the options alone.
#   check_command.sh NOROSHI_SIM
set -u

sim=$1
failed=0

expect() {
    want=$1
    shift
    "$sim" "$@" >/dev/null 2>&1
    got=$?
    if [ "$got" -ne "$want" ]; then
        echo "noroshi-sim $*: exit $got, expected $want"
        failed=1
    fi
}

expect 2
expect 2 scenario file
expect 2 depend model
expect 2 nonsense
expect 2 run
expect 2 run --seed
expect 2 run --seed -1
expect 2 run --seed 1 --hubs 0
expect 2 run --seed 1 --members 1000
expect 2 run --seed 1 --hours never
expect 2 run --seed 1 --faults flood
expect 2 run --seed 1 --faults swarm,network
expect 2 run --seed 1 --faults crash,swarm
expect 2 run --seed 1 --without 3-
for marks in '' 5, ,5 5,,6 ' 5' -5 0x5 64; do
    expect 2 run --seed 1 --absent "$marks"
done
expect 2 run --seed 1 --hubs 1 --members 2 --absent 0-2
expect 2 run --seed 1 --absent 0-63
expect 2 run --seed 1 --hours 0x1
expect 2 run --seed 1 --hours ' 1'
expect 2 run --seed 1 --hours nan
expect 2 run --seed 1 --trace /tmp/one-file --picture /tmp/one-file
expect 0 run --seed 1 --hubs 1 --members 2 --hours 0.05 --faults none --trace /dev/null --picture /dev/null
expect 2 run --seed 1 more
expect 2 run --seed 99999999999999999999999
expect 1 run --seed 1 --hubs 1 --members 2 --hours 0.05 --faults none --trace /nonexistent/trace
expect 1 run --seed 1 --hubs 1 --members 2 --hours 0.05 --faults none --picture /nonexistent/picture
for option in --trace --picture; do
    [ ! -e /dev/full ] || expect 1 run --seed 1 --hubs 1 --members 2 --hours 0.05 --faults none "$option" /dev/full
done

# What was wrong is named, before the usage.
names() {
    word=$1
    shift
    "$sim" "$@" 2>&1 >/dev/null | head -n 1 | grep -q -e "$word" || { echo "noroshi-sim $*: does not name $word"; failed=1; }
}

names '--hours does not take never' run --seed 1 --hours never
names '--members does not take 1000 (1 to 56)' run --seed 1 --members 1000
names '--faults does not take flood' run --seed 1 --faults flood
names '--seed does not take -1' run --seed -1
names '--jobs does not take 0' hunt --seeds 1 --jobs 0
names 'needs --seed' run
names 'needs --minutes or --seeds' hunt
names 'more' run --seed 1 more
names 'nonsense' nonsense
expect 2 hunt --from 18446744073709551615 --seeds 5
expect 1 hunt --from 1 --seeds 1 --faults none --keep /nonexistent/kept
expect 2 hunt
expect 2 hunt --minutes 0
expect 2 hunt --seeds 1 --hubs 9
expect 2 hunt --seeds 1 --members 0
expect 2 hunt --seeds 1 --hours 0
expect 0 --help
expect 0 run --help
expect 0 hunt --help
expect 0 run --seed 1 --hubs 1 --members 2 --hours 0.05 --faults none
expect 0 hunt --from 1 --seeds 1 --faults none
expect 0 hunt --from 1 --seeds 1 --hubs 1 --members 2 --hours 0.05 --faults none

first=$(mktemp)
trap 'rm -f "$first" "$first.txt" "$first.svg"' EXIT
"$sim" run --seed 1 --hubs 1 --members 2 --hours 0.05 --faults none --trace "$first.txt" --picture "$first.svg" >"$first"
grep -q '^every checker held$' "$first" || { echo 'a run does not say that it held'; failed=1; }
grep -q 'hello, holds 0' "$first.txt" || { echo 'the trace shows no hello'; failed=1; }
grep -q '</svg>' "$first.svg" || { echo 'the picture is not whole'; failed=1; }

# A hunt's worlds are as long as it was told: those that the seed chooses last ten minutes at most.
lines=$("$sim" hunt --from 1 --seeds 1 --hubs 1 --members 1 --hours 2 --faults none)
case $lines in
*': 2 hours of virtual time, 0 failures'*) ;;
*) printf 'a hunt of one world of two hours says:\n%s\n' "$lines"; failed=1 ;;
esac

# A long world has faults as well: beyond what a plan holds, work and faults are thinned out alike.
for hours in 24 100; do
    "$sim" run --seed 1 --hubs 1 --members 1 --absent 1 --hours "$hours" --faults network --trace "$first.txt" >"$first" || { cat "$first"; failed=1; }
    acts=$(grep -c ' act [0-9]*: ' "$first.txt") || true
    faults=$(grep -c -E ' act [0-9]*: (cut a connection|part nodes.*|clog a line)$' "$first.txt") || true
    if [ "$acts" -gt 4096 ] || [ "$faults" -lt $((acts / 8)) ] || [ "$faults" -gt $((acts * 2 / 3)) ]; then
        echo "of the $acts acts of a world of $hours hours $faults are faults"
        failed=1
    fi
done

# What was not asked for is said.
case $lines in
*'not asked for, and never reached: '*' things (the shape of the worlds was given)'*) ;;
*) printf 'a hunt of one world of a given shape says:\n%s\n' "$lines"; failed=1 ;;
esac

# What happened in how many of its worlds is told when it is asked for, and counted by worlds.
counts=$("$sim" hunt --from 1 --seeds 2 --jobs 1 --hubs 1 --members 2 --hours 0.05 --faults none --counts)
echo "$counts" | grep -q '^ *[0-2]  a person read a report$' || { printf 'a hunt that counts says:\n%s\n' "$counts"; failed=1; }
echo "$counts" | grep -q '^ *0  a disk was full (not asked for)$' || { echo 'a hunt that counts leaves out what never happened'; failed=1; }
echo "$lines" | grep -q 'a person read a report' && { echo 'a hunt counts unasked'; failed=1; }
exit "$failed"
