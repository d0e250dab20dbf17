# SPDX-License-Identifier: GPL-2.0-only
# To be sourced by tests that look at screens on a real terminal, which tmux is: starts one with a shell in it, 80x24.
# Needs $agenttop and $O; checks and the end of the test are as in tests/tap.sh.

. tests/tap.sh
command -v tmux > /dev/null || skip_all "there is no tmux"

tmp=$(mktemp -d "${TMPDIR:-/tmp}/agenttop-term.XXXXXX") || exit 1
tm() { TMUX_TMPDIR=$tmp tmux -L "agenttop-test.$$" -f /dev/null "$@"; }
trap 'tm kill-server 2> /dev/null; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# With a check that has failed: what was on the screen.
show_more() { tm capture-pane -p -t t 2> /dev/null | sed -n '/./s/^/# | /p'; }
shows() { tm capture-pane -p -t t | grep -qE -- "$1"; }
lacks() { ! shows "$1"; }
sees() { until_true "${2:-5}" shows "$1"; }
keys() { tm send-keys -t t "$@"; }
# seen REGEX WHAT: one test that the screen comes to show it.
seen()
{
	sees "$1"
	ok $? "$2"
}

# The mouse, as a terminal tells of it: button (0, wheel 64 up, 65 down), column, line, both from 1.
mouse()
{
	tm send-keys -t t -l "$(printf '\033[<%d;%d;%dM' "$1" "$2" "$3")"
	[ "$1" -ge 64 ] || tm send-keys -t t -l "$(printf '\033[<%d;%d;%dm' "$1" "$2" "$3")"
}
has_mouse() { [ "$(tm display-message -p -t t '#{mouse_any_flag}')" = 1 ]; }
# where REGEX: column and line, both from 1, of what the screen shows first of it.
where()
{
	tm capture-pane -p -t t | awk -v re="$1" 'match($0, re) { print RSTART, NR; exit }'
}

# A line for the shell. Its screen is emptied first, so that what is seen is of this line.
line()
{
	keys "clear" Enter
	until_true 5 lacks 'rc=' || return 1
	keys "$1" Enter
}
# program ARGUMENTS [SETTING...]: starts it; the shell prints its status when it has ended.
program()
{
	line "env ${2:-A=1} $agenttop $1; echo rc=\$?"
}
# The prompt may stand before it: the shell prints it while the line is still being typed.
ended() { sees "^(> )?rc=$1\$" "${2:-5}"; }

# Processes that descend from the pane's shell and are called agenttop.
pid_of()
{
	for parent in "$@"; do
		for child in $(cat "/proc/$parent/task/$parent/children" 2> /dev/null); do
			[ "$(cat "/proc/$child/comm" 2> /dev/null)" != agenttop ] || echo "$child"
			pid_of "$child"
		done
	done
}
find_pid()
{
	pid=$(pid_of "$(tm display-message -p -t "$1" '#{pane_pid}')")
	[ -n "$pid" ]
}
# Ended: one whose parent is gone may still wait for init to take notice.
is_gone() { ! grep -qsE '^State:.[^Z]' "/proc/$1/status"; }

# What the shell's terminal is like: its modes, and whether the screen and the cursor are the usual ones.
modes()
{
	rm -f "$tmp/modes"
	line "stty -a > $tmp/modes.new; mv $tmp/modes.new $tmp/modes; echo rc=0"
	until_true 5 test -s "$tmp/modes" && ended 0 && cat "$tmp/modes"
	tm display-message -p -t t 'alternate=#{alternate_on} cursor=#{cursor_flag} keypad=#{keypad_flag} mouse=#{mouse_any_flag}'
}
restored()
{
	modes > "$tmp/after"
	cmp -s "$tmp/before" "$tmp/after"
	ok $? "$1: the terminal is as before"
	[ "$failed" -eq 0 ] || diff "$tmp/before" "$tmp/after" | sed 's/^/# /'
}

# tmux must not ask the terminal that the test happens to run on, nor a user's settings.
unset TMUX NO_COLOR
tm new-session -d -s t -x 80 -y 24 "exec env PS1='> ' TERM=screen-256color sh -i" || skip_all "tmux does not start here"
tm set-option -g escape-time 0 \; set-option -g remain-on-exit off
sees '^>' || exit 1
modes > "$tmp/before"
