#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# One load recorded by ftrace and by perf at once: the same tables from both.
cd "$(dirname "$0")/../.." || exit 1
command -v python3 >/dev/null || { echo "1..0 # SKIP python3 is not installed"; exit 0; }
exec python3 -B tests/oracle/both.py
