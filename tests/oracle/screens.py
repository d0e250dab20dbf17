#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Every number of the tables on the screens is that of the JSON report.

  screens.py RECORDING...

Each table is drawn on a screen that has room for all of it. For each row of the report that belongs to it the line is looked
for that begins with the row's name, and every number of the row must stand in it, as the screens write numbers, in the order
of the columns.
"""
import json
import os
import re
import subprocess
import sys

import agenttop
from tap import Tap, skip_all

DASH = '–'


# ---- numbers as the screens write them ----

def digits(v):
    """Three significant ones."""
    return '%.2f' % v if v < 9.995 else '%.1f' % v if v < 99.95 else '%.0f' % v


def ns(v):
    if v < 1000:
        return '%d ns' % v
    for unit, size, more in (('us', 1e3, 1e6), ('ms', 1e6, 1e9), ('s', 1e9, None)):
        x = v / size
        if more is None or float(digits(x)) < 1000:
            return '%s %s' % (digits(x), unit)
    return ''


def time(v, known=True):
    return ns(v) if known else DASH


def count(v):
    if v < 100000:
        return '{:,}'.format(v).replace(',', ' ') if v >= 1000 else str(v)
    x, unit = (v / 1e3, 'k') if v < 999500 else (v / 1e6, 'M') if v < 999.5e6 else (v / 1e9, 'G')
    return '%.3g%s' % (x, unit) if x < 100 else '%.0f%s' % (x, unit)


def share(v):
    p = v * 100
    if 0 < p < .05:
        return '<0.1 %'
    return '%s %%' % ('0' if not p else '%.1f' % p if p < 9.95 else '%.0f' % p)


# ---- tables ----

def q(d, *which):
    """Of a distribution; a dash where it is empty."""
    return [count(d['n']) if w == 'n' else time(d[w], d['n'] > 0) for w in which]


def steps(r):
    for a in r['agents']:
        kinds = {s['name'] for s in r['steps'] if s['agent'] == a['agent'] and s['tgid'] == a['tgid']}
        if len(kinds) == 1:             # else the rows are by kind, which the report does not sum up
            d = a['steps']
            yield a['agent'], q(d, 'n', 'p50', 'p99', 'p999', 'max')


def cpus(r):
    for c in r['cpus']:
        total = sum(c[k] for k in ('irq', 'softirq', 'ksoftirqd', 'task', 'idle', 'unknown'))
        if total:
            irq = c['irq'] + c['softirq'] + c['ksoftirqd']
            yield r'(?:▌ )? *%d' % c['cpu'], [share((c['irq'] + c['softirq']) / total), share((irq + c['task']) / total), time(c['harm'])]


def irqs(r):
    span = r['source']['end'] - r['source']['begin']
    for i in r['irqs']:
        name = r'%s +%s' % (i['irq'] if i['irq'] is not None else DASH, re.escape(i['name']))
        d = i['dist']
        yield name, [count(d['n']), time(d['sum'])] + [time(d[k]) for k in ('p50', 'p99', 'max')] + [count(i['completed_steps']),
                                                                                                    time(i['harm'], i['harm'] > 0)]
    assert span >= 0


def softirqs(r):
    for s in r['softirqs']:
        w, d = s['wait'], s['run']
        yield s['name'], [count(s['raises']), count(d['n']), time(d['sum'], d['n'] > 0)] + q(d, 'p50', 'p99', 'max') + \
            q(w, 'p50', 'p99', 'max') + [time(s['harm'], s['harm'] > 0)]


def stages(r):
    words = {'irq-steal': 'IRQ steal', 'softirq-steal': 'softirq steal', 'blk-queue': 'block queue', 'blk-complete': 'block completion', 'runqueue': 'run queue', 'napi': 'NAPI',
             'irq': 'hard IRQ', 'softirq-wait': 'softirq wait', 'timer-late': 'timer late'}
    for s in r['stages']:
        if s['dist']['n']:
            yield r'\S ' + re.escape(words.get(s['stage'], s['stage'])), q(s['dist'], 'n', 'p50', 'p99', 'p999', 'max') + [
                share(s['share']), share(s['share_worst'])]


def tune(r):
    for c in r['culprits']:
        if c['steps'] is not None:
            yield re.escape(c['actor']), [c['level'], time(c['harm'])] + [count(c['steps'])]


def block(r):
    for b in r['block']:
        d = b['device']
        yield re.escape(b['name'] or b['dev']) + r' +[a-z, …]+?', [count(max(d['n'], b['queue']['n']))] + q(b['queue'], 'p50', 'p99', 'max') + \
            q(d, 'p50', 'p99', 'max') + q(b['complete'], 'p99')


def napi(r):
    for n in r['napi']:
        yield re.escape(n['dev']), [count(n['polls']), count(n['work'])]


TABLES = [('Steps', '1', steps), ('CPUs', '3', cpus), ('IRQs', '4', irqs), ('IRQs', '4', softirqs), ('Stages', '5', stages),
          ('Devices', '6', block), ('Devices', '6', napi), ('Tune', '7', tune)]


def find(lines, name, numbers):
    """The line that has them all; else the best that begins with the name, or None."""
    best = None
    for line in lines:
        m = re.match(r'[▸ ]*%s(?= |$)(.*)' % name, line)
        if not m:
            continue
        at, rest = 0, m.group(1)
        for n in numbers:
            x = re.compile(r'(?:^|(?<= ))%s(?= |$|▲|△)' % re.escape(n)).search(rest, at)
            if not x:
                break
            at = x.end()
        else:
            return True, line
        best = line
    return False, best


def check(tap, binary, path):
    env = dict(os.environ, LC_ALL='C.UTF-8', NO_COLOR='1')
    r = json.loads(subprocess.run([binary, '--report=json', '--top', '0', path], capture_output=True, env=env, check=False).stdout)
    n_rows = 0
    for title, key, rows in TABLES:
        text = subprocess.run([binary, '--screen', '400x300', '--keys', key, path], capture_output=True, env=env, check=False).stdout.decode()
        lines, wrong, n = text.split('\n'), [], 0
        for name, numbers in rows(r):
            n += 1
            good, line = find(lines, name, numbers)
            if not good:
                wrong.append('%s: %s' % (name, '  '.join(numbers)))
                wrong.append('    ' + (line or 'no such line'))
        n_rows += n
        tap.ok(not wrong, '%s: %s: %d rows of %s' % (os.path.basename(path), title, n, rows.__name__), wrong)
    return n_rows


def main():
    binary = agenttop.find()
    if not binary:
        skip_all('no agenttop to test')
    tap, n = Tap(), 0
    for path in sys.argv[1:]:
        n += check(tap, binary, path)
    tap.ok(n > 50, '%d rows were compared' % n)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
