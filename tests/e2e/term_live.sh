#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The live screens on a real terminal: tasks to follow, steps that come, pause, save, Ctrl-Z, and ends that leave nothing.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build} in /*) ;; *) O=$PWD/$O ;; esac
agenttop=${AGENTTOP:-$O/agenttop}
tracing=/sys/kernel/tracing
if [ "$(id -u)" -ne 0 ]; then
	echo "1..0 # SKIP live recording needs root"
	exit 0
fi
if ! [ -w $tracing/trace_marker ]; then
	echo "1..0 # SKIP live recording needs tracefs at $tracing"
	exit 0
fi
. tests/term_lib.sh
marker=
trap '[ -z "$marker" ] || kill $marker 2> /dev/null; tm kill-server 2> /dev/null; rm -rf "$tmp"' EXIT

# Instances of the agenttop with this pid.
instances() { ls -d "$tracing/instances/agenttop.$1"* 2> /dev/null; }
none_left() { [ -z "$(instances "$1")" ]; }
left_nothing()
{
	until_true 5 none_left "$pid"
	ok $? "$1: nothing is left in tracefs"
}

# ---- tasks to follow ----

# Others may mark their steps on this machine, too: only this word makes steps here.
word=step$$
line "cd $tmp"
program "--step-name $word"
seen '^agenttop  ● live .* cost [0-9.]+ % of a CPU' "the live screen appears"
seen '^▸ .* [0-9]+ +' "with tasks that could be agents, and a cursor"
shows 'press Enter' && shows '^Enter follow this task' && shows ' last [0-9]+ s '
ok $? "it says what to do, and of what time it is"
find_pid t
[ -n "$(instances "$pid")" ]
ok $? "it records in an instance of its own"
has_mouse
ok $? "the mouse is asked for"
was=$(where '^▸')
mouse 65 5 12
until_true 5 eval '[ "$(where "^▸")" != "$was" ]'
ok $? "its wheel moves the cursor"
keys Home
mouse 0 $(where 'p pause')
seen '^agenttop  paused' "a click on what the footer says of p pauses"
mouse 0 $(where 'p go on')
seen '^agenttop  ● live' "and goes on"
keys p
seen '^agenttop  paused' "p pauses"
was=$(tm capture-pane -p -t t)
! until_true 1 eval '[ "$(tm capture-pane -p -t t)" != "$was" ]'
ok $? "nothing moves then"
keys p
seen '^agenttop  ● live' "p goes on"
keys w
seen '^wrote agenttop-1.dat' "w writes what was kept"
[ -s "$tmp/agenttop-1.dat" ] && "$agenttop" --report "$tmp/agenttop-1.dat" > "$tmp/report" && grep -q 'events' "$tmp/report"
ok $? "to a recording that can be read"
keys BTab BTab
seen 'this machine, live' "Data knows that it is live"
seen 'overrun +[0-9]' "and what the kernel lost"
keys 1

# ---- steps that come ----

sh -c 'i=0
while [ $((i = i + 1)) -lt 2000 ]; do
	echo "B|$$|$0:$i agent=planner name=plan"
	sleep 0.02
	echo "E|$$"
	sleep 0.02
done > /sys/kernel/tracing/trace_marker 2> /dev/null' $word &
marker=$!
seen '^▸ planner +plan +[0-9]+' "an agent that marks its steps shows by itself"
lacks 'press Enter'
ok $? "instead of the tasks"
keys Space
seen '^ +[0-9]+ +ended ' "single steps are there"
keys o Down Enter
seen '^step planner/plan [0-9]+ ' "and have their chains"
was=$(tm capture-pane -p -t t | sed -n 2p)
until_true 1 eval '[ "$(tm capture-pane -p -t t | sed -n 2p)" != "$was" ]'
[ $? -ne 0 ]
ok $? "which stay while others come"
keys 1
kill $marker
marker=
resize() { tm resize-window -t t -x "$1" -y "$2"; }
resize 40 10
seen '^agenttop  ● live +cost' "40x10 is enough for what it costs"
resize 120 40
seen '● live .* (lost [0-9s]|stages? off)' "120x40 shows more"
resize 80 24

# ---- away and back, and ends ----

keys C-z
seen '[Ss]topped' "Ctrl-Z gives the terminal to the shell"
keys "clear; fg" Enter
seen '● live' "fg brings the screen back"
keys q
until_true 5 is_gone "$pid"
ok $? "q ends it"
left_nothing q
restored "Ctrl-Z, fg and q"
for sig in TERM HUP; do
	program "--step-name $word"
	sees '● live'
	find_pid t
	kill -s $sig "$pid"
	ended '(1|1[2-4][0-9])'
	ok $? "SIG$sig ends it"
	left_nothing "SIG$sig"
	restored "SIG$sig"
done
program "--step-name $word"
sees '● live'
find_pid t
kill -s KILL "$pid"
until_true 5 is_gone "$pid"
left_nothing SIGKILL
tm new-window -d -n lost "exec sh -c '$agenttop --step-name $word; :'"
until_true 5 find_pid lost
until_true 5 eval 'tm capture-pane -p -t lost | grep -q "● live"'
tm kill-window -t lost
until_true 2 is_gone "$pid"
ok $? "it ends within 2 s when its terminal is gone"
left_nothing "a lost terminal"

echo "1..$n"
exit $failed
