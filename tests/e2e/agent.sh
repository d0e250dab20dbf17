#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 180
# What the sample agent promises: it ends, takes with it all that it made, however it ended, and its account is sound.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build} in /*) ;; *) O=$PWD/$O ;; esac
agent=$O/agentloop
agenttop=${AGENTTOP:-$O/agenttop}
. tests/tap.sh
[ -x "$agent" ] || skip_all "$agent is not built"
# Not in $TMPDIR: another user must get there, and files need a device below them.
tmp=$(mktemp -d /var/tmp/agentloop-test.XXXXXX) || exit 1
chmod 755 "$tmp"
mkdir "$tmp/files"
# session PID: the processes of its session that are alive, by name.
session()
{
	for f in /proc/[0-9]*/stat; do
		read -r line 2> /dev/null < "$f" || continue
		name=${line#*(} name=${name%)*}
		# shellcheck disable=SC2086
		set -- "$1" ${line##*) }
		[ "$5" = "$1" ] && [ "$2" != Z ] && printf '%s ' "$name"
	done
}
pids=
# What still runs of what was started here; a number alone may be somebody else's by now.
# shellcheck disable=SC2154
trap 'for p in $pids; do [ -z "$(session "$p")" ] || kill -KILL "$p"; done; rm -rf "$tmp"' EXIT
trap 'exit 143' INT TERM
# shellcheck disable=SC3045
ulimit -c 0

# wrong STATUS TEXT ARGUMENTS...: that status, and TEXT on standard error.
wrong()
{
	want=$1 text=$2
	shift 2
	timeout -k 5 20 "$agent" "$@" > "$tmp/out" 2> "$tmp/err"
	got=$?
	[ $got -eq "$want" ] && [ ! -s "$tmp/out" ] && [ "$(wc -l < "$tmp/err")" -eq 1 ] && grep -qF -- "$text" "$tmp/err"
	ok $? "$*: status $want" "status $got" "$(head -n 3 "$tmp/err")"
}

# ---- wrong usage ----

for v in 0 -1 x 1.5 99999999999; do wrong 2 '--steps' --steps "$v"; done
for v in 0 -1 x ''; do wrong 2 '--seconds' --seconds "$v"; done
for v in 0 200000 x; do wrong 2 '--flood' --flood="$v"; done
for v in '' nosuch plan,plan,nosuch 'plan,'; do wrong 2 '--kinds' --kinds "$v"; done
wrong 2 '--marks' --marks=maybe
wrong 2 '--net' --net=wifi
wrong 2 '--agent' --agent='a b'
wrong 2 '--rps needs --cpu' --rps
wrong 2 'takes no argument' word
wrong 1 '/nonexistent' -q -d /nonexistent
wrong 1 '/nonexistent' -q --csv /nonexistent/x
wrong 3 '/nonexistent' --marks=marker --marker /nonexistent
timeout 20 "$agent" --nosuch > /dev/null 2>&1
[ $? -eq 2 ]
ok $? "--nosuch: status 2"

# ---- the account ----

# sound FILE: waits stand in their order within their step, steps one after another; prints what is wrong.
sound()
{
	awk -F, '
	function bad(what) { if (n_bad++ < 5) print "line " NR ": " what ": " $0 }
	NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; n_cols = NF; next }
	NF != n_cols { bad("columns"); next }
	{
		b = $col["t_begin_ns"]; e = $col["t_end_ns"]; s = $col["stage"]
		if (e < b) bad("ends before it begins")
		if (s == "step") {
			if (!parts || $col["step"] != last_step + 1) bad("not the next step, or without parts")
			if (b < step_end || $col["t_begun_ns"] < b || $col["t_begun_ns"] > first || $col["t_ending_ns"] < last ||
			    e < $col["t_ending_ns"]) bad("does not hold its parts")
			if (parts != want[$col["kind"]]) bad(parts " parts")
			if (covered > e - b) bad("parts are longer than the whole")
			last_step = $col["step"]; step_end = e; parts = 0; covered = 0; n_steps++
			next
		}
		if (!parts++) first = b
		else if (b < last) bad("begins before the one before it ends")
		last = e; covered += e - b
		if (s == "timer" || s == "sleep") { if (e < $col["t_due_ns"]) bad("too early") }
		else if (s == "net" || s == "evfd") {
			if ($col["t_by_begin_ns"] < $col["t_ask_ns"] || $col["t_by_end_ns"] < $col["t_by_begin_ns"] || e < $col["t_by_end_ns"])
				bad("not asked, answered, told in this order")
			if (!$col["by"] || $col["by"] == $col["tid"]) bad("answered by itself")
		} else if (s == "tool") { if ($col["t_ask_ns"] > b || !$col["by"]) bad("no child") }
		else if (s != "uring" && s != "pread" && s != "fault" && s != "think") bad("stage")
	}
	BEGIN { want["plan"] = 3; want["read"] = 5; want["tool"] = 6 }
	END { if (!n_steps || parts) print n_steps + 0 " steps, " parts + 0 " rows of an open one"; exit n_bad || !n_steps || parts }' "$1"
}

timeout -k 5 60 "$agent" --help > "$tmp/help"
: > "$tmp/marks"
timeout -k 5 60 "$agent" -q --net loopback --steps 30 --rate 0 --marker "$tmp/marks" --csv - > "$tmp/a.csv" 2> "$tmp/err"
ok $? "30 steps over loopback" "$(head -n 5 "$tmp/err")"
what=$(sound "$tmp/a.csv")
ok $? "its account is sound" "$what"
[ "$(grep -c ',step,' "$tmp/a.csv")" -eq 30 ] && [ ! -s "$tmp/err" ]
ok $? "30 steps in it, and quiet" "$(cat "$tmp/err")"
missing=$(head -n 1 "$tmp/a.csv" | tr ',' '\n' | while read -r c; do grep -q "^  $c  *[a-zA-Z]" "$tmp/help" || echo "$c"; done)
[ -z "$missing" ]
ok $? "--help explains every column" "$missing"
# marked FILE N: there are N marks of each kind, in turn; trace_marker needs no newline between them. Prints what is wrong.
marked()
{
	sed 's/\([BE]\)|/\n\1|/g' "$1" | awk -v n="$2" '
		/^$/ { next }
		/^B\|[0-9]+\|step:[0-9]+ / && / agent=agentloop/ && / name=(plan|read|tool)/ && / class=[a-z]/ && / deadline_us=[0-9]/ &&
		/ trace=00-[0-9a-f]+-[0-9a-f]+-01/ { b++; if (open++) print "a step in a step"; next }
		/^E\|[0-9]+$/ { e++; if (--open) print "an end without begin"; next }
		{ print "what is " $0 }
		END { if (b != n || e != n) print b + 0 " begun, " e + 0 " ended" }'
}
what=$(marked "$tmp/marks" 30)
[ -z "$what" ]
ok $? "30 marks of each kind" "$what"
if [ -e "$O/libagentstep.so" ]; then
	: > "$tmp/marks"
	timeout -k 5 60 "$agent" -q --net loopback --marks sdk --marker "$tmp/marks" --steps 6 --rate 0 > /dev/null 2> "$tmp/err"
	got=$? what=$(marked "$tmp/marks" 6)
	[ $got -eq 0 ] && [ -z "$what" ]
	ok $? "the same by libagentstep" "status $got" "$(cat "$tmp/err")" "$what"
else
	skip "the same by libagentstep" "$O/libagentstep.so is not built"
fi
begun=$(date +%s)
timeout -k 5 60 "$agent" -q --net loopback --marks none --seconds 1 --kinds plan,read
got=$?
[ $got -eq 0 ] && [ $(($(date +%s) - begun)) -le 10 ]
ok $? "it ends by itself" "status $got after $(($(date +%s) - begun)) s"
timeout -k 5 60 "$agent" --net loopback --marker /nonexistent --steps 3 2> "$tmp/err"
got=$?
[ $got -eq 0 ] && grep -q 'no step marks: /nonexistent' "$tmp/err" && grep -q '3 steps' "$tmp/err"
ok $? "without marks it goes on and says so" "status $got" "$(cat "$tmp/err")"

# ---- without privilege ----

if [ "$(id -u)" -ne 0 ]; then
	unprivileged='env --'
elif command -v setpriv > /dev/null; then
	unprivileged='setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all env'
else
	unprivileged=
fi
if [ -n "$unprivileged" ] && cp "$agent" "$tmp/agentloop" && chmod 755 "$tmp/agentloop"; then
	$unprivileged timeout -k 5 60 "$tmp/agentloop" --steps 30 --rate 0 --csv - > "$tmp/b.csv" 2> "$tmp/err"
	got=$?
	[ $got -eq 0 ] && what=$(sound "$tmp/b.csv") && grep -q 'TCP over loopback instead of a veth pair: not root' "$tmp/err"
	ok $? "without privilege: loopback, and it says so" "status $got" "$(cat "$tmp/err")" "$what"
	$unprivileged timeout -k 5 60 "$tmp/agentloop" --net veth --steps 3 2> "$tmp/err"
	[ $? -eq 3 ]
	ok $? "without privilege: no veth pair, status 3" "$(cat "$tmp/err")"
else
	skip "without privilege: loopback" "setpriv is not installed"
	skip "without privilege: status 3" "setpriv is not installed"
fi

# ---- what it makes, and that it goes ----

has_link() { grep -q "^ *aloop$1:" /proc/net/dev; }

gone() { [ -z "$(session "$1")" ] && ! has_link "$1"; }
# shellcheck disable=SC2317 # by until_true
has_all()
{
	all=" $(session "$1")"
	for name in agentloop agent-peer agent-flood agent-writes; do
		case $all in *" $name "*) ;; *) return 1 ;; esac
	done
}
# shellcheck disable=SC2317
running() { has_all "$1" && { [ "$2" = loopback ] || has_link "$1"; }; }

# start NET: in a session of its own, with everything that it can make; $pid
start()
{
	setsid "$agent" --net "$1" --forever --marks none --flood --writes -d "$tmp/files" 2> "$tmp/err" &
	pid=$!
	pids="$pids $pid"
}

# comes_and_goes NET SIGNAL STATUS
comes_and_goes()
{
	start "$1"
	if ! until_true 20 running "$pid" "$1"; then
		ok 1 "$1, SIG$2: it starts" "$(session "$pid")" "$(cat "$tmp/err")"
		kill -KILL "$pid"
		wait "$pid" 2> /dev/null
		pids=
		return
	fi
	files=$(ls -A "$tmp/files")
	# the shell's word about a killed child is of no interest
	{ kill "-$2" "$pid" && wait "$pid"; } 2> /dev/null
	got=$? pids=
	# asked to end, it has cleaned up when it is gone; else the kernel does, in its own time
	case $2 in
	TERM | INT) gone "$pid" ;;
	*) until_true 20 gone "$pid" ;;
	esac
	left=$?
	[ $left -eq 0 ] && [ $got -eq "$3" ] && [ -z "$files$(ls -A "$tmp/files")" ]
	ok $? "$1, SIG$2: nothing is left" "status $got" "processes: $(session "$pid")" "files: $files" "$(grep aloop /proc/net/dev)" "$(cat "$tmp/err")"
}

if "$agent" -q --net loopback --marks none --steps 1 -d "$tmp/files" 2> "$tmp/err"; then
	for s in TERM:143 KILL:137 ABRT:134; do comes_and_goes loopback "${s%:*}" "${s#*:}"; done
else
	for s in TERM KILL ABRT; do skip "loopback, SIG$s" "$(cat "$tmp/err")"; done
fi
before=$(cut -d: -f1 /proc/net/dev | grep -v aloop | sort)
if ! "$agent" -q --net veth --marks none --steps 3 -d "$tmp/files" 2> "$tmp/err"; then
	why="live: $(sed 's/^agentloop: //' "$tmp/err" | head -n 1)"
	for s in TERM KILL ABRT; do skip "veth, SIG$s" "$why"; done
	skip "no other link" "$why"
	skip "two at once" "$why"
else
	for s in TERM:143 KILL:137 ABRT:134; do comes_and_goes veth "${s%:*}" "${s#*:}"; done
	start veth
	one=$pid
	start veth
	until_true 20 running "$one" veth && until_true 20 running "$pid" veth
	ok $? "veth: two at once" "$(cat "$tmp/err")"
	kill -TERM "$one" "$pid"
	wait
	pids=
	until_true 5 gone "$one" && until_true 5 gone "$pid"
	ok $? "veth: both gone"
	[ "$(cut -d: -f1 /proc/net/dev | grep -v aloop | sort)" = "$before" ]
	ok $? "veth: the other links are as before" "$before" "now: $(cut -d: -f1 /proc/net/dev | sort)"
fi

# ---- and agenttop's report of it ----

if ! command -v python3 > /dev/null; then
	skip "agenttop's report agrees with the account" "python3 is not installed"
else
	python3 -B tests/oracle/agentcsv.py --record "$tmp/r.dat" -- "$agent" -q --seconds 3 --csv "$tmp/r.csv" 2> "$tmp/err"
	got=$?
	if [ $got -eq 3 ]; then
		skip "agenttop's report agrees with the account" "live: $(cat "$tmp/err")"
	else
		[ $got -eq 0 ] && "$agenttop" --report=json "$tmp/r.dat" > "$tmp/r.json" 2>> "$tmp/err" &&
			python3 -B tests/oracle/agentcsv.py "$tmp/r.json" "$tmp/r.csv" > "$tmp/tap" 2>> "$tmp/err"
		ok $? "agenttop's report agrees with the account" "$(cat "$tmp/err")" "$(grep -A 4 '^not' "$tmp/tap" 2> /dev/null)"
	fi
fi
echo "1..$n"
exit $failed
