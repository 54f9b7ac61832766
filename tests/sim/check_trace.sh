#!/bin/sh
# The trace and the picture show what a hostile node has sent, not what its engine had made: what it altered, denied, sent once more, made up
# or kept back is marked, and nobody honest bears such a mark.
#   check_trace.sh NOROSHI_SIM
set -eu

sim=$1
failed=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for seed in 1 2 3 4 5 15; do
    "$sim" run --seed "$seed" --hubs 2 --members 3 --hours 0.1 --faults hostile --trace "$folder/$seed.txt" --picture "$folder/$seed.svg" >"$folder/$seed.said" ||
        { cat "$folder/$seed.said"; failed=1; }
    marked=$(grep -c '^[0-9:.]* .* \(→\|↛\) .*: .* \[.*\]$' "$folder/$seed.txt") || true
    red=$(grep -c '<line [^>]*stroke="#a00"' "$folder/$seed.svg") || true
    [ "$marked" -eq "$red" ] || { echo "seed $seed: $marked frames are marked in the trace, $red in the picture"; failed=1; }
    kept=$(grep -c ' ↛ ' "$folder/$seed.txt") || true
    broken=$(grep -c 'stroke-dasharray' "$folder/$seed.svg") || true
    [ "$kept" -eq "$broken" ] || { echo "seed $seed: $kept frames were withheld by the trace, $broken by the picture"; failed=1; }
    # Who is hostile says so when it turns; whoever runs from a stolen disk is called thief and the number of its owner.
    hostile=$(sed -n 's/^[0-9:.]* \([^ ]*\) *turns hostile$/\1/p' "$folder/$seed.txt" | sort -u)
    for name in $(sed -n 's/^[0-9:.]* \([^ ]*\) .*\(→\|↛\) .*: .* \[.*\]$/\1/p' "$folder/$seed.txt" | grep -v '^thief' | sort -u); do
        echo "$hostile" | grep -q "^$name\$" || { echo "seed $seed: $name is honest and bears a mark"; failed=1; }
    done
done

# Each kind of deed is met in one of these worlds.
for mark in '→ .*: items .* \[altered: item [0-9]* is withheld; its engine made: items' \
    '→ .*: items .* \[altered: items [0-9]* and [0-9]* changed places' '→ .*: items .* \[altered: two records of item' \
    '→ .*: items .* \[altered: a bit of a record of item' '→ .*: hello, .* \[a lie; its engine made: hello, holds' \
    '→ .*: confirm .* \[a lie; its engine made: confirm' '→ .*: .* \[replayed\]' '→ .*: .* \[replayed, from another link\]' \
    '↛ .*: .* \[withheld\]' '→ .*: items .* \[of its own: a report was forged\]' '→ .* bytes that are no frame \[of its own: ' \
    '→ .*: items .* \[of its own: an old roster was served\]'; do
    cat "$folder"/*.txt | grep -q "$mark" || { echo "no frame is shown as $mark"; failed=1; }
done

# What an item holds is named: the kind of each record, of a report the beginning of its id and its act; and the trace's hash is the one of a run that nobody reads.
cat "$folder"/*.txt | grep -q '→ .*: items [0-9]*…[0-9]* {.*report [0-9a-f]\{8\} (r[0-9]*) + slots' || { echo 'no report is named in the trace'; failed=1; }
cat "$folder"/*.txt | grep -q '→ .*: items [0-9]*…[0-9]* {.*envelope' || { echo 'no envelope is named in the trace'; failed=1; }
grep -q '>items [0-9]*…[0-9]* {.*prekeys' "$folder/1.svg" || { echo 'no prekeys are named in the picture'; failed=1; }
seen=$(grep '^trace' "$folder/1.said")
unseen=$("$sim" run --seed 1 --hubs 2 --members 3 --hours 0.1 --faults hostile | grep '^trace')
[ "$seen" = "$unseen" ] || { echo "a run that is read is another: $seen, $unseen"; failed=1; }
grep -q 'more rows are left out' "$folder"/[1-5].svg && { echo 'a picture says that it is cut, and is not'; failed=1; }

# A picture says how many of its rows are left out.
"$sim" run --seed 5 --hubs 2 --members 8 --hours 0.5 --faults hostile --trace "$folder/large.txt" --picture "$folder/large.svg" >"$folder/said" ||
    { cat "$folder/said"; failed=1; }
drawn=$(grep -c '<line x1=.*marker-end' "$folder/large.svg") || true
sent=$(grep -c '^[0-9:.]* [^ ]* *\(→\|↛\) ' "$folder/large.txt") || true
marks=$(grep -c '<circle' "$folder/large.svg") || true
left_out=$(sed -n 's/.*>\([0-9]*\) more rows are left out.*/\1/p' "$folder/large.svg")
[ "$sent" -gt 4000 ] || { echo "$sent frames are too few to cut anything"; failed=1; }
[ "$((drawn + marks))" -eq 4000 ] || { echo "a picture that is cut has $drawn arrows and $marks marks"; failed=1; }
[ "${left_out:-0}" -ge "$((sent - drawn))" ] || { echo "$sent frames, $drawn drawn, and the picture says that ${left_out:-none} are left out"; failed=1; }

# What goes before is sent once more for a while, and not without end.
"$sim" run --seed 5 --hubs 1 --members 2 --hours 1 --faults hostile --trace "$folder/long.txt" >"$folder/said" || { cat "$folder/said"; failed=1; }
for replays in $(sed -n 's/^[0-9:.]* \([^ ]*\) .*→ .*: .* \[replayed.*\]$/\1/p' "$folder/long.txt" | sort | uniq -c | sed 's/^ *\([0-9]*\) .*/\1/'); do
    [ "$replays" -le 96 ] || { echo "a node has sent $replays frames once more in an hour"; failed=1; }
done
grep -q '\[replayed' "$folder/long.txt" || { echo 'nothing was sent once more in an hour'; failed=1; }
exit "$failed"
