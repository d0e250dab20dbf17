#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 180
# A load that overruns a small buffer: losses are counted as the kernel counts them, and no chain crosses one.
# Ten minutes of it: LONG=600 sh tests/e2e/live_loss.sh
cd "$(dirname "$0")/../.." || exit 1
command -v python3 >/dev/null || { echo "1..0 # SKIP python3 is not installed"; exit 0; }
exec python3 -B tests/oracle/live_loss.py
