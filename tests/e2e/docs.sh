#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The documents say what the program does: options, keys, stages, plugins, events, JSON keys; and README's screens are
# those that it prints.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build} in /*) ;; *) O=$PWD/$O ;; esac
agenttop=${AGENTTOP:-$O/agenttop}
. tests/tap.sh
recording=testdata/vm-icount-irqhot.dat
tmp=$(mktemp -d "${TMPDIR:-/tmp}/agenttop-docs.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
# The screens must not depend on who runs this.
export HOME="$tmp" XDG_CONFIG_HOME="$tmp" LC_ALL=C.UTF-8 MANWIDTH=80
unset AGENTTOP_ASCII

# page FILE: the manual's source as plain words: no font macros, no escapes.
page()
{
	sed -e '/^\.\\"/d' -e 's/\\f[A-Z]//g' -e 's/\\-/-/g' -e 's/\\(aq/'"'"'/g' -e 's/^\.[A-Z][A-Za-z]* *//' -e 's/"//g' "$1"
}

# part FILE FROM TO: its source from one section's heading to another's.
part()
{
	sed -n "/^\.SH $2/,/^\.SH $3/p" "$1"
}
page1=$(page man/agenttop.1)
page7=$(page man/agenttop-stages.7)

# report WHAT COUNT MISSING: one test, and a line about what is not there. Nothing looked for is a failure too.
report()
{
	[ -z "$3" ] && [ "$2" -gt 0 ]
	ok $? "$1 ($2)"
	[ -z "$3" ] || printf '%s\n' "$3" | sed '/^$/d; s/^/# missing: /'
}

# all TEXT WHAT WORDS: every word stands in TEXT with no letter, digit, _ or - around it.
all()
{
	missing='' count=0
	for word in $3; do
		count=$((count + 1))
		printf '%s\n' "$1" | grep -qE -- "(^|[^A-Za-z0-9_-])$word([^A-Za-z0-9_-]|\$)" || missing="$missing
$word"
	done
	report "$2" "$count" "$missing"
}

# lines TEXT WHAT LINES: every one of LINES is a line of TEXT, white space apart.
lines()
{
	printf '%s\n' "$1" | sed 's/^[ \t]*//; s/[ \t]*$//' | tr -s ' \t' ' ' > "$tmp/have"
	missing=$(printf '%s\n' "$3" | sed 's/^[ \t]*//; s/[ \t]*$//' | tr -s ' \t' ' ' | grep -vxF -f "$tmp/have")
	report "$2" "$(printf '%s\n' "$3" | grep -c .)" "$missing"
}

# ---- options ----

options=$("$agenttop" --help | sed -n 's/^  \(-[a-z], \|    \)\(--[a-z-]*\).*/\2/p')
letters=$("$agenttop" --help | sed -n 's/^  \(-[a-z]\), --.*/\1/p')
described=$(part man/agenttop.1 OPTIONS SCREENS | sed -n '/^\.TP/{n;p}' | sed 's/\\-/-/g' | grep -oE -- '--[a-z-]+')
lines "$described" "every option of --help has its entry in agenttop(1)" "$options"
all "$page1" "and every short one" "$letters"
lines "$options" "every option described in agenttop(1) exists" "$described"
long=$("$agenttop" --help | awk 'length > 80')
[ -z "$long" ]
ok $? "--help fits 80 columns"

# ---- screens, keys, stages: from the help screen, which prints the tables ----

"$agenttop" --screen 200x600 --keys '?' "$recording" > "$tmp/help"
keys=$(sed -n '/^KEYS/,/^COLUMNS/{/^  /p}' "$tmp/help")
lines "$page1" "every key of the help screen is in agenttop(1), with what it does" "$keys"
columns=$(sed -n '/^COLUMNS/,/^STAGES/{/^  /p}' "$tmp/help")
lines "$page1" "every column, with what it is" "$columns"
# A column without an explanation is not in the help.
bare=$(grep -nE '^\s*\[[A-Z_0-9]+\] = \{ "[^"]+", NULL,' ui/view_*.c)
[ -z "$bare" ]
ok $? "the help explains every column of a screen"
views=$(sed -n '2s/[^A-Za-z]\{1,\}/ /gp' "$tmp/help")
all "$(part man/agenttop.1 SCREENS 'TEXT REPORT' | sed -n 's/^\.B \([A-Z][A-Za-z]*\)$/\1/p')" \
	"every screen is in agenttop(1)" "$views"
names=$(sed -n '/^} names\[\] = {/,/^};/p' ui/action.c | grep -oE '\{ "[A-Za-z0-9-]+", "' | tr -d '{ ,"')
all "$page1" "every name of a key is in agenttop(1)" "$names"
styles=$(sed -n '/theme_styles\[N_STYLES\] = {/,/^};/p' ui/theme.c | grep -oE '= "[a-z]+"' | tr -d '= "')
all "$(part man/agenttop.1 SCREENS 'TEXT REPORT' | sed -n '/^\.SS Colours/,$s/^\.B //p')" "every style is in agenttop(1)" "$styles"
themes=$(sed -n 's/^const char \*const theme_names\[\] = {\(.*\), NULL.*/\1/p' ui/theme.c | tr -d '",')
all "$(part man/agenttop.1 OPTIONS SCREENS | sed -n '/theme/,/config/s/^\.B //p')" "every theme is" "$themes"
stages=$(sed -n 's/^\t\[ST_[A-Z_]*\] = { "\([a-z-]*\)".*/\1/p' src/stages.c)
lines "$(part man/agenttop-stages.7 STAGES PLUGINS | sed -n '/^\.TP/{n;s/^\.B //;s/\\-/-/g;p}')" \
	"every stage has its entry in agenttop-stages(7)" "$stages"
words=$(sed -n 's/^\t\[ST_[A-Z_]*\] = { "\([a-z-]*\)", "\([^"]*\)", '"'\(.\)'"'.*/\3 \2 \1/p' src/stages.c)
lines "$page7" "with its letter and words" "$words"
shown=$(sed -n '/^STAGES/,/^$/{s/^  \([^ ]\)  \([A-Za-z ]\{16\}\) .*/\1 \2/p}' "$tmp/help")
lines "$(printf '%s\n' "$words" | sed 's/ [a-z-]*$//')" "and the help screen shows the same" "$shown"

# ---- plugins and their events ----

plugins=$(for f in plugins/stage_*.c; do f=${f##*/stage_} && echo "${f%.c}"; done)
described=$(part man/agenttop-stages.7 PLUGINS ADDING | sed -n '/^\.TP/{n;s/^\.B //p}')
lines "$described" "every plugin has its entry in agenttop-stages(7)" "$plugins"
lines "$plugins" "every plugin described there exists" "$described"

# "system:event" of every plugin; those of irq_vectors come from a macro, in pairs. Sources make agenttop: themselves.
wanted=$(sed -n 's/^\t{ "\([a-z_0-9]*:[a-z_0-9]*\)\*\{0,1\}",.*/\1/p' plugins/stage_*.c | grep -v '^agenttop:'
	sed -n 's/^VECTOR(\([a-z_0-9]*\))/irq_vectors:\1/p' plugins/stage_vector.c)
all "$(part man/agenttop-stages.7 PLUGINS ADDING | tr '*' ' ' | sed 's/\(sys_e[a-z]*_\) *NAME/\1/; s/_entry//; s/_exit//'
	part man/agenttop-stages.7 PLUGINS ADDING)" "every event that a plugin asks for is there" "$wanted"

# The list to record with: all of these, but for vectors that hardly happen and the syscalls one by one.
listed()
{
	sed -n '/set \\*-\\*-/,/^ *done/p' "$1" | grep -oE '[a-z_]+/[a-z][a-z_0-9]+' | grep -v '^events/\|^kernel/\|^sys/\|^tracing/' | tr / : | sort -u
}
to_record=$(printf '%s\n' "$wanted" | grep -v '^irq_vectors:\|^syscalls:'
	for v in local_timer reschedule call_function call_function_single; do
		printf '%s\n' "irq_vectors:${v}_entry" "irq_vectors:${v}_exit"
	done)
lines "$(listed README.md)" "README.md's list to record with has them all" "$to_record"
lines "$(listed man/agenttop.1)" "and that of agenttop(1)" "$to_record"
lines "$to_record" "and README.md's list names no event that nobody asks for" "$(listed README.md)"
sed -n '/^    set --/,/^    done/p' README.md | sh -n
ok $? "the shell takes README.md's list"

# ---- JSON ----

# Words in bold, after the section's heading: a key that only occurs in a sentence is not described.
bold=$(part man/agenttop.1 'JSON REPORT' 'EXIT STATUS' | sed -n 's/^\.BR\{0,1\} //p' | tr -c 'a-z0-9_\n-' ' ')
source_keys=$(sed -n 's/json_key(j, "\([a-z_0-9]*\)"/\n@\1\n/gp' src/report_json.c | sed -n 's/^@//p')
"$agenttop" --report=json --top 0 "$recording" > "$tmp/report"
printed=$(grep -oE '"[a-z_][a-z_0-9]*":' "$tmp/report" | tr -d '":' | sort -u)
printed=$(printf '%s\n' "$printed" | while read -r key; do
	printf '%s\n' "$stages" | grep -qx -- "$key" && ! printf '%s\n' "$source_keys" | grep -qx -- "$key" || echo "$key"
done)
all "$bold" "every JSON key that the program has is described in agenttop(1)" "$(printf '%s\n' "$source_keys" | sort -u)"
all "$bold" "every JSON key that it prints is" "$printed"

# ---- the pages themselves ----

for page in man/*.[1-9]; do
	if ! command -v man > /dev/null; then
		skip "$page has no warnings" "there is no man"
		continue
	fi
	warnings=$(man --warnings -E UTF-8 -l "./$page" 2>&1 > /dev/null | grep -v "can't set the locale")
	[ -z "$warnings" ]
	ok $? "$page has no warnings"
	[ -z "$warnings" ] || printf '%s\n' "$warnings" | sed 's/^/# /'
done

if command -v "${CC:-cc}" > /dev/null; then
	sed -n '/^\/\* GPU/,/^\.ft R/p' man/agenttop-stages.7 |
		sed -e '/^\.ft/d' -e 's/\\-/-/g' -e "s/\\\\(aq/'/g" -e 's/\\e/\\/g' > "$tmp/stage_gpu.c"
	grep -q 'const struct stage stage_gpu' "$tmp/stage_gpu.c" &&
		"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Isrc -c -o "$tmp/stage_gpu.o" "$tmp/stage_gpu.c" 2> "$tmp/err"
	ok $? "the stage in agenttop-stages(7) compiles"
	[ ! -s "$tmp/err" ] || sed 's/^/# /' "$tmp/err"
else
	skip "the stage in agenttop-stages(7) compiles" "there is no ${CC:-cc}"
fi

# ---- agenttop-ev(5) ----

page5=$(page man/agenttop-ev.5 | tr -d '\\' | sed 's/fB//g; s/fP//g')
verbs=$(sed -n '/^static const struct ev_verb verbs/,/^};/s/^\t{ "\([a-z_]*\)", "\([a-z_:]*\)",.*/\1 \2/p' src/evwords.c)
all "$page5" "every short name and its event are in agenttop-ev(5)" "$verbs"
all "$page5" "every directive is" "$(grep -ohE '"@[a-z-]+"' src/source_text.c | tr -d '"' | sort -u)"
sed -n '/^\.SH EXAMPLE/,/^\.EE/p' man/agenttop-ev.5 | sed '1,/^\.EX/d; /^\.EE/d; s/\\-/-/g' > "$tmp/case.ev"
"$agenttop" --report=json "$tmp/case.ev" 2> "$tmp/err" | grep -q '"steps":{"n":1,'
ok $? "its example is a step"
sed 's/^/# /' "$tmp/err"

# ---- README.md ----

grep -q '^    make demo\b' README.md && grep -q '^    make check\b' README.md
ok $? "README.md has the two commands, make demo and make check"
targets=$(grep -oE '(^    |`|[A-Z]+=[A-Z]+ )make [a-z]+' README.md | sed 's/.*make //' | sort -u)
all "$(grep -E '^(\.PHONY|[a-z -]+):' Makefile)" "every make target that it names exists" "$targets"

# A block of README.md that begins with "    $ agenttop ...": the command, then its output; a line "..." stands for any
# lines. Writes the commands to $tmp/cmd.N and the blocks to $tmp/want.N.
awk -v tmp="$tmp" '
	/^    \$ agenttop / { i++; sub(/^    \$ agenttop /, ""); print > (tmp "/cmd." i); inside = 1; blank = 0; next }
	!inside { next }
	/^$/ { blank++; next }
	!/^    / { inside = 0; next }
	{ for (; blank; blank--) print "" > (tmp "/want." i); sub(/^    /, ""); print > (tmp "/want." i) }
' README.md

# as_shown WANT GOT: the lines of WANT stand in GOT in this order, with others between them only where WANT says "...".
as_shown()
{
	awk '
		NR == FNR { want[++n] = $0; next }
		{ sub(/ +$/, ""); got[++m] = $0 }
		END {
			g = 1
			for (w = 1; w <= n; w++) {
				if (want[w] == "...") { any = 1; continue }
				for (start = g; any && g <= m && got[g] != want[w]; g++)
					;
				if (got[g] != want[w] || g > m) {
					print "# README.md: " want[w]
					print "# printed:   " (start <= m ? got[start] : "(its end)")
					exit 1
				}
				g++
				any = 0
			}
			if (!any && g <= m) { print "# printed as well: " got[g]; exit 1 }
		}' "$1" "$2"
}
blocks=0
for cmd in "$tmp"/cmd.*; do
	[ -e "$cmd" ] || continue
	i=${cmd##*.} blocks=$((blocks + 1))
	eval "set -- $(cat "$cmd")"
	"$agenttop" "$@" > "$tmp/got.$i" 2>&1
	as_shown "$tmp/want.$i" "$tmp/got.$i" > "$tmp/diff.$i"
	ok $? "README.md shows what is printed by: agenttop $*"
	cat "$tmp/diff.$i"
done
[ "$blocks" -ge 2 ]
ok $? "README.md shows the screen and the chain ($blocks)"

echo "1..$n"
exit $failed
