#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What e writes on a real terminal: the files are there, theirs to read alone, whole, and say what the screen says.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build} in /*) ;; *) O=$PWD/$O ;; esac
agenttop=${AGENTTOP:-$O/agenttop}
. tests/term_lib.sh

dat=$PWD/testdata/vm-icount-irqhot.dat
first='\[1 Steps\]'
mkdir "$tmp/out"
line "cd $tmp/out; echo rc=0"
ended 0

# python CODE WHAT: one test that the code, run where the files are, comes to its end.
python()
{
	(cd "$tmp/out" && python3 -c "$1") > "$tmp/err" 2>&1
	ok $? "$2"
	sed 's/^/# /' "$tmp/err"
}

program "$dat"
sees "$first"
keys e
seen '^export: t text  T all rows as text  c CSV  Esc' "e asks what to write"
keys Escape
until_true 5 lacks '^export:'
ok $? "Esc closes it"
[ -z "$(ls "$tmp/out")" ]
ok $? "and nothing was written"
keys e c
seen '^wrote agenttop-1.csv: 1 row' "e c writes CSV"
keys Space e c
seen '^wrote agenttop-2.csv: 401 rows' "again, with the steps open: the next number"
[ "$(stat -c '%a' "$tmp/out/agenttop-2.csv")" = 600 ]
ok $? "nobody else may read it"
keys e T
seen '^wrote agenttop-1.txt: 401 rows' "e T writes all rows as text"
keys Escape e t
seen '^wrote agenttop-2.txt: the screen, 80x24' "e t the screen"
# all but the line that says what was written
tm capture-pane -p -t t | sed '23d; s/ *$//' > "$tmp/screen"
sed 23d "$tmp/out/agenttop-2.txt" | diff - "$tmp/screen" > "$tmp/diff"
ok $? "which is what is on it"
sed 's/^/# /' "$tmp/diff"
keys Enter e j
seen '^wrote agenttop-1.json: step agentloop 358' "e j writes a step as JSON"
keys e s
seen '^wrote agenttop-1.svg: step agentloop 358' "e s as SVG"
keys e c
seen '^wrote agenttop-3.csv: 112 rows' "e c its segments as CSV"
keys q
ended 0
restored "e"

"$agenttop" --report=json --top 0 "$dat" > "$tmp/out/report"
if command -v python3 > /dev/null; then
	python '
import csv, json
report = json.load(open("report"))
rows = list(csv.DictReader(open("agenttop-2.csv", newline="")))
kind, steps = rows[0], rows[1:]
q = report["agents"][0]["steps"]
assert [int(kind[k + "_ns"]) for k in ("p50", "p99", "p999", "max")] == [q[k] for k in ("p50", "p99", "p999", "max")], kind
assert int(kind["count"]) == q["n"] == len(steps)
def key(s): return s["begin"], s["end"]
want = {(s["begin"], s["end"], s["id"]): s for s in report["steps"]}
for row in steps:
    s = want.pop((int(row["begin_ns"]), int(row["end_ns"]), row["id"]))
    ns = {}
    for g in s["segments"]:
        ns[g["stage"]] = ns.get(g["stage"], 0) + g["to"] - g["from"]
    names = [k[:-3] for k in row if k[:-3] in {x["stage"] for x in report["stages"]}]
    assert len(names) == len(report["stages"])
    assert {k: int(row[k + "_ns"]) for k in names if int(row[k + "_ns"])} == {k: v for k, v in ns.items() if v}, row
    assert int(row["duration_ns"]) == sum(ns.values())
assert not want, want' "the steps in the CSV are those of the report, to the nanosecond"
	python '
import csv, json
report, one = json.load(open("report")), json.load(open("agenttop-1.json"))
assert one["schema"] == "agenttop-step-1" and one["source"] == report["source"]
assert one["step"] in report["steps"] and one["step"]["id"] == "358"
rows = list(csv.DictReader(open("agenttop-3.csv", newline="")))
assert len(rows) == len(one["step"]["segments"])
for row, seg in zip(rows, one["step"]["segments"]):
    assert [int(row["from_ns"]), int(row["to_ns"]), row["stage"], row["actor"] or None, row["confidence"]] == \
        [seg[k] for k in ("from", "to", "stage", "actor", "confidence")], (row, seg)' "the step is the one in the report, its segments too"
	python '
import xml.dom.minidom
doc = xml.dom.minidom.parse("agenttop-1.svg")
assert doc.documentElement.tagName == "svg"
texts = ["".join(c.data for c in t.childNodes) for t in doc.getElementsByTagName("text")]
for want in ("agentloop 870", "nvme0n1 q3", "ld-linux-x86-64:675"):
    assert want in texts, texts
assert any(t.startswith("step agentloop 358") for t in texts)
assert len(doc.getElementsByTagName("rect")) > 50 and len(doc.getElementsByTagName("line")) > 10' "the picture is XML, with the actors in it"
else
	for what in "CSV" "JSON" "SVG"; do
		n=$((n + 1))
		echo "ok $n - $what parses # SKIP there is no python3"
	done
fi

# ---- names that would harm ----

rm -f "$tmp/out"/*
sed 's/^@cpus.*/&\n@host "<h>\&"/; s/agent=a\\tb/agent==1+1/; s/"\\xff[^"]*"/"<script>\&\x27]]>"/g; /^@host "\\x1b/d' \
	tests/golden/hostile.ev > "$tmp/hostile.ev"
grep -q '^@host "<h>&"' "$tmp/hostile.ev" && grep -q 'agent==1+1' "$tmp/hostile.ev" && grep -q '"<script>&' "$tmp/hostile.ev"
ok $? "a recording with such names"
program "$tmp/hostile.ev"
sees "$first"
keys e c
sees '^wrote agenttop-1.csv'
keys 2 e s
seen '^wrote agenttop-1.svg' "hostile names: files are written"
if command -v python3 > /dev/null; then
	python '
import csv, xml.dom.minidom
svg = open("agenttop-1.svg").read()
xml.dom.minidom.parseString(svg.encode())
assert "&lt;script&gt;" in svg and "<script" not in svg and "&lt;h&gt;&amp;" in svg
rows = list(csv.reader(open("agenttop-1.csv", newline="")))
assert len(rows) > 1 and all(len(r) == len(rows[0]) for r in rows)
assert not [c for r in rows for c in r if c[:1] in ("=", "+", "-", "@")]
assert [c for r in rows for c in r if c == "\x27=1+1"], rows' "and are well-formed"
fi
keys q
ended 0

# ---- where nothing can be written ----

line "mkdir gone; cd gone; rmdir ../gone; echo rc=0"
ended 0
program "$dat"
sees "$first"
keys e t
seen '^agenttop-1.txt: No such file or directory' "a directory that is gone: one sentence"
keys q
ended 0
if [ -d /sys ] && ! (: > /sys/agenttop-test) 2> /dev/null; then
	line "cd /sys; echo rc=0"
	ended 0
	program "$dat"
	sees "$first"
	keys e t
	seen '^no file can be made here \(.*\): start agenttop elsewhere$' "one that takes no files: what to do"
	keys q
	ended 0
fi

echo "1..$n"
exit $failed
