#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Shows the main job: demo.sh AGENTTOP AGENTLOOP
#
# Where recording is allowed (root, tracefs): the sample agent runs, with something that disturbs it, and agenttop shows
# its steps live; on a terminal until you press q, else for some seconds and as a report. Anywhere else: the screens, or
# the report, of the recording that comes with the program. Everything that was started ends with it.
set -u
agenttop=${1:?usage: demo.sh AGENTTOP AGENTLOOP}
agentloop=${2:-}
recording=testdata/vm-icount-irqhot.dat
agent=

may_record()
{
	[ "$(id -u)" -eq 0 ] && [ -x "$agentloop" ] && grep -q tracefs /proc/filesystems
}

end_agent()
{
	[ -z "$agent" ] || kill "$agent" 2> /dev/null
	[ -z "$agent" ] || wait "$agent" 2> /dev/null
	agent=
}

live()
{
	trap end_agent EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	"$agentloop" --forever --quiet --cpu 0 --flood=3000 --writes=50 &
	agent=$!
	if [ -t 0 ] && [ -t 1 ]; then
		"$agenttop"
	else
		"$agenttop" --duration 6 --report
	fi
}

# replay: an agent's steps from a recording, on any machine.
replay()
{
	if [ ! -r "$recording" ]; then
		echo "demo.sh: $recording is missing" >&2
		return 1
	fi
	if [ -t 0 ] && [ -t 1 ]; then
		"$agenttop" "$recording"
	else
		"$agenttop" --report "$recording"
	fi
}

if may_record; then
	live
else
	echo "live recording needs root (sudo make demo): this is the recording that comes with agenttop"
	replay
fi
