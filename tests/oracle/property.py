#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Properties that hold of any part of a recording: random subsets, losses and cuts of it, as .ev text.

  property.py FILE.dat...

  every variant   the report is well-formed (tiles.py): segments tile, no link without evidence, nothing outside
  whole           the same steps, segments and tables as from the .dat itself
  cut at the end  steps that ended well before the cut are the same as in the whole
  told losses     they are counted; steps that no loss touches have lost == 0, those whose own CPU lost have lost > 0;
                  no segment but `lost` and `unknown` lies over a loss of its own CPU; interrupts are never paired over one
  only switches   no wakeup is invented: none in the tables, no stage that a wakeup, interrupt or timer would have to prove
  no hard IRQs    (irq_handler_entry, _exit left out) no row for a numbered IRQ; capabilities name what is missing, and where
                  a hard IRQ must have been, the actor says that it was not recorded
  no softirqs, no wakings, no syscalls, no block   the capability says so; nothing of theirs in the tables
Environment: PROPERTY_SEEDS (default 4) random variants of each kind.
"""
import json
import os
import sys
import tempfile

import agenttop
import to_ev
from tables import Tables, compare_irqs, compare_softirqs
from tap import Tap, skip_all
from tiles import check_whole

CAUSED = ('irq', 'irq-steal', 'softirq-wait', 'softirq-steal', 'napi', 'wakeup', 'peer', 'timer', 'timer-late', 'device',
          'blk-queue', 'blk-complete', 'outside')


class Sink:
    """Takes what tables.py would tell."""

    def __init__(self):
        self.notes = []

    def ok(self, good, what, notes=()):
        if not good:
            self.notes += [what] + list(notes)


class Suite:
    def __init__(self, tap, path, binary, tmp):
        self.tap, self.binary, self.tmp = tap, binary, tmp
        self.name = os.path.basename(path)
        self.path = path
        self.conv = to_ev.Converter(path)

    def run(self, what, **options):
        """(report or None, losses) of a variant; its general properties are tested here."""
        text, losses = self.conv.convert(**options)
        ev = os.path.join(self.tmp, 'case.ev')
        with open(ev, 'w', encoding='ascii') as f:
            f.write(text)
        r = agenttop.report(ev, '--top', '0', '--steps', 'all', binary=self.binary)
        bad = check_whole(r.json) if r.json else []
        good = self.tap.ok(r.status == 0 and r.json is not None and not bad, '%s: %s' % (self.name, what),
                           ['status %s' % r.status] + r.err.splitlines()[-20:] + bad)
        if not good and os.environ.get('PROPERTY_KEEP'):
            keep = os.path.join(os.environ['PROPERTY_KEEP'], '%s.%s.ev' % (self.name, what.replace(' ', '-').replace('/', '-')))
            with open(keep, 'w', encoding='ascii') as f:
                f.write(text)
        return r.json, losses

    def ok(self, bad, what):
        self.tap.ok(not bad, '%s: %s' % (self.name, what), bad)

    def whole(self):
        a = agenttop.report(self.path, '--top', '0', '--steps', 'all', binary=self.binary)
        b, _ = self.run('whole')
        if not a.json or not b:
            return None
        bad = []
        for k in ('steps', 'stages', 'tasks', 'cpus', 'irqs', 'softirqs', 'wakeups', 'block', 'napi'):
            if a.json[k] != b[k]:
                bad.append('%s differs%s' % (k, first_difference(a.json[k], b[k])))
        self.ok(bad, 'as .ev the same as the .dat')
        return b

    def cuts(self, whole, seeds):
        span = self.conv.rec.end - self.conv.rec.begin
        for seed in range(seeds):
            f = .3 + .6 * seed / max(seeds, 1)
            j, _ = self.run('cut at the end, %.2f' % f, end=f)
            if j and whole:
                until = self.conv.rec.begin + int(span * f)
                want = {s['id']: s for s in whole['steps'] if s['end'] < until}
                got = {s['id']: s for s in j['steps'] if s['end'] < until}
                bad = ['step %s is missing' % i for i in want if i not in got]
                bad += ['step %s%s' % (i, first_difference(want[i], got[i])) for i in want if i in got and want[i] != got[i]]
                self.ok(bad, 'cut at %.2f: %d steps as in the whole' % (f, len(want)))
            self.run('cut at the beginning, %.2f' % f, begin=f)

    def drops(self, seeds):
        for seed in range(seeds):
            p = (.001, .01, .1, .5, .9)[seed % 5]
            self.run('silently dropped, p %g seed %d' % (p, seed), drop=p, seed=seed)
        for seed in range(seeds):
            p = (.01, .05, .2, .5)[seed % 4]
            j, losses = self.run('lost and told, p %g seed %d' % (p, seed), lose=p, seed=100 + seed)
            if j:
                self.losses(j, losses, 'losses, p %g seed %d' % (p, seed))

    def losses(self, j, losses, what):
        bad = []
        n = sum(x[3] for x in losses)
        if j['source']['lost'] != n:
            bad.append('lost %s, should be %d' % (j['source']['lost'], n))
        for s in j['steps']:
            touch = [x for x in losses if x[1] < s['end'] and x[2] > s['begin']]
            mine = set(g['cpu'] for g in s['segments'] if g['stage'] in ('user', 'kernel'))
            own = [x for x in touch if x[0] in mine]
            if s['lost'] and not touch:
                bad.append('step %s: lost %s, but no loss overlaps it' % (s['id'], s['lost']))
            if own and not s['lost']:
                bad.append('step %s: CPU %d lost events from %d to %d, lost is 0' % (s['id'], own[0][0], own[0][1], own[0][2]))
        self.ok(bad, what + ': counted and marked')
        bad, by_cpu = [], {}
        for x in losses:
            by_cpu.setdefault(x[0], []).append(x)
        for s in j['steps']:
            for i, g in enumerate(s['segments']):
                if g['stage'] in ('lost', 'unknown'):
                    continue
                for x in by_cpu.get(g['cpu'], ()):
                    if g['from'] < x[2] and g['to'] > x[1]:
                        bad.append('step %s segment %d: %s %d-%d on CPU %d, which lost events %d-%d' %
                                   (s['id'], i, g['stage'], g['from'], g['to'], x[0], x[1], x[2]))
        self.ok(bad, what + ': nothing is said of a CPU while it lost events')
        t, bad = Tables(self.conv.kept), Sink()
        compare_irqs(bad, t, j, '')
        compare_softirqs(bad, t, j, '')
        self.ok(bad.notes, what + ': irqs and softirqs as the oracle has them')

    def without(self):
        j, _ = self.run('only switches and marks', keep='sched:sched_switch$|ftrace:print$')
        if j:
            bad = []
            for k in ('waking_to_run', 'wakeup_to_run'):
                if j['wakeups'][k]['n']:
                    bad.append('%s: n %d' % (k, j['wakeups'][k]['n']))
            if j['wakeups']['cross_cpu']:
                bad.append('cross_cpu %d' % j['wakeups']['cross_cpu'])
            for s in j['steps']:
                for g in s['segments']:
                    if g['stage'] in CAUSED:
                        bad.append('step %s: %s (%s) from %s' % (s['id'], g['stage'], g['actor'], [e['event'] for e in g['evidence']]))
            bad += ['irq row %s' % r['name'] for r in j['irqs']] + ['softirq row %s' % r['name'] for r in j['softirqs']]
            self.ok(bad, 'only switches: nothing invented')
            self.ok([] if j['steps'] or not any(e.name == 'print' for e in self.conv.rec.events) else ['no steps'],
                    'only switches: steps all the same')
        j, _ = self.run('only switches', keep='sched:sched_switch$')
        if j:
            bad = ['wakeups: n %d' % j['wakeups']['waking_to_run']['n']] if j['wakeups']['waking_to_run']['n'] else []
            self.ok(bad + (['%d steps' % len(j['steps'])] if j['steps'] else []), 'only switches: no wakeups, no steps')
        self.hard_irqs()
        for what, omit, event, empty in (
                ('softirqs', r'irq:softirq_', 'irq:softirq_entry', lambda j: not any(r['run']['n'] for r in j['softirqs'])),
                ('wakings', r'sched:sched_waking$', 'sched:sched_waking', lambda j: not j['wakeups']['waking_to_run']['n']),
                ('switches', r'sched:sched_switch$', 'sched:sched_switch', lambda j: not j['wakeups']['waking_to_run']['n']),
                ('block', r'block:', 'block:block_rq_issue', lambda j: not j['block']),
                ('syscalls', r'syscalls:', None, lambda j: True)):
            j, _ = self.run('no ' + what, omit=omit)
            if not j:
                continue
            bad = [] if empty(j) else ['rows for what was not recorded']
            if event and event in self.names():
                bad += missing(j, event)
            self.ok(bad, 'no %s: said, and nothing in the tables' % what)

    def names(self):
        return set(self.conv.systems.get(n) for n in self.conv.rec.names)

    def hard_irqs(self):
        j, _ = self.run('no hard IRQs', omit=r'irq:irq_handler_|irq_vectors:')
        if not j:
            return
        bad = ['row of irq %s %s' % (r['irq'], r['name']) for r in j['irqs'] if r['irq'] is not None and r['dist']['n']]
        bad += missing(j, 'irq:irq_handler_entry')
        self.ok(bad, 'no hard IRQs: said, and nothing in the tables')
        said, other = 0, []
        for s in j['steps']:
            for g in s['segments']:
                if g['stage'] in ('irq', 'irq-steal'):
                    if 'not recorded' in (g['actor'] or ''):
                        said += 1
                    else:
                        other.append('step %s: %s by %s' % (s['id'], g['stage'], g['actor']))
        self.ok(other, 'no hard IRQs: none is named (%d times "not recorded")' % said)


def missing(j, event):
    for c in j['capabilities']:
        if event in c['missing'] and c['state'] != 'on':
            return []
    return ['no capability says that %s is missing' % event]


def first_difference(a, b):
    """' at PATH: x, y' of the first place where two JSON values differ"""
    if isinstance(a, dict) and isinstance(b, dict):
        for k in a:
            if k not in b:
                return '.%s: missing' % k
            if a[k] != b[k]:
                return '.%s%s' % (k, first_difference(a[k], b[k]))
        return ': more keys'
    if isinstance(a, list) and isinstance(b, list):
        for i, (x, y) in enumerate(zip(a, b)):
            if x != y:
                return '[%d]%s' % (i, first_difference(x, y))
        return ': %d and %d long' % (len(a), len(b))
    return ': %s, %s' % (json.dumps(a)[:80], json.dumps(b)[:80])


def main(argv):
    binary = agenttop.find()
    if not binary:
        skip_all('no agenttop to test')
    seeds = int(os.environ.get('PROPERTY_SEEDS', '4'))
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix='agenttop-property.') as tmp:
        for path in argv:
            s = Suite(tap, path, binary, tmp)
            whole = s.whole()
            s.without()
            s.cuts(whole, seeds)
            s.drops(seeds)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
