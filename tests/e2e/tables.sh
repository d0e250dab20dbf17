#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The report's tables against a second computation from what trace-cmd prints of the same recordings.
cd "$(dirname "$0")/../.." || exit 1
rec=${RECORDINGS:-../shared/recordings}
skip() { echo "1..0 # SKIP $*"; exit 0; }
command -v python3 >/dev/null || skip "python3 is not installed"
command -v trace-cmd >/dev/null || skip "trace-cmd is not installed"
set -- testdata/vm-icount-irqhot.dat
for f in "$rec"/own/*.dat; do
	[ -f "$f" ] && [ "$(basename "$f")" != vm-icount-irqhot.dat ] && set -- "$@" "$f"
done
for f in schedviz.v6 schedviz.v7-zstd sched_load.v7-zstd arm32.v6 arm32.v7-zstd idle.v6 markers.v7-zstd; do
	[ -f "$rec/others/$f.dat" ] && set -- "$@" "$rec/others/$f.dat"
done
exec python3 -B tests/oracle/tables.py "$@"
