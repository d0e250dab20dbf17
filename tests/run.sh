#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the tests and says what failed: run.sh [unit] [golden] [e2e], all of them without an argument.
#
#   unit     $O/tests/test_*         C programs that print TAP
#   golden   tests/golden/           NAME.check: assertions on the JSON report of NAME.ev (see check_json.py), and/or
#                                    NAME.cmd: a command line whose output must be NAME.out (and NAME.err, if there is one);
#                                    a line "# exit: N" in it is the status it must end with
#   e2e      tests/e2e/*.sh          scripts that print TAP; "# timeout: SECONDS" in one gives it more than 120
#
# O=DIR       where the program and unit tests were built (build)
# BLESS=1     write what NAME.cmd prints to NAME.out and NAME.err instead of comparing: review the difference
# ONLY=TEXT   only tests whose name contains it
# AGENTTOP_REQUIRE_LIVE=1   a skipped test whose reason begins with "live" has failed; LIVE=required is the same
#
# The last line is "N passed, N failed, N skipped"; the exit status is 1 if one failed or none passed.
set -u
[ "${AGENTTOP_REQUIRE_LIVE:-}" != 1 ] || LIVE=required
cd "$(dirname "$0")/.." || exit 1
top=$PWD
case ${O:=build} in /*) ;; *) O=$top/$O ;; esac
tmp=$(mktemp -d "${TMPDIR:-/tmp}/agenttop-test.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
passed=0 failed=0 skipped=0

# world COMMAND...: run it in the same surroundings everywhere, with nothing of the user's.
world()
{
	rm -rf "$tmp/home" "$tmp/tmp"
	mkdir -p "$tmp/home/.config" "$tmp/tmp"
	env -u COLUMNS -u LINES -u TERM -u BLESS -u MAKEFLAGS -u MAKELEVEL \
		HOME="$tmp/home" XDG_CONFIG_HOME="$tmp/home/.config" TMPDIR="$tmp/tmp" \
		LC_ALL=C.UTF-8 TZ=UTC NO_COLOR=1 PATH="$O:$PATH" \
		O="$O" AGENTTOP="$O/agenttop" TOP="$top" LIVE="${LIVE:-}" \
		ASAN_OPTIONS="${ASAN_OPTIONS:-abort_on_error=0:detect_leaks=1}" \
		timeout -k 5 "$limit" "$@" < /dev/null > "$tmp/out" 2> "$tmp/err"
}

# tap NAME STATUS: count the TAP in $tmp/out and show what failed in it.
tap()
{
	awk -v name="$1" -v status="$2" -v live="${LIVE:-}" -v limit="$limit" '
		function fail(what) { print "FAIL " name ": " what; n_fail++; shown = 1 }
		/^(not )?ok( |$)/ {
			shown = 0; n++
			text = $0; sub(/^(not )?ok */, "", text); sub(/^[0-9]+ */, "", text); sub(/^- */, "", text)
			if (match(text, /# *[Ss][Kk][Ii][Pp][^ ]*/)) {
				why = substr(text, RSTART + RLENGTH); sub(/^ */, "", why)
				if (live == "required" && why ~ /^live/) fail(text)
				else { n_skip++; print "skip " name ": " why }
			} else if (/^not/) fail(text)
			else n_pass++
			next
		}
		/^1\.\.[0-9]+/ {
			plan = $1; sub(/^1\.\./, "", plan); have_plan = 1
			if (plan == 0) {
				why = $0; sub(/^[^#]*(# *[Ss][Kk][Ii][Pp][^ ]* *)?/, "", why)
				if (live == "required" && why ~ /^live/) fail("skipped: " why)
				else { n_skip++; print "skip " name ": " why }
			}
			next
		}
		/^ *#/ { if (shown) print "     " $0; next }
		{ other[n_other++] = $0 }
		END {
			bad = 0
			if (status == 124 || status == 137) { fail("no end after " limit " seconds"); bad = 1 }
			else if (status > 1 || (status == 1 && !n_fail)) { fail("ended with status " status); bad = 1 }
			else if (!have_plan) { fail("no plan: it ended early"); bad = 1 }
			else if (plan + 0 != n + 0) { fail("planned " plan " tests, ran " n + 0); bad = 1 }
			if (bad) for (i = n_other > 20 ? n_other - 20 : 0; i < n_other; i++) print "      | " other[i]
			print n_pass + 0, n_fail + 0, n_skip + 0, bad > counts
		}' counts="$tmp/counts" "$tmp/out"
	read -r p f s bad < "$tmp/counts"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	if [ "$f" -gt 0 ] && [ -s "$tmp/err" ]; then
		tail -n 40 "$tmp/err" | sed 's/^/      ! /'
	fi
}

pass() { passed=$((passed + 1)); }
# fail NAME TEXT [FILE]: what went wrong, and the text that shows it.
fail()
{
	failed=$((failed + 1))
	echo "FAIL $1: $2"
	if [ $# -gt 2 ]; then
		head -n "${LINES_SHOWN:-60}" "$3" | sed 's/^/      | /'
	fi
}

wanted()
{
	case $1 in *"${ONLY:-}"*) return 0 ;; esac
	return 1
}

# timeout_of FILE: what a line "# timeout: SECONDS" in it says.
timeout_of()
{
	limit=$(sed -n 's/^# timeout: *\([0-9][0-9]*\).*/\1/p' "$1" | head -n 1)
	limit=${limit:-120}
}

run_unit()
{
	for t in "$O"/tests/test_*; do
		case $t in *.d | *.o | *'*') continue ;; esac
		wanted "unit/${t##*/}" || continue
		limit=120
		world "$t"
		tap "unit/${t##*/}" $?
	done
}

# same NAME KIND EXPECTED GOT
same()
{
	if diff -u "$3" "$4" > "$tmp/diff"; then
		pass
	else
		fail "$1" "$2 differs (- expected, + got)" "$tmp/diff"
	fi
}

golden_cmd()
{
	name=$1 base=$2
	timeout_of "$base.cmd"
	status=$(sed -n 's/^# exit: *\([0-9][0-9]*\).*/\1/p' "$base.cmd" | head -n 1)
	cd tests/golden || exit 1
	world sh "$top/$base.cmd"
	got=$?
	cd "$top" || exit 1
	if [ -n "${BLESS:-}" ]; then
		cp "$tmp/out" "$base.out"
		[ ! -e "$base.err" ] || cp "$tmp/err" "$base.err"
	fi
	if [ "$got" -ne "${status:-0}" ]; then
		fail "$name" "ended with status $got, not ${status:-0}" "$tmp/err"
	else
		pass
	fi
	if [ -e "$base.out" ]; then
		same "$name" output "$base.out" "$tmp/out"
	fi
	if [ -e "$base.err" ]; then
		same "$name" "standard error" "$base.err" "$tmp/err"
	elif [ "${status:-0}" -eq 0 ] && [ -s "$tmp/err" ]; then
		fail "$name" "printed on standard error" "$tmp/err"
	fi
}

run_golden()
{
	for f in tests/golden/*.cmd tests/golden/*.check; do
		base=${f%.*}
		name=golden/${base##*/}
		case $base in *'*') continue ;; esac
		wanted "$name" || continue
		case $f in
		*.cmd)
			golden_cmd "$name" "$base"
			;;
		*.check)
			timeout_of "$f"
			world python3 tests/check_json.py "$f"
			tap "$name" $?
			;;
		esac
	done
}

run_e2e()
{
	for t in tests/e2e/*.sh; do
		case $t in *'*.sh') continue ;; esac
		name=${t%.sh}
		wanted "e2e/${name##*/}" || continue
		timeout_of "$t"
		if [ -x "$t" ]; then
			world "$t"
		else
			world sh "$t"
		fi
		tap "e2e/${name##*/}" $?
	done
}

[ $# -gt 0 ] || set -- unit golden e2e
for kind; do
	case $kind in
	unit | golden | e2e) "run_$kind" ;;
	*)
		echo "run.sh: $kind: expected unit, golden or e2e" >&2
		exit 2
		;;
	esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
