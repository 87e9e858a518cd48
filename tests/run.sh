#!/bin/bash
# Runs the functional suite against a build: as root and as an ordinary user. See tests/README.md.
#
# usage: tests/run.sh [--build DIR] [--as-root|--as-user|--both] [pytest arguments…]
#
# Called by root, the default is --both: once as root, once as an unprivileged user that exists only for the run. Called by
# anyone else, it runs as that user, and says that the root half did not run.
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${HUTCH_BUILD_DIR:-}
halves=both
while [[ $# -gt 0 ]]; do
  case $1 in
    --build) build=${2:?--build needs a folder}; shift 2 ;;
    --as-root) halves=root; shift ;;
    --as-user) halves=user; shift ;;
    --both) halves=both; shift ;;
    *) break ;;
  esac
done
if [[ -z $build ]]; then
  for name in release dev; do
    [[ -z $build && -x $repository/build/$name/manager/hutchd ]] && build=$repository/build/$name
  done
fi
[[ -n $build && -x $build/manager/hutchd ]] || { echo "tests: no hutchd in '${build:-build/}'; build first or name the folder with --build" >&2; exit 2; }
build=$(cd "$build" && pwd)
guest=${HUTCH_GUEST_DIR:-$build/guest}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/hutch-tests.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
mkdir "$scratch/root" "$scratch/user"

# Runs pytest with the rest of the arguments; its output goes to the terminal and to $scratch/<half>.log.
run_pytest() { # half, build folder, guest folder, tests folder, command prefix… -- pytest arguments…
  local half=$1 build_dir=$2 guest_dir=$3 tests=$4 prefix=()
  shift 4
  while [[ $1 != -- ]]; do prefix+=("$1"); shift; done
  shift
  echo "== functional suite as $half" >&2
  (
    cd "$tests"
    unset HUTCH_BUILD_DIR HUTCH_GUEST_DIR
    "${prefix[@]}" env HUTCH_BUILD_DIR="$build_dir" HUTCH_GUEST_DIR="$guest_dir" PYTHONDONTWRITEBYTECODE=1 \
      /usr/bin/python3 -m pytest -p no:cacheprovider -rfEs --basetemp="$scratch/$half/tmp" --tb=short "$@" .
  ) 2>&1 | tee "$scratch/$half.log"
}

as_root() {
  run_pytest root "$build" "$guest" "$repository/tests/functional" -- "$@"
}

# A uid that nobody has and owns nothing.
unused_uid() {
  local uid=54321
  while getent passwd "$uid" >/dev/null; do uid=$((uid + 1)); done
  echo "$uid"
}

as_user() {
  if [[ $EUID -ne 0 ]]; then
    run_pytest user "$build" "$guest" "$repository/tests/functional" -- "$@"
    return
  fi
  local uid prefix build_dir=$build guest_dir=$guest tests=$repository/tests/functional home=$scratch/home
  uid=$(unused_uid)
  mkdir -p "$home/tmp"
  chown -R "$uid:$uid" "$home" "$scratch/user"
  prefix=(setpriv "--reuid=$uid" "--regid=$uid" --clear-groups --inh-caps=-all --bounding-set=-all)
  # what that user cannot read (a checkout or cache below /root, say) is copied for the run
  if ! "${prefix[@]}" test -x "$build/manager/hutchd" 2>/dev/null; then
    build_dir=$scratch/build
    (cd "$build" && find manager -type f -perm -u+x -print0 | xargs -0 cp --parents -t "$(mkdir -p "$build_dir" && echo "$build_dir")")
    chmod -R a+rX "$build_dir"
  fi
  if ! find -L "$guest" -type f -print0 | xargs -0 -n1 "${prefix[@]}" test -r 2>/dev/null; then
    guest_dir=$scratch/guest
    cp -RL --reflink=auto --sparse=always "$guest" "$guest_dir"
    chmod -R a+rX "$guest_dir"
  fi
  if ! "${prefix[@]}" test -r "$tests/conftest.py" 2>/dev/null; then
    mkdir -p "$scratch/tests"
    cp -R "$tests" "$repository/tests/expected-skips.txt" "$scratch/tests"
    chmod -R a+rX "$scratch/tests"
    tests=$scratch/tests/functional
  fi
  prefix+=(env -u XDG_RUNTIME_DIR "HOME=$home" "TMPDIR=$home/tmp" "XDG_CACHE_HOME=$home/cache" "XDG_CONFIG_HOME=$home/config"
           "XDG_DATA_HOME=$home/data")
  run_pytest user "$build_dir" "$guest_dir" "$tests" "${prefix[@]}" -- "$@"
}

# Adds up the closing lines of the halves that ran: "N passed, N failed, N skipped".
summary() {
  local half word total
  for word in passed failed errors\? skipped; do
    total=0
    for half in root user; do
      [[ -f $scratch/$half.log ]] || continue
      total=$((total + $(tail -1 "$scratch/$half.log" | { grep -oE "[0-9]+ $word" -E || echo 0; } | cut -d' ' -f1)))
    done
    echo "$total"
  done
}

status=0
if [[ $halves != user ]]; then
  if [[ $EUID -eq 0 ]]; then
    as_root "$@" || status=1
  elif [[ $halves == root ]]; then
    echo "tests: --as-root needs root" >&2
    exit 2
  else
    echo "tests: NOT RUN: the half as root (this is uid $EUID)" >&2
  fi
fi
if [[ $halves != root ]]; then
  as_user "$@" || status=1
fi
read -r -d '' passed failed errors skipped < <(summary) || true
echo "$passed passed, $((failed + errors)) failed, $skipped skipped"
exit "$status"
