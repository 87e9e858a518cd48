#!/usr/bin/env bash
# All tests, in stages; called by `./hutch test`, which has installed and built the release preset.
#
# usage: tests/all.sh [--long] [STAGE…]
#
# Stages: style, units, functional, webui, doctor; with --long also asan, tsan and fuzz.
# A stage that fails does not keep the others from running; the last lines say which failed.
set -uo pipefail

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." || exit
# shellcheck source=common/build/building.sh
source common/build/building.sh

readonly fuzz_seconds=${HUTCH_TEST_FUZZ_SECONDS:-20}
readonly release=$PWD/build/release

stage_style() {
    local files
    mapfile -t files < <(git ls-files '*.cpp' '*.hpp')
    clang-format --dry-run --Werror "${files[@]}" || return 1
    mapfile -t files < <(git ls-files '*.sh' hutch .ci/run | grep -v /overlay/)
    shellcheck --severity=warning --external-sources "${files[@]}"
}

stage_units() { ctest --test-dir build/release --output-on-failure --no-tests=error; }

stage_functional() { tests/run.sh --build "$release"; }

stage_webui() { tests/webui/run.sh "$release"; }

stage_doctor() { build/release/manager/hutchd doctor; }

# The manager and all units with AddressSanitizer and UBSan. What runs inside a jail or a guest is static, which those cannot be: the
# functional suite takes hutch-jail, hutch-vsock and the guest from the release build.
stage_asan() {
    configure_and_build asan || return 1
    export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
    ctest --test-dir build/asan --output-on-failure --no-tests=error || return 1
    local mixed=$PWD/build/asan/functional
    rm -rf "$mixed"
    mkdir -p "$mixed/manager"
    cp build/asan/manager/hutchd "$release/manager/hutch-jail" "$release/manager/hutch-vsock" "$mixed/manager/"
    ln -s "$release/guest" "$release/webui" "$mixed/"
    tests/run.sh --build "$mixed" "$([ "$(id -u)" = 0 ] && echo --as-root || echo --as-user)"
}

stage_tsan() {
    configure_and_build tsan || return 1
    TSAN_OPTIONS=halt_on_error=1 ctest --test-dir build/tsan --output-on-failure --no-tests=error
}

# Each libFuzzer target for a short while, from the seeds beside it where there are any.
stage_fuzz() {
    configure_and_build fuzz fuzzers || return 1
    local fuzzer program corpus seeds status=0
    while read -r fuzzer; do
        program=$(find build/fuzz -type f -name "$fuzzer" -perm -u+x)
        corpus=build/fuzz/corpus/$fuzzer
        mkdir -p "$corpus"
        seeds=$(git ls-files '*/corpus/*' | grep -F "/$fuzzer/" | head -1)
        say "fuzzing $fuzzer for $fuzz_seconds s"
        "$program" -max_total_time="$fuzz_seconds" -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
            -artifact_prefix="build/fuzz/" "$corpus" ${seeds:+"$(dirname "$seeds")"} 2>&1 | tail -8
        [ "${PIPESTATUS[0]}" = 0 ] || { status=1; say "$fuzzer FAILED; the input is in build/fuzz/"; }
    done <build/fuzz/fuzzers.txt
    return $status
}

main() {
    local stages=() long=no argument
    for argument in "$@"; do
        case $argument in
            --long) long=yes ;;
            -*) die "tests/all.sh: unknown option $argument" ;;
            *) declare -F "stage_$argument" >/dev/null || die "tests/all.sh: there is no stage '$argument'"; stages+=("$argument") ;;
        esac
    done
    if [ ${#stages[@]} -eq 0 ]; then
        stages=(style units functional webui doctor)
        [ "$long" = no ] || stages+=(asan tsan fuzz)
    fi
    local stage failed=()
    for stage in "${stages[@]}"; do
        say "== stage $stage"
        "stage_$stage" || { failed+=("$stage"); say "stage $stage FAILED"; }
    done
    say "stages run: ${stages[*]}; failed: ${failed[*]:-none}"
    printf '%d passed, %d failed\n' $((${#stages[@]} - ${#failed[@]})) ${#failed[@]}
    [ ${#failed[@]} -eq 0 ]
}

main "$@"
