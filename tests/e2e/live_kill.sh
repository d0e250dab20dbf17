#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 240
# kill -9 at random moments: nothing of ours is left after the next start, and nobody else's settings were touched.
cd "$(dirname "$0")/../.." || exit 1
command -v python3 >/dev/null || { echo "1..0 # SKIP python3 is not installed"; exit 0; }
exec python3 -B tests/oracle/live_kill.py
