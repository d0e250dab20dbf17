#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
# Damaged, absurd and hostile input: an answer or one line of why not, never a crash, a hang, or a terminal taken over.
cd "$(dirname "$0")/../.." || exit 1
command -v python3 >/dev/null || { echo "1..0 # SKIP python3 is not installed"; exit 0; }
exec python3 -B tests/oracle/hostile.py
