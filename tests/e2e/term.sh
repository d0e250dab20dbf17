#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The screens on a real terminal, which tmux is: what is drawn, what keys do, and that the terminal is given back
# whatever ends the program. Waits for what must come, never for a time.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build} in /*) ;; *) O=$PWD/$O ;; esac
agenttop=${AGENTTOP:-$O/agenttop}
. tests/term_lib.sh

dat=$PWD/testdata/vm-icount-irqhot.dat
many=$PWD/tests/golden/screen_many.ev
kinds=$PWD/tests/golden/screen_kinds.ev
first='\[1 Steps\]'

# ---- every screen by its keys ----

program "$dat"
seen "$first" "the first screen appears"
seen '▸ agentloop .* [0-9]+/s' "with the kind of steps in it"
shows ' agenttop|^agenttop  vm-icount-irqhot.dat' && shows 'q quit$'
ok $? "between a title and a footer"
[ "$(tm display-message -p -t t '#{alternate_on} #{cursor_flag}')" = "1 0" ]
ok $? "on a screen of its own, without a cursor"
keys s
seen 'sort P999 ▼' "s sorts by the next column"
keys S r
seen 'sort P99 ▲' "S by the one before, r the other way round"
keys r Space
seen ' 1/[0-9]+ · worst first · sort P99 ▼' "Space expands a kind"
keys Down
seen '^▸  +[0-9]+ +ended [0-9.]+' "Down goes to its slowest step"
keys Enter
seen 'slowest of 400' "Enter shows its chain"
shows '^▸ agentloop 870 '
ok $? "with the agent's row chosen"
was=$(tm capture-pane -p -t t)
keys Right
until_true 5 eval '[ "$(tm capture-pane -p -t t)" != "$was" ]'
ok $? "Right goes to the next piece"
keys Down
until_true 5 lacks '^▸ agentloop 870 '
ok $? "Down to an actor"
keys m
seen '^▸ agentloop 870 ' "m back to the agent's longest piece"
keys +
seen 'zoomed' "+ zooms in"
keys 0
until_true 5 lacks zoomed
ok $? "0 shows all again"
keys l
seen 'log time' "l counts time in logarithms"
keys l '>'
seen '2nd slowest of 400' "> goes to the next faster step"
keys '<'
seen '^slowest of 400' "< back to the slower one"
keys Enter
seen 'events that prove it' "Enter lists the events of a piece"
keys Escape
until_true 5 lacks 'events that prove it'
ok $? "Esc folds them"
keys Escape
seen "$first" "Esc goes back to the steps"
keys 2
seen '\[2 Chain\]' "2 is the chain"
view()
{
	keys "$1"
	seen "\\[$1 $2\\]" "$1 is $2"
	shows "$3"
	ok $? "with what it shows"
}
view 3 CPUs 'CPU▼ .*WHY'
view 4 IRQs 'SOFTIRQ .*WAIT'
view 5 Stages 'VERDICT'
view 6 Devices 'NAPI .*POLLS'
view 7 Tune 'ACTOR .*HARM▼'
view 8 Data 'WHERE IT IS FROM'
keys 1 BTab BTab
seen 'WHERE IT IS FROM' "two before the first one is the data"
keys '?'
seen 'KEYS: Steps' "? is help"
keys End
seen 'no event explains it' "End goes to the end of it"
keys Escape
seen 'WHERE IT IS FROM' "Esc leads back to where help was asked for"
keys Tab Tab
seen "$first" "Tab goes round"
keys BTab
seen '\[\? Help\]' "Shift-Tab the other way"
keys 1 C-l
seen "$first" "Ctrl-L paints it anew"

# ---- the mouse ----

has_mouse
ok $? "the mouse is asked for"
mouse 0 $(where '2 Chain')
seen '\[2 Chain\]' "a click on a tab leads there"
mouse 0 $(where '1 Steps')
sees "$first"
mouse 0 $(where 'P50 ')
seen 'sort P50 ▼' "a click on a heading sorts by it"
mouse 0 $(where ' P50[^ ]')
seen 'sort P50 ▲' "another one turns the order around"
mouse 0 $(where 'expand')
until_true 5 lacks ' ended '
ok $? "a click on a key in the footer does what it says: folded"
mouse 0 $(where 'expand')
seen '^  +[0-9]+ +ended ' "and opened again"
mouse 65 5 5
seen ' 4/[0-9 ]+ · ' "the wheel goes down three rows"
mouse 64 5 5
seen ' 1/[0-9 ]+ · ' "and up"
mouse 0 30 12
seen ' [34]/[0-9 ]+ · ' "a click on a row takes the cursor there"
mouse 0 30 12
seen '\[2 Chain\]' "a second one is Enter"
was=$(tm capture-pane -p -t t)
mouse 0 60 7
until_true 5 eval '[ "$(tm capture-pane -p -t t)" != "$was" ]'
ok $? "a click in the waterfall chooses another piece"
mouse 2 5 6
mouse 0 80 2
keys 1
seen "$first" "another button does nothing, nor does a click where nothing is"

# ---- nothing to do costs nothing ----

cpu_ticks() { sed 's/.*) //' "/proc/$pid/stat" | awk '{ print $12 + $13 }'; }
find_pid t
ticks=$(cpu_ticks)
begun=$(date +%s)
until_true 4 eval '[ $(($(date +%s) - begun)) -ge 2 ]'
[ "$(cpu_ticks)" = "$ticks" ]
ok $? "a recording that has been read costs no CPU time"

# ---- sizes ----

resize()
{
	tm resize-window -t t -x "$1" -y "$2"
}
resize 40 10
seen '^  agentloop +– +[0-9.]+ ms [0-9.]+ ms$' "40x10 shows what matters"
resize 120 40
seen 'P999 +MAX +MISS [0-9a-z.]+-[0-9a-z.]+ +WORST STAGE +TIME BY STAGE' "120x40 shows more"
resize 20 5
seen '^20x5 is too small' "20x5 is too small, and says so"
keys 2
resize 80 24
seen '\[2 Chain\]' "keys count all the same, and 80x24 is as before"
# Faster than anybody can paint; what counts is the last one.
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	resize $((30 + i * 37 % 150)) $((6 + i * 11 % 50))
	keys Tab
done
# tmux moves its content about at once, but tells a program of a size only some time later, when nothing else goes on, and
# not when it is the one it told before.
resize 90 27
sleep 1
keys 1
seen "$first" "twenty sizes one after the other"
until_true 5 eval '[ "$(tm capture-pane -p -t t | grep -c "q quit\$")" = 1 ]' && shows '^[▸ ] agentloop .* [0-9]+/s'
ok $? "and the screen is whole"
resize 80 24
until_true 5 eval '[ "$(tm display-message -p -t t "#{pane_width}")" = 80 ]' && sees "$first"
keys q
ended 0
ok $? "q ends it with status 0"
restored q

# ---- away and back ----

program "$dat"
sees "$first"
keys C-z
seen '[Ss]topped' "Ctrl-Z gives the terminal to the shell"
[ "$(tm display-message -p -t t '#{alternate_on} #{cursor_flag}')" = "0 1" ]
ok $? "with its screen and its cursor"
! has_mouse
ok $? "and its mouse"
keys "clear; fg" Enter
seen "$first" "fg brings the screen back"
keys BTab BTab
seen 'WHERE IT IS FROM' "and it takes keys"
has_mouse && mouse 0 $(where '1 Steps')
seen "$first" "and clicks"
keys q
ended 0
restored "Ctrl-Z, fg and q"

# Under a wrapper in the same group, which stops with it, as make and sudo do: the shell has the terminal at once.
state() { sed 's/.*) //; s/ .*//' "/proc/$pid/stat" 2> /dev/null; }
rests() { [ "$(state)" = T ]; }
# away_and_back WHAT STOP COLS: STOP stops all; ends on the data screen, so that the next round begins with another one.
away_and_back()
{
	keys 1
	sees "$first" && eval "$2" && until_true 5 rests &&
		until_true 5 eval '[ "$(tm display-message -p -t t "#{alternate_on} #{cursor_flag}")" = "0 1" ]'
	ok $? "$1: the shell has the terminal, its screen and its cursor"
	# what the shell shows of a line says whether the modes are its own; its notice may be on the screen that is left
	keys 'clear; jobs; echo a""b' Enter
	sees '^ab$' && sees '[Ss]topped' && lacks 'echo.*echo'
	ok $? "$1: and it can be typed in"
	# not by tmux, which may do it later
	stty cols "$3" < "$(tm display-message -p -t t '#{pane_tty}')"
	keys "clear; fg" Enter
	sees "$first" && until_true 5 eval '! rests' && sees 'q quit$' &&
		sees "^\[1 Steps\].{$(($3 - 12)),$(($3 - 9))}\$"
	ok $? "$1: one fg brings the screen back, as wide as the terminal has become"
	keys BTab BTab
	seen 'WHERE IT IS FROM' "$1: and it takes keys"
}
for shell in sh bash; do
	if ! command -v $shell > /dev/null; then
		n=$((n + 1))
		echo "ok $n - Ctrl-Z under $shell # SKIP it is not here"
		continue
	fi
	line "env PS1='> ' $shell $([ $shell = sh ] || echo --norc --noprofile) -i"
	sees '^>'
	program "$dat" "A=1 sh -c '\"\$@\"; :' x"
	sees "$first"
	find_pid t
	for round in 1 2 3; do
		away_and_back "$shell, Ctrl-Z $round" 'keys C-z' $((80 - round % 2 * 20))
	done
	away_and_back "$shell, SIGTSTP to all" 'kill -s TSTP -- "-$(ps -o pgid= -p "$pid" | tr -d " ")"' 80
	keys C-z
	sees '[Ss]topped' && until_true 5 rests
	keys "clear; bg" Enter
	sees '^\[1\]' && until_true 5 eval 'keys Enter; shows "[Ss]topped"' && rests && lacks "$first"
	ok $? "$shell: bg does not give it the terminal"
	keys "clear; fg" Enter
	seen 'WHERE IT IS FROM' "$shell: but fg does"
	keys q
	until_true 5 is_gone "$pid"
	ok $? "$shell: q ends it"
	keys "exit" Enter
	restored "$shell: Ctrl-Z under a wrapper"
done

# ---- signals ----

for sig in TERM HUP INT QUIT; do
	program "$dat"
	sees "$first"
	find_pid t
	kill -s "$sig" "$pid"
	case $sig in INT) want=0 ;; *) want='(1|1[2-4][0-9])' ;; esac
	ended "$want"
	ok $? "SIG$sig ends it with status $want"
	restored "SIG$sig"
done
program "$dat"
sees "$first"
keys C-c
ended 0
ok $? "Ctrl-C is like q"
program "$dat"
sees "$first"
find_pid t
kill -s SEGV "$pid"
ended 139
ok $? "a crash ends it as a crash"
restored "a crash"

# ---- the terminal is lost ----

tm new-window -d -n lost "exec sh -c '$agenttop $dat; :'"
until_true 5 find_pid lost
until_true 5 eval 'tm capture-pane -p -t lost | grep -q "$first"'
tm kill-window -t lost
until_true 2 is_gone "$pid"
ok $? "it ends within 2 s when its terminal is gone"
tm new-window -d -n lost "trap '' HUP; $agenttop $dat; :"
until_true 5 find_pid lost
until_true 5 eval 'tm capture-pane -p -t lost | grep -q "$first"'
tm kill-window -t lost
until_true 2 is_gone "$pid"
ok $? "also when it was told to ignore SIGHUP"

# ---- terminals ----

for type in dumb '' nonsense; do
	program "$dat" "TERM=$type"
	ended 1
	shows 'agenttop: .*(TERM=|type dumb).*' && lacks "$first"
	ok $? "TERM=$type: one clear line and status 1"
done
program "$dat" "-u TERM"
ended 1 && shows 'agenttop: .*TERM='
ok $? "no TERM: the same"
restored "terminals that cannot do it"
for type in xterm xterm-256color screen-256color tmux linux vt100; do
	if ! TERM=$type tput cup 0 0 > /dev/null 2>&1; then
		n=$((n + 1))
		echo "ok $n - TERM=$type # SKIP it is not known here"
		continue
	fi
	program "$dat" "TERM=$type"
	sees "$first" && shows 'q quit$'
	ok $? "TERM=$type: the first screen"
	keys q
	ended 0
	restored "TERM=$type"
done

# Escapes for colours that the pane shows.
colours() { tm capture-pane -e -p -t t | grep -cE "$(printf '\033')\[[0-9;]*[34][0-8]"; }
program "$dat" "-u NO_COLOR"
sees "$first"
until_true 5 eval '[ "$(colours)" -gt 3 ]'
ok $? "there are colours"
keys q
ended 0
program "$dat" "NO_COLOR=1"
sees "$first" && [ "$(colours)" -eq 0 ]
ok $? "NO_COLOR: there are none"
keys q
ended 0
program "--theme mono $dat" "-u NO_COLOR"
sees "$first" && [ "$(colours)" -eq 0 ]
ok $? "nor with --theme mono"
keys q
ended 0
for theme in dark:208 light:136; do
	program "--theme ${theme%:*} $dat" "-u NO_COLOR"
	sees "$first" && until_true 5 eval 'tm capture-pane -e -p -t t | grep -q "[34]8;5;${theme#*:}m"'
	ok $? "theme ${theme%:*}: its colour of run queues"
	keys q
	ended 0
done
printf 'color.queue = 99\nmouse = no\n' > "$tmp/config"
program "--config $tmp/config $dat" "-u NO_COLOR"
sees "$first" && until_true 5 eval 'tm capture-pane -e -p -t t | grep -q "[34]8;5;99m"'
ok $? "a colour from the configuration file"
! has_mouse
ok $? "and no mouse when it says so"
keys q
ended 0
program "$dat" "TERM=vt100"
sees "$first" && ! has_mouse
ok $? "nor where the terminal has none"
keys q
ended 0
program "$dat" "AGENTTOP_ASCII=1"
sees '^> agentloop' && ! tm capture-pane -p -t t | LC_ALL=C grep -q '[^ -~]'
ok $? "AGENTTOP_ASCII=1: nothing but ASCII"
keys q
ended 0
program "$dat" "LC_ALL=C"
sees '^> agentloop' && ! tm capture-pane -p -t t | LC_ALL=C grep -q '[^ -~]'
ok $? "nor in a locale that has no more"
keys q
ended 0

# ---- pipes ----

line "$agenttop $dat > $tmp/report; echo rc=\$?"
ended 0 && grep -q 'agentloop' "$tmp/report" && ! LC_ALL=C grep -q "$(printf '\033')" "$tmp/report"
ok $? "output that is no terminal: the report as plain text"
line "cat $dat | $agenttop -; echo rc=\$?"
seen 'agenttop  standard input' "the recording from a pipe"
keys BTab BTab
seen 'WHERE IT IS FROM' "keys from the terminal"
keys q
ended 0
ok $? "and an end"
restored "a recording from a pipe"
mkfifo "$tmp/fifo.ev"
program "$tmp/fifo.ev"
until_true 5 find_pid t
keys C-c
until_true 1 is_gone "$pid"
ok $? "Ctrl-C ends the wait for a pipe that nobody writes to"
restored "a pipe that nobody writes to"

# A pipe that has more to come: the screen lives while the reader waits.
perf=$PWD/../shared/recordings/others/pipe.perf.data
for key in q C-c; do
	if [ ! -r "$perf" ]; then
		n=$((n + 1))
		echo "ok $n - $key while a pipe is waited for # SKIP there is no $perf"
		continue
	fi
	line "(head -c 120000 $perf; exec sleep 60) | $agenttop -; echo rc=\$?"
	sees '^agenttop'
	find_pid t
	keys "$key"
	until_true 1 is_gone "$pid"
	ok $? "$key is obeyed while a pipe is waited for"
	keys C-c
	sees '^rc=|^>'
done
restored "a pipe that has more to come"

# ---- large recordings ----

awk 'BEGIN {
	print "# agenttop events\n@unit us\n@cpus 1"
	for (i = 0; i < 100000; i++) {
		t = i * 30
		printf "%d 0 a-10 . mark \"B|10|step:%d name=%s\"\n%d 0 a-10 . switch R+ b-20\n", t, i, i % 3 ? "plan" : "tool", t + 3
		printf "%d 0 b-20 . switch R+ a-10\n%d 0 a-10 . mark \"E|10\"\n", t + 5 + i % 17, t + 28
	}
}' > "$tmp/large.ev"
program "$tmp/large.ev"
seen "$first" "a large recording: the first screen"
keys q
ended 0 1
ok $? "q is obeyed while it is read"
program "$tmp/large.ev"
sees '▸ a +tool'
until_true 10 lacks 'reading'
keys End Home Space
seen ' 1/33 336 · ' "100 000 steps: expanded"
was=$(date +%s%N)
keys End
sees ' 33 336/33 336 · ' 2
took=$((($(date +%s%N) - was) / 1000000))
[ "$took" -lt 500 ]
ok $? "100 000 steps: from key to screen in $took ms (with what tmux and the look at it take)"
keys Enter
seen '\[2 Chain\]' "100 000 steps: a chain"
keys q
ended 0
restored "a large recording"

echo "1..$n"
exit $failed
