#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What --record writes, as version 7 and 6.

  live_file.py           TAP. FILE_SECONDS: how long each recording is (default 3)

  replay    everything that the live report says, and the report of the recording, are the same, but for source.kind, file
            and version, and self
  trace-cmd lists as many events as agenttop counts; the report of its text, turned into .ev (to_ev.py), which has every
            field by trace-cmd's reading, is the same in everything
  killed    agenttop and its privileged part, killed at once: both read the recording up to the last flush, once a second
"""
import json
import os
import signal
import subprocess
import sys
import time

import agenttop
import to_ev
from livetest import NS, Agenttop, agent, need_live, two_cpus, until
from property import first_difference
from rawtrace import Recording
from tap import Tap, skip_all

FLUSH_NS = NS
OWN = ('kind', 'file', 'version')


class Converter(to_ev.Converter):
    """Our own events tell nothing of who ran on the CPU."""

    def line(self, i):
        x = super().line(i)
        if not x or not x[2].startswith('agenttop:'):
            return x
        ts, cpu, full, text = x
        return ts, cpu, full, '%d %d - - %s' % (ts, cpu, text.split(' ', 4)[4])


# What a machine says of itself, and a recording does not.
MACHINE = {'cpus': ('node', 'cache'), 'irqs': ('asked', 'effective', 'managed')}


def bare(j):
    res = {k: v for k, v in j.items() if k != 'self'}
    res['source'] = {n: x for n, x in j['source'].items() if n not in OWN}
    for table, own in MACHINE.items():
        res[table] = [{n: x for n, x in row.items() if n not in own} for row in j[table]]
    return res


def differences(a, b, keys):
    return ['%s%s' % (k, first_difference(a[k], b[k])) for k in keys if a[k] != b[k]]


def record(binary, path, version, length):
    """(agenttop, its report)"""
    live = Agenttop(binary, '--record', path, '--record-format', version, '--report=json', '--top', '0', '--steps', 'all',
                    '--duration', str(length))
    live.status = live.wait(length + 60)
    return live, live.finish()


def check(tap, binary, tmp, version, length):
    path = os.path.join(tmp, version + '.dat')
    live, j = record(binary, path, version, length)
    if not tap.ok(j and live.status == 0 and len(j['steps']) > 20 and j['source']['lost'] == 0,
                  '%s: recorded live: %d steps' % (version, len(j['steps']) if j else 0), live.why() + [str(j and j['source'])]):
        return
    r = agenttop.report(path, '--top', '0', '--steps', 'all', binary=binary)
    if not tap.ok(r.json and r.status == 0, version + ': is read', ['status %s' % r.status, r.err]):
        return
    a, b = bare(j), bare(r.json)
    tap.ok(a == b, '%s: replayed it is the same to the nanosecond' % version, differences(a, b, list(a)))
    tap.ok(r.json['source']['version'] == version[1:], version + ': its version', [r.json['source']['version']])
    conv = Converter(path)
    n = len(conv.rec.events)
    tap.ok(n == j['source']['events'] and not conv.rec.odd, '%s: trace-cmd lists as many events (%d)' % (version, n),
           ['agenttop %s' % j['source']['events'], str(conv.rec.odd[:3])])
    check_fields(tap, binary, conv, os.path.join(tmp, version + '.ev'), version, r.json)


def read_ev(binary, path, text):
    with open(path, 'w', encoding='ascii') as f:
        f.write(text)
    return agenttop.report(path, '--top', '0', '--steps', 'all', binary=binary)


def shapes(j):
    return [[s['begin'], s['end'], s['id'], s['lost'],
             [[g['stage'], g['from'], g['to'], g['cpu'], g['confidence'], g['evidence']] for g in s['segments']]] for s in j['steps']]


def check_fields(tap, binary, conv, path, version, want):
    keys = ('agents', 'steps', 'stages', 'tasks', 'cpus', 'irqs', 'softirqs', 'wakeups', 'block', 'napi', 'rings')
    text = conv.convert()[0]
    if len(text) > 60 << 20:
        # .ev is for what is written by hand: something else on this machine was very busy
        tap.skip('%s: field for field as trace-cmd reads it' % version, 'too many events for a text: %d MiB' % (len(text) >> 20))
        return
    r, n = read_ev(binary, path, text), len(conv.rec.events)
    if 'not one of agenttop\'s own events' in r.err:
        # what live says of tasks has no place in .ev: without it names are missing, but no number
        r = read_ev(binary, path, conv.convert(omit='^agenttop:')[0])
        keys, n = ('cpus', 'irqs', 'softirqs', 'wakeups', 'block', 'napi', 'rings'), None
    if not tap.ok(r.json and r.status == 0, version + ': trace-cmd\'s text of it is read', ['status %s' % r.status, r.err]):
        return
    bad = differences(want, r.json, keys)
    bad += ['steps' + first_difference(x, y) for x, y in [(shapes(want), shapes(r.json))] if x != y]
    if n is not None and r.json['source']['events'] != n:
        bad.append('%d events of %d' % (r.json['source']['events'], n))
    tap.ok(not bad, '%s: field for field as trace-cmd reads it: steps, %s' % (version, ', '.join(keys)), bad)


def check_killed(tap, binary, tmp, version):
    path = os.path.join(tmp, 'killed-%s.dat' % version)
    live = Agenttop(binary, '--record', path, '--record-format', version, '--duration', '60')
    if not live.recording():
        tap.ok(False, version + ': records', live.why())
        return
    time.sleep(2.6)
    broker = live.broker()
    os.kill(live.pid, signal.SIGSTOP)           # so that neither can do anything between the two
    killed = time.monotonic_ns()
    os.kill(broker, signal.SIGKILL)
    os.kill(live.pid, signal.SIGKILL)
    live.wait()
    until(lambda: not os.path.exists('/proc/%d' % broker), 5)
    r = agenttop.report(path, '--top', '1', '--steps', 'none', binary=binary)
    src = r.json['source'] if r.json else {'events': 0, 'end': 0}
    late = (killed - src['end']) / NS
    tap.ok(r.json and r.status == 0 and 0 <= late < 1.5, '%s, killed: agenttop reads it, up to %.2f s before' % (version, late),
           ['status %s' % r.status, r.err, str(src)])
    rec = Recording(path)
    tap.ok(len(rec.events) == src['events'] and rec.end == src['end'], '%s, killed: trace-cmd reads as many (%d events)' %
           (version, len(rec.events)), ['agenttop %d to %d, trace-cmd to %d' % (src['events'], src['end'], rec.end)] + rec.odd[:3])


def main():
    binary, tmp = need_live('trace-cmd')
    length = float(os.environ.get('FILE_SECONDS', '3'))
    a, b = two_cpus()
    load = agent('--cpu', str(a), '--peer-cpu', str(b), '--flood=500', '--writes=50', '--forever')
    if not load:
        skip_all('agentloop is not built')
    time.sleep(.5)
    tap = Tap()
    for version in ('v7', 'v6'):
        check(tap, binary, tmp, version, length)
        check_killed(tap, binary, tmp, version)
    subprocess.run([binary, '--cleanup'], stdout=subprocess.DEVNULL, check=False)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
