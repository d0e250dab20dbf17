#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What is said when something is wrong with the command line, the output or the surroundings, and with which status.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build} in /*) ;; *) O=$PWD/$O ;; esac
agenttop=${AGENTTOP:-$O/agenttop}
. tests/tap.sh
rec=tests/fuzz/seeds/all_stages.dat
long=tests/golden/hostile.ev
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
unset NO_COLOR AGENTTOP_ASCII

# one_line: standard error is one line of agenttop's, printable, and no more.
one_line()
{
	[ "$(wc -l < "$tmp/err")" -eq 1 ] && grep -q '^agenttop: .' "$tmp/err" && ! grep -q '[[:cntrl:]]' "$tmp/err"
}

# wrong STATUS TEXT ARGUMENTS...: that status, nothing on standard output, and one line in which TEXT stands.
wrong()
{
	want=$1 text=$2
	shift 2
	timeout 20 "$agenttop" "$@" < /dev/null > "$tmp/out" 2> "$tmp/err"
	got=$?
	[ $got -eq "$want" ] && [ ! -s "$tmp/out" ] && one_line && grep -qF -- "$text" "$tmp/err"
	ok $? "$(printf %s "$*" | tr -c ' -~' '?' | tr '#' '?' | cut -c 1-70): status $want" "status $got" "$(head -n 3 "$tmp/err")"
}

# fine ARGUMENTS...: status 0, something on standard output, nothing on standard error.
fine()
{
	timeout 20 "$agenttop" "$@" < /dev/null > "$tmp/out" 2> "$tmp/err"
	got=$?
	[ $got -eq 0 ] && [ -s "$tmp/out" ] && [ ! -s "$tmp/err" ]
	ok $? "$*: status 0" "status $got" "$(head -n 3 "$tmp/err")"
}

# ---- wrong usage ----

wrong 2 '--report needs a recording' --report
wrong 2 '--from' --from=1
wrong 2 'live recording' --keep 5 $rec
wrong 2 'one recording' a b
wrong 2 '--nosuch' --nosuch $rec
wrong 2 '--report' --rep $rec
wrong 2 '--report=json' --report json $rec
wrong 2 '-x' -x $rec
wrong 2 'not in this version' --apply $rec
wrong 2 'empty' ''
wrong 2 'takes no value' --help=3
wrong 2 'needs a value' $rec --pid
wrong 2 'needs a value' $rec -p
for v in 0 -1 x 1,,2 ',' 99999999999 1.5 0x10; do wrong 2 '--pid' --pid=$v $rec; done
for v in '' '(' '[' 'a{9999999}'; do wrong 2 '--comm' --comm="$v" $rec; done
for v in '' xml JSON; do wrong 2 '--report' --report=$v $rec; done
for v in '' abc 1.2.3 1e9 99999999999999999999999 '+' '-' ' 1'; do wrong 2 '--from' --from="$v" $rec; done
wrong 2 '--to' --to=nan $rec
wrong 2 '--from' --from=5 --to=1 $rec
for v in '' some worst worst: worst:0 worst:-1 worst:99999999999; do wrong 2 '--steps' --steps=$v $rec; done
for v in '' -1 x 4294967296 1.5; do wrong 2 '--top' --top=$v $rec; done
for v in '' 0x0 1x1 19x5 20x4 1001x5 20x1001 80 x 80x 80x24x3 99999999999x24 -1x-1 80X24 '80x 24'; do wrong 2 '--screen' --screen="$v" $rec; done
wrong 2 '--keys' --keys=jj $rec
wrong 2 '<Nope>' --screen=80x24 --keys='<Nope>' $rec
wrong 2 'go together' --screen=80x24 --report=json $rec
for v in '' -1 101 nan inf 1e3 x; do wrong 2 '--hot-percent' --hot-percent=$v $rec; done
for v in '' -1 x 99999999999999999999; do wrong 2 '--hot-harm-us' --hot-harm-us=$v $rec; done
for v in '' 'a b' a:b 'a=b' 'a|b'; do wrong 2 '--step-name' --step-name="$v" $rec; done
wrong 2 '--step-end' --step-begin=sched:sched_switch $rec
wrong 2 '--step-begin' --step-end=sched:sched_switch $rec
for v in '' / 'a/' 'a/b' 'a/b==' 'a/==c' 'a/b=c' 'a/b==c&&' 'a/b<x'; do wrong 2 '--step-begin' --step-begin="$v" --step-end=x $rec; done
wrong 2 '\x1b' "$(printf -- '--no\033[2J')" $rec
wrong 2 '--comm' --comm="$(printf '(\033]0;x\007')" $rec
wrong 1 'No such file' -- --report
wrong 1 'No such file' "$tmp/none"
wrong 1 'directory' "$tmp"

# ---- the configuration file ----

wrong 1 'No such file' --config="$tmp/none" $rec
wrong 1 'directory' --config="$tmp" $rec
wrong 2 ':1:' --config=$rec $rec
printf 'top = 3\nnosuch = 1\n' > "$tmp/conf"
wrong 2 'conf:2:' --config="$tmp/conf" $rec
printf 'top = \033[2J\n' > "$tmp/conf"
wrong 2 'conf:1:' --config="$tmp/conf" $rec
printf 'keys = jj\n' > "$tmp/conf"
wrong 2 'conf:1:' --config="$tmp/conf" $rec
head -c 100000 /dev/zero | tr '\0' x > "$tmp/conf"
wrong 2 'conf:1:' --config="$tmp/conf" $rec
printf '# remark\n\ntop = 3\n' > "$tmp/conf"
fine --config="$tmp/conf" $rec

# ---- what is right at the edge ----

fine --help
fine --version
fine --help no such file
fine --version none
for v in 20x5 1000x1000 20x1000 1000x5; do
	fine --screen=$v $rec
	lines=${v#*x} cols=${v%x*}
	awk -v lines="$lines" -v cols="$cols" 'length($0) > 4 * cols { exit 1 } END { if (NR != lines) exit 1 }' "$tmp/out"
	ok $? "--screen=$v prints $lines lines" "$(wc -l < "$tmp/out") lines"
done
AGENTTOP_ASCII=1
export AGENTTOP_ASCII
fine --screen=80x24 --keys='<Enter>jjkk?' $rec
! LC_ALL=C grep -q '[^ -~]' "$tmp/out"
ok $? 'AGENTTOP_ASCII: the screen is ASCII'
unset AGENTTOP_ASCII
LC_ALL=C timeout 20 "$agenttop" --report=text $rec > "$tmp/out" 2>&1 && ! LC_ALL=C grep -q '[^ -~]' "$tmp/out"
ok $? 'LC_ALL=C: the report is ASCII'
fine --top=4294967295 --steps=worst:4294967295 $rec
fine --from=+0s --to=-0s $rec
fine --from=9223372036 $rec
fine --step-begin=nosuch:event --step-end=no:such $rec
fine --pid=2147483647 $rec
fine --comm='^nobody$' $rec
fine -- $rec

# ---- output that cannot be written ----

for mode in --report=text --report=json --screen=80x24 --help --version; do
	timeout 20 "$agenttop" $mode $rec >&- 2> "$tmp/err"
	got=$?
	[ $got -eq 1 ] && one_line
	ok $? "$mode: standard output is closed" "status $got" "$(head -n 3 "$tmp/err")"
	if [ -w /dev/full ]; then
		timeout 20 "$agenttop" $mode $rec > /dev/full 2> "$tmp/err"
		got=$?
		[ $got -eq 1 ] && one_line
		ok $? "$mode: standard output is full" "status $got" "$(head -n 3 "$tmp/err")"
	else
		skip "$mode: standard output is full" 'there is no /dev/full'
	fi
done
for f in $rec tests/fuzz/seeds/pipe.perf $long; do
	timeout 20 "$agenttop" --report=json - < "$f" >&- 2> "$tmp/err"
	got=$?
	[ $got -eq 1 ] && one_line
	ok $? "$f as standard input, standard output is closed" "status $got" "$(head -n 3 "$tmp/err")"
	# shellcheck disable=SC2002
	cat "$f" | timeout 20 "$agenttop" --report=json - >&- 2> "$tmp/err"
	got=$?
	[ $got -eq 1 ] && one_line
	ok $? "$f through a pipe, standard output is closed" "status $got" "$(head -n 3 "$tmp/err")"
	# shellcheck disable=SC2002
	cat "$f" | timeout 20 "$agenttop" --report=json - 2>&- > "$tmp/out"
	got=$?
	[ $got -eq 0 ] && [ -s "$tmp/out" ]
	ok $? "$f through a pipe, standard error is closed" "status $got"
done
timeout 20 "$agenttop" "$tmp/none" 2>&- > "$tmp/out"
[ $? -eq 1 ] && [ ! -s "$tmp/out" ]
ok $? 'a missing file, standard error is closed: status 1'

# ---- a reader that leaves ----

# broken FLAG MODE: who reads leaves at once; with FLAG ignored, writing fails instead of killing. Quiet in both cases.
yes '+1 0 a-1 . mark "hello"' 2> /dev/null | head -n 20000 | { echo '@unit us'; cat; } > "$tmp/long.ev"
for mode in --report=text --report=json --screen=80x24; do
	{ timeout 20 "$agenttop" $mode "$tmp/long.ev" 2> "$tmp/err"; echo $? > "$tmp/status"; } | head -n 1 > /dev/null
	case $(cat "$tmp/status") in 0 | 1 | 141) quiet=0 ;; *) quiet=1 ;; esac
	[ $quiet -eq 0 ] && [ ! -s "$tmp/err" ]
	ok $? "$mode | head -n 1 is quiet" "status $(cat "$tmp/status")" "$(head -n 3 "$tmp/err")"
	(
		trap '' PIPE
		{ timeout 20 "$agenttop" $mode "$tmp/long.ev" 2> "$tmp/err"; echo $? > "$tmp/status"; } | true
	)
	case $(cat "$tmp/status") in 0 | 1) quiet=0 ;; *) quiet=1 ;; esac
	[ $quiet -eq 0 ] && [ ! -s "$tmp/err" ]
	ok $? "$mode | true is quiet when SIGPIPE is ignored" "status $(cat "$tmp/status")" "$(head -n 3 "$tmp/err")"
done

# ---- a file and the same bytes through a pipe ----

if command -v python3 > /dev/null; then
	for f in tests/fuzz/seeds/*.dat tests/fuzz/seeds/pipe*.perf tests/golden/block_read.ev; do
		timeout 20 "$agenttop" --report=json --top=0 "$f" > "$tmp/file" 2> "$tmp/file.err"
		s1=$?
		# shellcheck disable=SC2002
		cat "$f" | timeout 20 "$agenttop" --report=json --top=0 - > "$tmp/pipe" 2> "$tmp/pipe.err"
		s2=$?
		diff=$(python3 -B -c '
import json, sys
def load(p):
    r = json.load(open(p))
    r.pop("self")
    r["source"].pop("file")
    return r
a, b = map(load, sys.argv[1:])
for k in a:
    if a[k] != b.get(k):
        print(k, a[k], b.get(k))
' "$tmp/file" "$tmp/pipe" 2>&1)
		[ $s1 -eq $s2 ] && [ -z "$diff" ]
		ok $? "$f: the same through a pipe" "status $s1 and $s2" "$(printf %s "$diff" | cut -c 1-300)"
	done
	# perf's file mode wants to be read in any order: either it works, or one line says what to do
	# shellcheck disable=SC2002
	cat tests/fuzz/seeds/file.perf | timeout 20 "$agenttop" --report=json - > "$tmp/out" 2> "$tmp/err"
	got=$?
	{ [ $got -eq 0 ] && [ -s "$tmp/out" ]; } || { [ $got -eq 1 ] && one_line; }
	ok $? 'perf.data written to a file, through a pipe' "status $got" "$(head -n 3 "$tmp/err")"
else
	skip 'a file and the same through a pipe' 'python3 is not installed'
fi

# ---- colour ----

# tty ENVIRONMENT...: what agenttop prints on a terminal.
tty()
{
	env "$@" TERM=xterm-256color python3 -B -c '
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
out = b""
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    out += part
sys.stdout.buffer.write(out)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
' "$agenttop" --report=text "$file" > "$tmp/out" 2> "$tmp/err"
}

if command -v python3 > /dev/null; then
	esc=$(printf '\033')
	file=$rec
	tty A=1 && grep -q "$esc\[[0-9;]*m" "$tmp/out"
	ok $? 'a report on a terminal has colour' "$(head -n 3 "$tmp/err")"
	tty NO_COLOR=1 && [ -s "$tmp/out" ] && ! grep -q "$esc" "$tmp/out"
	ok $? 'NO_COLOR: none'
	tty NO_COLOR= && grep -q "$esc\[[0-9;]*m" "$tmp/out"
	ok $? 'NO_COLOR that is empty: as if it were not set'
	file=$long
	tty A=1 && [ -s "$tmp/out" ] && ! sed "s/$esc\[[0-9;]*m//g; s/\r\$//" "$tmp/out" | LC_ALL=C grep -q '[[:cntrl:]]'
	ok $? 'and colour is all that a hostile recording makes a terminal do' "$(LC_ALL=C grep -n '[[:cntrl:]]' "$tmp/out" | head -n 3 | tr -c ' -~\n' '?')"
	timeout 20 "$agenttop" --report=text $rec > "$tmp/out" && ! grep -q "$esc" "$tmp/out"
	ok $? 'no colour into a file'
else
	skip colour 'python3 is not installed'
fi

echo "1..$n"
exit $failed
