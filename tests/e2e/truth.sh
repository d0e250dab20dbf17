#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Steps, gates and chains of the recordings that carry the agent's own clock, against that clock and the raw events.
cd "$(dirname "$0")/../.." || exit 1
rec=${RECORDINGS:-../shared/recordings}
skip() { echo "1..0 # SKIP $*"; exit 0; }
command -v python3 >/dev/null || skip "python3 is not installed"
command -v trace-cmd >/dev/null || skip "trace-cmd is not installed"
set -- testdata/vm-icount-irqhot.dat
for c in "$rec"/own/*.csv; do
	[ -f "${c%.csv}.dat" ] && [ "$(basename "$c")" != vm-icount-irqhot.csv ] && set -- "$@" "${c%.csv}.dat"
done
exec python3 -B tests/oracle/truth.py "$@"
