#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Live recording beside bpftrace on one load, at the same moment; and counts beside /proc/interrupts and /proc/softirqs.

  live_beside.py         TAP. LONG=SECONDS: windows of that length (default 3)

agenttop records all the time; two bpftraces with one script, given as numbers the begin and end of a window, count and
add up what begins and ends in it. agenttop's numbers are its report of the recording, --from and --to of that window.
  hard      irq_handler_entry to _exit by number, x86 vectors likewise by name, and sched_wakeup to the switch-in
  soft      softirq_entry to _exit by vector. In a window of its own: softirqs can be interrupted, and a BPF program is
            not run while the same CPU runs one already, so both at once would miss interrupts.
A probe costs time that the next one measures. agenttop's are called first, since it was first to attach; so it differs
from the first bpftrace by what two probes' entry and exit differ in, as the second bpftrace does from the first.

Tolerance: agenttop differs from the nearer bpftrace by no more than the two do from each other, plus
  counts    2 at the window's ends, plus 1 in 1000, plus the events that bpftrace says it has missed (recursion_misses)
  times     PROBE_NS a pair, 1 %, ONCE_NS a row, what the hypervisor stole, and the longest pair for each that one has more
Compared is what both can see. Some kernels (seen on a virtual machine) do not tell perf, which brings events to bpftrace,
of interrupts over certain tasks, and do not tell ftrace what the idle task of a CPU, or one of a few others, does itself. Where the raw recording
(trace-cmd's) has interrupts over a task and bpftrace none, agenttop may have more by those; they are few, and counted.
Wakeups that end a CPU's idling are left out on bpftrace's side where the raw recording never has that CPU's idle task
switch; and of tasks that it never has leave a CPU, agenttop may have fewer.

/proc: read before and after, each time between two readings of the clock; so what it counted lies between what agenttop
has for the inner and for the outer of these times.
"""
import json
import os
import re
import subprocess
import sys
import time
from collections import defaultdict

import agenttop
from livetest import NS, TRACEFS, Agenttop, Process, agent, need_live, read, seconds, sleep_until, two_cpus, until
from rawtrace import LINE, SWITCH, WAKE, field
from tap import Tap, skip_all

PROBE_NS = 200
ONCE_NS = 100000
VECTOR = 1000000        # in bpftrace's maps, where interrupts have small numbers
VECTORS = ('local_timer', 'reschedule', 'call_function_single', 'call_function')
PROC_NAMES = {'LOC': ('local_timer',), 'RES': ('reschedule',), 'CAL': ('call_function_single', 'call_function'), 'IWI': ('irq_work',)}
SOFTIRQS = ['HI', 'TIMER', 'NET_TX', 'NET_RX', 'BLOCK', 'IRQ_POLL', 'TASKLET', 'SCHED', 'HRTIMER', 'RCU']
IN = '$t >= (uint64)$1 && $t < (uint64)$2'


def entry_exit(system, event, slot, row):
    return '''
tracepoint:%s:%s_entry { $t = nsecs; if (%s) { @at[cpu, %s] = $t; @over[cpu, tid] = 1; } }
tracepoint:%s:%s_exit {
	$t = nsecs; $b = @at[cpu, %s];
	if ($b) { if ($t < (uint64)$2) { @pairs[%s] = stats($t - $b); } delete(@at[cpu, %s]); }
}''' % (system, event, IN, slot, system, event, slot, row, slot)


WAKEUPS = '''
tracepoint:sched:sched_wakeup {
	$t = nsecs;
	if (%s && @woken[args->pid] == 0) { @woken[args->pid] = $t; }
}
tracepoint:sched:sched_switch {
	$t = nsecs; $b = @woken[args->next_pid];
	if (args->prev_pid) { delete(@woken[args->prev_pid]); }
	if ($b) { if ($t < (uint64)$2) { @run[cpu, args->prev_pid == 0] = stats($t - $b); } delete(@woken[args->next_pid]); }
}''' % IN
# The last probe to be attached tells that all are.
END = '''
interval:ms:50 { if (@ready == 0) { @ready = 1; printf("ready\\n"); } if (nsecs > (uint64)$2) { exit(); } }
END { clear(@ready); clear(@at); %s }
'''


def scripts():
    vectors = [v for v in VECTORS if has_event('irq_vectors', v + '_entry')]
    return {'hard': entry_exit('irq', 'irq_handler', 'args->irq', 'args->irq') +
                    ''.join(entry_exit('irq_vectors', v, str(VECTOR + i), str(VECTOR + i)) for i, v in enumerate(vectors)) +
                    WAKEUPS + END % 'clear(@woken);',
            'soft': entry_exit('irq', 'softirq', 'args->vec', 'args->vec') + END % ''}, vectors


def has_event(system, name):
    return os.path.isdir('%s/events/%s/%s' % (TRACEFS, system, name))


class Bpftrace(Process):
    def __init__(self, script, begin, end):
        super().__init__(['bpftrace', '-f', 'json', '-e', script, str(begin), str(end)],
                         env=dict(os.environ, BPFTRACE_MAP_KEYS_MAX='65536'))
        self.n_missed = 0

    def ready(self):
        return not self.alive() or 'ready' in self.text(self.out)

    def look(self):
        """How many events its programs have missed so far; the kernel tells."""
        n = 0
        try:
            for f in os.listdir('/proc/%d/fdinfo' % self.pid):
                m = re.search(r'^recursion_misses:\s*(\d+)', read('/proc/%d/fdinfo/%s' % (self.pid, f)) or '', re.M)
                n += int(m.group(1)) if m else 0
        except OSError:
            return
        self.n_missed = n

    def maps(self):
        res = {}
        for line in self.text(self.out).splitlines():
            try:
                j = json.loads(line)
            except ValueError:
                continue
            if j.get('type') in ('map', 'stats'):
                res.update(j['data'])
        return res


class Window:
    """
    begin and end; bpf: maps of each bpftrace; proc: [(before, after, {name: count})] at begin and at end; n_missed: events
    that bpftrace knows it has missed; stolen: ns that a hypervisor took, anywhere, also between two probes of an event
    """

    def __init__(self, name, script, length):
        self.name, self.bpf, self.proc, self.n_missed, self.hidden, self.stolen = name, [], [], 0, None, 0
        for lead in (3, 6, 12):
            self.begin = time.monotonic_ns() + lead * NS
            self.end = self.begin + int(length * NS)
            both = [Bpftrace(script, self.begin, self.end) for _ in range(2)]
            self.why = [line for b in both if until(b.ready, lead + 2) and not b.alive() for line in b.text().splitlines()[-4:]]
            if self.why or time.monotonic_ns() < self.begin - NS // 5:
                break
            for b in both:
                b.end()
        else:
            self.why = ['bpftrace is not ready after 12 s']
        if self.why:
            return
        sleep_until(self.begin)
        self.proc.append(proc_counts())
        self.stolen = -stolen_ns()
        sleep_until(self.end - NS // 50)
        for b in both:
            b.look()
        sleep_until(self.end)
        self.proc.append(proc_counts())
        self.stolen += stolen_ns()
        for b in both:
            if b.wait(20):
                self.why += ['bpftrace failed'] + b.text().splitlines()[-4:]
            self.bpf.append(b.maps())
            self.n_missed = max(self.n_missed, b.n_missed)

    def unseen(self, raw):
        """(cpu, tid)s that were interrupted, by the raw recording, and not once so by bpftrace"""
        if self.hidden is None:
            seen = set(tuple(map(int, k.split(','))) for m in self.bpf for k in m.get('@over', {}))
            self.hidden = set(k[1:] for k in raw.pairs[self.name]) - seen
        return self.hidden


def stolen_ns():
    f = read('/proc/stat').split('\n', 1)[0].split()
    return int(f[8]) * NS // os.sysconf('SC_CLK_TCK') if len(f) > 8 else 0


def proc_counts():
    before = time.monotonic_ns()
    interrupts, softirqs = read('/proc/interrupts'), read('/proc/softirqs')
    after = time.monotonic_ns()
    res = {}
    for text in (interrupts, softirqs):
        n_cpus = len(text.split('\n', 1)[0].split())
        for line in text.splitlines()[1:]:
            f = line.split()
            n = f[1:1 + n_cpus]
            if n and all(x.isdigit() for x in n):
                res[f[0].rstrip(':')] = sum(map(int, n))
    return before, after, res


# ---- what only the raw recording tells ----

class Raw:
    """The windows' events by trace-cmd: pairs, with the task that each was over."""

    def __init__(self, path, windows):
        self.pairs = {w.name: defaultdict(lambda: [0, 0]) for w in windows}      # (row, cpu, tid) -> count, ns
        self.wakeups = defaultdict(lambda: [0, 0])                              # (cpu, tid of the waker, woken tid) -> same
        self.left = set()                                                       # (cpu, tid) that a switch told to leave
        self.entered, self.at, self.woken = set(), {}, {}
        p = subprocess.Popen(['trace-cmd', 'report', '-R', '-t', '-i', path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             encoding='utf-8', errors='surrogateescape')
        for line in p.stdout:
            if 'irq' not in line and 'sched_' not in line and 'vector=' not in line:
                continue
            m = LINE.match(line)
            if m:
                self.event(windows, int(m.group(4)) * NS + int(m.group(5)), int(m.group(3)), int(m.group(2)), m.group(6), m.group(7))
        p.wait()

    def event(self, windows, ts, cpu, tid, name, text):
        w = next((w for w in windows if w.begin <= ts < w.end), None)
        if name == 'sched_switch':
            self.switch(w, ts, cpu, SWITCH.match(text))
        elif name == 'sched_wakeup':
            if w:
                self.woken.setdefault(int(WAKE.match(text).group(2)), (ts, w, cpu, tid))
        elif name in ('irq_handler_entry', 'softirq_entry') or name.endswith('_entry') and text.startswith('vector='):
            self.at[cpu, self.row(name[:-6], text)] = ts
        elif name in ('irq_handler_exit', 'softirq_exit') or name.endswith('_exit') and text.startswith('vector='):
            row = self.row(name[:-5], text)
            begin = self.at.pop((cpu, row), 0)
            if w and begin >= w.begin:
                add(self.pairs[w.name][row, cpu, tid], 1, ts - begin)

    def switch(self, w, ts, cpu, m):
        prev, nxt = int(m.group(2)), int(m.group(5))
        self.left.add((cpu, prev))
        self.entered.add(nxt)
        woken = self.woken.pop(nxt, None)
        self.woken.pop(prev, None)
        if w and woken and woken[1] is w:
            add(self.wakeups[woken[2], woken[3], nxt], 1, ts - woken[0])

    @staticmethod
    def row(name, text):
        return 'irq ' + field(text, 'irq') if name == 'irq_handler' else 'softirq ' + field(text, 'vec') if name == 'softirq' else name


def add(total, n, ns):
    total[0] += n
    total[1] += ns


# ---- comparing ----

class Row:
    """count and ns: agenttop's, both bpftraces', and of what one or the other may not have been told"""

    def __init__(self, mine=(0, 0, 0)):
        self.mine, self.longest, self.theirs, self.unseen, self.untold = mine[:2], mine[2], [[0, 0], [0, 0]], [0, 0], [0, 0]

    def apart(self, i):
        """How far agenttop is from the nearer bpftrace, what may not have been told aside; how far these are apart"""
        more = [self.mine[i] - t[i] for t in self.theirs]
        return min(max(m - self.unseen[i], -m - self.untold[i], 0) for m in more), abs(self.theirs[0][i] - self.theirs[1][i])

    def text(self):
        return 'agenttop %d, %d ns; bpftrace %d, %d ns and %d, %d ns' % (*self.mine, *self.theirs[0], *self.theirs[1])

    def note(self, name):
        each = [x[1] / max(x[0], 1) for x in (self.mine, *self.theirs)]
        print('# %-22s n %7d, bpftrace %7d %7d   ns each %8.0f, bpftrace %8.0f %8.0f%s' % (
            name, self.mine[0], self.theirs[0][0], self.theirs[1][0], *each,
            '   (%d over tasks of which perf is not told)' % self.unseen[0] if self.unseen[0] else ''))


def compare(tap, what, rows, w):
    counts, times = [], []
    for name, r in sorted(rows.items()):
        r.note(name)
        n, two = r.apart(0)
        if n > two + 2 + r.mine[0] // 1000 + w.n_missed:
            counts.append('%s: %s' % (name, r.text()))
        ns, two = r.apart(1)
        if ns > two + PROBE_NS * r.mine[0] + r.mine[1] // 100 + ONCE_NS + w.stolen + n * r.longest:
            times.append('%s: %s' % (name, r.text()))
    tap.ok(not counts, '%s: %d counts agree with bpftrace' % (what, len(rows)), counts)
    tap.ok(not times, '%s: times agree with bpftrace' % what, times)
    n, unseen = sum(r.mine[0] for r in rows.values()), sum(r.unseen[0] for r in rows.values())
    tap.ok(n > 500 and unseen < n / 20, '%s: nearly all %d can be compared' % (what, n), ['not %d' % unseen])


def compare_pairs(tap, what, w, mine, raw, vectors):
    """mine: {row: (count, ns, longest)} of the report"""
    rows = defaultdict(Row)
    for name, x in mine.items():
        rows[name] = Row(x)
    for (name, cpu, tid), x in raw.pairs[w.name].items():
        if name in rows and (cpu, tid) in w.unseen(raw):
            add(rows[name].unseen, *x)
    for i, m in enumerate(w.bpf):
        for name, x in bpf_pairs(m, vectors, w.name == 'soft').items():
            add(rows[name].theirs[i], *x)
    compare(tap, what, rows, w)


def compare_wakeups(tap, w, dist, raw):
    row = Row((dist['n'], dist['sum'], dist['max'] or 0))
    stay = raw.entered - set(tid for _, tid in raw.left)
    for (cpu, tid, woken), x in raw.wakeups.items():
        if (cpu, tid) in w.unseen(raw):
            add(row.unseen, *x)
        if woken in stay:
            add(row.untold, *x)
    for i, m in enumerate(w.bpf):
        for k, v in m.get('@run', {}).items():
            cpu, idle = map(int, k.split(','))
            if not idle or (cpu, 0) in raw.left:
                add(row.theirs[i], v['count'], v['total'])
            elif not i:
                print('# the kernel does not tell ftrace when CPU %d stops idling: %d wakeups from that left out' % (cpu, v['count']))
    compare(tap, 'wakeup to run', {'wakeup_to_run': row}, w)


def bpf_pairs(maps, vectors, soft):
    """{row: (count, ns)}"""
    res = {}
    for k, v in maps.get('@pairs', {}).items():
        row = int(k)
        name = 'softirq %d' % row if soft else vectors[row - VECTOR] if row >= VECTOR else 'irq %d' % row
        res[name] = (v['count'], v['total'])
    return res


def rows_of(report):
    """{row: (count, ns, longest)}; a line that devices share has a row of each handler in the report, one here"""
    res = {}
    for r in report['irqs']:
        add_row(res, r['name'] if r['irq'] is None else 'irq %d' % r['irq'], r['dist'])
    for r in report['softirqs']:
        add_row(res, 'softirq %d' % r['vec'], r['run'])
    return res


def add_row(rows, name, d):
    n, ns, longest = rows.get(name, (0, 0, 0))
    rows[name] = (n + d['n'], ns + d['sum'], max(longest, d['max'] or 0))


def compare_proc(tap, w, binary, path):
    (a0, a1, before), (b0, b1, after) = w.proc
    inner, outer = (proc_rows(report(binary, path, *x)) for x in ((a1, b0), (a0, b1)))
    bad, n = [], 0
    names = [k for k in before if k.isdigit() or k in PROC_NAMES or k in SOFTIRQS]
    slack = os.cpu_count()                      # one on each CPU is being counted just now
    for k in names:
        d = after.get(k, 0) - before[k]
        lo, hi = inner.get(k, 0), outer.get(k, 0)
        n += d
        if not lo - slack <= d <= hi + slack:
            bad.append('%s: /proc counted %d, agenttop %d to %d' % (k, d, lo, hi))
    print('# /proc: %d interrupts and softirqs; read within %.1f and %.1f ms' % (n, (a1 - a0) / 1e6, (b1 - b0) / 1e6))
    tap.ok(n > 500 and not bad, '%s: /proc/interrupts and /proc/softirqs counted as many (%d rows)' % (w.name, len(names)), bad)


def proc_rows(r):
    res = defaultdict(int)
    for x in r['irqs']:
        key = next((k for k, v in PROC_NAMES.items() if x['name'] in v), None) if x['irq'] is None else str(x['irq'])
        # each handler of a shared line is called, the line counts once
        res[key] = max(res[key], x['dist']['n']) if x['irq'] is not None else res[key] + x['dist']['n']
    for x in r['softirqs']:
        res[SOFTIRQS[x['vec']]] = x['run']['n']
    return res


def report(binary, path, begin, end):
    r = agenttop.report(path, '--from', seconds(begin), '--to', seconds(end - 1), '--top', '0', '--steps', 'none', binary=binary)
    if not r.json:
        raise SystemExit('agenttop: ' + r.err)
    return r.json


def main():
    binary, tmp = need_live('bpftrace', 'trace-cmd')
    length = float(os.environ.get('LONG', '3'))
    path = os.path.join(tmp, 'beside.dat')
    a, b = two_cpus()
    load = agent('--cpu', str(a), '--peer-cpu', str(b), '--flood=5000', '--writes=200', '--forever')
    if not load:
        skip_all('agentloop is not built')
    tap = Tap()
    live = Agenttop(binary, '--record', path, '--report=json', '--steps', 'none', '--top', '1', '--duration', '300')
    if not live.recording():
        tap.ok(False, 'it records', live.why())
        return tap.done()
    time.sleep(.5)
    text, vectors = scripts()
    windows = [Window(k, text[k], length) for k in ('hard', 'soft')]
    load.end()
    j = live.finish()
    why = [x for w in windows for x in w.why]
    if why:
        tap.skip('beside bpftrace', 'bpftrace does not work here: ' + ' / '.join(why))
        return tap.done()
    if not tap.ok(j and j['source']['lost'] == 0, 'it records without a loss', live.why() + [str(j and j['source'])]):
        return tap.done()
    raw = Raw(path, windows)
    hard, soft = windows
    j = report(binary, path, hard.begin, hard.end)
    rows = {k: v for k, v in rows_of(j).items() if k.startswith('irq ') or k in vectors}
    compare_pairs(tap, 'hard IRQs', hard, rows, raw, vectors)
    compare_wakeups(tap, hard, j['wakeups']['wakeup_to_run'], raw)
    j = report(binary, path, soft.begin, soft.end)
    compare_pairs(tap, 'softirqs', soft, {k: v for k, v in rows_of(j).items() if k.startswith('softirq ')}, raw, vectors)
    for w in windows:
        compare_proc(tap, w, binary, path)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
