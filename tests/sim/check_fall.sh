#!/bin/sh
# A run whose process falls, as by an assertion, ends as any other failure does: it is told, with the line that replays it, the trace ends
# with a line that says so, and the picture is whole.
#   check_fall.sh NOROSHI_SIM
set -eu

sim=$1
failed=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$sim" run --seed 3 --hubs 2 --members 30 --hours 1 --faults none --trace "$folder/t.txt" --picture "$folder/p.svg" >"$folder/said" 2>&1 &
parent=$!
child=
waited=0
while [ "$waited" -lt 600 ]; do
    child=$(ps -o pid= --ppid "$parent" | tr -d ' ') || true
    [ -n "$child" ] && [ -s "$folder/p.svg" ] && [ "$(wc -l <"$folder/t.txt")" -gt 50 ] && break
    sleep 0.1
    waited=$((waited + 1))
done
if [ -z "$child" ]; then
    echo 'a run has no process of its own'
    kill "$parent" 2>/dev/null || true
    exit 1
fi
kill -ABRT "$child"
code=0
wait "$parent" || code=$?
[ "$code" -eq 1 ] || { echo "exit $code, expected 1"; failed=1; }
grep -q '^FAILED process at .*: the process ended by signal 6$' "$folder/said" || { echo 'what it says does not name the signal'; failed=1; }
grep -q "^replay: $sim run --seed 3 " "$folder/said" || { echo 'it does not say how to replay it'; failed=1; }
tail -n 1 "$folder/t.txt" | grep -q 'FAILED process: the process ended by signal 6$' || { echo 'the trace has no end'; failed=1; }
[ "$(grep -c '<svg ' "$folder/p.svg")" -eq 1 ] || { echo 'the picture has no head, or two'; failed=1; }
[ "$(tail -n 1 "$folder/p.svg")" = '</svg>' ] || { echo 'the picture has no end'; failed=1; }
[ "$failed" -eq 0 ] || cat "$folder/said"
exit "$failed"
