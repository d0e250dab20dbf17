#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Assertions on a JSON report: check_json.py CASE.check

Runs `agenttop --report=json --steps all --top 0 OPTIONS CASE.ev` and prints TAP, one line per assertion.

A .check file is made of groups of three, parted by empty lines:

    what it says, in words
    a Python expression
    the value expected, a Python expression too

A line that begins with white space continues the one above. `#` begins a remark; these mean something:

    # options: -p 100       more options for agenttop
    # file: other.ev        the recording, when it is not CASE.ev
    # unit: us              in which chain() and friends print times (ns, us, ms, s)
    # exit: 4               the exit status expected
    # no-report             the run prints no JSON: `out`, `err` and `status` are all there is

Names in expressions: r, the report; steps; out, err, status; and the functions below.
Before the assertions of the file, every report is checked for what must always hold: see always().
"""
import json
import os
import shlex
import subprocess
import sys

STAGES = '''user kernel return irq-steal softirq-steal outside device blk-queue blk-complete irq softirq-wait napi timer
timer-late peer loop wakeup runqueue preempted lost unknown'''.split()
UNITS = {'ns': 1, 'us': 1000, 'ms': 1000000, 's': 1000000000}
DIST = ['n', 'sum', 'min', 'p50', 'p90', 'p99', 'p999', 'max']


class Case:
    """A .check file: its header and its assertions as (line, text, expression, expected)."""

    def __init__(self, path):
        self.options, self.unit, self.exit, self.report = [], 'ns', 0, True
        self.file = path[:-len('.check')] + '.ev'
        self.tests = []
        group = []
        with open(path, encoding='utf-8') as f:
            for n, line in enumerate(f, 1):
                line = line.rstrip('\n')
                if line.startswith('#'):
                    self.header(line[1:].strip(), path)
                elif not line.strip():
                    self.close(group, path)
                elif line[0].isspace() and group:
                    group[-1] = (group[-1][0], group[-1][1] + ' ' + line.strip())
                else:
                    group.append((n, line.strip()))
        self.close(group, path)

    def header(self, line, path):
        key, colon, value = line.partition(':')
        value = value.strip()
        if line == 'no-report':
            self.report = False
        elif not colon:
            return
        elif key == 'options':
            self.options += shlex.split(value)
        elif key == 'file':
            self.file = os.path.join(os.path.dirname(path), value)
        elif key == 'unit':
            self.unit = value
        elif key == 'exit':
            self.exit = int(value)

    def close(self, group, path):
        if group:
            if len(group) != 3:
                sys.exit('%s:%d: expected three lines (words, expression, value), found %d' % (path, group[0][0], len(group)))
            self.tests.append((group[0][0], group[0][1], group[1][1], group[2][1]))
            group.clear()


class Report:
    """What expressions see."""

    def __init__(self, r, unit):
        self.r, self.div = r, UNITS[unit]

    def t(self, ns):
        """A time in the file's unit: whole if it is."""
        return ns // self.div if ns % self.div == 0 else ns / self.div

    def step(self, which=0):
        """A step by place, or by id."""
        steps = self.r['steps']
        if isinstance(which, int):
            return steps[which]
        found = [s for s in steps if s['id'] == which]
        if len(found) != 1:
            raise LookupError('%d steps have the id %r: %s' % (len(found), which, [s['id'] for s in steps]))
        return found[0]

    def of(self, s):
        return s if isinstance(s, dict) else self.step(s)

    def runs(self, s, key):
        """Segments of a step, neighbours with the same key taken together: [key, from, to]."""
        out = []
        for g in self.of(s)['segments']:
            k = key(g)
            if out and out[-1][0] == k and out[-1][2] == g['from']:
                out[-1][2] = g['to']
            else:
                out.append([k, g['from'], g['to']])
        return out

    def chain(self, s=0):
        """'user 0-5, kernel 5-7, ...': the stages of a step with their times."""
        return ', '.join('%s %s-%s' % (k, self.t(a), self.t(b)) for k, a, b in self.runs(s, lambda g: g['stage']))

    def during(self, a, b, s=0):
        """The same, of what lies between two times."""
        a, b = a * self.div, b * self.div
        return ', '.join('%s %s-%s' % (k, self.t(max(a, x)), self.t(min(b, y)))
                         for k, x, y in self.runs(s, lambda g: g['stage']) if x < b and y > a)

    def seg(self, at, s=0):
        """The segment at a time (in the file's unit)."""
        at *= self.div
        for g in self.of(s)['segments']:
            if g['from'] <= at < g['to']:
                return g
        raise LookupError('no segment at %s' % self.t(at))

    def actor(self, at, s=0):
        return self.seg(at, s)['actor'] or ''

    def events(self, at, s=0):
        """Names of the events that prove the segment at a time, sorted."""
        return sorted({e['event'] for e in self.seg(at, s)['evidence']})

    def total(self, stage, s=0):
        """All time of one stage in a step."""
        return self.t(sum(g['to'] - g['from'] for g in self.of(s)['segments'] if g['stage'] == stage))

    def row(self, table, **want):
        """The one row of a table whose keys have these values."""
        found = [x for x in self.r[table] if all(x.get(k) == v for k, v in want.items())]
        if len(found) != 1:
            raise LookupError('%d rows of %s have %s' % (len(found), table, want))
        return found[0]

    def irq(self, n):
        return self.row('irqs', irq=n)

    def vec(self, name):
        return self.row('softirqs', name=name)

    def task(self, pid):
        return self.row('tasks', pid=pid)

    def dist(self, d):
        """(n, sum, min, max) of a distribution, in the file's unit."""
        return (d['n'],) + tuple(self.t(d[k]) for k in ('sum', 'min', 'max'))

    def cap(self, stage):
        """State of a capability: 'on', 'partial', 'off'."""
        return self.row('capabilities', stage=stage)['state']

    def missing(self):
        """All events and fields that some capability misses."""
        return sorted({m for c in self.r['capabilities'] for m in c.get('missing', [])})


def tiles(step):
    """'' when the segments of a step cover [begin, end) exactly, else what is wrong."""
    at = step['begin']
    for g in step['segments'] or []:
        if g['from'] != at:
            return '%s: %s begins at %d, not at %d' % (step['id'], g['stage'], g['from'], at)
        if g['to'] <= g['from']:
            return '%s: %s at %d is empty or runs backwards' % (step['id'], g['stage'], g['from'])
        if g['stage'] not in STAGES:
            return '%s: %r is no stage' % (step['id'], g['stage'])
        at = g['to']
    if at != step['end']:
        return '%s: segments end at %d, the step at %d' % (step['id'], at, step['end'])
    return ''


def dists(x, where=''):
    """Every distribution in a report, with its place."""
    if isinstance(x, dict):
        if set(DIST) <= set(x):
            yield where, x
        else:
            for k, v in x.items():
                yield from dists(v, '%s.%s' % (where, k))
    elif isinstance(x, list):
        for i, v in enumerate(x):
            yield from dists(v, '%s[%d]' % (where, i))


def strings(x):
    """Every text in a report, keys included."""
    if isinstance(x, str):
        yield x
    elif isinstance(x, dict):
        for k, v in x.items():
            yield k
            yield from strings(v)
    elif isinstance(x, list):
        for v in x:
            yield from strings(v)


def dist_wrong(d):
    if not d['n']:
        return ''
    order = [d[k] for k in ('min', 'p50', 'p90', 'p99', 'p999', 'max')]
    if None in order or sorted(order) != order or not d['n'] * d['min'] <= d['sum'] <= d['n'] * d['max']:
        return str(d)
    return ''


def harm_wrong(r):
    """What took steps' time, row by row, against the tables of those who did; '' when all agree."""
    of = {}
    for h in r['harms']:
        key = (h['level'], h['id'], h['actor'])
        of[key] = of.get(key, 0) + h['harm']
    for p in r['culprits']:
        if of.pop((p['level'], p['id'], p['actor']), None) != p['harm']:
            return 'rows do not add up to %s' % p
    if of:
        return 'rows of nobody: %s' % of
    by = {key: sum(h['harm'] for h in r['harms'] if (h['level'], h['id']) == key) for key in
          {(h['level'], h['id']) for h in r['harms']}}
    for q in r['irqs']:
        name = 'irq %s %s' % (q['irq'], q['name']) if q['irq'] is not None else q['name']
        if sum(h['harm'] for h in r['harms'] if h['level'] == 'irq' and h['actor'] == name) != q['harm']:
            return 'interrupt %s: %d' % (name, q['harm'])
    for level, table, key in (('softirq', 'softirqs', 'vec'), ('task', 'tasks', 'pid')):
        for row in r[table]:
            if by.get((level, row[key]), 0) != row['harm']:
                return '%s %s: %d, not %d' % (level, row[key], by.get((level, row[key]), 0), row['harm'])
    for c in r['cpus']:
        if sum(h['harm'] for h in r['harms'] if h['level'] != 'task' and h['cpu'] == c['cpu']) != c['harm']:
            return 'CPU %d: %d' % (c['cpu'], c['harm'])
    return ''


def submitters_wrong(b):
    """A device's operation against those who issued its requests."""
    by, n = b['by'], [x['n'] for x in b['by']]
    rest = [k for k in range(len(by)) if by[k]['pid'] is None]
    if any(x['n'] != x['device']['n'] or not x['n'] for x in by) or rest not in ([], [len(by) - 1]):
        return str(by)
    if n[:len(n) - len(rest)] != sorted(n[:len(n) - len(rest)], reverse=True):
        return 'not most first: %s' % n
    if sum(n) > b['device']['n'] or sum(x['device']['sum'] for x in by) > b['device']['sum']:
        return 'more than all: %s' % b
    if sum(n) == b['device']['n'] and sum(x['device']['sum'] for x in by) != b['device']['sum']:
        return 'as many, but not as long: %s' % b
    return ''


def always(r):
    """What holds for every report: (words, what is wrong or '')."""
    keys = '''schema source capabilities agents steps stages tasks cpus irqs softirqs wakeups block napi rings culprits harms suggestions self'''
    yield 'schema', '' if r.get('schema') == 'agenttop-report-1' else r.get('schema')
    yield 'all tables are there', ' '.join(k for k in keys.split() if k not in r)
    yield 'segments tile every step exactly', next((w for w in map(tiles, r.get('steps', [])) if w), '')
    yield "who took the steps' time: all tables agree", harm_wrong(r) if 'harms' in r and 'culprits' in r else ''
    yield "those who issued a device's requests add up", next((w for w in map(submitters_wrong, r.get('block', [])) if w), '')
    yield 'distributions make sense', next((p + ' ' + w for p, w in ((p, dist_wrong(d)) for p, d in dists(r)) if w), '')


class Tap:
    n = failed = 0

    def ok(self, good, what, *notes):
        self.n += 1
        self.failed += not good
        print('%sok %d - %s' % ('' if good else 'not ', self.n, what.replace('#', '')))
        if not good:
            for note in notes:
                print('# ' + '\n# '.join(str(note).splitlines()))


def run(case):
    cmd = [os.environ.get('AGENTTOP', 'agenttop')]
    cmd += ['--report=json', '--steps', 'all', '--top', '0'] if case.report else []
    cmd += case.options + [case.file]
    try:
        return cmd, subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as e:
        print('not ok 1 - agenttop can be run\n# %s\n1..1' % e)
        sys.exit(1)


def try_eval(expr, names):
    try:
        return eval(expr, dict(names)), None
    except Exception as e:      # whatever it is, it is the result of this assertion
        return None, '%s: %s' % (type(e).__name__, e)


def assertions(tap, case, names):
    for line, what, expr, want in case.tests:
        value, wrong = try_eval(expr, names)
        expected, wrong2 = try_eval(want, names)
        tap.ok(not wrong and not wrong2 and value == expected, what, 'line %d: %s' % (line, expr),
               '     got: %s' % (wrong or repr(value)), 'expected: %s' % (wrong2 or repr(expected)))


def main():
    case, tap = Case(sys.argv[1]), Tap()
    cmd, p = run(case)
    out, err = p.stdout.decode('utf-8', 'replace'), p.stderr.decode('utf-8', 'replace')
    names = {'out': out, 'err': err, 'status': p.returncode}
    tap.ok(p.returncode == case.exit, 'exit status', shlex.join(cmd), 'status %d, not %d' % (p.returncode, case.exit), err)
    if case.report:
        try:
            r = json.loads(out)
        except ValueError as e:
            tap.ok(False, 'the report is JSON', shlex.join(cmd), e, out[:300])
            print('1..%d' % tap.n)
            return 1
        for what, wrong in always(r):
            tap.ok(not wrong, what, wrong)
        report = Report(r, case.unit)
        names.update({k: getattr(report, k) for k in dir(report) if k[0] != '_'})
        names.update(r=r, steps=r['steps'], tiles=tiles, strings=strings)
    assertions(tap, case, names)
    print('1..%d' % tap.n)
    return 1 if tap.failed else 0


if __name__ == '__main__':
    sys.exit(main())
