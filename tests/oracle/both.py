#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""One load, recorded by ftrace and by perf at the same time: agenttop must say the same of both, but for what either lost.

The two take their time stamps at different places of the same event, so counts must be equal and times about so.
Compared are the load's own tasks, bound to one CPU that they keep busy: some kernels lose perf's samples from interrupts
while a CPU idles. Everything happens in a tracefs instance of our own; perf's events are its own.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import agenttop
import rawtrace
from record import Instance, NoTracing
from tap import Tap, skip_all

EVENTS = ['sched:sched_switch', 'sched:sched_waking', 'sched:sched_wakeup', 'sched:sched_wakeup_new',
          'sched:sched_migrate_task', 'irq:softirq_raise', 'irq:softirq_entry', 'irq:softirq_exit']
LOOPS = 4000
NS_PER_EVENT = 2000     # how far apart the two may see one event


def record(d, cpu):
    dat, data = os.path.join(d, 'both.dat'), os.path.join(d, 'both.data')
    with Instance(EVENTS, 32768) as t:
        t.on(True)
        r = subprocess.run(['perf', 'record', '-q', '-a', '-k', 'CLOCK_MONOTONIC', '-m', '4M', '-o', data] +
                           [x for e in EVENTS for x in ('-e', e)] +
                           ['--', 'taskset', '-c', str(cpu), 'perf', 'bench', 'sched', 'pipe', '-l', str(LOOPS)],
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        t.on(False)
        lost = sum(t.overrun().values())
        t.save(dat)
    if r.returncode:
        raise NoTracing('perf record: ' + ' '.join(r.stderr.decode('utf-8', 'replace').split())[:150])
    return dat, data, lost


def perf_counts(data, pids):
    out = subprocess.run(['perf', 'script', '-i', data, '-F', 'tid,event'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         check=False).stdout.decode('utf-8', 'replace')
    res = {}
    for line in out.splitlines():
        m = re.match(r'\s*(\d+)\s+(?:\S+:)?(\w+):\s*$', line)
        if m and int(m.group(1)) in pids:
            key = (int(m.group(1)), m.group(2))
            res[key] = res.get(key, 0) + 1
    return res


def trace_counts(dat, pids):
    res = {}
    for e in rawtrace.Recording(dat).events:
        if e.pid in pids:
            res[e.pid, e.name] = res.get((e.pid, e.name), 0) + 1
    return res


def main():
    binary = agenttop.find()
    if not binary:
        skip_all('no agenttop to test')
    for tool in ('perf', 'taskset', 'trace-cmd'):
        if not shutil.which(tool):
            skip_all(tool + ' is not installed')
    cpu = min(os.sched_getaffinity(0))
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix='agenttop-both.') as d:
        try:
            dat, data, lost = record(d, cpu)
        except NoTracing as x:
            skip_all('live: %s' % x)
        a = agenttop.report(dat, '--top', '0', binary=binary)
        b = agenttop.report(data, '--top', '0', binary=binary)
        for r, what in ((a, 'trace.dat'), (b, 'perf.data')):
            if not tap.ok(r.status == 0 and r.json is not None, what + ': a report', ['status %s' % r.status] + r.err.splitlines()[-5:]):
                return tap.done()
        tap.ok(a.json['source']['lost'] >= lost and (lost or not a.json['source']['lost']), 'trace.dat: losses',
               ['the kernel says %d, agenttop %d' % (lost, a.json['source']['lost'])])
        if lost or b.json['source']['lost']:
            tap.skip('tables', 'live: events were lost (ftrace %d, perf %d)' % (lost, b.json['source']['lost']))
            return tap.done()
        compare(tap, a.json, b.json, dat, data)
    return tap.done()


def compare(tap, a, b, dat, data):
    ta, tb = ({t['pid']: t for t in j['tasks']} for j in (a, b))
    load = sorted(p for p, t in ta.items() if t['comm'] == 'sched-pipe' and t['switches'] > LOOPS / 4)
    tap.ok(len(load) == 2 and all(p in tb for p in load), 'the two tasks of the load are in both',
           ['ftrace %s, perf %s' % (load, sorted(p for p, t in tb.items() if t['comm'] == 'sched-pipe'))])
    load = [p for p in load if p in tb]
    ca, cb = trace_counts(dat, set(load)), perf_counts(data, set(load))
    equal = [p for p in load if all(ca.get((p, e.split(':')[1])) == cb.get((p, e.split(':')[1])) for e in EVENTS)]
    for p in load:
        if p not in equal:
            print('  # not compared: task %d, of which the two recorded different events' % p)
    if not equal:
        tap.skip('tables', 'live: of neither task both recorded the same events')
        return
    bad = ['task %d %s: %d, %d' % (p, k, ta[p][k], tb[p][k]) for p in equal for k in ('switches', 'wakeups', 'migrations')
           if ta[p][k] != tb[p][k]]
    tap.ok(not bad, 'switches, wakeups, migrations of %d tasks are equal' % len(equal), bad)
    bad = []
    for p in equal:
        slack = NS_PER_EVENT * (ta[p]['switches'] + ta[p]['wakeups'] + 1)
        for k in ('run', 'runqueue', 'preempted', 'sleep', 'blocked'):
            # asleep before its first event: the recordings do not begin and end together
            if k != 'sleep' and abs(ta[p][k] - tb[p][k]) > slack:
                bad.append('task %d %s: %d, %d (allowed %d)' % (p, k, ta[p][k], tb[p][k], slack))
    tap.ok(not bad, 'times agree', bad)
    wa, wb = a['wakeups']['waking_to_run'], b['wakeups']['waking_to_run']
    tap.ok(wa['n'] and wb['n'] and abs(wa['p50'] - wb['p50']) <= max(2 * NS_PER_EVENT, wa['p50'] // 4),
           'median from waking to running agrees: %d, %d' % (wa['p50'], wb['p50']))


if __name__ == '__main__':
    sys.exit(main())
