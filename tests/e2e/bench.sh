#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The benchmark runs, and agenttop is not slower than what it is compared with. Small: to notice a collapse, not to measure.
cd "$(dirname "$0")/../.." || exit 1
skip() { echo "1..0 # SKIP $*"; exit 0; }
for t in python3 trace-cmd perf; do
	command -v $t >/dev/null || skip "$t is not installed"
done
BENCH_EVENTS=${BENCH_EVENTS:-300000} BENCH_RUNS=${BENCH_RUNS:-2} exec python3 -B tests/oracle/bench.py --tap
