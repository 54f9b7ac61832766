#!/bin/sh
# Every planted bug can still be planted, alone and in a copy of the files that it changes, names a checker that there is, and stands in the
# simulator's table with it.
#   check_planted.sh SOURCE
set -eu

source=$1
failed=0
count=0
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

for bug in "$source"/tests/planted/*.patch; do
    name=$(basename "$bug" .patch)
    count=$((count + 1))
    rm -rf "$copy/tree"
    mkdir "$copy/tree"
    for file in $(sed -n 's,^--- a/,,p' "$bug"); do
        mkdir -p "$copy/tree/$(dirname "$file")"
        cp "$source/$file" "$copy/tree/$file"
    done
    # Without fuzz: a bug that lands somewhere near is another bug.
    if ! patch -s -F 0 -N -r - -d "$copy/tree" -p1 <"$bug"; then
        echo "$name does not apply any more"
        failed=1
    fi
    if ! grep -q "^| ${name%%-*} " "$source/sim/README.md"; then
        echo "$name has no row in sim/README.md"
        failed=1
    fi
    # The table in Japanese has the same figures: "| 01 words | 2 | 0:14 | 3 s | `durable` |".
    figures() {
        sed -n "s/^| ${name%%-*} [^|]*|\(.*\)/\1/p" "$1" | sed 's/ 秒/ s/; s/（`\([a-z,]*\)` を指定）/, with `\1`/'
    }
    if [ "$(figures "$source/sim/README.md")" != "$(figures "$source/sim/README.ja.md")" ]; then
        echo "$name has other figures in sim/README.ja.md"
        failed=1
    fi
    checkers=$(sed -n 's/^checker: //p' "$bug")
    [ -n "$checkers" ] || { echo "$name names no checker"; failed=1; }
    for checker in $checkers; do
        [ -f "$source/sim/check/$checker.c" ] || { echo "$name names $checker, which there is not"; failed=1; }
    done
    case $(grep "^| ${name%%-*} " "$source/sim/README.md") in
    *"| \`${checkers%% *}\` |") ;;
    *) echo "$name: another checker stands in sim/README.md"; failed=1 ;;
    esac
done
[ "$count" -ge 10 ] || { echo "$count planted bugs were found"; failed=1; }
exit "$failed"
