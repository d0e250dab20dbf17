#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Every number of the tables on the screens is that of the JSON report.
cd "$(dirname "$0")/../.." || exit 1
command -v python3 >/dev/null || { echo "1..0 # SKIP python3 is not installed"; exit 0; }
own=../shared/recordings/own
set -- testdata/vm-icount-irqhot.dat
for f in "$own"/vm-6.12-irqhot.dat "$own"/vm-6.12-quiet.dat "$own"/host-load.dat; do
	[ ! -f "$f" ] || set -- "$@" "$f"
done
exec python3 -B tests/oracle/screens.py "$@"
