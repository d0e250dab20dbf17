#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The documents say what the program does: every option, stage, plugin and JSON key is in the manual.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build} in /*) ;; *) O=$PWD/$O ;; esac
agenttop=${AGENTTOP:-$O/agenttop}
n=0 failed=0

ok()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}

# page FILE: the manual's source as plain words: no font macros, no escapes.
page()
{
	sed -e '/^\.\\"/d' -e 's/\\f[A-Z]//g' -e 's/\\-/-/g' -e 's/\\(aq/'"'"'/g' -e 's/^\.[A-Z][A-Za-z]* *//' -e 's/"//g' "$1"
}
page1=$(page man/agenttop.1)
page7=$(page man/agenttop-stages.7)

# in_page TEXT WORD: WORD stands in TEXT with no letter, digit, _ or - around it.
in_page()
{
	printf '%s\n' "$1" | grep -qE -- "(^|[^A-Za-z0-9_-])$2([^A-Za-z0-9_-]|\$)"
}

# all TEXT WHAT WORDS: one test that all of them are there, and a line about each that is not.
all()
{
	missing=
	count=0
	for word in $3; do
		count=$((count + 1))
		in_page "$1" "$word" || missing="$missing $word"
	done
	[ -z "$missing" ] && [ "$count" -gt 0 ]
	ok $? "$2 ($count)"
	[ -z "$missing" ] || echo "# missing:$missing"
}

# headed TEXT WHAT WORDS: the same for entries of a list: the word is a line of its own.
headed()
{
	missing=
	count=0
	for word in $3; do
		count=$((count + 1))
		printf '%s\n' "$1" | grep -qxF -- "$word" || missing="$missing $word"
	done
	[ -z "$missing" ] && [ "$count" -gt 0 ]
	ok $? "$2 ($count)"
	[ -z "$missing" ] || echo "# missing:$missing"
}

options=$("$agenttop" --help | sed -n 's/^  \(-[a-z], \|    \)\(--[a-z-]*\).*/\2/p')
letters=$("$agenttop" --help | sed -n 's/^  \(-[a-z]\), --.*/\1/p')
all "$page1" "every option of --help is in agenttop(1)" "$options"
all "$page1" "and every short one" "$letters"

# The other way round: what the section OPTIONS describes exists.
described=$(printf '%s\n' "$page1" | sed -n '/^OPTIONS/,/^TEXT REPORT/p' | sed -nE 's/^(-[a-z] , )?(--[a-z-]+)( .*)?$/\2/p')
missing=
for word in $described; do
	printf '%s\n' "$options" | grep -qxF -- "$word" || missing="$missing $word"
done
[ -n "$described" ] && [ -z "$missing" ]
ok $? "every option described in agenttop(1) exists"
[ -z "$missing" ] || echo "# not in --help:$missing"

stages=$(sed -n 's/^\t\[ST_[A-Z_]*\] = { "\([a-z-]*\)".*/\1/p' src/stages.c)
headed "$(printf '%s\n' "$page7" | sed -n '/^STAGES/,/^PLUGINS/p')" "every stage is in agenttop-stages(7)" "$stages"
plugins=$(for f in plugins/stage_*.c; do f=${f##*/stage_} && echo "${f%.c}"; done)
headed "$(printf '%s\n' "$page7" | sed -n '/^PLUGINS/,/^ADDING/p')" "every plugin is in agenttop-stages(7)" "$plugins"

keys=$(grep -oE 'json_key\(j, "[a-z_0-9]+"' src/report_json.c | sed 's/.*"\(.*\)"/\1/' | sort -u)
json=$(printf '%s\n' "$page1" | sed -n '/^JSON REPORT/,/^EXIT STATUS/p')
all "$json" "every JSON key is described in agenttop(1)" "$keys"

for page in man/*.[1-9]; do
	if ! command -v man > /dev/null; then
		n=$((n + 1))
		echo "ok $n - $page # SKIP there is no man"
		continue
	fi
	warnings=$(man --warnings -E UTF-8 -l "./$page" 2>&1 > /dev/null | grep -v "can't set the locale")
	[ -z "$warnings" ]
	ok $? "$page has no warnings"
	[ -z "$warnings" ] || printf '%s\n' "$warnings" | sed 's/^/# /'
done

grep -q 'make demo' README.md && grep -q 'make check' README.md
ok $? "README.md names make demo and make check"

long=$("$agenttop" --help | awk 'length > 80')
[ -z "$long" ]
ok $? "--help fits 80 columns"

echo "1..$n"
exit $failed
