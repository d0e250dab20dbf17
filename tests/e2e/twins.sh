#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# One recording in two containers is one report: trace.dat versions 6 and 7, compressed or not, and through a pipe.
cd "$(dirname "$0")/../.." || exit 1
rec=${RECORDINGS:-../shared/recordings}
skip() { echo "1..0 # SKIP $*"; exit 0; }
[ -d "$rec/own" ] || [ -d "$rec/others" ] || skip "no recordings in $rec (set RECORDINGS)"
command -v python3 >/dev/null || skip "python3 is not installed"
command -v trace-cmd >/dev/null || skip "trace-cmd is not installed"
set --
for n in schedviz arm32; do
	[ -f "$rec/others/$n.v6.dat" ] && set -- "$@" "$rec/others/$n.v6.dat" "$rec/others/$n.v7-zstd.dat"
done
set -- "$@" --convert
for n in host-quiet vm-icount-quiet vm-6.12-irqhot; do
	[ -f "$rec/own/$n.dat" ] && set -- "$@" "$rec/own/$n.dat"
done
set -- "$@" --pipe
for f in others/schedviz.v6.dat others/schedviz.v7-zstd.dat others/pipe.perf.data own/vm-icount-quiet.dat; do
	[ -f "$rec/$f" ] && set -- "$@" "$rec/$f"
done
exec python3 -B tests/oracle/twins.py "$@"
