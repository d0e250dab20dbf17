#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The report's tables, worked out a second time from what trace-cmd prints, and compared to the nanosecond.

  tables.py FILE...            compare with agenttop (TAP)
  tables.py --dump FILE        print this oracle's own tables

Definitions. n counts closed pairs only: both ends were recorded, on the same CPU where that is asked for,
and no loss of events lies between them.
  irqs      irq_handler_entry to the next irq_handler_exit of that number on that CPU, what nests inside included;
            a row per (number, name). An x86 vector (X_entry, X_exit with a field `vector`) is a row X without number.
  softirqs  raises: softirq_raise events. run: softirq_entry to softirq_exit of that vector on that CPU, what nests
            inside included. wait: the first raise since the last entry of that vector on that CPU, to the entry.
  block     by (dev, rwbs as written by the event that opens the span).
            queue: insert to issue; the insert is the one at the issue's sector, else those inside its range (merged).
            device: the last issue to the complete that finishes it, keyed (dev, sector), oldest first. A complete for
            fewer sectors than remain moves the request on; nr_sector 0 finishes it.
  wakeups   waking_to_run: the first sched_waking since the task left the CPU, to its next switch-in, for a task that
            left sleeping. A waking while it still runs counts if it then leaves sleeping and no other comes, unless
            its sched_wakeup came before it left. wakeup_to_run: the same from sched_wakeup (not sched_wakeup_new).
            cross_cpu: closed waking pairs that were switched in on another CPU than the waker's.
  tasks     pid 0 is no task. From the first to the last event of the recording:
            run: on a CPU by sched_switch; a CPU's first event tells by common_pid who was on it, and the time from the
            beginning to that event may be that task's or nobody's.
            runqueue: from sched_wakeup, which is when it was queued (where only sched_waking is recorded: from that), to
            the switch-in; preempted: from being switched out runnable to the switch-in; blocked: switched out in D until
            that wakeup; sleep: in any other sleeping state (S, I, T, t, P), also before a task's first event when that is
            a waking or wakeup.
            A task first seen in a switch-in was runnable, woken or pushed off before: that head may be part of either.
            Before it is born and when it is dead: nothing.
            Some kernels do not tell every switch; common_pid does then: between the last event that shows one task on
            the CPU and the first that shows the other is doubt, and times of such tasks are compared within it.
            switches: switch-outs. wakeups: sched_wakeup (else sched_waking) events and sched_wakeup_new.
            migrations: sched_migrate_task events.
  cpus      by the innermost of hard IRQ, softirq, task: irq, softirq (in ksoftirqd too), ksoftirqd (the thread itself),
            task, idle; from the first to the last event of the recording (before a CPU's first event it did what that
            shows it doing).
  napi      napi_poll events per dev_name: polls, sum of work, work >= budget.
  rings     per ctx and op_str: submit_req to complete by (ctx, req), the last one of a multishot. open: submitted only.
Where the report could sensibly mean something else, that reading is computed too and named in the failure.
"""
import sys
from collections import defaultdict, deque

import agenttop
import rawtrace
from rawtrace import IRQ_ENTRY, SWITCH, WAKE, field, num
from tap import Dist, Tap, dist_key, dist_text, skip_all

SOFTIRQS = ['HI', 'TIMER', 'NET_TX', 'NET_RX', 'BLOCK', 'IRQ_POLL', 'TASKLET', 'SCHED', 'HRTIMER', 'RCU']
CF_MORE = 2


class Pairs:
    """A table of distributions by key."""

    def __init__(self):
        self.rows = defaultdict(Dist)

    def add(self, key, value):
        self.rows[key].add(value)


class Task:
    __slots__ = ('pid', 'state', 'since', 't', 'switches', 'wakeups', 'migrations', 'dirty', 'comms', 'left_asleep',
                 'head', 'run_head', 'waking', 'waking_cpu', 'wakeup', 'early', 'early_cpu', 'early_wakeup', 'doubt')

    def __init__(self, pid, begin):
        self.pid, self.state, self.since = pid, None, begin
        self.t = defaultdict(int)           # run, runqueue, preempted, sleep, blocked
        self.switches = self.wakeups = self.migrations = 0
        self.dirty = 0                      # changes of state that no event told
        self.doubt = 0                      # ns that may be run or not because of them
        self.comms = set()
        self.left_asleep = False
        self.waking = self.waking_cpu = self.wakeup = self.early = self.early_cpu = self.early_wakeup = None
        self.head = self.run_head = 0       # runnable before its first event; on a CPU before the CPU's first event

    def to(self, state, ts):
        if self.state:
            self.t[self.state] += ts - self.since
        self.state, self.since = state, ts


class Tables:
    def __init__(self, rec):
        self.rec = rec
        self.irq, self.irq_cpu = Pairs(), Pairs()
        self.raises = defaultdict(int)
        self.soft_run, self.soft_wait = Pairs(), Pairs()
        self.waking_to_run, self.wakeup_to_run, self.wakeup_to_run_new = Dist(), Dist(), Dist()
        self.cross = defaultdict(int)
        self.tasks = {}
        self.stale_wakings = self.races = 0
        self.lost_cpus = set(c for _, c, _ in rec.lost)
        self.interrupts()
        self.scheduling()
        self.block()
        self.napi()
        self.rings()
        self.cpus()

    # -- what runs on a CPU -----------------------------------------------------------------------------------------
    def interrupts(self):
        entry = defaultdict(dict)                       # cpu -> key -> [ts, name]
        s_entry, s_raise = defaultdict(dict), defaultdict(dict)
        lost = self.loss_points()
        for i, e in enumerate(self.rec.events):
            for cpu in lost.get(i, ()):
                entry[cpu].clear(), s_entry[cpu].clear(), s_raise[cpu].clear()
            n = e.name
            if n == 'irq_handler_entry':
                m = IRQ_ENTRY.match(e.text)
                entry[e.cpu][int(m.group(1))] = (e.ts, m.group(2).strip())
            elif n == 'irq_handler_exit':
                irq = num(field(e.text, 'irq'))
                o = entry[e.cpu].pop(irq, None)
                if o:
                    self.irq.add((irq, o[1]), e.ts - o[0])
                    self.irq_cpu.add((irq, o[1], e.cpu), e.ts - o[0])
            elif n == 'softirq_raise':
                v = num(field(e.text, 'vec'))
                self.raises[v] += 1
                s_raise[e.cpu].setdefault(v, e.ts)
            elif n == 'softirq_entry':
                v = num(field(e.text, 'vec'))
                s_entry[e.cpu][v] = e.ts
                r = s_raise[e.cpu].pop(v, None)
                if r is not None:
                    self.soft_wait.add(v, e.ts - r)
            elif n == 'softirq_exit':
                v = num(field(e.text, 'vec'))
                o = s_entry[e.cpu].pop(v, None)
                if o is not None:
                    self.soft_run.add(v, e.ts - o)
            elif n.endswith('_entry') and e.text.startswith('vector='):
                entry[e.cpu][n[:-6]] = (e.ts, n[:-6])
            elif n.endswith('_exit') and e.text.startswith('vector='):
                o = entry[e.cpu].pop(n[:-5], None)
                if o:
                    self.irq.add((None, n[:-5]), e.ts - o[0])
                    self.irq_cpu.add((None, n[:-5], e.cpu), e.ts - o[0])

    def loss_points(self):
        """index of event -> CPUs that lost events just before it"""
        res = defaultdict(list)
        for i, cpu, _ in self.rec.lost:
            res[i].append(cpu)
        return res

    # -- tasks ------------------------------------------------------------------------------------------------------
    def task(self, pid):
        t = self.tasks.get(pid)
        if t is None:
            t = self.tasks[pid] = Task(pid, self.rec.begin)
        return t

    def scheduling(self):
        rec, letter = self.rec, self.rec.state_letter()
        if 'sched_switch' not in rec.names:
            return
        wake_ev = 'sched_wakeup' if 'sched_wakeup' in rec.names else 'sched_waking'
        on, last = {}, {}                               # cpu -> pid, time of its last event
        lost = self.loss_points()
        for i, e in enumerate(rec.events):
            if i in lost:
                for cpu in lost[i]:
                    on.pop(cpu, None)
                for t in self.tasks.values():           # anybody may have moved
                    t.dirty += 1
                    t.left_asleep = False
                    t.waking = t.wakeup = t.early = None
            n, cpu = e.name, e.cpu
            was = on.get(cpu)
            if was is not None and was != e.pid:        # common_pid contradicts: switched without an event
                if was:
                    self.vanish(self.task(was), last[cpu], e.ts)
                was = None
            if e.pid and was is None:
                self.appear(self.task(e.pid), last.get(cpu), e.ts)
            on[cpu], last[cpu] = e.pid, e.ts
            if n == 'sched_switch':
                m = SWITCH.match(e.text)
                prev, nxt, state = int(m.group(2)), int(m.group(5)), letter(num(m.group(3)))
                if prev:
                    self.leave(e, self.task(prev), state)
                    self.tasks[prev].comms.add(m.group(1))
                if nxt:
                    self.enter(e, self.task(nxt))
                    self.tasks[nxt].comms.add(m.group(4))
                on[cpu] = nxt
                continue
            if n in ('sched_waking', 'sched_wakeup', 'sched_wakeup_new'):
                m = WAKE.match(e.text)
                t = self.task(int(m.group(2)))
                if t.pid:
                    self.wake(e, t, n, wake_ev)
            elif n == 'sched_migrate_task':
                pid = num(field(e.text, 'pid'))
                if pid:
                    self.task(pid).migrations += 1
        for t in self.tasks.values():
            t.to(None, rec.end)

    def wake(self, e, t, n, wake_ev):
        if n == 'sched_wakeup_new':
            t.wakeups += 1
            if t.state is None:
                t.to('runqueue', e.ts)
            t.early_wakeup = e.ts
            return
        if n == wake_ev:
            t.wakeups += 1
        if t.state == 'run':
            if n == 'sched_waking':
                t.early, t.early_cpu = e.ts, e.cpu
            elif t.early is not None:                   # it never left: nobody waited
                t.early = None
                self.stale_wakings += 1
            return
        if t.state is None and t.since == self.rec.begin and not t.t:
            t.state, t.left_asleep = 'sleep', True      # before its first event it slept
        if n == 'sched_waking' and t.left_asleep and t.waking is None:
            t.waking, t.waking_cpu = e.ts, e.cpu
        if n == 'sched_wakeup' and t.left_asleep and t.wakeup is None:
            t.wakeup = e.ts
        if t.state in ('sleep', 'blocked') and n == wake_ev:
            t.to('runqueue', e.ts)

    def vanish(self, t, seen, ts):
        """t left its CPU untold, between `seen` and ts."""
        t.dirty += 1
        t.doubt += ts - seen
        t.to(None, seen)
        t.waking = t.wakeup = t.early = None
        t.left_asleep = False

    def appear(self, t, seen, ts):
        """t is on a CPU untold since some time after `seen`, the CPU's last event; None: it is the CPU's first."""
        if seen is not None or t.state is not None:
            t.dirty += 1
            if seen is not None:
                t.doubt += ts - max(seen, t.since)
        elif not t.t and not t.switches:
            t.run_head = ts - self.rec.begin
        t.waking = t.wakeup = t.early = None
        t.left_asleep = False
        t.to('run', ts)

    def leave(self, e, t, state):
        t.switches += 1
        if t.state != 'run':
            t.dirty += 1
        asleep = state != 'R'
        t.waking = t.wakeup = None
        if state in 'XZx':
            t.to(None, e.ts)
            t.left_asleep, t.early = False, None
        elif not asleep:
            t.to('preempted', e.ts)
            t.left_asleep, t.early = False, None
        else:
            t.to('blocked' if state in 'DK' else 'sleep', e.ts)
            t.left_asleep = True

    def enter(self, e, t):
        if t.state == 'run':
            t.dirty += 1
        if t.state is None and not t.t and not t.switches:
            t.head = e.ts - self.rec.begin
        if t.state in ('sleep', 'blocked'):
            t.dirty += 1                                # nobody woke it
        if t.left_asleep:
            w, cpu = (t.waking, t.waking_cpu) if t.waking is not None else (t.early, t.early_cpu)
            if w is not None:
                self.races += t.waking is None
                self.waking_to_run.add(e.ts - w)
                self.cross['waker CPU'] += cpu != e.cpu
            if t.wakeup is not None:
                self.wakeup_to_run.add(e.ts - t.wakeup)
                self.wakeup_to_run_new.add(e.ts - t.wakeup)
        elif t.early_wakeup is not None:
            self.wakeup_to_run_new.add(e.ts - t.early_wakeup)
        t.waking = t.wakeup = t.early = t.early_wakeup = None
        t.left_asleep = False
        t.to('run', e.ts)

    # -- block ------------------------------------------------------------------------------------------------------
    def block(self):
        self.blk_queue, self.blk_device = Pairs(), Pairs()
        self.blk_odd = defaultdict(int)
        inserted = defaultdict(list)                    # dev -> [[sector, nr, rwbs, ts]]
        issued = defaultdict(deque)                     # (dev, sector) -> [[ts, nr left, rwbs]]
        for e in self.rec.events:
            n = e.name
            if n not in ('block_rq_insert', 'block_rq_issue', 'block_rq_complete', 'block_rq_requeue'):
                continue
            dev, sector = num(field(e.text, 'dev')), num(field(e.text, 'sector'))
            nr, rwbs = num(field(e.text, 'nr_sector')), field(e.text, 'rwbs')
            if n == 'block_rq_insert':
                inserted[dev].append([sector, nr, rwbs, e.ts])
            elif n == 'block_rq_issue':
                rows = inserted[dev]
                mine = [r for r in rows if r[0] == sector and (r[1] == nr or r[1] <= nr)][:1]
                inside = [r for r in rows if sector <= r[0] and r[0] + r[1] <= sector + nr and r not in mine] if nr else []
                if not mine and inside:
                    mine, inside = inside[:1], inside[1:]
                    self.blk_odd['front merged'] += 1
                if mine:
                    self.blk_queue.add((dev, mine[0][2]), e.ts - mine[0][3])
                    rows.remove(mine[0])
                for r in inside:                        # merged into this one: went with it
                    if r[0] != sector:
                        rows.remove(r)
                        self.blk_odd['merged inserts'] += 1
                if issued[dev, sector]:
                    self.blk_odd['issued twice'] += 1
                issued[dev, sector].append([e.ts, nr, rwbs])
            elif n == 'block_rq_requeue':
                if issued[dev, sector]:
                    q = issued[dev, sector].pop()
                    inserted[dev].append([sector, nr, q[2], e.ts])
                    self.blk_odd['requeued'] += 1
            else:
                q = issued[dev, sector]
                if not q:
                    self.blk_odd['complete without issue'] += 1
                    continue
                r = q.popleft()
                if nr and nr < r[1]:
                    self.blk_odd['partial'] += 1
                    issued[dev, sector + nr].append([r[0], r[1] - nr, r[2]])
                else:
                    self.blk_device.add((dev, r[2]), e.ts - r[0])

    # -- NAPI, io_uring ---------------------------------------------------------------------------------------------
    def napi(self):
        self.polls = defaultdict(lambda: [0, 0, 0])
        for e in self.rec.events:
            if e.name == 'napi_poll':
                row = self.polls[field(e.text, 'dev_name')]
                work, budget = field(e.text, 'work'), field(e.text, 'budget')
                row[0] += 1
                if work is not None:
                    row[1] += num(work)
                    row[2] += num(budget) > 0 and num(work) >= num(budget)

    def rings(self):
        self.ops = defaultdict(lambda: defaultdict(lambda: [Dist(), 0, 0]))
        self.ring = {}
        self.submits = defaultdict(int)
        opened = {}
        for e in self.rec.events:
            if e.name in ('io_uring_submit_req', 'io_uring_submit_sqe'):
                ctx, req = num(field(e.text, 'ctx')), field(e.text, 'req')
                opened[ctx, req] = (e.ts, field(e.text, 'op_str') or field(e.text, 'opcode'))
                self.submits[ctx] += 1
            elif e.name == 'io_uring_complete':
                ctx, req = num(field(e.text, 'ctx')), field(e.text, 'req')
                res = num(field(e.text, 'res'))
                if num(field(e.text, 'cflags') or '0') & CF_MORE:
                    continue
                o = opened.pop((ctx, req), None)
                if o:
                    row = self.ops[ctx][o[1]]
                    row[0].add(e.ts - o[0])
                    row[1] += res < 0
                    row[2] += res == -125
            elif e.name == 'io_uring_create':
                ctx = num(field(e.text, 'ctx'))
                self.ring[ctx] = (num(field(e.text, 'sq_entries')), num(field(e.text, 'cq_entries')))
        self.open = defaultdict(int)
        for ctx, _ in opened:
            self.open[ctx] += 1

    # -- CPUs -------------------------------------------------------------------------------------------------------
    def cpus(self):
        self.cpu = defaultdict(lambda: defaultdict(int))
        self.cpu_doubt, self.cpu_head = defaultdict(int), {}
        state = {}                                      # cpu -> [ts, [irqs], [softirqs], pid, comm]
        for e in self.rec.events:
            s = state.get(e.cpu)
            if s is None:
                s = state[e.cpu] = [self.rec.begin, [], [], e.pid, e.comm]
                self.cpu_head[e.cpu] = e.ts - self.rec.begin
            self.cpu_time(e.cpu, s, e.ts)
            if e.pid != s[3]:                           # a switch that was not told
                self.cpu_doubt[e.cpu] += e.ts - s[0]
                s[3], s[4] = e.pid, e.comm
            s[0] = e.ts
            n = e.name
            if n == 'sched_switch':
                m = SWITCH.match(e.text)
                s[1:] = [], [], int(m.group(5)), m.group(4)
            elif n == 'irq_handler_entry' or n.endswith('_entry') and e.text.startswith('vector='):
                s[1].append(n)
            elif n == 'irq_handler_exit' or n.endswith('_exit') and e.text.startswith('vector='):
                if s[1]:
                    s[1].pop()
            elif n == 'softirq_entry':
                s[2].append(n)
            elif n == 'softirq_exit':
                if s[2]:
                    s[2].pop()
        for cpu, s in state.items():
            self.cpu_time(cpu, s, self.rec.end)

    def cpu_time(self, cpu, s, ts):
        if s[1]:
            kind = 'irq'
        elif s[2]:
            kind = 'softirq'
        else:
            kind = 'ksoftirqd' if s[4].startswith('ksoftirqd/') else 'task' if s[3] else 'idle'
        self.cpu[cpu][kind] += ts - s[0]


# -- comparison -----------------------------------------------------------------------------------------------------
def dev_text(dev):
    return '%d,%d' % (dev >> 20, dev & 0xfffff)


def diff_dists(rows, want, got, name):
    """rows to report: want and got are {key: (n, sum, min, max)}; a row with n = 0 may as well be absent"""
    for k in sorted(set(want) | set(got), key=str):
        a, b = want.get(k, (0,)), got.get(k, (0,))
        if a != b:
            rows.append('%s %s: oracle %s, agenttop %s' % (name, k, dist_text(a), dist_text(b)))


def keys(pairs):
    return {k: d.key() for k, d in pairs.rows.items() if d.n}


def compare(tap, t, j, name):
    rec = t.rec
    bad = []
    src = j['source']
    for k, v in (('events', len(rec.events)), ('begin', rec.begin), ('end', rec.end)):
        if src[k] != v:
            bad.append('source.%s: oracle %s, agenttop %s' % (k, v, src[k]))
    tap.ok(not bad, name + ': events, begin, end', bad)

    bad = []
    if not rec.lost and src['lost']:
        bad.append('lost: oracle 0, agenttop %s' % src['lost'])
    tap.ok(not bad, name + ': lost', bad)

    compare_irqs(tap, t, j, name)
    compare_softirqs(tap, t, j, name)
    compare_block(tap, t, j, name)
    compare_wakeups(tap, t, j, name)
    compare_tasks(tap, t, j, name)
    compare_cpus(tap, t, j, name)
    compare_napi(tap, t, j, name)
    compare_rings(tap, t, j, name)


def compare_irqs(tap, t, j, name):
    bad, got, got_cpu = [], {}, {}
    for r in j['irqs']:
        k = (r['irq'], r['name'])
        if k in got:
            bad.append('irq %s twice' % (k,))
        if r['dist']['n']:
            got[k] = dist_key(r['dist'])
        for cpu, d in r['cpus'].items():
            if d['n']:
                got_cpu[k + (int(cpu),)] = dist_key(d)
    diff_dists(bad, keys(t.irq), got, 'irq')
    tap.ok(not bad, '%s: irqs (%d rows)' % (name, len(got)), bad)
    bad = []
    diff_dists(bad, keys(t.irq_cpu), got_cpu, 'irq per CPU')
    tap.ok(not bad, '%s: irqs per CPU (%d rows)' % (name, len(got_cpu)), bad)


def compare_softirqs(tap, t, j, name):
    bad, raises = [], {}
    run, wait = {}, {}
    for r in j['softirqs']:
        v = r['vec']
        raises[v] = r['raises']
        if r['run'] and r['run']['n']:
            run[v] = dist_key(r['run'])
        if r['wait'] and r['wait']['n']:
            wait[v] = dist_key(r['wait'])
        if v < len(SOFTIRQS) and r['name'] != SOFTIRQS[v]:
            bad.append('vector %d is called %s' % (v, r['name']))
    for v in sorted(set(t.raises) | set(raises)):
        if t.raises.get(v, 0) != raises.get(v, 0):
            bad.append('softirq %s raises: oracle %d, agenttop %d' % (v, t.raises.get(v, 0), raises.get(v, 0)))
    diff_dists(bad, keys(t.soft_run), run, 'softirq run')
    diff_dists(bad, keys(t.soft_wait), wait, 'softirq wait')
    tap.ok(not bad, '%s: softirqs (%d vectors)' % (name, len(raises)), bad)


def compare_block(tap, t, j, name):
    bad, queue, device = [], {}, {}
    for r in j['block']:
        k = (r['dev'], r['op'])
        if r['queue'] and r['queue']['n']:
            queue[k] = dist_key(r['queue'])
        if r['device'] and r['device']['n']:
            device[k] = dist_key(r['device'])
        if r['complete'] and r['device'] and r['complete']['n'] > max(r['device']['n'], 0):
            bad.append('block %s: more completions than commands' % (k,))
    diff_dists(bad, {(dev_text(k[0]), k[1]): v for k, v in keys(t.blk_queue).items()}, queue, 'block queue')
    diff_dists(bad, {(dev_text(k[0]), k[1]): v for k, v in keys(t.blk_device).items()}, device, 'block device')
    if bad and t.blk_odd:
        bad.append('seen: %s' % dict(t.blk_odd))
    tap.ok(not bad, '%s: block (%d rows)' % (name, len(device)), bad)


def compare_wakeups(tap, t, j, name):
    bad = []
    w = j['wakeups']
    for k, d in (('waking_to_run', t.waking_to_run), ('wakeup_to_run', t.wakeup_to_run)):
        if dist_key(w[k]) != d.key():
            bad.append('%s: oracle %s, agenttop %s' % (k, d, dist_text(dist_key(w[k]))))
            if k == 'wakeup_to_run' and dist_key(w[k]) == t.wakeup_to_run_new.key():
                bad.append('agenttop agrees if sched_wakeup_new counts')
    if w['cross_cpu'] != t.cross['waker CPU']:
        bad.append('cross_cpu: oracle %d, agenttop %d' % (t.cross['waker CPU'], w['cross_cpu']))
    if bad:
        bad.append('seen: %d races, %d stale wakings' % (t.races, t.stale_wakings))
    tap.ok(not bad, '%s: wakeups (%d)' % (name, t.waking_to_run.n or t.wakeup_to_run.n), bad)


def compare_tasks(tap, t, j, name):
    bad, counts, n_clean, n_dirty = [], [], 0, 0
    got = {r['pid']: r for r in j['tasks'] if r['pid']}
    for pid, task in sorted(t.tasks.items()):
        if not pid:
            continue
        r = got.pop(pid, None)
        if r is None:
            if any(task.t.values()):
                bad.append('task %d (%s) is missing' % (pid, '/'.join(sorted(task.comms))))
            continue
        for k, v in (('switches', task.switches), ('wakeups', task.wakeups), ('migrations', task.migrations)):
            if r[k] != v:
                counts.append('task %d (%s) %s: oracle %d, agenttop %d' % (pid, r['comm'], k, v, r[k]))
        if task.dirty:
            n_dirty += 1
            if not task.t['run'] <= r['run'] <= task.t['run'] + task.run_head + task.doubt:
                bad.append('task %d (%s) run: oracle %d to %d (%d changes untold), agenttop %d' %
                           (pid, r['comm'], task.t['run'], task.t['run'] + task.doubt, task.dirty, r['run']))
            continue
        n_clean += 1
        head = task.head if r['runqueue'] + r['preempted'] == task.t['runqueue'] + task.t['preempted'] + task.head else 0
        for k in ('run', 'runqueue', 'preempted', 'sleep', 'blocked'):
            if k == 'run' and r[k] == task.t[k] + task.run_head:
                continue
            if r[k] != task.t[k] and (not head or k not in ('runqueue', 'preempted') or r[k] != task.t[k] + head):
                bad.append('task %d (%s) %s: oracle %d, agenttop %d (%+d)' %
                           (pid, r['comm'], k, task.t[k], r[k], r[k] - task.t[k]))
    for pid, r in got.items():
        if any(r[k] for k in ('run', 'runqueue', 'preempted', 'sleep', 'blocked')):
            bad.append('task %d (%s): not known to the oracle' % (pid, r['comm']))
    tap.ok(not bad, '%s: task times (%d exact, %d within what events allow)' % (name, n_clean, n_dirty), bad)
    tap.ok(not counts, '%s: task switches, wakeups, migrations' % name, counts)


def compare_cpus(tap, t, j, name):
    bad = []
    if 'sched_switch' not in t.rec.names:
        tap.skip('%s: cpus' % name, 'no sched_switch recorded')
        return
    for r in j['cpus']:
        c = t.cpu.get(r['cpu'])
        if c is None:
            continue
        for k in ('irq', 'softirq', 'ksoftirqd', 'task', 'idle'):
            if r[k] != c[k]:
                bad.append('cpu %d %s: oracle %d, agenttop %d (%+d)' % (r['cpu'], k, c[k], r[k], r[k] - c[k]))
    tap.ok(not bad, '%s: cpus' % name, bad)


def compare_napi(tap, t, j, name):
    bad = []
    got = {r['dev']: (r['polls'], r['work'], r['budget_hits']) for r in j['napi']}
    for dev in sorted(set(got) | set(t.polls)):
        a, b = tuple(t.polls.get(dev, (0, 0, 0))), got.get(dev, (0, 0, 0))
        if a != b:
            bad.append('napi %s (polls, work, budget hits): oracle %s, agenttop %s' % (dev, a, b))
    tap.ok(not bad, '%s: napi (%d rows)' % (name, len(got)), bad)


def compare_rings(tap, t, j, name):
    bad, got = [], {}
    for r in j['rings']:
        ctx = r['ctx'] if isinstance(r['ctx'], int) else int(r['ctx'], 16)
        got[ctx] = r
    for ctx in sorted(set(t.submits) | set(t.ops) | set(t.ring) | set(got)):
        r = got.get(ctx)
        if r is None:
            bad.append('ring %#x is missing' % ctx)
            continue
        if ctx in t.ring and (r['sq'], r['cq']) != t.ring[ctx]:
            bad.append('ring %#x entries: oracle %s, agenttop %s' % (ctx, t.ring[ctx], (r['sq'], r['cq'])))
        ops = t.ops.get(ctx, {})
        for op in sorted(set(ops) | set(r['ops'])):
            a, b = ops.get(op), r['ops'].get(op)
            want = a[0].key() + (a[1], a[2]) if a else None
            have = dist_key(b['dist']) + (b['error'], b['cancelled']) if b else None
            if want != have:
                bad.append('ring %#x %s (n, sum, min, max, error, cancelled): oracle %s, agenttop %s' % (ctx, op, want, have))
            if a and b and b['n'] != a[0].n:
                bad.append('ring %#x %s n: oracle %d, agenttop %d' % (ctx, op, a[0].n, b['n']))
        if r['open'] != t.open.get(ctx, 0):
            bad.append('ring %#x open: oracle %d, agenttop %d' % (ctx, t.open.get(ctx, 0), r['open']))
    tap.ok(not bad, '%s: rings (%d)' % (name, len(got)), bad)


def dump(t):
    print('events %d, %d..%d, %d CPUs, %d losses, odd lines %d' %
          (len(t.rec.events), t.rec.begin, t.rec.end, t.rec.cpus, len(t.rec.lost), len(t.rec.odd)))
    for k, d in sorted(t.irq.rows.items(), key=str):
        print('irq', k, d)
    for v in sorted(t.raises):
        print('softirq', v, 'raises', t.raises[v], 'run', t.soft_run.rows.get(v), 'wait', t.soft_wait.rows.get(v))
    for k in sorted(set(t.blk_queue.rows) | set(t.blk_device.rows)):
        print('block', dev_text(k[0]), k[1], 'queue', t.blk_queue.rows.get(k), 'device', t.blk_device.rows.get(k))
    print('block odd', dict(t.blk_odd))
    print('waking_to_run', t.waking_to_run, 'wakeup_to_run', t.wakeup_to_run, 'with new', t.wakeup_to_run_new,
          'cross', dict(t.cross), 'races', t.races, 'stale', t.stale_wakings)
    for pid, k in sorted(t.tasks.items(), key=lambda x: -x[1].t['run'])[:25]:
        print('task', pid, '/'.join(sorted(k.comms)), dict(k.t), 'switches', k.switches, 'wakeups', k.wakeups,
              'migrations', k.migrations, 'dirty', k.dirty, 'doubt', k.doubt)
    print('tasks', len(t.tasks), 'dirty', sum(1 for k in t.tasks.values() if k.dirty))
    for cpu in sorted(t.cpu):
        print('cpu', cpu, dict(t.cpu[cpu]), 'doubt', t.cpu_doubt[cpu], 'head', t.cpu_head[cpu])
    for k, v in t.polls.items():
        print('napi', k, v)
    for ctx in t.ops:
        print('ring', hex(ctx), t.ring.get(ctx), {op: (repr(v[0]), v[1:]) for op, v in t.ops[ctx].items()}, 'open', t.open.get(ctx, 0))


def main(argv):
    files = [a for a in argv if not a.startswith('--')]
    if '--dump' in argv:
        for f in files:
            print('== ' + f)
            dump(Tables(rawtrace.Recording(f)))
        return 0
    binary = agenttop.find()
    if not binary:
        skip_all('no agenttop to test')
    tap = Tap()
    for f in files:
        name = f.rsplit('/', 1)[-1]
        run = agenttop.report(f, '--top', '0', '--steps', 'none', binary=binary)
        if not tap.ok(run.status == 0 and run.json is not None, name + ': a report',
                      ['status %s' % run.status] + run.err.splitlines()):
            continue
        try:
            compare(tap, Tables(rawtrace.Recording(f)), run.json, name)
        except (KeyError, TypeError) as x:
            tap.ok(False, name + ': report as the contract says', ['%s %s' % (type(x).__name__, x)])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
