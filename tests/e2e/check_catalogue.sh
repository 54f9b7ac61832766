#!/bin/sh
# Every sentence for people has a Japanese translation: the catalogue node/cli/po/ja.po holds each msgid of the code,
# translated and not fuzzy. Prints what is missing; --update merges the new msgids into the catalogue, for a person to translate.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
catalogue=$root/node/cli/po/ja.po
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tool in xgettext msgcmp msgfmt msgcat msggrep; do
    command -v "$tool" >/dev/null || { echo "check_catalogue: $tool is missing: install gettext" >&2; exit 1; }
done
cd "$root"

# The program's own sentences, and those of nrs_error.
xgettext --from-code=UTF-8 --language=C --keyword=_ --keyword=N_ -o "$work/cli.pot" node/cli/*.c
xgettext --from-code=UTF-8 --language=C --keyword=X:4 -o "$work/errors.pot" proto/include/proto/error.h

# The node's fixed sentences travel in English and are translated here: whole sentences without values.
xgettext --from-code=UTF-8 --language=C --extract-all -o "$work/all.pot" node/core/*.c node/shell/control.c 2>/dev/null
msggrep --msgid -E -e '^[A-Z][^%]* [^%]*\.$' -o "$work/node.pot" "$work/all.pot"

msgcat --use-first -o "$work/noroshi.pot" "$work/cli.pot" "$work/errors.pot" "$work/node.pot"

if [ "${1:-}" = --update ]; then
    msgmerge --quiet --no-location --no-fuzzy-matching --update --backup=none "$catalogue" "$work/noroshi.pot"
fi
msgfmt --check-format --check-domain -o /dev/null "$catalogue"
msgcmp "$catalogue" "$work/noroshi.pot"
echo "check_catalogue: $(grep -c '^msgid' "$work/noroshi.pot") sentences, all translated"
