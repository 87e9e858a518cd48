#!/bin/sh
# Fetches one Debian package from suites that this machine does not itself follow, without touching its apt state.
#
#   fetch-debian.sh binary SUITES PACKAGE OUTDIR    the newest .deb of PACKAGE        -> prints its path
#   fetch-debian.sh source SUITES PACKAGE OUTDIR    source PACKAGE, also unpacked     -> prints the unpacked directory
#
# SUITES is a comma separated list, tried in order: the first suite that has PACKAGE, and whose mirror delivers it, wins ("sid,trixie-backports").
# Mirror, keyring and options are those of the machine's own apt entries for the Debian archive; only the suite is exchanged.
# apt checks all signatures and hashes as always. The package lists are kept for a day in the artefact cache
# (HUTCH_APT_MAX_AGE_MINUTES overrides; older ones still serve, with a warning, when the mirror cannot be reached).
# Runs as root or ordinary user. Progress on stderr.
#
# Exit: 0 done; 2 wrong usage or this machine lacks something; 3 no such package in any suite; 4 archive or suite not reachable.
set -eu
export LC_ALL=C
program=fetch-debian
say() { echo "$program: $*" >&2; }
die() { code=$1; shift; say "$*"; exit "$code"; }

[ $# -eq 4 ] || die 2 "usage: fetch-debian.sh binary|source SUITES PACKAGE OUTDIR"
kind=$1 suites=$2 package=$3 out_dir=$4
case $kind in
    binary) types=deb ;;
    source) types=deb-src ;;
    *) die 2 "unknown kind '$kind', expected binary or source" ;;
esac
case $suites in ''|,*|*,|*,,*|*[!A-Za-z0-9,._-]*) die 2 "SUITES '$suites' must be suite names separated by commas" ;; esac
case $package in ''|[!a-z0-9]*|*[!a-z0-9.+-]*) die 2 "'$package' is not a Debian package name" ;; esac
for tool in apt-get apt-cache flock sha256sum; do
    command -v "$tool" >/dev/null || die 2 "'$tool' is missing: this needs a Debian machine with apt and util-linux"
done
[ "$kind" = binary ] || command -v dpkg-source >/dev/null || die 2 "'dpkg-source' is missing: install the package dpkg-dev"

cache_root=${XDG_CACHE_HOME:-${HOME:?HOME and XDG_CACHE_HOME are both unset}/.cache}/hutch/apt
max_age_minutes=${HUTCH_APT_MAX_AGE_MINUTES:-1440}
mkdir -p "$cache_root" "$out_dir" || die 2 "cannot create $cache_root and $out_dir"
out_dir=$(cd "$out_dir" && pwd)
work=$(mktemp -d "$out_dir/.fetch-debian.XXXXXX") || die 2 "cannot write to $out_dir"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# --- The machine's own entries for the Debian archive, as candidates: $work/candidate-N.{list,sources} with suite @SUITE@.
# An entry belongs to the Debian archive when it names a Debian suite with component main and is not the security archive.
# A third party may look the same, so the Origin of what it serves is checked after the update.
find_entries() {
    etc_main=/etc/apt/sources.list etc_parts=/etc/apt/sources.list.d
    eval "$(apt-config shell etc_main Dir::Etc::sourcelist/f etc_parts Dir::Etc::sourceparts/d)"
    codename=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}") || codename=
    known="stable|oldstable|testing|unstable|sid|bullseye|bookworm|trixie|forky|duke${codename:+|$codename}"
    for file in "$etc_main" "$etc_parts"/*.list; do
        [ -r "$file" ] || continue
        awk -v known="^($known)(-updates|-backports)?/?\$" -v types="$types" '
            /^[ \t]*deb(-src)?[ \t]/ {
                line = $0; sub(/#.*/, "", line); sub(/^[ \t]*deb(-src)?[ \t]+/, "", line); options = ""
                if (match(line, /^\[[^]]*\][ \t]*/)) { options = substr(line, 1, RLENGTH); line = substr(line, RLENGTH + 1) }
                count = split(line, word, /[ \t]+/); has_main = 0
                for (i = 3; i <= count; i++) if (word[i] == "main") has_main = 1
                if (has_main && word[2] ~ known && word[1] !~ /security\/?$/) print types " " options word[1] " @SUITE@ main"
            }' "$file"
    done | awk '!seen[$0]++' >"$work/lines"
    number=0
    while IFS= read -r line; do
        number=$((number + 1))
        printf '%s\n' "$line" >"$work/candidate-$number.list"
    done <"$work/lines"
    for file in "$etc_parts"/*.sources; do
        [ -r "$file" ] || continue
        # Comment lines would hide a field that follows them in the same stanza, so they go first.
        sed '/^#/d' "$file" | awk -v known="^($known)(-updates|-backports)?/?\$" -v types="$types" -v prefix="$work/candidate-$(basename "$file")" '
            BEGIN { RS = ""; FS = "\n" }
            {
                suite_ok = main_ok = 0; usable = 1; text = ""; skipping = 0
                for (i = 1; i <= NF; i++) {
                    if ($i ~ /^[ \t]/) { if (!skipping) text = text $i "\n"; continue }
                    colon = index($i, ":"); name = tolower(substr($i, 1, colon - 1)); value = substr($i, colon + 1)
                    count = split(value, word, /[ \t]+/); skipping = 0
                    if (name == "suites") { for (j = 1; j <= count; j++) if (word[j] ~ known) suite_ok = 1; skipping = 1 }
                    else if (name == "components") { for (j = 1; j <= count; j++) if (word[j] == "main") main_ok = 1; skipping = 1 }
                    else if (name == "types") skipping = 1
                    else if (name == "enabled") { if (value ~ /no|false|0/) usable = 0; skipping = 1 }
                    else { if (name == "uris" && value ~ /security\/?[ \t]*$/) usable = 0; text = text $i "\n" }
                }
                if (suite_ok && main_ok && usable)
                    printf "Types: %s\nSuites: @SUITE@\nComponents: main\n%s", types, text > (prefix "-" NR ".sources")
            }'
    done
}

# --- One suite of one entry: sets $state (a private apt world) and brings its lists up to date.
write_configuration() {
    # Read after the machine's own configuration, so that its proxies stay and its hooks (which may touch the system) go.
    cat >"$state/apt.conf" <<END
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$state/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$state";
Dir::State::lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state/cache";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
END
}

apt() { tool=$1; shift; "$tool" -c "$state/apt.conf" "$@"; }

open_state() { # entry-file suite
    text=$(sed "s/@SUITE@/$2/" "$1")
    state=$cache_root/$2-$kind-$(printf '%s' "$text" | sha256sum | cut -c1-16)
    mkdir -p "$state/sources" "$state/lists/partial" "$state/cache/archives/partial"
    exec 9>"$state/lock"
    flock 9
    [ -e "$state/status" ] || : >"$state/status"
    write_configuration
    # Written once: apt reads its lists anew, for seconds, whenever these files look younger than its own cache.
    [ -e "$state/sources/debian.${1##*.}" ] || printf '%s\n' "$text" >"$state/sources/debian.${1##*.}"
}

refresh() { # always|when-old
    if [ "$1" = when-old ] && [ -n "$(find "$state/updated" -mmin "-$max_age_minutes" 2>/dev/null)" ]; then return 0; fi
    say "reading the package lists of $suite"
    if apt apt-get update >"$work/update.log" 2>&1 </dev/null; then
        : >"$state/updated"
        return 0
    fi
    if [ "$1" = when-old ] && [ -e "$state/updated" ]; then
        say "the mirror cannot be reached, going on with the lists of $(date -r "$state/updated" '+%F %R')"
        return 0
    fi
    return 1
}

served_by_debian() { grep -qsxE 'Origin: Debian( Backports)?' "$state"/lists/*Release; }

has_package() {
    if [ "$kind" = binary ]; then
        apt apt-cache show --no-all-versions "$package" >"$work/show" 2>/dev/null </dev/null && grep -q '^Filename:' "$work/show"
    else
        apt apt-cache showsrc --only-source "$package" >"$work/show" 2>/dev/null </dev/null && grep -q '^Format:\|^Files:' "$work/show"
    fi
}

download() {
    if [ "$kind" = binary ]; then set -- apt-get -q download "$package"
    else set -- apt-get -q source --only-source --download-only "$package"; fi
    (cd "$work/files" && apt "$@" >"$work/download.log" 2>&1 </dev/null)
}

deliver() {
    if [ "$kind" = binary ]; then
        set -- "$work"/files/*.deb
        mv -f "$1" "$out_dir/"
        echo "$out_dir/${1##*/}"
        return
    fi
    set -- "$work"/files/*.dsc
    name=${1##*/}; name=${name%.dsc}
    unpacked=$out_dir/$(printf '%s' "$name" | sed 's/_/-/')
    dpkg-source --no-copy -x "$1" "$work/unpacked" >"$work/unpack.log" 2>&1 || { cat "$work/unpack.log" >&2; die 2 "cannot unpack $name.dsc"; }
    rm -rf "$unpacked"
    mv "$work/unpacked" "$unpacked"
    mv -f "$work"/files/* "$out_dir/"
    echo "$unpacked"
}

find_entries
set -- "$work"/candidate-*
[ -e "$1" ] || die 2 "found no entry for the Debian archive in /etc/apt/sources.list or /etc/apt/sources.list.d; add one (see sources.list(5)) and run again"
mkdir "$work/files"

searched='' unreachable=''
for suite in $(printf '%s' "$suites" | tr , ' '); do
    for entry in "$@"; do
        open_state "$entry" "$suite"
        if ! refresh when-old; then
            if grep -q '404' "$work/update.log"; then reason="the mirror has no suite '$suite'"
            else reason="the mirror cannot be reached for suite '$suite'"; fi
            detail=$(grep -m1 -A1 '^Err:' "$work/update.log" || grep -m1 '^E:' "$work/update.log") || true
            detail=$(printf '%s' "$detail" | tr -s '\n ' ' ')
            unreachable="$unreachable; $reason${detail:+ ($detail)}"
            continue
        fi
        served_by_debian || continue
        searched="$searched $suite"
        has_package || break
        say "downloading $package from $suite"
        # A version may have left the archive since the lists were read: read them again, once.
        if ! download && ! { refresh always && has_package && download; }; then
            detail=$(grep -m1 '^E:' "$work/download.log" || true)
            unreachable="$unreachable; suite '$suite' lists it, but downloading failed${detail:+ ($detail)}"
            say "downloading failed${detail:+: $detail}"
            rm -rf "$work/files" && mkdir "$work/files"
            break
        fi
        deliver
        exit 0
    done
done
[ -z "$unreachable" ] || die 4 "did not get $kind package '$package': searched${searched:- nothing}$unreachable"
[ -n "$searched" ] || die 4 "none of the machine's apt entries serves the Debian archive (Origin: Debian) for $suites"
die 3 "no $kind package '$package' in$searched"
