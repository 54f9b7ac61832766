#!/bin/sh
# Every run that once failed, and was mended, holds.
#   check_regressions.sh NOROSHI_SIM FILE
set -u

sim=$1
failed=0
while read -r line; do
    case $line in
    '' | '#'*) continue ;;
    esac
    # shellcheck disable=SC2086 # the words of the line are the arguments
    if ! output=$("$sim" ${line#noroshi-sim }); then
        printf '%s\n%s\n' "$line" "$output"
        failed=1
    fi
done <"$2"
exit "$failed"
