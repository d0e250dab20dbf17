#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What must hold of every report, whatever was recorded and whatever was lost.

  tiles.py FILE...     TAP: a report of each FILE, checked
"""
import os
import sys

import agenttop
from tap import Tap, skip_all
from truth import check_evidence, check_tiles

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
from check_json import harm_wrong

STAGES = ('user kernel return irq-steal softirq-steal outside device blk-queue blk-complete irq softirq-wait napi timer '
          'timer-late peer loop wakeup runqueue preempted lost unknown').split()
KEYS = 'schema source capabilities agents steps stages tasks cpus irqs softirqs wakeups block napi rings culprits harms suggestions self'.split()


def is_dist(x):
    return isinstance(x, dict) and {'n', 'sum', 'min', 'max'} <= set(x)


def check_dist(d, where, bad):
    if not d['n']:
        return
    lo, hi = d['min'], d['max']
    if not 0 <= lo <= hi or not lo * d['n'] <= d['sum'] <= hi * d['n']:
        bad.append('%s: n %d, sum %d, min %d, max %d cannot be' % (where, d['n'], d['sum'], lo, hi))
    quants = [d.get(k) for k in ('p50', 'p90', 'p99', 'p999')]
    last = lo
    for k, v in zip(('p50', 'p90', 'p99', 'p999'), quants):
        if v is None:
            bad.append('%s: no %s' % (where, k))
            return
        if v < last or v > hi:
            bad.append('%s: %s is %d, outside %d..%d' % (where, k, v, last, hi))
        last = v


def walk(x, where, bad):
    if is_dist(x):
        check_dist(x, where, bad)
    elif isinstance(x, dict):
        for k, v in x.items():
            walk(v, '%s.%s' % (where, k), bad)
    elif isinstance(x, list):
        for i, v in enumerate(x):
            walk(v, '%s[%d]' % (where, i), bad)
    elif isinstance(x, float) and x != x:
        bad.append(where + ' is not a number')


def check_report(j):
    """What is wrong with a report, as sentences."""
    bad = ['no %s' % k for k in KEYS if k not in j]
    if bad:
        return bad
    if j['schema'] != 'agenttop-report-1':
        bad.append('schema %s' % j['schema'])
    for k, v in j.items():
        walk(v, k, bad)
    src = j['source']
    begin, end = src['begin'] or 0, src['end'] or 0
    for s in j['steps']:
        bad += check_tiles(s) + check_evidence(s)
        if not begin <= s['begin'] <= s['end'] <= end:
            bad.append('step %s: %d to %d is not within the recording' % (s['id'], s['begin'], s['end']))
        for i, g in enumerate(s['segments']):
            if g['stage'] not in STAGES:
                bad.append('step %s segment %d: stage %s' % (s['id'], i, g['stage']))
            for e in g['evidence']:
                if not begin <= e['ts'] <= end:
                    bad.append('step %s segment %d: evidence at %d is not within the recording' % (s['id'], i, e['ts']))
    for t in j['tasks']:
        total = sum(t[k] or 0 for k in ('run', 'runqueue', 'preempted', 'sleep', 'blocked'))
        if total > end - begin:
            bad.append('task %d: %d ns of %d' % (t['pid'], total, end - begin))
    for c in j['cpus']:
        total = sum(c[k] or 0 for k in ('irq', 'softirq', 'ksoftirqd', 'task', 'idle'))
        if total > end - begin:
            bad.append('cpu %d: %d ns of %d' % (c['cpu'], total, end - begin))
    share = sum(s['share'] or 0 for s in j['stages'])
    if any(s['end'] > s['begin'] for s in j['steps']) and abs(share - 1) > 1e-3:
        bad.append('the stages\' shares sum to %f' % share)
    return bad


def check_whole(j):
    """The same of a report that --top 0 left whole."""
    bad = check_report(j)
    return bad or ['harm: ' + w for w in [harm_wrong(j)] if w]


def main(argv):
    binary = agenttop.find()
    if not binary:
        skip_all('no agenttop to test')
    tap = Tap()
    for path in argv:
        r = agenttop.report(path, '--top', '0', '--steps', 'all', binary=binary)
        bad = check_whole(r.json) if r.json else []
        tap.ok(r.status == 0 and r.json is not None and not bad, path, ['status %s' % r.status] + r.err.splitlines() + bad)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
