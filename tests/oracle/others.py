#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Recordings made by other people, and what is known to be true in them.

  others.py DIRECTORY      TAP; a file that is not there is skipped
"""
import datetime
import json
import os
import re
import subprocess
import sys

import agenttop
from tap import Tap, skip_all
from tiles import check_report


class Case:
    def __init__(self, tap, binary, directory):
        self.tap, self.binary, self.dir = tap, binary, directory
        self.name = self.j = self.run = None

    def open(self, name):
        """True when there is a report of that file to look at."""
        self.name = name
        path = os.path.join(self.dir, name)
        if not os.path.exists(path):
            self.tap.skip(name, 'not there')
            return False
        self.run = agenttop.report(path, '--top', '0', '--steps', 'all', binary=self.binary)
        self.j = self.run.json
        bad = check_report(self.j) if self.j else []
        return self.tap.ok(self.run.status == 0 and self.j is not None and not bad, name + ': a report',
                           ['status %s' % self.run.status] + self.run.err.splitlines()[-10:] + bad) and self.j is not None

    def same(self, what, got, want):
        self.tap.ok(got == want, '%s: %s is %s' % (self.name, what, want), ['agenttop says %s' % (got,)])

    def ok(self, good, what, *notes):
        self.tap.ok(good, '%s: %s' % (self.name, what), notes)

    def source(self, **want):
        for k, v in want.items():
            self.same(k, self.j['source'][k], v)

    def task(self, pid):
        return next((t for t in self.j['tasks'] if t['pid'] == pid), None)

    def total(self, key):
        return sum(t[key] or 0 for t in self.j['tasks'])


def schedviz(c, name):
    if not c.open(name):
        return
    c.source(events=28922, cpus=1, lost=0)
    c.same('first to last event', c.j['source']['end'] - c.j['source']['begin'], 2009150555)
    t = c.task(3)
    c.ok(t is not None, 'ksoftirqd/0 is there')
    if t:
        c.same('ksoftirqd/0 comm', t['comm'], 'ksoftirqd/0')
        c.same('ksoftirqd/0 run', t['run'], 5680247)
        c.same('ksoftirqd/0 wakeups', t['wakeups'], 270)
        c.same('ksoftirqd/0 waits', t['runqueue'] + t['preempted'], 2469295)
        c.same('ksoftirqd/0 waits after being pushed off (prev_state 4096)', t['preempted'], 9316)
        c.same('ksoftirqd/0 sleeps', t['sleep'] + t['blocked'], 2001001013)
    for pid in (17254, 430, 449):
        c.ok(c.task(pid) is not None, 'task %d is there' % pid)
    c.same('steps', c.j['steps'], [])
    early(c, name)


def early(c, name):
    """pid 17254 runs 0-21,845 and 65,705-71,547; kauditd 430 from 71,547 to 73,788, then auditd 449."""
    end = '%.9f' % ((c.j['source']['begin'] + 73788) / 1e9)
    r = agenttop.report(os.path.join(c.dir, name), '--top', '0', '--to', end, binary=c.binary)
    if not r.json:
        c.ok(False, '--to %s: a report' % end, 'status %s' % r.status, *r.err.splitlines()[-3:])
        return
    run = {t['pid']: t['run'] for t in r.json['tasks']}
    c.ok(run.get(17254) == 21845 + 71547 - 65705, 'with --to, pid 17254 ran 27687 ns', 'agenttop says %s' % run.get(17254))


def idle(c):
    if not c.open('idle.v6.dat'):
        return
    c.source(events=43, cpus=6, lost=0)
    c.same('steps', c.j['steps'], [])
    c.ok(c.total('switches') in (23, 23 - idle_switches(c, 'idle.v6.dat')), '23 switches', 'tasks\' sum to %d' % c.total('switches'))
    c.ok(c.total('migrations') in (2, 3), 'migrations (3, one of a task that does nothing else)', 'agenttop says %d' % c.total('migrations'))


def sched_load(c):
    if not c.open('sched_load.v7-zstd.dat'):
        return
    c.source(events=3724, cpus=6, lost=0)
    c.ok(c.total('switches') in (399, 399 - idle_switches(c, 'sched_load.v7-zstd.dat')), '399 switches',
         'tasks\' sum to %d' % c.total('switches'))
    c.same('migrations', c.total('migrations'), 28)
    c.same('steps', c.j['steps'], [])
    c.same('wakeups', c.j['wakeups']['waking_to_run']['n'], 0)


def markers(c):
    name = 'markers.v7-zstd.dat'
    if not c.open(name):
        return
    c.source(events=54993, cpus=4, lost=0)
    c.same('steps', c.j['steps'], [])
    text = agenttop.Run([c.binary, '--report', os.path.join(c.dir, name)])
    plain = re.sub(r'(?<=\d)[ ,_\u202f](?=\d{3})', '', c.run.out + text.out)
    c.ok('25371' in plain, '25,371 marks are counted, though none is a step', 'neither the JSON nor the text says 25371')


def arm32(c, name):
    if not c.open(name):
        return
    c.source(events=45254, cpus=8, lost=0)
    c.ok(c.total('switches') in (617, 617 - idle_switches(c, name)), 'sched_switch 617',
         'tasks\' switches sum to %d' % c.total('switches'))
    c.ok(c.total('wakeups') in (314, 315), 'sched_wakeup 314 (and one sched_wakeup_new)', 'wakeups sum to %d' % c.total('wakeups'))
    c.same('migrations', c.total('migrations'), 7)


def idle_switches(c, name):
    """switches away from pid 0"""
    out = subprocess.run(['trace-cmd', 'report', '-R', '-i', os.path.join(c.dir, name)], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=False).stdout
    return len(re.findall(rb' prev_pid=0 ', out))


def pipe(c):
    name = 'pipe.perf.data'
    if not c.open(name):
        return
    c.source(events=551, lost=0)
    c.same('steps', c.j['steps'], [])
    expected = os.path.join(c.dir, name + '.expected.json')
    if not os.path.exists(expected):
        c.tap.skip(name + ': switches by task', 'no expected.json')
        return
    with open(expected, encoding='utf-8-sig') as f:
        text = f.read()
    text = re.sub(r'(?m)^\s*/\*.*?\*/\s*,?\s*$', '', text[text.index('/* Events in Time order */'):])
    events = json.loads('[' + text.lstrip().lstrip(','))
    samples = [e for e in events if 'meta' in e and 'time' in e['meta']]
    c.same('samples in the expected answer', len(samples), 551)
    ns = [when(e['meta']['time']) for e in samples]
    begin, end = min(ns), max(ns)
    on, run, out = {}, {}, {}
    for e, t in zip(samples, ns):
        if e['n'] != 'sched:sched_switch':
            continue
        cpu, prev, nxt = e['meta']['cpu'], int(e['prev_pid'], 16), int(e['next_pid'], 16)
        lo, hi = run.get(prev, (0, 0))
        if cpu in on and on[cpu][0] == prev:
            run[prev] = (lo + t - on[cpu][1], hi + t - on[cpu][1])
        else:
            run[prev] = (lo, hi + t - begin)            # it ran since some time before
        out[prev] = out.get(prev, 0) + 1
        on[cpu] = (nxt, t)
    for pid, t in on.values():
        lo, hi = run.get(pid, (0, 0))
        run[pid] = (lo, hi + end - t)
    bad = []
    for pid in sorted(run):
        if not pid:
            continue
        t = c.task(pid)
        if t is None:
            bad.append('task %d is missing' % pid)
            continue
        if t['switches'] != out.get(pid, 0):
            bad.append('task %d switches: %d, agenttop %d' % (pid, out.get(pid, 0), t['switches']))
        slack = 200 * (out.get(pid, 0) + 2)             # the expected times are in 100 ns
        if not run[pid][0] - slack <= t['run'] <= run[pid][1] + slack:
            bad.append('task %d run: %d to %d, agenttop %d' % (pid, run[pid][0], run[pid][1], t['run']))
    c.ok(not bad, 'switches and run times of %d tasks' % (len(run) - 1), *bad)


def when(text):
    m = re.match(r'(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d+))?Z', text)
    y, mo, d, h, mi, s = (int(x) for x in m.groups()[:6])
    t = datetime.datetime(y, mo, d, h, mi, s, tzinfo=datetime.timezone.utc)
    return int(t.timestamp()) * 10**9 + int((m.group(7) or '0').ljust(9, '0'))


def no_tracepoints(c):
    for name in ('sleep.perf.data', 'sleep.zstd.perf.data', 'sleep.zstd.pipe.perf.data', 'fibo.zstd2.pipe.perf.data',
                 'ctx_switch_namespaces-4.14.perf.data', 'piped.ctx_switch_namespaces-4.14.perf.data',
                 'lost_samples-4.4.perf.data'):
        if not c.open(name):
            continue
        c.same('steps', c.j['steps'], [])
        if name.startswith('lost_samples'):
            c.ok(c.j['source']['lost'] > 0, 'LOST_SAMPLES are losses', 'lost is %s' % c.j['source']['lost'])
        r = agenttop.Run([c.binary, '--report', os.path.join(c.dir, name)])
        c.ok(r.status == 0 and r.out.strip() and 'step' in r.out, 'the text report says that nothing here makes steps',
             'status %s' % r.status, *r.out.splitlines()[:6])


def damaged(c):
    name = 'piped.corrupted.zero_size_sample-3.2.perf.data'
    path = os.path.join(c.dir, name)
    if not os.path.exists(path):
        c.tap.skip(name, 'not there')
        return
    r = agenttop.Run([c.binary, '--report=json', path])
    lines = r.err.splitlines()
    c.tap.ok(r.status == 1, name + ': exit status 1', ['status %s' % r.status])
    c.tap.ok(len(lines) == 1 and lines[0].startswith('agenttop: ') and name in lines[0], name + ': one line of error',
             ['%d lines' % len(lines)] + lines[:5])


def main(argv):
    binary = agenttop.find()
    if not binary:
        skip_all('no agenttop to test')
    tap = Tap()
    c = Case(tap, binary, argv[0])
    try:
        schedviz(c, 'schedviz.v6.dat')
        schedviz(c, 'schedviz.v7-zstd.dat')
        idle(c)
        sched_load(c)
        markers(c)
        arm32(c, 'arm32.v6.dat')
        arm32(c, 'arm32.v7-zstd.dat')
        pipe(c)
        no_tracepoints(c)
        damaged(c)
    except (KeyError, TypeError) as x:
        tap.ok(False, '%s: report as the contract says' % c.name, ['%s %s' % (type(x).__name__, x)])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
