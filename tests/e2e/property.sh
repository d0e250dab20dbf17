#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
# What must hold of any subset of a recording: without some events, with random losses, cut off at either end.
cd "$(dirname "$0")/../.." || exit 1
rec=${RECORDINGS:-../shared/recordings}
skip() { echo "1..0 # SKIP $*"; exit 0; }
[ -d "$rec/own" ] || skip "no recordings in $rec (set RECORDINGS)"
command -v python3 >/dev/null || skip "python3 is not installed"
command -v trace-cmd >/dev/null || skip "trace-cmd is not installed"
set --
for f in ${PROPERTY_FILES:-vm-icount-quiet host-quiet}; do
	[ -f "$rec/own/$f.dat" ] && set -- "$@" "$rec/own/$f.dat"
done
exec python3 -B tests/oracle/property.py "$@"
