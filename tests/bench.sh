#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Speed and memory beside trace-cmd and perf on the same events, what live recording costs beside theirs, and from a key to the
# paint beside htop: `make bench`. What can be set: tests/oracle/bench.py, bench_live.py, bench_screen.py.
cd "$(dirname "$0")/.." || exit 1
for t in python3 trace-cmd; do
	command -v $t >/dev/null || { echo "bench: $t is not installed" >&2; exit 1; }
done
python3 -B tests/oracle/bench.py "$@" || exit
python3 -B tests/oracle/bench_live.py || exit
exec python3 -B tests/oracle/bench_screen.py
