#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Steps, gates and chains of the recordings that carry the agent's own clock, against that clock and the raw events.
cd "$(dirname "$0")/../.." || exit 1
rec=${RECORDINGS:-../shared/recordings}
skip() { echo "1..0 # SKIP $*"; exit 0; }
[ -d "$rec/own" ] || skip "no recordings in $rec (set RECORDINGS)"
command -v python3 >/dev/null || skip "python3 is not installed"
command -v trace-cmd >/dev/null || skip "trace-cmd is not installed"
set --
for c in "$rec"/own/*.csv; do
	[ -f "${c%.csv}.dat" ] && set -- "$@" "${c%.csv}.dat"
done
[ $# -gt 0 ] || skip "no recordings with a csv in $rec/own"
exec python3 -B tests/oracle/truth.py "$@"
