#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
# libagentstep and its modules: what they write, that nothing is written when nobody listens, and, as root, that an agent is
# heard through trace_marker and, when it may not write there, through a uprobe.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build} in /*) ;; *) O=$PWD/$O ;; esac
top=$PWD
agenttop=${AGENTTOP:-$O/agenttop}
. tests/tap.sh
# Not in TMPDIR: users without a name must get there.
tmp=$(mktemp -d /tmp/agenttop-sdk.XXXXXX) || exit 1
chmod 755 "$tmp"
find=$tmp/find
. tests/sdk/lib.sh
talking=''
# A process that listens to us ends when its input does.
finish()
{
	exec 9>&-
	[ -z "$talking" ] || kill "$talking" 2> /dev/null
	live_end
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
unset AGENTSTEP AGENTSTEP_LIB AGENTSTEP_MARKER LD_LIBRARY_PATH PYTHONPATH PYTHONHOME NODE_PATH NODE_OPTIONS
export PYTHONDONTWRITEBYTECODE=1

# Another agenttop that runs on this machine listens to our agents as well. Asked before and after what depends on it.
others=''
look_for_others()
{
	[ ! -r $trace/uprobe_events ] || ! grep -v "$group/" $trace/uprobe_events | grep -q '^p:agenttop_' || others=yes
}
# quiet STATUS TEXT NOTE...: what is only so when nobody else listens.
quiet()
{
	look_for_others
	if [ "$1" -ne 0 ] && [ -n "$others" ]; then
		skip "$2" "another agenttop listens too"
	else
		ok "$@"
	fi
}

# ---- the programs ----

cc=${CC:-cc}
command -v "$cc" > /dev/null || skip_all "there is no $cc"
cp "$O/libagentstep.so" "$O/libagentstep.a" src/sdk/agentstep.py src/sdk/agentstep.js tests/sdk/*.py tests/sdk/*.js "$tmp" || exit 1
cp -r tests/sdk/fake "$tmp" || exit 1
flags="-std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -I$top/src/sdk"
# Quoted words stand for one argument each here, but for $flags and those like it.
# shellcheck disable=SC2086
build()
{
	out=$1
	shift
	$cc $flags -o "$tmp/$out" "$@" 2> "$tmp/cc.err" || sed 's/^/# /' "$tmp/cc.err"
	[ -x "$tmp/$out" ]
	ok $? "$out is built"
}
build find -I"$top/src" tests/sdk/find.c src/sdkfind.c src/base.c
build marks tests/sdk/marks.c -L"$tmp" -lagentstep -Wl,-rpath,"$tmp"
build marks-copy -DCOPY -no-pie -fno-pic tests/sdk/marks.c -L"$tmp" -lagentstep -Wl,-rpath,"$tmp"
build marks-static -static -s -Wl,--gc-sections tests/sdk/marks.c "$tmp/libagentstep.a"
build marks-pie -pie -fPIE -rdynamic tests/sdk/marks.c "$tmp/libagentstep.a"
build marks-inside -flto tests/sdk/marks.c src/sdk/agentstep.c
build behave -pthread tests/sdk/behave.c -L"$tmp" -lagentstep -Wl,-rpath,"$tmp"

printf '#include "agentstep.h"\nint main() { agentstep_begin(0); return agentstep_wanted(); }\n' > "$tmp/h.c"
$cc -std=c99 -pedantic -Wall -Wextra -Werror -Isrc/sdk -c -o "$tmp/h.o" "$tmp/h.c" 2> "$tmp/err"
ok $? "the header is plain C" "$(cat "$tmp/err")"
if command -v c++ > /dev/null; then
	cp "$tmp/h.c" "$tmp/h.cc"
	c++ -Wall -Wextra -Werror -Isrc/sdk -o "$tmp/h" "$tmp/h.cc" "$tmp/libagentstep.a" 2> "$tmp/err"
	ok $? "and C++" "$(cat "$tmp/err")"
else
	skip "and C++" "there is no c++"
fi
# So a mark takes no memory, no lock, and is no cancellation point; and a libc of 2014 will do.
if command -v nm > /dev/null; then
	others=$(nm -u "$tmp/libagentstep.a" | sed -n 's/^ *U //p' | grep -vxE '__errno_location|clock_gettime|getpid|mem(cpy|set)|secure_getenv|str(cmp|cpy|len)|strnlen|syscall|fstat|__stack_chk_.*|__.*_chk|_GLOBAL_OFFSET_TABLE_')
	[ -z "$others" ]
	ok $? "the library calls only what a signal handler may" "$others"
	new=$(nm -D "$tmp/libagentstep.so" | sed -n 's/.*@GLIBC_2\.\([0-9]*\).*/\1/p' | awk '$1 > 17')
	case $(uname -m) in
	x86_64) [ -z "$new" ]; ok $? "and asks for no libc newer than 2.17" "$(nm -D "$tmp/libagentstep.so")" ;;
	esac
	shown=$(nm -D --defined-only "$tmp/libagentstep.so" | awk '{ print $3 }' | grep -vE '^(agentstep_|napi_register_module_v1$)')
	[ -z "$shown" ]
	ok $? "and has no names but its own" "$shown"
fi

# ---- finding it ----

for f in libagentstep.so marks-copy marks-static marks-pie marks-inside; do
	case $f in
	marks-copy)
		! "$find" "$tmp/$f" > /dev/null 2>&1
		ok $? "a program that only uses the library has no places for uprobes"
		;;
	*)
		"$find" "$tmp/$f" > "$tmp/sites" 2> "$tmp/err"
		ok $? "$f has them" "$(cat "$tmp/err")"
		;;
	esac
done
! "$find" "$(command -v sh)" > /dev/null 2> "$tmp/err" && grep -q 'is not in it' "$tmp/err"
ok $? "and sh has none" "$(cat "$tmp/err")"
if command -v nm > /dev/null && command -v objcopy > /dev/null; then
	want=$("$find" "$tmp/libagentstep.so")
	objcopy -R .note.agentstep "$tmp/libagentstep.so" "$tmp/no-note.so" 2> /dev/null
	[ "$("$find" "$tmp/no-note.so")" = "$want" ]
	ok $? "without the note they are found by name" "$("$find" "$tmp/no-note.so" 2>&1)" "$want"
	cp "$tmp/libagentstep.so" "$tmp/no-names.so"
	strip --strip-all "$tmp/no-names.so"
	# no section headers: e_shoff, e_shnum, e_shstrndx
	printf '\0\0\0\0\0\0\0\0' | dd of="$tmp/no-names.so" bs=1 seek=40 conv=notrunc 2> /dev/null
	printf '\0\0\0\0' | dd of="$tmp/no-names.so" bs=1 seek=60 conv=notrunc 2> /dev/null
	[ "$("$find" "$tmp/no-names.so")" = "$want" ]
	ok $? "and by the note where there are neither symbols nor sections" "$("$find" "$tmp/no-names.so" 2>&1)" "$want"
	# the only executable segment begins at its offset in these files: .text's address less that
	at=$(nm "$tmp/libagentstep.so" | sed -n 's/ T agentstep_mark_probe$//p')
	[ $((0x$at)) -eq $((${want%% *})) ]
	ok $? "at the function's own first instruction" "$at" "$want"
fi

# ---- what they write, to a file ----

python='' node=''
for p in python3 /usr/bin/python3; do
	command -v $p > /dev/null && python=$p && break
done
command -v node > /dev/null && node=node

# marks_of FILE PID: its lines, with PID for the pid.
marks_of()
{
	sed "s/^\([BESFAD]\)|$2\(|\|\$\)/\1|PID\2/" "$1"
}

# writes LABEL COMMAND...: with the environment's AGENTSTEP=always it writes what is expected.
writes()
{
	label=$1
	shift
	: > "$tmp/m"
	"$@" > "$tmp/out" 2> "$tmp/err" < /dev/null
	marks_of "$tmp/m" "$(sed -n 's/^ready //p' "$tmp/out")" | diff tests/sdk/marks.expected - > "$tmp/diff"
	ok $? "$label writes the marks" "$(cat "$tmp/diff" "$tmp/err")"
}

# all_languages FUNCTION [ENVIRONMENT]
all_languages()
{
	fn=$1
	shift
	for c in marks marks-copy marks-static marks-pie marks-inside; do
		$fn "$c" env "$@" "$tmp/$c"
	done
	for how in A=1 AGENTSTEP_LIB=/none; do
		case $how in A=1) with=with ;; *) with=without ;; esac
		if [ -n "$python" ]; then
			$fn "Python $with the library" env $how "$@" "$python" "$tmp/marks.py"
		else
			skip "Python $with the library" "there is no python3"
		fi
		if [ -n "$node" ]; then
			$fn "Node $with the library" env $how "$@" "$node" "$tmp/marks.js"
		else
			skip "Node $with the library" "there is no node"
		fi
	done
}
all_languages writes AGENTSTEP=always AGENTSTEP_MARKER="$tmp/m"

# silent LABEL COMMAND...: and writes nothing at all.
silent()
{
	label=$1
	shift
	: > "$tmp/m"
	look_for_others
	"$@" > "$tmp/out" 2> "$tmp/err" < /dev/null
	[ $? -eq 0 ] && grep -q '^ready' "$tmp/out" && [ ! -s "$tmp/err" ] && [ ! -s "$tmp/m" ]
	quiet $? "$label writes nothing" "$(cat "$tmp/err" "$tmp/m")"
}
all_languages silent AGENTSTEP=off AGENTSTEP_MARKER="$tmp/m"
silent "when nobody listens, C" env AGENTSTEP_MARKER="$tmp/m" "$tmp/marks"
[ -z "$python" ] || silent "when nobody listens, Python" env AGENTSTEP_MARKER="$tmp/m" "$python" "$tmp/marks.py"
[ -z "$node" ] || silent "when nobody listens, Node" env AGENTSTEP_MARKER="$tmp/m" "$node" "$tmp/marks.js"
for bad in "$tmp/nowhere/m" "$tmp" /dev/full /dev/null "$tmp/fifo"; do
	[ -e "$bad" ] || [ "$bad" != "$tmp/fifo" ] || mkfifo "$bad"
	silent "to $(echo "$bad" | sed "s,$tmp,...,") C" env AGENTSTEP=always AGENTSTEP_MARKER="$bad" "$tmp/marks"
	[ -z "$python" ] || silent "to it Python" env AGENTSTEP=always AGENTSTEP_LIB=/none AGENTSTEP_MARKER="$bad" "$python" "$tmp/marks.py"
	[ -z "$node" ] || silent "to it Node" env AGENTSTEP=always AGENTSTEP_LIB=/none AGENTSTEP_MARKER="$bad" "$node" "$tmp/marks.js"
done

# agenttop takes them all: as many steps as ended, and none that has a word out of place.
marks_of tests/sdk/marks.expected PID | awk '
	BEGIN { print "# agenttop events\n@unit us" }
	{ gsub(/\\/, "&&"); gsub(/"/, "\\\""); sub(/PID/, 10); print 10 * NR, 0, "agent-10 . mark \"" $0 "\"" }' > "$tmp/case.ev"
"$agenttop" --report=json --steps all --top 0 "$tmp/case.ev" > "$tmp/report" 2> "$tmp/err"
ended=$(grep -c '^[EF]' tests/sdk/marks.expected)
if [ -n "$python" ]; then
	"$python" - "$tmp/report" "$ended" << 'EOF' > "$tmp/out" 2>&1
import json, sys
steps = json.load(open(sys.argv[1]))['steps']
wrong = [s for s in steps if s['id'] not in (None, '32') and s['id'] != s['agent']]
print(len(steps), wrong)
sys.exit(len(steps) != int(sys.argv[2]) or bool(wrong))
EOF
	ok $? "agenttop reads every one of these steps, hostile values and all" "$(cat "$tmp/out" "$tmp/err")"
else
	skip "agenttop reads every one of these steps" "there is no python3"
fi

# ---- how they behave ----

# behaves COMMAND...: it prints "ok - ..." lines; they become ours.
behaves()
{
	: > "$tmp/m"
	rm -f "$tmp/m.other"
	env AGENTSTEP=always AGENTSTEP_MARKER="$tmp/m" "$@" "$tmp/m" > "$tmp/out" 2> "$tmp/err" < /dev/null
	status=$?
	while IFS= read -r line; do
		case $line in
		'ok - '*) ok 0 "${line#ok - }" ;;
		'not ok - '*) ok 1 "${line#not ok - }" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done < "$tmp/out"
	[ $status -eq 0 ] && [ ! -s "$tmp/err" ]
	ok $? "$(basename "$1") ran to its end" "status $status" "$(cat "$tmp/err")"
}
behaves "$tmp/behave"
for how in A=1 AGENTSTEP_LIB=/none; do
	[ -z "$python" ] || behaves env $how PYTHONPATH="$tmp/fake" "$python" "$tmp/behave.py"
	[ -z "$node" ] || behaves env $how "$node" "$tmp/behave.js"
done

# ---- live ----

why=$(not_live)
if [ -n "$why" ]; then
	skip "an agent is heard through trace_marker and uprobes" "$why"
	echo "1..$n"
	exit $failed
fi
live_begin || { echo "Bail out! cannot make $instance"; exit 1; }

# What the instance has of one process: heard PID EVENT
heard()
{
	sed -nE "s/^.{0,24}-$1 +\[[0-9]+\] [^:]*: $2: //p" "$instance/trace"
}
prints_of() { heard "$1" tracing_mark_write; }
probes_of() { heard "$1" "$2" | sed 's/^([^)]*) text="\(.*\)"$/\1/'; }
forget() { : > "$instance/trace"; }

writes_live()
{
	label=$1
	shift
	forget
	"$@" > "$tmp/out" 2> "$tmp/err" < /dev/null
	pid=$(sed -n 's/^ready //p' "$tmp/out")
	prints_of "$pid" > "$tmp/m"
	marks_of "$tmp/m" "$pid" | diff tests/sdk/marks.expected - > "$tmp/diff"
	ok $? "$label writes them to trace_marker" "$(cat "$tmp/diff" "$tmp/err")"
}
all_languages writes_live AGENTSTEP=always AGENTSTEP_MARKER="$instance/trace_marker"

is_ready() { agent=$(sed -n 's/^ready //p' "$tmp/said") && [ -n "$agent" ]; }
# talk COMMAND...: a process that marks a step for each line of say. $agent is what it takes its pid for, $outer what it is here.
talk()
{
	rm -f "$tmp/in" "$tmp/said"
	mkfifo "$tmp/in"
	"$@" wait < "$tmp/in" > "$tmp/said" 2> "$tmp/err" &
	talking=$!
	exec 9> "$tmp/in"
	until_true 10 is_ready
	outer=$talking
	# shellcheck disable=SC2046
	[ "$agent" = "$outer" ] || outer=$(set -- $(cat "/proc/$talking/task/$talking/children" 2> /dev/null) && echo "${1:-$talking}")
	[ -n "$agent" ]
}
say()
{
	look_for_others
	echo "$1" >&9
	until_true 10 grep -qx "$1 done" "$tmp/said"
}
hush()
{
	exec 9>&-
	wait "$talking"
	talking=''
}

# steps WHICH...: the marks of these steps of $agent, with X for the agent's name.
steps()
{
	for s; do
		printf 'B|%d|step:%s agent=X name=wait\nE|%d\n' "$agent" "$s" "$agent"
	done
}
# are_steps FILE WHICH...
are_steps()
{
	f=$1
	shift
	steps "$@" > "$tmp/want"
	sed 's/ agent=[a-z]*/ agent=X/' "$f" | diff "$tmp/want" - > "$tmp/diff"
}

# One after the other: nobody listens, a uprobe does, nobody does.
# through PROBE LABEL FILE COMMAND...: FILE is where the library, or the program that has it, is for that process.
through()
{
	p=$1 label=$2 file=$3
	shift 3
	forget
	others=''
	talk "$@" || { ok 1 "$label: it starts" "$(cat "$tmp/err" "$tmp/said")"; hush; return; }
	say before
	grep -qx 'before wanted 0' "$tmp/said"
	quiet $? "$label: a mark is not wanted before" "$(cat "$tmp/said")"
	probe "$p" "/proc/$outer/root$file" mark && enable "$p"
	ok $? "$label: a uprobe is put on $(basename "$file") in /proc/PID/root"
	say one && say two
	disable "$p"
	say after
	probes_of "$outer" "$p" > "$tmp/m"
	are_steps "$tmp/m" one two
	ok $? "$label: its marks are heard, and no others" "$(cat "$tmp/diff" "$tmp/said" "$tmp/err")"
	grep -qx 'one wanted 1' "$tmp/said" && grep -qx 'after wanted 0' "$tmp/said"
	quiet $? "$label: a mark is wanted while the uprobe is on" "$(cat "$tmp/said")"
	hush
}
chmod -R a+rX "$tmp"
through mark_so 'uid 65534, C' "$tmp/libagentstep.so" as_nobody "$tmp/marks"

# The kernel's own record of it, flags and all, is steps to agenttop.
sed -nE "s/^ *(.{0,16})-$outer +\[([0-9]+)\] (.)(.)(.)[^ ]* +([0-9.]+): mark_so: \((0x[0-9a-f]+)\) text=\"(.*)\"\$/\6 \2 agent-$outer @\5 agenttop_1:mark __probe_ip=\7 text=\"\8\"/p" \
	"$instance/trace" | sed 's/@Z/Hn/; s/@z/hn/; s/@\([.hsH]\)/\1/' > "$tmp/live.ev"
"$agenttop" --report=json "$tmp/live.ev" > "$tmp/out" 2>&1
[ "$(wc -l < "$tmp/live.ev")" -eq 4 ] && grep -q '"steps":{"n":2,' "$tmp/out"
ok $? "agenttop reads them as steps" "$(cat "$tmp/live.ev" "$tmp/out")"

through mark_copy 'a program with a copy of the counter' "$tmp/libagentstep.so" as_nobody "$tmp/marks-copy"
grep -qx 'one copy 0' "$tmp/said"
quiet $? "that copy is not what the kernel raises" "$(cat "$tmp/said")"
through mark_pie 'C, libagentstep.a' "$tmp/marks-pie" as_nobody "$tmp/marks-pie"
through mark_inside 'C, compiled in' "$tmp/marks-inside" as_nobody "$tmp/marks-inside"
mkdir -p "$tmp/jail" && cp "$tmp/marks-static" "$tmp/jail/agent"
if unshare -m -p -f chroot --userspec=65534:65534 "$tmp/jail" /agent > "$tmp/out" 2>&1 && grep -qx 'ready 1' "$tmp/out"; then
	through mark_jail 'in a container, static and stripped' /agent \
		unshare -m -p -f --kill-child chroot --userspec=65534:65534 "$tmp/jail" /agent
else
	skip "in a container, static and stripped" "live: no namespaces here"
fi
python=''
for p in python3 /usr/bin/python3; do
	as_nobody $p -c '' 2> /dev/null && python=$p && break
done
if [ -n "$python" ]; then
	through mark_python 'uid 65534, Python' "$tmp/libagentstep.so" as_nobody "$python" "$tmp/marks.py"
else
	skip "uid 65534, Python" "there is no python3 for everybody"
fi
if as_nobody node -e 0 2> /dev/null; then
	through mark_node 'uid 65534, Node' "$tmp/libagentstep.so" as_nobody node "$tmp/marks.js"
else
	skip "uid 65534, Node" "there is no node for everybody"
fi

# ---- both at once: each mark goes one way ----

# Where trace_marker is the instance's own; an agent that is given nothing in the environment finds it.
own_marker()
{
	unshare -m sh -c 'mount --bind "$0" /sys/kernel/tracing/trace_marker && exec "$@"' "$instance/trace_marker" "$@"
}
# the same, but tracefs is only where debugfs has it
own_debug_marker()
{
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount --bind "$0" /sys/kernel/debug/tracing/trace_marker && mount --bind /mnt /sys/kernel/tracing && exec "$@"' "$instance/trace_marker" "$@"
}
# once LABEL print|mark COMMAND...
once()
{
	label=$1 way=$2
	shift 2
	forget
	others=''
	talk "$@" || { ok 1 "$label: it starts" "$(cat "$tmp/err" "$tmp/said")"; hush; return; }
	say one
	prints_of "$outer" > "$tmp/m.print"
	probes_of "$outer" both > "$tmp/m.mark"
	are_steps "$tmp/m.$way" one && [ "$(cat "$tmp/m.print" "$tmp/m.mark" | wc -l)" -eq 2 ] && grep -qx 'one wanted 1' "$tmp/said"
	ok $? "$label" "$(cat "$tmp/diff" "$tmp/said" "$tmp/err")" "$(cat "$tmp/m.print")" "$(cat "$tmp/m.mark")"
	hush
}
if [ $trace = /sys/kernel/tracing ] && own_marker true 2> /dev/null; then
	probe both "$tmp/libagentstep.so" mark && probe listen "$tmp/libagentstep.so" listen && enable listen && enable both
	ok $? "probes on both places"
	for l in "C:$tmp/marks" "Python:$python $tmp/marks.py" "Node:node $tmp/marks.js"; do
		command -v "$(set -- ${l#*:} && echo "$1")" > /dev/null || continue
		# shellcheck disable=SC2086
		once "who may write to trace_marker does, ${l%%:*}" print own_marker ${l#*:}
		# shellcheck disable=SC2086
		once "who may not is heard by the uprobe, ${l%%:*}" mark as_nobody ${l#*:}
	done
	if own_debug_marker true 2> /dev/null; then
		once "trace_marker is found in debugfs" print own_debug_marker "$tmp/marks"
	else
		skip "trace_marker is found in debugfs" "live: it is not there"
	fi
	disable both
	others=''
	talk as_nobody "$tmp/marks"
	say one
	grep -qx 'one wanted 0' "$tmp/said"
	quiet $? "when only trace_marker is read, a mark of who may not write to it is not wanted" "$(cat "$tmp/said")"
	hush
	forget
	talk own_marker env AGENTSTEP=off "$tmp/marks"
	say one
	hush
	prints_of "$outer" > "$tmp/m"
	grep -qx 'one wanted 0' "$tmp/said" && [ ! -s "$tmp/m" ]
	ok $? "AGENTSTEP=off is off" "$(cat "$tmp/said" "$tmp/m")"
	disable listen
else
	skip "each mark goes one way" "live: no mount namespace, or tracefs is elsewhere"
fi

# ---- nothing is left ----

live_end
[ ! -d "$instance" ] && ! grep -q "$group/" $trace/uprobe_events
ok $? "no instance and no uprobe is left"

# ---- what it costs, for whoever reads this: no assertion ----

sh tests/sdk/cost.sh "$tmp" 2>&1 | sed 's/^/# /'

echo "1..$n"
exit $failed
