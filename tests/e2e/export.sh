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
keys 3 e c
seen '^wrote agenttop-4.csv: 4 rows' "e c the CPUs"
keys 4 e c
seen '^wrote agenttop-1-irqs.csv and 1 more: 18 rows' "e c the interrupts: one file for each table"
keys 5 e c
seen '^wrote agenttop-5.csv: [0-9]+ rows' "e c the stages"
# with the first disk unfolded, and below the first actor
keys 6 Space e c
seen '^wrote agenttop-1-disks.csv and 2 more: [0-9]+ rows' "e c the devices"
keys 7 Space e c
seen '^wrote agenttop-6.csv: [0-9]+ rows' "e c who took time"
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
	cat > "$tmp/out/tables.py" << 'EOF'
import csv, json
report = json.load(open("report"))
span = report["source"]["end"] - report["source"]["begin"]
all_steps = sum(s["end"] - s["begin"] for s in report["steps"])
def rows_of(name): return list(csv.DictReader(open(name, newline="")))
# What the report has as null is empty.
def same(row, column, v):
    assert row[column] == ("" if v is None else str(v)), (column, row[column], v, row)
def close(row, column, v, part=1e-6):
    assert abs(float(row[column]) - v) <= part, (column, row[column], v)
def dist(row, prefix, d, *names):
    for name in names:
        same(row, prefix + name + "_ns", d[name])
def one(rows):
    assert len(rows) == 1, rows
    return rows[0]
EOF
	python 'from tables import *
rows = rows_of("agenttop-4.csv")
assert [r["cpu"] for r in rows] == [str(c) for c in sorted(c["cpu"] for c in report["cpus"])]
for row in rows:
    c = one([c for c in report["cpus"] if str(c["cpu"]) == row["cpu"]])
    times = "irq", "softirq", "ksoftirqd", "task", "idle", "unknown"
    for k in times + ("harm",):
        same(row, k + "_ns", c[k])
    same(row, "interrupts", c["interrupts"])
    same(row, "hot", int(c["hot"]))
    whole = sum(c[k] for k in times)
    close(row, "irq_share", (c["irq"] + c["softirq"]) / whole)
    close(row, "busy_share", 1 - (c["idle"] + c["unknown"]) / whole)' "the CPUs in the CSV are those of the report"
	python 'from tables import *
hard, soft = rows_of("agenttop-1-irqs.csv"), rows_of("agenttop-1-softirqs.csv")
assert len(hard) == len(report["irqs"]) and len(soft) == len(report["softirqs"])
assert [int(r["harm_ns"]) for r in hard] == sorted((q["harm"] for q in report["irqs"]), reverse=True)
for row in hard:
    q = one([q for q in report["irqs"] if ("" if q["irq"] is None else str(q["irq"]), q["name"]) == (row["irq"], row["name"])])
    same(row, "count", q["dist"]["n"]), same(row, "time_ns", q["dist"]["sum"])
    dist(row, "", q["dist"], "p50", "p99", "max")
    same(row, "steps", q["completed_steps"]), same(row, "harm_ns", q["harm"])
    close(row, "rate_per_s", q["dist"]["n"] * 1e9 / span, 1e-3), close(row, "cpu_share", q["dist"]["sum"] / span)
for row in soft:
    v = one([v for v in report["softirqs"] if v["name"] == row["softirq"]])
    same(row, "raised", v["raises"]), same(row, "runs", v["run"]["n"]), same(row, "time_ns", v["run"]["sum"])
    dist(row, "", v["run"], "p50", "p99", "max"), dist(row, "wait_", v["wait"], "p50", "p99", "max")
    same(row, "harm_ns", v["harm"])
    close(row, "cpu_share", v["run"]["sum"] / span)' "so are the interrupts and softirqs"
	python 'from tables import *
rows = rows_of("agenttop-5.csv")
assert len(rows) == len([g for g in report["stages"] if g["dist"]["n"]]) > 0
for row in rows:
    g = one([g for g in report["stages"] if g["stage"] == row["stage"]])
    same(row, "count", g["dist"]["n"])
    dist(row, "", g["dist"], "p50", "p99", "p999", "max")
    assert float(row["share"]) == g["share"] and float(row["share_worst"]) == g["share_worst"], (row, g)' "the stages"
	python 'from tables import *
disks, napi, rings = (rows_of("agenttop-1-%s.csv" % k) for k in ("disks", "napi", "rings"))
def who(t): return "others" if t["pid"] is None else "%s:%d" % (t["comm"] or "?", t["pid"])
named = [r for r in disks if r["by"]]
assert len(disks) - len(named) == len(report["block"]) and named, disks
for row in disks:
    b = one([b for b in report["block"] if (b["name"] or b["dev"], b["op"]) == (row["device"], row["operation"])])
    if row["by"]:
        by = one([t for t in b["by"] if who(t) == row["by"]])
        same(row, "n", by["n"]), same(row, "bytes", by["bytes"])
        dist(row, "device_", by["device"], "p50", "p99", "max")
        continue
    same(row, "n", max(b["device"]["n"], b["queue"]["n"]))
    same(row, "bytes", sum(t["bytes"] for t in b["by"]) if b["by"] else None)
    dist(row, "queue_", b["queue"], "p50", "p99", "max"), dist(row, "device_", b["device"], "p50", "p99", "max")
    dist(row, "complete_", b["complete"], "p99")
assert len(napi) == len(report["napi"]) > 0
for row in napi:
    v = one([v for v in report["napi"] if v["dev"] == row["device"]])
    for k in "polls", "work", "budget_hits":
        same(row, k, v[k])
    close(row, "per_poll", v["work"] / v["polls"]), close(row, "budget_share", v["budget_hits"] / v["polls"])
    dist(row, "time_", v["dist"], "p50", "p99", "max"), dist(row, "batch_", v["batch"], "p50", "p99")
assert len(rings) == sum(1 + len(r["ops"]) for r in report["rings"]) > 1
for row in rings:
    r = one([r for r in report["rings"] if r["ctx"] == row["ring"]])
    same(row, "sq", r["sq"]), same(row, "cq", r["cq"])
    if row["operation"]:
        op = r["ops"][row["operation"]]
        same(row, "ops", op["n"]), same(row, "errors", op["error"]), same(row, "cancelled", op["cancelled"])
        dist(row, "", op["dist"], "p50", "p99", "max")
        continue
    same(row, "ops", sum(op["n"] for op in r["ops"].values()))
    same(row, "overflow", r["overflow"]), same(row, "open", r["open"]), same(row, "oldest_ns", r["oldest_open"])
    same(row, "batch_p50", r["batch"]["p50"])' "disks, network devices and rings"
	python 'from tables import *
rows = rows_of("agenttop-6.csv")
actors, parts = [r for r in rows if not r["stage"]], [r for r in rows if r["stage"]]
assert len(actors) == len(report["culprits"]) and parts
for row in actors:
    p = one([p for p in report["culprits"] if (p["actor"], p["level"], str(p["harm"])) == (row["actor"], row["level"], row["harm_ns"])])
    same(row, "steps", p["steps"])
    close(row, "share", p["harm"] / all_steps)
whole = one([r for r in actors if r["actor"] == parts[0]["actor"]])
assert sum(int(r["harm_ns"]) for r in parts) == int(whole["harm_ns"])
for row in parts:
    h = one([h for h in report["harms"] if (h["actor"], str(h["cpu"]), h["agent"] or "", h["stage"]) ==
             (row["actor"], row["cpu"], row["whom"], row["stage"])])
    same(row, "harm_ns", h["harm"]), same(row, "steps", h["steps"])' "and who took time, with the parts of it that are shown"
else
	for what in "CSV" "JSON" "SVG" "CPUs" "interrupts" "stages" "devices" "actors"; do
		skip "$what parses" "there is no python3"
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
else
	skip "and are well-formed" "there is no python3"
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
