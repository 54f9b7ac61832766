#!/bin/sh
# noroshi-sim links the daemon's own core, store and keys: the same archives, and no object of the simulator takes the place of
# anything in them.
#   check_archives.sh BUILD
set -eu

build=$1
cd "$build"

archives_of() {
    ninja -t query "bin/$1" | sed -n 's/^ *\(| \)\{0,1\}\([^ ]*libnrs_\(core\|store\|keys\|proto\)\.a\)$/\2/p' | sort -u
}

daemon=$(archives_of noroshid)
simulator=$(archives_of noroshi-sim)
for box in core store keys proto; do
    case $daemon in
    *libnrs_$box.a*) ;;
    *) echo "noroshid does not link libnrs_$box.a"; exit 1 ;;
    esac
done
if [ "$daemon" != "$simulator" ]; then
    printf 'noroshid links:\n%s\nnoroshi-sim links:\n%s\n' "$daemon" "$simulator"
    exit 1
fi

defined=$(mktemp)
own=$(mktemp)
trap 'rm -f "$defined" "$own"' EXIT
for archive in $daemon; do
    nm --defined-only --extern-only "$archive" 2>/dev/null | sed -n 's/^[0-9a-f]* [A-Z] //p'
done | grep -v '\.a$' | sort -u >"$defined"
find sim -name '*.o' -exec nm --defined-only --extern-only {} + 2>/dev/null | sed -n 's/^[0-9a-f]* [A-Z] //p' | sort -u >"$own"
[ -s "$defined" ] && [ -s "$own" ]
taken=$(comm -12 "$defined" "$own")
if [ -n "$taken" ]; then
    printf 'the simulator brings its own:\n%s\n' "$taken"
    exit 1
fi
# What it does bring, the daemon must not have: a seeded generator in a daemon would be the end of all keys.
if nm "bin/noroshid" | grep -E ' (sim_|__wrap_)'; then
    echo 'something of the simulator is in the daemon'
    exit 1
fi
