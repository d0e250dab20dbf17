#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 400
# Thousands of random keys, clicks and sizes of the terminal, on a recording and live: no crash, no hang, the terminal put back.
cd "$(dirname "$0")/../.." || exit 1
command -v python3 >/dev/null || { echo "1..0 # SKIP python3 is not installed"; exit 0; }
exec python3 -B tests/oracle/monkey.py
