#!/bin/bash
# The commands that need no running node, and bad input to each: the exit code of every line, and that nothing changed.
set -u

noroshi=${1:-${NRS_BIN_DIR:?give the folder of the programs in NRS_BIN_DIR}/noroshi}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export LC_ALL=C.UTF-8
unset NOROSHI_DIR LANGUAGE
failures=0

# want CODE COMMAND…: runs noroshi; its output is in stdout and stderr.
want() {
    local code=$1
    shift
    "$noroshi" "$@" >stdout 2>stderr </dev/null
    local got=$?
    if [ $got -ne "$code" ] || grep -q 'Sanitizer\|runtime error' stderr; then
        echo "cli_offline: exit $got, wanted $code: noroshi $*"
        cat stdout stderr
        failures=$((failures + 1))
    fi
}
says() {
    grep -q -- "$1" stdout stderr || { echo "cli_offline: nothing says: $1"; cat stdout stderr; failures=$((failures + 1)); }
}
silent() {
    ! grep -q -- "$1" stdout stderr || { echo "cli_offline: something says: $1"; cat stdout stderr; failures=$((failures + 1)); }
}
none() {
    [ ! -e "$1" ] || { echo "cli_offline: $1 was left behind"; failures=$((failures + 1)); }
}

# Options and help.
want 0 --help; want 0 --version; want 2; want 2 nonsense; want 2 community; want 2 community nonsense; want 2 show
want 2 send --attach file
want 2 --lang fr card; want 2 --json=yes card; want 2 card --dir; want 2 --dir a --dir b card; want 2 card extra
for command in init card "person add" "community create" "community add" "community remove" "community show" \
    "community invite" "community fingerprint" join send form list show receipts reply export forget status; do
    want 0 $command --help
    says 'Example:'
done
want 0 --lang ja status --help; says 'オプション'
want 2 --json nonsense; says '"rule":"usage"'

# init.
echo "secret words" >pass; echo "other words" >wrong; : >empty; echo short >short; echo "七文字の言葉で" >seven; echo "八文字の言葉です" >eight.pass
want 0 --dir hub init --org hub-a --name "電力CEPTOAR" --listen tcp://127.0.0.1:7417 --no-passphrase
want 8 --dir hub init --org hub-a --name x --no-passphrase; says exists
want 2 --dir new init --org a --name x; says '--no-passphrase'; none new
want 2 --dir new init --org a --no-passphrase; none new
want 2 --dir new init --org a --name x --no-passphrase --passphrase-file pass; none new
want 8 --dir new init --org Big --name x --no-passphrase; none new
want 8 --dir new init --org a --name x --listen udp://x --no-passphrase; none new
want 8 --dir new init --org a --name $'\xff' --no-passphrase; none new
want 8 --dir new init --org a --name "$(head -c 300 /dev/zero | tr '\0' a)" --no-passphrase; none new
want 5 --dir new init --org a --name x --passphrase-file empty; none new
want 8 --dir new init --org a --name x --passphrase-file missing; none new
want 0 --dir weak init --org a --name x --passphrase-file short; says '5 characters'
want 0 --lang ja --dir weak.ja init --org a --name x --passphrase-file seven; says '7 文字'
want 0 --dir eight init --org a --name x --passphrase-file eight.pass; silent characters
want 0 --dir eight --passphrase-file eight.pass person add p --name x --passphrase-file short; says '5 characters'
want 0 --dir eight --passphrase-file eight.pass backup -o short.backup --backup-passphrase-file short; says '5 characters'
want 2 --dir new init --org a --name "" --no-passphrase; says 'a name is needed'; none new
want 8 --dir new init --org a --name $'a\x1bb' --no-passphrase; says 'control characters are not allowed'; none new
want 8 --dir new init --org a --name "$(head -c 300 /dev/zero | tr '\0' a)" --no-passphrase; says 'at most 200 bytes'; none new
want 0 --dir member init --org kanto-power --name "関東電力" --passphrase-file pass
want 0 --dir other init --org other --name Other --no-passphrase
[ "$(stat -c %a hub)" = 700 ] || { echo "cli_offline: the folder is open"; failures=$((failures + 1)); }
[ -z "$(find hub member -type f ! -perm 600)" ] || { echo "cli_offline: a file is open"; failures=$((failures + 1)); }

# Cards and persons.
want 8 --dir nowhere card; says not-a-node
want 0 --dir member card; cp stdout member.card
want 0 --dir member card --fingerprint; fingerprint=$(cat stdout)
want 0 --dir member card --json; says '"org":"kanto-power"'; says '"curve":'
want 5 --dir member person add sato --name "佐藤" --no-passphrase; says passphrase
want 5 --dir member --passphrase-file wrong person add sato --name "佐藤" --no-passphrase; none member/persons/sato.key
want 0 --dir member --passphrase-file pass person add sato --name "佐藤" --passphrase-file wrong
want 8 --dir member --passphrase-file pass person add sato --name "佐藤" --no-passphrase
want 8 --dir member --passphrase-file pass person add Sato --name "佐藤" --no-passphrase
want 0 --dir member card --json; says '"serial":2'

# A community.
want 0 --dir hub community create electricity --name "電力"
want 8 --dir hub community create electricity --name "電力"; want 8 --dir hub community create a_b --name x
want 2 --dir hub community add electricity member.card
want 5 --dir hub community add electricity member.card --fingerprint 12345
want 2 --dir hub community add electricity member.card --fingerprint "$fingerprint" --role king
says 'Allowed: operator, '
want 4 --dir hub community add gas member.card --fingerprint "$fingerprint"
want 8 --dir hub community add electricity missing.card --fingerprint "$fingerprint"
head -c 150 member.card >cut.card; want 5 --dir hub community add electricity cut.card --fingerprint "$fingerprint"
head -c 1100000 /dev/zero >large.card; want 8 --dir hub community add electricity large.card --fingerprint "$fingerprint"
sed "3s/^.\{20\}/AAAAAAAAAAAAAAAAAAAA/" member.card >flip.card
"$noroshi" --dir hub community add electricity flip.card --fingerprint "$fingerprint" >stdout 2>stderr
case $? in 5 | 8) ;; *) echo "cli_offline: a flipped card was taken"; failures=$((failures + 1)) ;; esac
want 0 --dir hub community show electricity --json; says '"version":1,'
want 0 --dir hub community add electricity member.card --fingerprint "${fingerprint// /}"
want 0 --dir hub community add electricity member.card --fingerprint "$fingerprint"; says 'nothing was changed'
want 0 --dir hub community add electricity member.card --fingerprint "$fingerprint" --role response
want 0 --dir hub community show @electricity --json; says '"version":3,'; says '"role":"response"'
want 4 --dir hub community remove electricity nobody
want 3 --dir hub community remove electricity hub-a; says community-rule; says 'last hub cannot leave'
want 0 --dir hub community show @electricity --json; says '"version":3,'; says '"org":"hub-a"'

# Joining.
want 0 --dir hub community invite electricity; cp stdout invite
want 0 --dir hub community fingerprint electricity; community=$(cat stdout)
want 2 --dir member join invite; want 5 --dir member join invite --fingerprint 11111; none member/communities/electricity.first
want 3 --dir other join invite --fingerprint "$community"; says not-member; none other/communities/electricity.first
want 8 --dir member join member.card --fingerprint "$community"
want 0 --dir member join invite --fingerprint "$community"
want 0 --dir member join invite --fingerprint "$community"; says 'nothing was changed'
want 3 --dir member community remove electricity hub-a; says not-here
want 0 --dir hub community remove electricity kanto-power
want 3 --dir hub community add electricity member.card --fingerprint "$fingerprint"; says revoked
want 0 --dir hub community invite electricity; cp stdout later
want 3 --dir member join later --fingerprint "$community"; says revoked

# Reports: what is refused before the node is asked, and the node that does not answer.
report=(--kind incident --subject s --body b)
want 6 --dir hub status; want 6 --dir hub send --tlp AMBER --to @electricity "${report[@]}"; want 8 --dir nowhere status
want 3 --dir hub send --to @electricity "${report[@]}"; says label-missing
want 2 --dir hub send --tlp PINK --to @electricity "${report[@]}"; want 2 --dir hub send --tlp WHITE --to @electricity "${report[@]}"
want 2 --dir hub send --tlp AMBER "${report[@]}"; want 8 --dir hub send --tlp AMBER --to a@b@c "${report[@]}"
want 2 --dir hub send --tlp AMBER --to @e --kind nonsense --subject s --body b
want 2 --dir hub send --tlp AMBER --to @e --kind incident --body b; want 2 --dir hub send --tlp AMBER --to @e --kind incident --subject s
want 8 --dir hub send --tlp AMBER --to @e --kind incident --subject s --body $'\xff'
want 8 --dir hub send --tlp AMBER --to @e --kind incident --subject "$(head -c 401 /dev/zero | tr '\0' a)" --body b
want 2 --dir hub send --tlp AMBER --to @e --kind incident --subject s --body ''; says 'the text is empty'
: >none; want 2 --dir hub send --tlp AMBER --to @e --kind incident --subject s --body-file none; says 'the text is empty: none'
head -c 200000 /dev/zero | tr '\0' a >long; want 8 --dir hub send --tlp AMBER --to @e --kind incident --subject s --body-file long
want 8 --dir hub send --tlp AMBER --to @e "${report[@]}" --expires 15d; want 2 --dir hub send --tlp AMBER --to @e "${report[@]}" --expires soon
want 2 --dir hub send --tlp AMBER --to @e "${report[@]}" --onward everyone; want 2 --dir hub send --tlp AMBER --to @e "${report[@]}" --follows x
want 2 --dir hub show xyz; want 2 --dir hub list --limit 0; want 2 --dir hub list --since yesterday; want 2 --dir hub list --kind nonsense
want 2 --dir hub export 123456 --sink moon --format text; want 2 --dir hub export 123456 --sink own --format stix
want 2 --dir hub send --tlp AMBER --to @e --kind nonsense --subject s --body b; says 'Allowed: incident, '
want 8 --dir hub send --tlp AMBER --to @e --kind incident --subject "$(head -c 401 /dev/zero | tr '\0' a)" --body b; says 'at most 400 bytes'
want 8 --dir hub send --tlp AMBER --to @e --kind incident --subject $'a\x1bb' --body b; says 'control characters are not allowed'

# --as unlocks the person's key before anything else is done.
for command in "show 123456" "reply 123456 --body b" "export 123456 --sink own --format text" \
    "send --tlp GREEN --to @electricity --kind incident --subject s --body b"; do
    want 4 --dir member --as nobody $command; says person-unknown
    want 8 --dir member --as ../identity --passphrase-file pass $command; says '"name"\|\[name\]'
    want 5 --dir member --as sato $command; says passphrase
    want 5 --dir member --as sato --passphrase-file pass $command; says passphrase
    want 8 --dir member --as sato --passphrase-file missing $command
    want 6 --dir member --as sato --passphrase-file wrong $command
done

# Forms: options beside one win; what is wrong is told with its field.
printf 'subject:\nkind:\ntlp:\nsummary:\n' >blank.form
want 6 --dir hub send --form blank.form --tlp AMBER --to @electricity "${report[@]}"
want 3 --dir hub send --form blank.form --to @electricity "${report[@]}"; says label-missing
want 2 --dir hub send --form blank.form --tlp AMBER --to @e --kind incident --body b; says '--subject'
want 2 --dir hub send --form blank.form --tlp AMBER --to @e --subject s --body b; says '--kind'
want 2 --dir hub send --form blank.form --tlp AMBER --to @e --kind incident --subject s; says '--body'; says 'blank.form: the field summary'
want 2 --lang ja --dir hub send --form blank.form --tlp AMBER --to @e --kind incident --subject s; says 'blank.form：概要（summary）'
form_says() {
    printf '%b' "$1" >bad.form
    want 8 --dir hub send --form bad.form --tlp AMBER --to @electricity "${report[@]}"; says "$2"; says "$3"
}
form_says 'severity: high\n' 'line 1: severity: no field' 'noroshi form'
form_says 'system: a\nsystem: b\n' 'line 2: system: the field is given twice' malformed
form_says 'cause: disaster,\n' 'line 1: cause: not one of' 'Allowed: .*disaster'
form_says 'event_type: theft\n' 'line 1: event_type: not one of' 'Allowed: .*malware-infection'
form_says 'final: maybe\n' 'line 1: final: not one of' 'Allowed: yes, no'
form_says 'hello\n' 'line 1: the line belongs to no field' 'name: value'

# A damaged key, a key that nobody unlocks, and a folder that is closed, in both programs.
noroshid=$(dirname "$noroshi")/noroshid
daemon() {
    local code=$1
    shift
    setsid "$noroshid" "$@" >stdout 2>stderr </dev/null
    local got=$?
    [ $got -eq "$code" ] || { echo "cli_offline: exit $got, wanted $code: noroshid $*"; cat stderr; failures=$((failures + 1)); }
}
daemon 5 --dir member; says '--passphrase-file'; says LoadCredential
daemon 5 --dir member --passphrase-file missing; says 'missing: No such file'
daemon 5 --lang ja --dir member --passphrase-file missing; says 'missing: ファイルまたはフォルダーがありません'
cp -r hub cut; head -c 60 hub/identity.key >cut/identity.key
daemon 5 --dir cut; says identity.key
want 5 --dir cut person add sato --name "佐藤" --no-passphrase; says identity.key
cp -r hub closed; chmod 000 closed; chmod 711 .
other=() # root may look into any folder, so there somebody else looks
[ "$(id -u)" -ne 0 ] || other=(setpriv --reuid 65534 --regid 65534 --clear-groups)
if [ ${#other[@]} -eq 0 ] || "${other[@]}" test -x "$noroshi" 2>/dev/null; then
    "${other[@]}" "$noroshi" --dir closed status >stdout 2>stderr </dev/null; got=$?
    [ $got -eq 6 ] || { echo "cli_offline: exit $got of a closed folder"; failures=$((failures + 1)); }
    says 'closed: Permission denied'
    "${other[@]}" "$noroshid" --dir closed >stdout 2>stderr </dev/null; got=$?
    [ $got -eq 1 ] || { echo "cli_offline: exit $got of a closed folder: noroshid"; failures=$((failures + 1)); }
    says 'closed: Permission denied'
fi
chmod 700 closed

# A reader that leaves early is no failure.
{ "$noroshi" form incident; echo $? >code; } 2>stderr | true
sleep 0.1; [ "$(cat code)" -eq 0 ] && [ ! -s stderr ] || { echo "cli_offline: a closed pipe: $(cat code stderr)"; failures=$((failures + 1)); }

want 0 form incident; says 'subject'; want 0 --lang ja form near-miss; says '件名'; want 2 form nonsense; says 'Allowed: incident, '

[ $failures -eq 0 ] || { echo "cli_offline: $failures failed"; exit 1; }
echo "cli_offline: all as it should be"
