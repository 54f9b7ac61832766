#!/bin/sh
# One seed is one run: whatever the environment, the layout of addresses, the folder or the build.
#   check_deterministic.sh NOROSHI_SIM [ANOTHER_BUILD'S …]
set -eu

reference=$1
failed=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for seed in 2 11 31 40 77; do
    want=$("$reference" run --seed "$seed") || true
    for sim in "$@"; do
        sim=$(realpath "$sim")
        again=$(cd "$folder" && env -i TZ=Asia/Tokyo LANG=ja_JP.UTF-8 MORE=$(printf '%1000s' x | tr ' ' y) "$sim" run --seed "$seed") || true
        plain=$(cd / && setarch -R "$sim" run --seed "$seed" 2>/dev/null || "$sim" run --seed "$seed") || true
        if [ "$again" != "$want" ] || [ "$plain" != "$want" ]; then
            printf 'seed %s is not the same run twice (%s):\n%s\n%s\n%s\n' "$seed" "$sim" "$want" "$again" "$plain"
            failed=1
        fi
    done
done
exit "$failed"
