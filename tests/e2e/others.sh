#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Recordings made by other people: what is known to be true in them is what agenttop reports.
cd "$(dirname "$0")/../.." || exit 1
rec=${RECORDINGS:-../shared/recordings}
skip() { echo "1..0 # SKIP $*"; exit 0; }
[ -d "$rec/others" ] || skip "no recordings in $rec (set RECORDINGS)"
command -v python3 >/dev/null || skip "python3 is not installed"
command -v trace-cmd >/dev/null || skip "trace-cmd is not installed"
exec python3 -B tests/oracle/others.py "$rec/others"
