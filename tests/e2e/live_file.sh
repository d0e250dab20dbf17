#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 150
# A recording made live: replayed it gives what live showed, trace-cmd reads the same of it, also when its maker was killed.
cd "$(dirname "$0")/../.." || exit 1
command -v python3 >/dev/null || { echo "1..0 # SKIP python3 is not installed"; exit 0; }
exec python3 -B tests/oracle/live_file.py
