#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fuzzes every parser: run.sh [TARGET...], all of them without an argument (tracedat, perfdata, text, decode, marks, session).
#
#   FUZZ_SECONDS=60   for each target
#   O=build/fuzz      objects, libFuzzer's corpora (corpus/TARGET: the next run goes on from there), findings (found/TARGET-...)
#   CC=clang          with its fuzzer runtime (Debian: clang, libclang-rt-14-dev), or gcc: then driver.c takes libFuzzer's part
#   RECORDINGS=DIR    more seeds: the small recordings in it
#
# A finding that has been understood belongs into tests/fuzz/cases/TARGET/: every test run reads those.
# The exit status is 1 when something was found.
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build/fuzz}
seconds=${FUZZ_SECONDS:-60}
rec=${RECORDINGS:-../shared/recordings}
mkdir -p "$O/found" || exit 1

# has_fuzzer COMPILER: it can link a target with libFuzzer and the sanitizers.
has_fuzzer()
{
	command -v "$1" > /dev/null || return 1
	echo '#include <stddef.h>
int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n) { return !p && n; }' > "$O/probe.c"
	"$1" -fsanitize=fuzzer,address,undefined -o "$O/probe" "$O/probe.c" 2> /dev/null
}

if has_fuzzer "${CC:-clang}"; then
	CC=${CC:-clang}
	engine=-fsanitize=fuzzer
	set_flags='SAN=fuzzer-no-link,address,undefined,float-cast-overflow'
	cflags='-O1 -g'
else
	[ "${CC:-clang}" != clang ] || CC=gcc
	engine=$O/driver.o
	set_flags='SAN=address,undefined,float-cast-overflow'
	cflags='-O1 -g -fsanitize-coverage=trace-pc'
fi
echo "fuzzing with $CC, $seconds seconds for each target"
make --no-print-directory -f tests/fuzz/fuzz.mk O="$O" CC="$CC" "$set_flags" CFLAGS="$cflags" ENGINE="$engine" fuzzers || exit 1

# seeds TARGET: the files and directories with its seeds.
seeds()
{
	case $1 in
	tracedat) ls tests/fuzz/seeds/*.dat ;;
	perfdata) ls tests/fuzz/seeds/*.perf; find "$rec" -name '*.perf.data' -size -64k 2> /dev/null ;;
	text) ls tests/golden/*.ev ;;
	decode) ls tests/fuzz/seeds/*.format; find "$rec/formats" -name '*.sys_e*' -o -name '*.sched_*' 2> /dev/null ;;
	marks) ls tests/fuzz/seeds/*.mark ;;
	session) ls tests/fuzz/seeds/*.dat tests/fuzz/seeds/*.perf tests/golden/*.ev ;;
	esac
	ls tests/fuzz/cases/"$1"/* 2> /dev/null
}

[ $# -gt 0 ] || set -- tracedat perfdata text decode marks session
bad=0
for t; do
	[ -x "$O/fuzz_$t" ] || { echo "run.sh: no target $t" >&2; exit 2; }
	corpus=$O/corpus/$t
	mkdir -p "$corpus" "$O/seeds/$t"
	for f in $(seeds "$t"); do
		cp -f "$f" "$O/seeds/$t/"
	done
	# stderr has the target's own output too: only what libFuzzer says in the end is shown, all of it when something was found
	if ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:allocator_may_return_null=1" \
		UBSAN_OPTIONS="print_stacktrace=1:abort_on_error=1" \
		nice "$O/fuzz_$t" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=512 -max_len=65536 -print_final_stats=1 \
		-artifact_prefix="$O/found/$t-" "$corpus" "$O/seeds/$t" > "$O/$t.log" 2>&1 < /dev/null; then
		echo "$t: nothing found: $(grep '^Done' "$O/$t.log" | tail -n 1)"
	else
		bad=1
		echo "$t: found something: see $O/$t.log and $O/found"
		grep -E '^(==|SUMMARY|Test unit|artifact|input of)|runtime error|does not hold|^    #[0-9] ' "$O/$t.log" | tail -n 40
	fi
done
exit $bad
