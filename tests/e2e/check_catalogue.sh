#!/bin/sh
# Every sentence for people has a Japanese translation: the catalogue node/cli/po/ja/*.po holds each msgid of the code,
# translated, not fuzzy and in one file only. Prints what is missing; --missing prints it as entries to fill in.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tool in xgettext msgcmp msgfmt msgcat msgcomm msggrep; do
    command -v "$tool" >/dev/null || { echo "check_catalogue: $tool is missing: install gettext" >&2; exit 1; }
done
cd "$root"

# The program's own sentences, and those of nrs_error.
xgettext --from-code=UTF-8 --language=C --keyword=_ --keyword=N_ -o "$work/cli.pot" node/cli/*.c node/cli/*/*.c node/reviewer/*.c
xgettext --from-code=UTF-8 --language=C --keyword=X:4 -o "$work/errors.pot" proto/include/proto/error.h

# The node's fixed sentences travel in English and are translated here: whole sentences without values.
xgettext --from-code=UTF-8 --language=C --extract-all -o "$work/all.pot" node/core/*.c node/core/*/*.c node/shell/control.c 2>/dev/null
msggrep --msgid -E -e '^[A-Za-z][^%]* [^%]*\.$' -o "$work/node.pot" "$work/all.pot"

msgcat --use-first -o "$work/noroshi.pot" "$work/cli.pot" "$work/errors.pot" "$work/node.pot"

for part in node/cli/po/ja/*.po; do
    msgfmt --check-format --check-domain -o /dev/null "$part"
done
msgcat --use-first -o "$work/ja.po" node/cli/po/ja/*.po
if [ "${1:-}" = --missing ]; then
    msgcomm --unique --no-location --omit-header "$work/noroshi.pot" "$work/ja.po" "$work/ja.po"
    exit 0
fi
if msgcomm --more-than=1 --omit-header node/cli/po/ja/*.po | grep . >"$work/twice"; then
    cat "$work/twice"
    echo "check_catalogue: these sentences stand in more than one file" >&2
    exit 1
fi
# What the node refuses with values in it is found again by node_words.c. What is values alone has nothing to translate.
xgettext --from-code=UTF-8 --language=C --no-wrap --keyword=nrs_refuse:4 -o - node/core/*.c node/core/*/*.c 2>/dev/null |
    sed -n 's/^msgid "\(.*%.*\)"$/\1/p' | sort -u >"$work/formats"
[ "$(wc -l <"$work/formats")" -ge 90 ] || { echo "check_catalogue: the sentences of nrs_refuse were not found" >&2; exit 1; }
while IFS= read -r format; do
    printf '%s\n' "$format" | sed 's/%[.0-9]*[a-z]*//g' | grep -q '[A-Za-z]' || continue
    grep -qF "N_(\"$format\")" node/cli/node_words.c || { echo "check_catalogue: node_words.c has not: $format" >&2; exit 1; }
done <"$work/formats"
# What the node notes in its audit log is translated for whoever lists it, by audit_words.c.
sed -n -e 's/.*\.detail = [^"]*"\([^"%]*\)".*/\1/p' -e 's/.*alarm(core, [^"]*"\([^"%]*\)".*/\1/p' node/core/*/*.c >"$work/details"
grep -h -e 'audit->alarm = ' -e '\.detail = .*" : "' node/core/*/*.c | grep -o '"[^"%]*"' | tr -d '"' | grep -v '^ : $' >>"$work/details"
[ "$(wc -l <"$work/details")" -ge 12 ] || { echo "check_catalogue: the details of the audit log were not found" >&2; exit 1; }
while read -r detail; do
    grep -qF "N_(\"$detail\")" node/cli/audit/audit_words.c || { echo "check_catalogue: audit_words.c has not: $detail" >&2; exit 1; }
done <"$work/details"
# What goes to printf is checked by msgfmt only where it is flagged: as xgettext flags it in the code.
formats_of() { msgcat --no-wrap "$1" | awk -v RS= '/(^|\n)#,[^\n]* c-format/ { sub(/^(#[^\n]*\n)*/, ""); sub(/\nmsgstr .*/, ""); gsub(/\n/, " "); print }' | sort -u; }
formats_of "$work/noroshi.pot" >"$work/wanted"
formats_of "$work/ja.po" >"$work/flagged"
[ "$(wc -l <"$work/wanted")" -ge 300 ] || { echo "check_catalogue: the sentences with values were not found" >&2; exit 1; }
if comm -23 "$work/wanted" "$work/flagged" | grep .; then
    echo "check_catalogue: these have no #, c-format in the catalogue" >&2
    exit 1
fi
msgcmp "$work/ja.po" "$work/noroshi.pot"
echo "check_catalogue: $(grep -c '^msgid' "$work/noroshi.pot") sentences, all translated"
