#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What agenttop says about agentloop, against agentloop's own account of its waits.

  agentcsv.py REPORT.json AGENT.csv [--live]    TAP. The report is of --report=json, with all steps.
      --live    the report is of a live run, which may have begun after the agent and ended before it, keep only some
                steps, and lose events: then only what it has is held against the account
  agentcsv.py --record OUT.dat [--events E,...] [--kb N] -- AGENTLOOP OPTION...
      records a run of the agent, with its marks, in a tracefs instance of its own

The account is by the agent's own clock (`agentloop --help` explains its columns); nothing of the recording is looked at,
so it is a second opinion on every report, live ones too. It tells:
  steps     each is there, once, with its words; its begin and end lie between the agent's readings of the clock around
            the writes of the marks, or within 50 us of that for 99 in 100; p50 and p99 of each kind are within 2 % of what
            these readings allow
  waits     the segments in a wait that slept are of the stages that such a wait can have, and the one that it is about
            is among them, with the peer, helper or tool by its number; a share of 1 % may be something else
  instants  a timer's sleep ends when it was asked to, at most 50 us off for 99 in 100; nobody is woken before the other
            had answered; half of these wakings begin within 50 us after the answer
`unknown` and `lost` are counted on their own.
"""
import csv
import json
import math
import os
import re
import sys
from collections import Counter, defaultdict

from record import options, record
from tap import Tap
from truth import check_evidence, check_tiles, quantile, us

US, MS = 1000, 1000000
CLOSE, FEW, AGREE = 50 * US, .01, .02
# In any wait: the way into the call and out of it, with what came between.
ANY = {'user', 'kernel', 'return', 'irq-steal', 'softirq-steal', 'preempted', 'runqueue', 'wakeup'}
DISK = {'device', 'blk-queue', 'blk-complete', 'irq', 'softirq-wait'}
TIMER = {'timer', 'timer-late', 'irq', 'softirq-wait'}
# stage of the account: (what the wait is about, what else there may be, whether who ended it must be an actor)
WAITS = {
    'net': ({'napi'}, {'outside', 'peer', 'irq', 'softirq-wait'} | TIMER, True),
    'uring': ({'device'}, DISK | {'peer'}, False),
    'pread': ({'device'}, DISK | {'peer'}, False),
    'fault': ({'device'}, DISK | {'peer'}, False),
    'timer': ({'timer'}, TIMER, False),
    'sleep': ({'timer'}, TIMER, False),
    'evfd': ({'peer'}, TIMER, True),
    'tool': ({'peer'}, DISK | TIMER, True),
}
TASK = re.compile(r':\d+')
WOKEN = ('wakeup', 'runqueue')
EVENTS = """
    sched:sched_switch sched:sched_waking sched:sched_wakeup sched:sched_wakeup_new sched:sched_migrate_task
    sched:sched_process_fork sched:sched_process_exec sched:sched_process_exit task:task_rename
    irq:irq_handler_entry irq:irq_handler_exit irq:softirq_raise irq:softirq_entry irq:softirq_exit
    irq_vectors:local_timer_entry irq_vectors:local_timer_exit irq_vectors:reschedule_entry irq_vectors:reschedule_exit
    irq_vectors:call_function_entry irq_vectors:call_function_exit
    irq_vectors:call_function_single_entry irq_vectors:call_function_single_exit ipi:ipi_entry ipi:ipi_exit ipi:ipi_send_cpu
    napi:napi_poll sock:sk_data_ready
    block:block_bio_queue block:block_bio_frontmerge block:block_rq_insert block:block_rq_issue block:block_rq_merge
    block:block_rq_requeue block:block_rq_complete nvme:nvme_setup_cmd nvme:nvme_complete_rq
    io_uring:io_uring_create io_uring:io_uring_submit_req io_uring:io_uring_submit_sqe io_uring:io_uring_complete
    io_uring:io_uring_task_add io_uring:io_uring_cqe_overflow io_uring:io_uring_local_work_run io_uring:io_uring_task_work_run
    timer:hrtimer_start timer:hrtimer_expire_entry timer:hrtimer_expire_exit timer:hrtimer_cancel
    exceptions:page_fault_user power:cpu_idle""".split()
CALLS = """epoll_wait epoll_pwait io_uring_enter read pread64 clock_nanosleep wait4 futex write sendto recvfrom clone
    timerfd_settime execve madvise fadvise64""".split()


# -- recording ---------------------------------------------------------------------------------------------------------
def record_agent(argv):
    out, wanted, kb, command = options(argv, 32768)
    wanted = wanted or EVENTS + ['syscalls:sys_%s_%s' % (way, c) for c in CALLS for way in ('enter', 'exit')]

    def set_up(t):
        # not every kernel has all of them
        t.events = [e for e in wanted if os.path.isdir(t.event(e))]
        t.enable()
        return command + ['--marker', t.dir + '/trace_marker']
    return record(out, set_up, [], kb, 'agenttop-agentcsv')


# -- comparing ---------------------------------------------------------------------------------------------------------
class Wait:
    def __init__(self, r):
        self.row = r
        self.id, self.kind, self.stage = r['step'], r['kind'], r['stage']
        self.tid, self.pid = int(r['tid']), int(r['pid'])
        for k in ('t_begin', 't_end', 't_begun', 't_ending', 't_ask', 't_due', 't_by_begin', 't_by_end'):
            setattr(self, k, int(r[k + '_ns']) if r[k + '_ns'] else None)
        self.slept, self.by = int(r['slept']), int(r['by']) if r['by'] else None

    def duration(self):
        """Of a step, from mark to mark: (at least, at most). It may have been pushed off its CPU in the write of a mark."""
        return self.t_ending - self.t_begun, self.t_end - self.t_begin

    def tag(self):
        return 'step %s %s at %d: ' % (self.id, self.stage, self.t_begin)


def rank(values, q):
    """The smallest value that at least the share q of them does not exceed."""
    v = sorted(values)
    return v[max(math.ceil(q * len(v)), 1) - 1]


def within(t, a, b):
    """How far t lies outside [a, b]."""
    return max(a - t, t - b, 0)


def pieces(step, w):
    """[(segment, from, to)] of the step's segments within the wait."""
    out = []
    for s in step['segments']:
        a, b = max(s['from'], w.t_begin), min(s['to'], w.t_end)
        if b > a:
            out.append((s, a, b))
    return out


def names(actor, tid):
    return bool(actor) and re.search(r':%d(?!\d)' % tid, actor) is not None


class Account:
    def __init__(self, path):
        with open(path, encoding='utf-8') as f:
            rows = [Wait(r) for r in csv.DictReader(f)]
        self.steps = {w.id: w for w in rows if w.stage == 'step'}
        self.waits = defaultdict(list)
        for w in rows:
            if w.stage != 'step':
                self.waits[w.id].append(w)
        self.pid = rows[0].pid if rows else None


def check_steps(tap, acc, steps, known):
    """known: ids of the account that the report should have."""
    bad = ['step %s is missing' % i for i in known if i not in steps]
    bad += ['step %s is not the agent\'s' % i for i in steps if i not in acc.steps]
    tap.ok(known and not bad, 'steps: %d of the account\'s %d, each once' % (len(steps), len(acc.steps)), bad)
    bad, begin, end, dur = [], [], [], []
    for i, s in steps.items():
        w = acc.steps.get(i)
        if w is None:
            continue
        if (s['name'], s['pid'], s['tgid']) != (w.kind, w.tid, w.pid):
            bad.append('step %s: %s of pid %s, tgid %s' % (i, s['name'], s['pid'], s['tgid']))
        if s['deadline'] is None or s['missed'] != (s['end'] - s['begin'] > s['deadline']):
            bad.append('step %s: deadline %s, missed %s after %d' % (i, s['deadline'], s['missed'], s['end'] - s['begin']))
        begin.append((within(s['begin'], w.t_begin, w.t_begun), i))
        end.append((within(s['end'], w.t_ending, w.t_end), i))
        dur.append((within(s['end'] - s['begin'], *w.duration()), i))
    tap.ok(not bad, 'steps: kind, pid, deadline', bad)
    p = [quantile([x for x, _ in v], .99) for v in (begin, end, dur)]
    tap.ok(dur and max(p) <= CLOSE,
           'steps: begin, end, duration outside what the agent saw at p99: %s, %s, %s' % tuple(us(x) for x in p),
           ['step %s: %s' % (i, us(x)) for x, i in sorted(dur, reverse=True)[:5]])
    # raw_syscalls tell the call by its number, which is not in the evidence
    bad = [b for s in steps.values() for b in check_tiles(s) + check_evidence(s) if not b.endswith(': sys_enter, sys_exit')]
    tap.ok(not bad, 'steps: segments tile, with evidence', bad)


def compare(tap, what, mine, theirs):
    """mine: [(at least, at most)]; a percentile is then between those of the two."""
    if not theirs:
        tap.ok(False, what + ': none in the report')
        return
    for q, name in ((.5, 'p50'), (.99, 'p99')):
        low, high = (rank([m[k] for m in mine], q) for k in (0, 1))
        b = rank(theirs, q) if isinstance(theirs, list) else theirs[name]
        tap.ok(low * (1 - AGREE) <= b <= high * (1 + AGREE), '%s: %s is %s, the agent says %s to %s' %
               (what, name, us(b), us(low), us(high)))


def check_quantiles(tap, acc, j, steps, live):
    for kind in sorted(set(w.kind for w in acc.steps.values())):
        mine = [acc.steps[i].duration() for i in steps if i in acc.steps and acc.steps[i].kind == kind]
        if mine:
            compare(tap, 'steps %s (%d)' % (kind, len(mine)), mine,
                    [s['end'] - s['begin'] for s in steps.values() if s['name'] == kind])
    rows = [a for a in j['agents'] if a['tgid'] == acc.pid]
    if not tap.ok(len(rows) == 1, 'agents: one row for it', ['%d rows' % len(rows)]):
        return
    if not live:
        tap.ok(rows[0]['steps']['n'] == len(acc.steps), 'agents: %d steps' % rows[0]['steps']['n'])
    if rows[0]['steps']['n'] == len(steps):
        compare(tap, 'agents: all steps', [acc.steps[i].duration() for i in steps if i in acc.steps], rows[0]['steps'])


def check_waits(tap, acc, steps, stage, slack):
    about, may, named = WAITS[stage]
    may = may | about | ANY
    none, wrong, unnamed, unsure, early, off = [], [], [], [], [], []
    seqs, total, other, n, slept = Counter(), Counter(), 0, 0, 0
    for i, s in steps.items():
        if s['lost'] and slack > 1:
            continue
        for w in acc.waits.get(i, []):
            if w.stage != stage:
                continue
            n += 1
            if not w.slept:
                continue
            slept += 1
            segs = pieces(s, w)
            got = Counter()
            for g, a, b in segs:
                got[g['stage']] += b - a
            total += got
            seqs[' '.join(squeeze(g['stage'] for g, _, _ in segs))] += 1
            # what nothing explains is counted apart
            odd = [(g['stage'], a, b) for g, a, b in segs if g['stage'] not in may | {'unknown', 'lost'}]
            other += sum(b - a for _, a, b in odd)
            wrong += [w.tag() + ', '.join('%s %s' % (x, us(b - a)) for x, a, b in odd)] if odd else []
            if not about & set(got):
                none.append(w.tag() + 'only ' + ', '.join('%s %s' % (k, us(v)) for k, v in got.items()))
            if named and w.by and not any(names(g['actor'], w.by) for g, _, _ in segs) and not from_outside(segs):
                sure = all(g['confidence'] == 'proven' for g, _, _ in segs if g['stage'] == 'peer')
                tasks = sorted(set(g['actor'].split(' / ')[0] for g, _, _ in segs if g['actor'] and TASK.search(g['actor'])))
                (unnamed if sure else unsure).append(w.tag() + 'it was %d, the report says %s' % (w.by, ', '.join(tasks) or 'nobody'))
            instants(w, segs, early, off)
    if not n:
        return
    few = max(1, int(n * FEW * slack))
    label = 'waits: %s (%d, %d slept): ' % (stage, n, slept)
    tap.ok(len(none) <= few, label + 'have %s, but for %d' % (' or '.join(sorted(about)), len(none)), none)
    share = other / max(sum(total.values()), 1)
    tap.ok(share <= FEW * slack, label + 'something else %.2f %%' % (100 * share), wrong)
    if named:
        # who is merely inferred to have ended it may be the wrong one, but not often
        tap.ok(len(unnamed) <= few and len(unsure) <= 10 * few, label + 'name who ended them, but for %d and %d inferred' %
               (len(unnamed), len(unsure)), unnamed + unsure)
    if stage in INSTANTS:
        tap.ok(len(early) <= few, label + INSTANTS[stage][0] + ', but for %d' % len(early), early)
        # the other may be pushed off its CPU between looking at its clock and answering: that is not agenttop's
        q = .5 if named else .99
        p = quantile(off, q)
        tap.ok(p <= CLOSE * slack, label + INSTANTS[stage][1] + ' %s at p%d' % (us(p), q * 100))
    print('  # ' + ', '.join('%s %.1f %%' % (k, 100 * v / sum(total.values())) for k, v in total.most_common()))
    for seq, c in seqs.most_common(3):
        print('  # %4d x %s' % (c, seq))


# What is checked of a wait's instants: that it is never too early, and how far off it is.
INSTANTS = {
    'timer': ('asked for until it was due', 'its sleep ends off the due time by'),
    'sleep': ('asked for until it was due', 'its sleep ends off the due time by'),
    'evfd': ('not woken before the helper answered', 'the peer\'s time ends off the answer by'),
    'net': ('not woken before the peer answered', 'the packet is on its way after the answer by'),
}


def from_outside(segs):
    """It says that nothing tells who caused the interrupt (kernels without ipi:ipi_send_cpu)."""
    return any(a['stage'] == 'outside' and b['stage'] == 'irq' for (a, _, _), (b, _, _) in zip(segs, segs[1:]))


def instants(w, segs, early, off):
    """Appends to early what cannot be, to off how far in ns it is from the agent's account."""
    woken = [a for i, (g, a, _) in enumerate(segs) if g['stage'] in WOKEN and (not i or segs[i - 1][0]['stage'] not in WOKEN)]
    if w.stage in ('timer', 'sleep'):
        slept = [b for g, a, b in segs if g['stage'] == 'timer']
        if slept:
            off.append(abs(slept[-1] - w.t_due))
            if slept[-1] < w.t_due - US:
                early.append(w.tag() + 'slept %s less than asked' % us(w.t_due - slept[-1]))
    elif w.stage in ('evfd', 'net') and woken and w.t_by_end:
        if woken[-1] < w.t_by_end:
            early.append(w.tag() + 'woken %s before %d answered' % (us(w.t_by_end - woken[-1]), w.by))
        elif w.stage == 'evfd':
            ends = [b for g, a, b in segs if names(g['actor'], w.by) and g['stage'] not in WOKEN]
            off.append(abs(ends[-1] - w.t_by_end) if ends else 0)
        else:
            starts = [a for g, a, b in segs if g['stage'] in ('softirq-wait', 'napi', 'irq') and a >= w.t_by_end]
            off.append(starts[0] - w.t_by_end if starts else 0)


def squeeze(stages):
    out = []
    for s in stages:
        if not out or out[-1] != s:
            out.append(s)
    return out


def check_think(tap, acc, steps, slack):
    """Computing is user time, and nothing that a wait has."""
    busy = other = n = 0
    notes = []
    for i, s in steps.items():
        for w in acc.waits.get(i, []):
            if w.stage != 'think' or s['lost'] and slack > 1:
                continue
            n += 1
            for g, a, b in pieces(s, w):
                busy += b - a
                if g['stage'] not in ANY - {'wakeup'} | {'unknown', 'lost'}:
                    other += b - a
                    notes.append(w.tag() + '%s %s' % (g['stage'], us(b - a)))
    if n:
        tap.ok(other <= FEW * slack * busy, 'think (%d): a wait\'s stages are %.3f %% of it' % (n, 100 * other / max(busy, 1)), notes)


def check_dark(tap, steps, slack):
    total = sum(s['end'] - s['begin'] for s in steps.values())
    dark = Counter()
    for s in steps.values():
        for g in s['segments']:
            if g['stage'] in ('unknown', 'lost'):
                dark['%s: %s' % (g['stage'], g['actor'])] += g['to'] - g['from']
    share = sum(dark.values()) / max(total, 1)
    tap.ok(share <= FEW * slack, 'unknown and lost are %.3f %% of step time' % (100 * share),
           ['%s %s' % (k, us(v)) for k, v in dark.most_common(5)])


def main(argv):
    if argv[:1] == ['--record'] and '--' in argv:
        return record_agent(argv[1:])
    live = '--live' in argv
    files = [a for a in argv if a != '--live']
    if len(files) != 2 or any(a.startswith('--') for a in files):
        print(__doc__, file=sys.stderr)
        return 2
    with open(files[0], encoding='utf-8') as f:
        j = json.load(f)
    acc, tap = Account(files[1]), Tap()
    source, all_steps = j['source'], [s for s in j['steps'] if s['tgid'] == acc.pid]
    twice = [i for i, c in Counter(s['id'] for s in all_steps).items() if c > 1]
    steps = {s['id']: s for s in all_steps}
    tap.ok(not twice, 'steps: no id twice', ['step %s' % i for i in twice])
    if live:
        known = [i for i, w in acc.steps.items() if w.t_begin >= source['begin'] + MS and w.t_end <= source['end'] - MS]
        if sum(a['steps']['n'] for a in j['agents'] if a['tgid'] == acc.pid) > len(steps):
            known = [i for i in known if i in steps]        # the report keeps only some
    else:
        known = list(acc.steps)
    slack = 5 if live else 1
    try:
        check_steps(tap, acc, steps, known)
        check_quantiles(tap, acc, j, steps, live)
        check_dark(tap, steps, slack)
        check_think(tap, acc, steps, slack)
        for stage in WAITS:
            check_waits(tap, acc, steps, stage, slack)
    except (KeyError, TypeError) as x:
        tap.ok(False, 'the report is as the contract says', ['%s %s' % (type(x).__name__, x)])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
