#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Shows the main job: demo.sh AGENTTOP
#
# On a terminal the screens open on the recording that comes with the program; otherwise its report is printed.
# Needs no privilege.
set -u
agenttop=${1:?usage: demo.sh AGENTTOP}
recording=testdata/vm-icount-irqhot.dat

# replay: an agent's steps from a recording, on any machine.
replay()
{
	if [ ! -r "$recording" ]; then
		echo "demo.sh: testdata/vm-icount-irqhot.dat is missing" >&2
		return 1
	fi
	if [ -t 0 ] && [ -t 1 ]; then
		"$agenttop" "$recording"
	else
		"$agenttop" --report "$recording"
	fi
}

replay
