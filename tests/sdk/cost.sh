#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What a mark costs, in nanoseconds, by language and by who listens: cost.sh [DIR]
#
# DIR has libagentstep.so and is where things are built (build). trace_marker and uprobe need root.
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${1:-${O:-build}}
tmp=$(mktemp -d /tmp/agenttop-cost.XXXXXX) || exit 1
. tests/sdk/lib.sh
find=$tmp/find
trap 'live_end; rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM
cc=${CC:-cc}
cp "$O/libagentstep.so" src/sdk/agentstep.py src/sdk/agentstep.js tests/sdk/cost.py tests/sdk/cost.js "$tmp" || exit 1
$cc -O2 -Isrc/sdk -o "$tmp/cost" tests/sdk/cost.c -L"$tmp" -lagentstep -Wl,-rpath,"$tmp" || exit 1
$cc -D_GNU_SOURCE -Isrc -o "$find" tests/sdk/find.c src/sdkfind.c src/base.c || exit 1
unset AGENTSTEP AGENTSTEP_LIB AGENTSTEP_MARKER

# row LABEL ENVIRONMENT...
row()
{
	label=$1
	shift
	printf '%-34s %12s %12s %12s %12s\n' "$label" \
		"$(env "$@" "$tmp/cost" "$STEPS")" \
		"$(env "$@" python3 "$tmp/cost.py" "$STEPS")" \
		"$(env "$@" python3 "$tmp/cost.py" "$STEPS" decorator)" \
		"$(! command -v node > /dev/null || env "$@" node "$tmp/cost.js" "$STEPS")"
}

printf '%-34s %12s %12s %12s %12s\n' 'nanoseconds a mark' C 'Python with' '@step' Node
STEPS=200000
row 'nobody listens' A=1
row 'AGENTSTEP=off' AGENTSTEP=off
why=$(not_live)
[ -z "$why" ] || { echo "$why" && exit; }
live_begin || exit 1
STEPS=5000
probe listen "$tmp/libagentstep.so" listen && enable listen || exit 1
row 'trace_marker' "AGENTSTEP_MARKER=$instance/trace_marker"
row 'trace_marker, without the library' "AGENTSTEP_LIB=/none AGENTSTEP_MARKER=$instance/trace_marker"
disable listen
probe mark "$tmp/libagentstep.so" mark && enable mark || exit 1
row 'uprobe' A=1
