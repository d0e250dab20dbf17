#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What fuzzing has found in the parsers, given to the program: an answer or one line of why not.
cd "$(dirname "$0")/../.." || exit 1
command -v python3 >/dev/null || { echo "1..0 # SKIP python3 is not installed"; exit 0; }
exec python3 -B tests/oracle/hostile.py cases
