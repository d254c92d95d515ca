#!/bin/sh
# run.sh PROGRAM...: runs the C tests one after another, a line each, and a closing line. Exit 77 of a test means
# skipped. Temporary files go to a directory in ${TMPDIR:-/var/tmp} that is removed whatever happens.
set -u
LIMIT_SECONDS=${UB_TEST_LIMIT:-120}

dir=$(mktemp -d "${TMPDIR:-/var/tmp}/uring-bench-check-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
export TMPDIR="$dir"
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1}"

passed=0 failed=0 skipped=0

# A test's standard output is what it could not test and why.
line() {
    notes=$(tr '\n' ';' <"$dir/out" | sed 's/;$//; s/;/; /g')
    printf '%-4s %-22s %s\n' "$1" "$name" "$2${notes:+ [$notes]}"
}

for program; do
    name=$(basename "$(dirname "$program")")/$(basename "$program")
    start=$(date +%s%N)
    timeout -k 5 "$LIMIT_SECONDS" "$program" >"$dir/out" 2>"$dir/err"
    code=$?
    # gcc's libtsan can't place its shadow memory when the kernel randomises addresses by more bits than it knows.
    if [ $code -ne 0 ] && grep -q 'ThreadSanitizer: unexpected memory mapping' "$dir/err"; then
        timeout -k 5 "$LIMIT_SECONDS" setarch -R "$program" >"$dir/out" 2>"$dir/err"
        code=$?
    fi
    took=$(awk "BEGIN { printf \"%.1f s\", ($(date +%s%N) - $start) / 1e9 }")
    case $code in
    0) passed=$((passed + 1)) && line ok "$took" ;;
    77) skipped=$((skipped + 1)) && line skip "$took" ;;
    124 | 137) failed=$((failed + 1)) && line FAIL "still running after $LIMIT_SECONDS s" ;;
    *) failed=$((failed + 1)) && line FAIL "exit $code" ;;
    esac
    [ $code -eq 0 ] || [ $code -eq 77 ] || sed 's/^/     /' "$dir/err"
done

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
