#!/bin/sh
# run.sh PROGRAM...: runs the C tests, as many at a time as there are CPUs (UB_TEST_LANES), a line each as it ends, and a
# closing line. Exit 77 of a test means skipped. Temporary files go to a directory in ${TMPDIR:-/var/tmp} that is removed
# whatever happens.
set -u
LIMIT_SECONDS=${UB_TEST_LIMIT:-120}

# One test, in a process of its own: its line, and a word for the counts.
if [ "${1:-}" = --one ]; then
    program=$2
    name=$(basename "$(dirname "$program")")/$(basename "$program")
    own=$(mktemp -d "$UB_TEST_DIR/XXXXXX") || exit 1
    TMPDIR=$own/tmp
    mkdir "$TMPDIR"
    export TMPDIR
    start=$(date +%s%N)
    timeout -k 5 "$LIMIT_SECONDS" "$program" >"$own/out" 2>"$own/err"
    code=$?
    # gcc's libtsan can't place its shadow memory when the kernel randomises addresses by more bits than it knows.
    if [ $code -ne 0 ] && grep -q 'ThreadSanitizer: unexpected memory mapping' "$own/err"; then
        timeout -k 5 "$LIMIT_SECONDS" setarch -R "$program" >"$own/out" 2>"$own/err"
        code=$?
    fi
    took=$(awk "BEGIN { printf \"%.1f s\", ($(date +%s%N) - $start) / 1e9 }")
    case $code in
    0) word=ok what=$took ;;
    77) word=skip what=$took ;;
    124 | 137) word=FAIL what="still running after $LIMIT_SECONDS s" ;;
    *) word=FAIL what="exit $code" ;;
    esac
    # A test's standard output is what it could not test and why. Line and errors in one write: others end meanwhile.
    notes=$(tr '\n' ';' <"$own/out" | sed 's/;$//; s/;/; /g')
    errors=$([ $word != FAIL ] || sed 's/^/     /' "$own/err")
    printf '%-4s %-22s %s\n%s' $word "$name" "$what${notes:+ [$notes]}" "${errors:+$errors
}"
    echo $word >>"$UB_TEST_DIR/words"
    rm -rf "$own"
    exit 0
fi

UB_TEST_DIR=$(mktemp -d "${TMPDIR:-/var/tmp}/uring-bench-check-XXXXXX") || exit 1
export UB_TEST_DIR
trap 'rm -rf "$UB_TEST_DIR"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1}"

printf '%s\n' "$@" | xargs -P "${UB_TEST_LANES:-$(nproc)}" -n 1 "$0" --one

count() { grep -cx "$1" "$UB_TEST_DIR/words"; }
echo "$(count ok) passed, $(count FAIL) failed, $(count skip) skipped"
# Each has to have said a word: one that was lost has not passed.
[ "$(count ok)" -gt 0 ] && [ $(($(count ok) + $(count skip))) -eq $# ]
