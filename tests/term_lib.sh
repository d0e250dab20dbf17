# SPDX-License-Identifier: GPL-2.0-only
# To be sourced by tests that look at screens on a real terminal, which tmux is: starts one with a shell in it, 80x24.
# Needs $agenttop and $O; the test ends with: echo "1..$n"; exit $failed

if ! command -v tmux > /dev/null; then
	echo "1..0 # SKIP there is no tmux"
	exit 0
fi

tmp=$(mktemp -d "${TMPDIR:-/tmp}/agenttop-term.XXXXXX") || exit 1
tm() { TMUX_TMPDIR=$tmp tmux -L "agenttop-test.$$" -f /dev/null "$@"; }
trap 'tm kill-server 2> /dev/null; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
n=0 failed=0

ok()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		tm capture-pane -p -t t 2> /dev/null | sed -n '/./s/^/# | /p'
		failed=1
	fi
}

# until SECONDS COMMAND...: runs it again and again until it is true; false when it is not in time.
until_true()
{
	tries=$(($1 * 20))
	shift
	while ! "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

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
	tm display-message -p -t t 'alternate=#{alternate_on} cursor=#{cursor_flag} keypad=#{keypad_flag}'
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
tm new-session -d -s t -x 80 -y 24 "exec env PS1='> ' TERM=screen-256color sh -i" || {
	echo "1..0 # SKIP tmux does not start here"
	exit 0
}
tm set-option -g escape-time 0 \; set-option -g remain-on-exit off
sees '^>' || exit 1
modes > "$tmp/before"
