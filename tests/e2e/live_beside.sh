#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 150
# Interrupts, softirqs and wakeups, counts and times, beside two bpftraces at the same moment; counts beside /proc's.
cd "$(dirname "$0")/../.." || exit 1
command -v python3 >/dev/null || { echo "1..0 # SKIP python3 is not installed"; exit 0; }
exec python3 -B tests/oracle/live_beside.py
