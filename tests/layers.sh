#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Who may include whom: layers.sh FILE.d...   (written by the compiler with -MMD)
#
# A rule is: SOURCES may|not HEADERS : why. The first rule that names a source decides about its headers of ours:
# "may" allows only those listed, "not" forbids. What an included header includes counts as well. Headers of
# libraries are found in the text of the source and of the headers it includes, since -MMD leaves them out.
awk '
function rule(line,  part, kind) {
	if (!match(line, / (may|not) /))
		return
	kind = substr(line, RSTART + 1, 3)
	split(line, part, / (may|not) | : /)
	n_rules++
	r_src[n_rules] = regex(part[1]); r_kind[n_rules] = kind; r_hdr[n_rules] = regex(part[2]); r_why[n_rules] = part[3]
}
# Patterns with * to one regular expression.
function regex(globs) {
	gsub(/^ +| +$/, "", globs)
	gsub(/\./, "\\.", globs)
	gsub(/\*/, ".*", globs)
	gsub(/ +/, "|", globs)
	return "^(" globs ")$"
}
function wrong(src, hdr, why) {
	if (!((src, hdr) in told))
		print "layers: " src " must not include " hdr ": " why
	told[src, hdr] = 1
	bad = 1
}
function check_ours(src, hdr,  i) {
	for (i = 1; i <= n_rules; i++)
		if (src ~ r_src[i]) {
			if ((hdr ~ r_hdr[i]) != (r_kind[i] == "may"))
				wrong(src, hdr, r_why[i])
			return
		}
}
# Names in the angle brackets of a file of ours, read once.
function libraries(file,  line, n, all) {
	if (file in libs)
		return libs[file]
	while ((getline line < file) > 0)
		if (line ~ /^[ \t]*#[ \t]*include[ \t]*</) {
			gsub(/^[^<]*<|>.*$/, "", line)
			all = all line " "
		}
	close(file)
	return libs[file] = all
}
function check_libraries(src, file,  name, n, i) {
	n = split(libraries(file), name, " ")
	for (i = 1; i <= n; i++) {
		if (name[i] ~ curses && src !~ may_curses)
			wrong(src, "<" name[i] ">" (file == src ? "" : " (through " file ")"), "only ui/term.c includes curses")
		if (name[i] ~ tracing && src !~ may_tracing)
			wrong(src, "<" name[i] ">" (file == src ? "" : " (through " file ")"), "only sources, decode and tracer include tracing libraries")
	}
}
BEGIN {
	curses = "^(n?curses(w)?\\.h|ncursesw?/.*|panel\\.h|term\\.h)$"
	may_curses = "^ui/term\\.c$"
	tracing = "^(event-parse\\.h|kbuffer\\.h|trace-seq\\.h|traceevent/.*|tracefs(/.*|\\.h)|trace-cmd(/.*|\\.h)|bpf/.*|perf/.*)$"
	may_tracing = regex("src/source_*.c src/dat_*.c src/perf_*.c src/decode.c src/tracer.c")
	while ((getline line < ARGV[1]) > 0)
		rule(line)
	ARGV[1] = ""
}
FNR == 1 { src = ""; ended = 0; sub(/^[^:]*:/, "") }
ended { next }		# the rest only keeps make quiet about deleted headers
{
	ended = !sub(/\\$/, "")
	for (i = 1; i <= NF; i++) {
		if (src == "") {
			src = $i
			check_libraries(src, src)
		} else if ($i !~ /^\// && $i ~ /\.h$/) {
			check_ours(src, $i)
			check_libraries(src, $i)
		}
	}
}
END { exit bad }
' /dev/fd/3 "$@" 3<<'EOF_RULES'
src/base.c src/arena.c src/strs.c src/stats.c src/heat.c src/slots.c may src/base.h src/arena.h src/strs.h src/stats.h src/heat.h src/slots.h : the lowest layer knows nothing of ours
src/source*.c src/decode.c src/dat_*.c src/perf_*.c src/ev*.c src/merge.c not src/model.h src/stage.h src/engine.h src/step.h src/chain.h src/snapshot.h src/report.h src/tune.h ui/* : sources know neither stages nor the model
src/broker.c src/tracer*.c may src/broker.h src/tracer.h src/user.h src/who.h src/base.h : the privileged part knows nothing but tracefs
src/reader.c src/keep.c src/made.c src/subbuf.c src/page.c src/datw*.c not src/model.h src/stage.h src/engine.h src/step.h src/snapshot.h ui/* : what moves sub-buffers does not look into events
src/who*.c may src/who.h src/who_in.h src/base.h : finding tasks in /proc knows nothing of ours
src/engine*.c src/model*.c src/sched*.c src/step*.c src/chain*.c src/timeline.c not src/report.h src/tune.h ui/* : the engine has no screen in it
src/snapshot*.c not src/report.h src/tune.h ui/* : a snapshot does not know who looks at it
src/report*.c src/tune*.c plugins/tune_*.c src/machine.c not src/model.h src/engine.h src/stage.h src/event.h src/decode.h src/source.h ui/* : reports, advice and what asks the machine know only snapshots
plugins/stage_*.c may src/stage.h src/stages.h src/tables.h src/calls.h src/culprit.h src/snapshot.h src/base.h src/arena.h src/strs.h src/stats.h src/heat.h src/event.h : a stage knows the plugin interface and nothing else
ui/theme.c may ui/cells.h ui/theme.h src/base.h : colours know styles only
ui/term.c may ui/cells.h ui/action.h ui/theme.h ui/term.h src/base.h : the terminal knows cells and keys only
ui/*.c not src/model.h src/engine.h src/stage.h src/event.h src/decode.h src/source.h : a screen shows snapshots, never the engine
EOF_RULES
