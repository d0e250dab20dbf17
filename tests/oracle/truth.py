#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Steps and gates against the agent's own clock, and their chains against what the events must mean.

  truth.py FILE.dat...          TAP. FILE.csv beside it is the agent's own record (columns step, stage, pid, tid,
                                t_begin_ns, t_end_ns): CLOCK_MONOTONIC, which is also the recording's clock, directly
                                before and after each wait.
  truth.py --self FILE.dat...   only what this oracle finds in the recording by itself, without agenttop

For each row the oracle finds the wait in the events (trace-cmd's, not agenttop's): entry into the kernel, last time off
the CPU, the waking that ended it with what its CPU was doing (hard IRQ, softirq and who raised it), back on the CPU,
exit. From those it says which stages must lie between leaving the CPU and being back, with their boundaries:
  net    from a NIC: outside until the hard IRQ's entry, irq until the softirq was raised, softirq-wait until it runs,
         napi until the waking. From loopback: a task that sends runs the softirq itself: ... peer, (softirq-wait,) napi.
  uring, fault   device until the hard IRQ's entry, blk-complete (irq will do) until the waking.
  timer, sleep   timer until the asked expiry (hrtimer_start's softexpires), timer-late until hrtimer_expire_entry, irq
                 until the waking.
  evfd, futex    peer, with the other task's own waits as they are, until the waking.
  all    wakeup from sched_waking to sched_wakeup (may be missing when short), runqueue until it runs.
What began before the task left the CPU is clipped there. Neighbouring segments of one stage are one.
Where sched_switch does not tell when a task was back (some kernels do not for one CPU), its own next event does, and
agenttop may say `inferred`, of the other task in a chain as well; elsewhere every segment of a gate must be `proven`.
"""
import bisect
import csv
import os
import re
import sys
from collections import Counter, defaultdict

import agenttop
import rawtrace
from rawtrace import IRQ_ENTRY, SWITCH, WAKE, field, num
from tap import Tap, skip_all

SYSCALL = {'net': 'epoll_wait', 'uring': 'io_uring_enter', 'timer': 'read', 'evfd': 'read', 'futex': 'futex',
           'sleep': 'clock_nanosleep'}
KINDS = ('net', 'uring', 'fault', 'timer', 'evfd', 'futex', 'sleep')
NEEDS_NO_EVIDENCE = ('user', 'unknown', 'lost', 'loop')
ON_CPU = ('user', 'kernel', 'return', 'irq-steal', 'softirq-steal', 'loop')
US = 1000


class Gate:
    """A wait as the events tell it."""
    __slots__ = ('row', 'kind', 'enter', 'exit', 'off', 'back', 'told', 'waking', 'wakeup', 'cpu', 'stack', 'expect', 'why',
                 'sleeps', 'cpu_back')

    def __init__(self, row):
        self.row, self.kind = row, row['stage']
        self.enter = self.exit = self.off = self.back = self.waking = self.wakeup = self.expect = None
        self.stack, self.why, self.told, self.sleeps, self.cpu = [], '', True, 0, None


class Trace:
    """The recording, with the state of the waker's CPU noted at each waking of the agent's threads."""

    def __init__(self, rec, tids):
        self.rec = rec
        self.by_pid = defaultdict(list)         # events that a task did itself, or that name it in sched events
        self.ts = defaultdict(list)
        self.wakings = {}                       # index of event -> stack
        self.timers = defaultdict(list)         # hrtimer -> [(ts, softexpires)]
        self.marks = defaultdict(dict)          # step -> {'B': ts, 'E': ts}
        self.run(set(tids))

    def run(self, tids):
        letter = self.rec.state_letter()
        irqs, soft, raised = defaultdict(list), defaultdict(list), defaultdict(dict)
        open_step = {}
        self.state_out = {}
        for i, e in enumerate(self.rec.events):
            n, cpu = e.name, e.cpu
            who = {e.pid} & tids
            if n == 'sched_switch':
                m = SWITCH.match(e.text)
                prev, nxt = int(m.group(2)), int(m.group(5))
                who |= {prev, nxt} & tids
                if prev in tids:
                    self.state_out[i] = letter(num(m.group(3)))
                irqs[cpu], soft[cpu] = [], []
            elif n in ('sched_waking', 'sched_wakeup'):
                pid = int(WAKE.match(e.text).group(2))
                if pid in tids:
                    who.add(pid)
                    if n == 'sched_waking':
                        self.wakings[i] = soft[cpu] + irqs[cpu]
            elif n == 'irq_handler_entry':
                m = IRQ_ENTRY.match(e.text)
                irqs[cpu] = irqs[cpu] + [('irq', m.group(2).strip(), e.ts, None)]
            elif n == 'irq_handler_exit' or n.endswith('_exit') and e.text.startswith('vector='):
                irqs[cpu] = irqs[cpu][:-1]
            elif n.endswith('_entry') and e.text.startswith('vector='):
                irqs[cpu] = irqs[cpu] + [('irq', n[:-6], e.ts, None)]
            elif n == 'hrtimer_expire_entry':
                irqs[cpu] = irqs[cpu] + [('hrtimer', field(e.text, 'hrtimer'), e.ts, None)]
            elif n == 'hrtimer_expire_exit':
                irqs[cpu] = irqs[cpu][:-1]
            elif n == 'hrtimer_start':
                self.timers[field(e.text, 'hrtimer')].append((e.ts, num(field(e.text, 'softexpires'))))
            elif n == 'softirq_raise':
                v = num(field(e.text, 'vec'))
                hard = next((x for x in irqs[cpu] if x[0] == 'irq'), None)
                ctx = ('irq', hard[2]) if hard else ('softirq', None) if soft[cpu] else ('task', e.pid)
                raised[cpu].setdefault(v, (e.ts, ctx))
            elif n == 'softirq_entry':
                v = num(field(e.text, 'vec'))
                soft[cpu] = [('softirq', v, e.ts, raised[cpu].pop(v, None))]
            elif n == 'softirq_exit':
                soft[cpu] = []
            elif n == 'print':
                m = re.match(r'ip=.*? buf=([BE])\|(\d+)(?:\|step:(\d+))?', e.text)
                if m and m.group(1) == 'B' and m.group(3):
                    open_step[e.pid] = m.group(3)
                    self.marks[m.group(3)]['B'] = e.ts
                elif m and m.group(1) == 'E' and e.pid in open_step:
                    self.marks[open_step.pop(e.pid)]['E'] = e.ts
            for p in who:
                self.by_pid[p].append(i)
        for p, idx in self.by_pid.items():
            self.ts[p] = [self.rec.events[i].ts for i in idx]

    def gate(self, row):
        g = Gate(row)
        pid, lo, hi = int(row['tid']), int(row['t_begin_ns']), int(row['t_end_ns'])
        idx, ts, ev = self.by_pid[pid], self.ts[pid], self.rec.events
        a, b = bisect.bisect_left(ts, lo), bisect.bisect_right(ts, hi)
        begin = 'page_fault_user' if g.kind == 'fault' else 'sys_enter_' + SYSCALL[g.kind]
        end = None if g.kind == 'fault' else 'sys_exit_' + SYSCALL[g.kind]
        running = True
        for i in (idx[k] for k in range(a, b)):
            e = ev[i]
            if g.enter is None:
                if e.name == begin and e.pid == pid:
                    g.enter = e.ts
                continue
            if e.name == end and e.pid == pid:
                g.exit = e.ts
            if e.name == 'sched_switch' and e.pid == pid and i in self.state_out:
                running = False
                if self.state_out[i] != 'R':
                    g.off, g.back, g.sleeps = e.ts, None, g.sleeps + 1
                    if g.wakeup is not None or g.waking is None:
                        g.waking = g.wakeup = None      # else the race: woken before it had left
            elif e.name == 'sched_switch' and not running:
                running = True
                if g.off is not None and g.back is None:
                    g.back, g.told, g.cpu_back = e.ts, True, e.cpu
            elif e.name == 'sched_waking' and i in self.wakings and int(WAKE.match(e.text).group(2)) == pid:
                if g.back is None and (g.waking is None or running):
                    g.waking, g.wakeup, g.cpu, g.stack = e.ts, None, e.cpu, self.wakings[i]
                    g.why = e.pid
            elif e.name == 'sched_wakeup' and int(WAKE.match(e.text).group(2)) == pid:
                if g.waking is not None and g.wakeup is None and g.back is None:
                    g.wakeup = e.ts
                    if running and g.off is None:
                        g.waking = g.wakeup = None      # never left the CPU
            elif e.pid == pid and not running:          # it runs, though no switch said so
                running = True
                if g.off is not None and g.back is None:
                    g.back, g.told, g.cpu_back = e.ts, False, e.cpu
            if g.exit:
                break
        if g.off is not None and g.back is None and g.exit is None:
            g.told = False                              # back at some time before hi, no event says when
        self.say(g)
        return g

    def say(self, g):
        """Fills g.expect with [(stage, from, to)] from g.off to g.back, or leaves None: nothing can be said."""
        if g.off is None or g.back is None or g.waking is None:
            return
        hard = next((x for x in g.stack if x[0] == 'irq'), None)
        soft = next((x for x in g.stack if x[0] == 'softirq'), None)
        cause = None
        if g.kind == 'net' and soft and soft[1] == 3 and not hard:
            if soft[3] and soft[3][1][0] == 'irq':
                ts, ctx = soft[3]
                cause = [('outside', 0, ctx[1]), ('irq', ctx[1], ts), ('softirq-wait', ts, soft[2]), ('napi', soft[2], g.waking)]
            elif soft[3] and soft[3][1][0] == 'task' and g.why:
                cause = [('peer', 0, soft[3][0]), ('softirq-wait', soft[3][0], soft[2]), ('napi', soft[2], g.waking)]
        elif g.kind in ('uring', 'fault') and hard:
            cause = [('device', 0, hard[2]), ('blk-complete', hard[2], g.waking)]
        elif g.kind in ('uring', 'fault') and soft and soft[1] == 4 and soft[3] and soft[3][1][0] == 'irq':
            cause = [('device', 0, soft[3][1][1]), ('blk-complete', soft[3][1][1], g.waking)]
        elif g.kind in ('timer', 'sleep') and hard and g.stack[-1][0] == 'hrtimer':
            starts = self.timers.get(g.stack[-1][1], [])
            k = bisect.bisect_left(starts, (g.waking, 0)) - 1
            if k >= 0:
                late = g.stack[-1][2]
                cause = [('timer', 0, starts[k][1]), ('timer-late', starts[k][1], late), ('irq', late, g.waking)]
        elif g.kind in ('evfd', 'futex') and not g.stack and g.why:
            cause = [('peer', 0, g.waking)]
        if cause is None:
            return
        woken = g.wakeup if g.wakeup is not None else g.waking
        cause += [('wakeup', g.waking, woken), ('runqueue', woken, g.back)]
        g.expect = []
        for stage, a, b in cause:
            a, b = max(a, g.off), min(max(b, g.off), g.back)
            if b > a:
                g.expect.append((stage, a, b))


def collapse(segs, kind):
    """[(stage, from, to)] of neighbours as one; wakeup is a part of what follows; blocks: irq and softirq are completion."""
    out = []
    for stage, a, b in segs:
        if kind in ('uring', 'fault') and stage in ('irq', 'softirq-wait'):
            stage = 'blk-complete'
        if stage == 'wakeup':
            stage = 'runqueue'
        if b <= a:
            continue
        if out and out[-1][0] == stage:
            out[-1] = (stage, out[-1][1], b)
        else:
            out.append((stage, a, b))
    return out


def quantile(values, q):
    v = sorted(values)
    return v[min(len(v) - 1, int(len(v) * q))] if v else 0


def us(ns):
    return '%.1f us' % (ns / 1000)


def show(segs, base):
    return ' '.join('%s %d-%d' % (s, a - base, b - base) for s, a, b in segs)


# -- checks of the steps themselves -----------------------------------------------------------------------------------
def check_tiles(step):
    """What is wrong with one step's segments; [] when nothing is. Used by tiles.py too."""
    bad, at, sid = [], step['begin'], step['id']
    for i, s in enumerate(step['segments']):
        if s['from'] != at:
            bad.append('step %s segment %d (%s) begins at %d, should at %d' % (sid, i, s['stage'], s['from'], at))
        if s['to'] <= s['from']:
            bad.append('step %s segment %d (%s) is empty or backwards' % (sid, i, s['stage']))
        at = s['to']
    if at != step['end']:
        bad.append('step %s segments end at %d, the step at %d' % (sid, at, step['end']))
    return bad


def check_evidence(step):
    bad = []
    for i, s in enumerate(step['segments']):
        if not s['evidence'] and s['stage'] not in NEEDS_NO_EVIDENCE:
            bad.append('step %s segment %d: %s without evidence' % (step['id'], i, s['stage']))
        calls = set(re.sub(r'^sys_(enter|exit)_', '', event_name(e)) for e in s['evidence'] if event_name(e).startswith('sys_'))
        if len(calls) > 1:
            bad.append('step %s segment %d: %s by different system calls: %s' % (step['id'], i, s['stage'], ', '.join(sorted(calls))))
        if s['confidence'] not in ('proven', 'inferred'):
            bad.append('step %s segment %d: confidence %s' % (step['id'], i, s['confidence']))
    return bad


def event_name(ev):
    return ev['event'].rsplit(':', 1)[-1]


def find_gate(step, g):
    """(first segment, one past the last or None, what is wrong with their evidence) of the gate; or a sentence why not."""
    segs = step['segments']
    begin = 'page_fault_user' if g.kind == 'fault' else 'sys_enter_' + SYSCALL[g.kind]
    first = next((i for i, s in enumerate(segs) if s['from'] == g.enter), None)
    if first is None:
        return 'no segment begins at its ' + begin
    if segs[first]['stage'] != 'kernel':
        return 'at its %s begins a segment %s' % (begin, segs[first]['stage'])
    wrong = [] if shows(segs[first], begin, g.enter) else ['its first kernel segment does not show ' + begin]
    if g.kind == 'fault':
        # pushed off the CPU inside the fault, it is not asleep yet
        off = next((i for i in range(first, len(segs)) if segs[i]['stage'] not in ON_CPU + ('preempted',)), None)
        if off is None:
            return first, None, wrong
        return first, next((i for i in range(off, len(segs)) if segs[i]['stage'] in ON_CPU), len(segs)), wrong
    end = 'sys_exit_' + SYSCALL[g.kind]
    last = next((i for i in range(first, len(segs)) if segs[i]['to'] == g.exit), None)
    if last is None:
        return 'no segment ends at its ' + end
    if g.told and not shows(segs[last], end, g.exit):
        wrong.append('its last segment (%s) does not show %s' % (segs[last]['stage'], end))
    return first, last + 1, wrong


def shows(seg, name, ts):
    return any(event_name(e) == name and e['ts'] == ts for e in seg['evidence'])


def check_kind(tap, name, kind, rows, trace, steps, limits):
    q, limit = limits
    not_found, off_begin, off_end, trace_begin, trace_end = [], [], [], [], []
    bad_seq, bad_bound, not_proven, no_evidence, asleep, said = [], [], [], [], 0, 0
    # on host-* one CPU's idle task tells of no switch, so whoever resumes there is inferred, the agent or its peer
    untold = any(not g.told for g in rows) or name.startswith('host-')
    actual_seqs, far = Counter(), Counter()
    for g in rows:
        r = g.row
        tag = 'step %s %s at %d: ' % (r['step'], kind, int(r['t_begin_ns']))
        step = steps.get(r['step'])
        if g.enter is None:
            continue                                    # no such event was recorded (a fault on a page already there)
        if step is None:
            not_found.append(tag + 'no such step')
            continue
        trace_begin.append(abs(g.enter - int(r['t_begin_ns'])))
        found = find_gate(step, g)
        if isinstance(found, str):
            if kind == 'fault' and g.off is None:
                continue                                # only a fault that blocked is a gate: else nothing tells its end
            not_found.append(tag + found)
            continue
        first, last, wrong = found
        no_evidence += [tag + w for w in wrong]
        segs = step['segments'][first:last]
        off_begin.append(abs(segs[0]['from'] - int(r['t_begin_ns'])))
        end = g.exit if g.exit is not None else g.back
        if end is not None and last is not None:
            trace_end.append(abs(end - int(r['t_end_ns'])))
            off_end.append(abs(segs[-1]['to'] - int(r['t_end_ns'])))
            if g.told and segs[-1]['to'] != end:
                bad_bound.append(tag + 'ends %+d ns off the %s' % (segs[-1]['to'] - end, 'exit' if g.exit else 'switch-in'))
        if g.off is None:
            continue
        asleep += 1
        weak = [s for s in segs if s['confidence'] != 'proven' and not (untold and s['stage'] in ('runqueue', 'return'))]
        if weak:
            not_proven.append(tag + ', '.join('%s (%s) inferred' % (s['stage'], s['actor']) for s in weak[:3]))
        if g.back is None and g.waking is not None:     # nothing tells when: then as agenttop has it
            g.back = segs[-1]['to']
            if g.back < (g.wakeup or g.waking):
                bad_bound.append(tag + 'back %d ns before it was woken' % ((g.wakeup or g.waking) - g.back))
            trace.say(g)
        if g.expect is None:
            continue
        said += 1
        got = collapse([(s['stage'], max(s['from'], g.off), min(s['to'], g.back)) for s in segs
                        if s['to'] > g.off and s['from'] < g.back], kind)
        want = collapse(g.expect, kind)
        actual_seqs[' '.join(s for s, _, _ in got)] += 1
        if not same(want, got):
            bad_seq.append(tag + 'expected [%s] agenttop [%s]' % (show(want, g.off), show(got, g.off)))
        elif got[-1:] and want[-1:]:
            for (s, a, b), (s2, a2, b2) in zip(reversed(want), reversed(got)):
                if s != s2:
                    break
                if a != a2 and a > g.off:
                    far[s] += 1
                    bad_bound.append(tag + '%s begins at %d, should at %d (%+d)' % (s, a2, a, a2 - a))
    n = len([g for g in rows if g.enter is not None])
    few = max(1, n // 100)
    tap.ok(not not_found, '%s: %s: %d gates found' % (name, kind, n), not_found)
    tap.ok(not no_evidence, '%s: %s: evidence of entry and exit' % (name, kind), no_evidence)
    tb, te = quantile(trace_begin, q), quantile(trace_end, q)
    gb, ge = quantile(off_begin, q), quantile(off_end, q)
    tap.ok(gb <= max(limit, tb * 1.05) and ge <= max(limit, te * 1.05), '%s: %s: begin and end against the clock at p%d: %s, %s' %
           (name, kind, q * 100, us(gb), us(ge)),
           ['limit %s; the events themselves: %s, %s' % (us(limit), us(tb), us(te))])
    tap.ok(len(bad_seq) <= few, '%s: %s: chain as the events tell, %d of %d (%d slept)' %
           (name, kind, said - len(bad_seq), said, asleep), bad_seq)
    tap.ok(len(bad_bound) <= few, '%s: %s: boundaries to the ns, %d differ' % (name, kind, len(bad_bound)),
           [str(dict(far))] + bad_bound)
    tap.ok(len(not_proven) <= few, '%s: %s: proven, but for %d' % (name, kind, len(not_proven)), not_proven)
    for seq, c in actual_seqs.most_common(4):
        print('  # %4d x %s' % (c, seq))


def same(want, got):
    """The stages agree. A peer's part may hold that task's own waits; the part after it must agree to the end."""
    if want and want[0][0] == 'peer':
        tail = [s for s, _, _ in want[1:]]
        names = [s for s, _, _ in got]
        head = names[:len(names) - len(tail)]
        return names[len(names) - len(tail):] == tail and head[-1:] == ['peer'] and \
            not {'unknown', 'lost'} & set(names)
    return [s for s, _, _ in want] == [s for s, _, _ in got]


def check_steps(tap, name, rows, trace, j, limits):
    q, limit = limits
    steps, twice = {}, []
    for s in j['steps']:
        if s['id'] in steps:
            twice.append('step %s twice' % s['id'])
        steps[s['id']] = s
    mine = [r for r in rows if r['stage'] == 'step']
    bad, begin, end = list(twice), [], []
    for r in mine:
        s = steps.get(r['step'])
        if s is None:
            bad.append('step %s is missing' % r['step'])
            continue
        m = trace.marks.get(r['step'], {})
        if (s['begin'], s['end']) != (m.get('B'), m.get('E')):
            bad.append('step %s: marks %s to %s, agenttop %d to %d' % (r['step'], m.get('B'), m.get('E'), s['begin'], s['end']))
        if s['pid'] != int(r['tid']):
            bad.append('step %s: pid %s, should be %s' % (r['step'], s['pid'], r['tid']))
        begin.append(abs(s['begin'] - int(r['t_begin_ns'])))
        end.append(abs(s['end'] - int(r['t_end_ns'])))
    for sid in set(steps) - set(r['step'] for r in mine):
        bad.append('step %s is not the agent\'s' % sid)
    tap.ok(not bad, '%s: %d steps, as marked' % (name, len(mine)), bad)
    tap.ok(begin and quantile(begin, q) <= limit and quantile(end, q) <= limit,
           '%s: steps against the clock at p%d: %s, %s' % (name, q * 100, us(quantile(begin, q)), us(quantile(end, q))))
    bad = [b for s in j['steps'] for b in check_tiles(s)]
    tap.ok(not bad, name + ': segments tile', bad)
    bad = [b for s in j['steps'] for b in check_evidence(s)]
    tap.ok(not bad, name + ': evidence', bad)
    total, stages = 0, Counter()
    for s in j['steps']:
        total += s['end'] - s['begin']
        for g in s['segments']:
            stages[g['stage']] += g['to'] - g['from']
    dark = stages['unknown'] + stages['lost']
    worst = sorted(((sum(g['to'] - g['from'] for g in s['segments'] if g['stage'] in ('unknown', 'lost')), s['id'])
                    for s in j['steps']), reverse=True)[:3]
    tap.ok(total and dark < total / 100, '%s: unknown and lost are %.3f %% of step time' % (name, 100 * dark / max(total, 1)),
           ['step %s: %s' % (i, us(ns)) for ns, i in worst])
    print('  # ' + ', '.join('%s %.2f %%' % (k, 100 * v / max(total, 1)) for k, v in stages.most_common()))
    return steps


def self_report(name, gates):
    print('== ' + name)
    for kind in KINDS:
        rows = [g for g in gates if g.kind == kind]
        seqs = Counter()
        for g in rows:
            if g.enter is None:
                seqs['(no entry)'] += 1
            elif g.off is None:
                seqs['(did not sleep)'] += 1
            elif g.expect is None:
                seqs['(cannot say: stack %s)' % [x[:2] + (x[3][1][0] if x[3] else None,) if x[0] == 'softirq' else x[0] for x in g.stack]
                     if g.waking is not None else '(no waking: back %s)' % g.back] += 1
            else:
                seqs[' '.join(s for s, _, _ in g.expect) + ('' if g.told else ' (back untold)')] += 1
        b = [abs(g.enter - int(g.row['t_begin_ns'])) for g in rows if g.enter is not None]
        e = [abs((g.exit or g.back) - int(g.row['t_end_ns'])) for g in rows if g.exit or g.back]
        print('%s: %d; begin p50 %s p99 %s; end p50 %s p99 %s' %
              (kind, len(rows), us(quantile(b, .5)), us(quantile(b, .99)), us(quantile(e, .5)), us(quantile(e, .99))))
        for k, v in seqs.most_common(8):
            print('   %4d %s' % (v, k))


def one(tap, path, own, binary):
    name = os.path.basename(path)
    with open(path[:-4] + '.csv', encoding='utf-8') as f:
        rows = list(csv.DictReader(f))
    trace = Trace(rawtrace.Recording(path), set(int(r['tid']) for r in rows))
    gates = [trace.gate(r) for r in rows if r['stage'] in KINDS]
    if own:
        self_report(name, gates)
        return
    # real time under an emulator: the clock is read far (in time) from the event; virtual time and native: close
    tight = name.startswith(('host-', 'vm-icount-'))
    limits = (.99, 5 * US) if tight else (.5, 20 * US)
    run = agenttop.report(path, '--top', '0', '--steps', 'all', binary=binary)
    if not tap.ok(run.status == 0 and run.json is not None, name + ': a report', ['status %s' % run.status] + run.err.splitlines()):
        return
    try:
        steps = check_steps(tap, name, rows, trace, run.json, limits)
        for kind in KINDS:
            mine = [g for g in gates if g.kind == kind]
            if mine:
                check_kind(tap, name, kind, mine, trace, steps, limits)
    except (KeyError, TypeError) as x:
        tap.ok(False, name + ': report as the contract says', ['%s %s' % (type(x).__name__, x)])


def main(argv):
    own = '--self' in argv
    files = [a for a in argv if not a.startswith('--')]
    binary = agenttop.find()
    if not own and not binary:
        skip_all('no agenttop to test')
    tap = Tap()
    for path in files:
        one(tap, path, own, binary)
    return 0 if own else tap.done()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
