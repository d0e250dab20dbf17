#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Live under a load that overruns a small buffer, with agenttop itself held up now and then.

  live_loss.py           TAP. LONG=SECONDS: for so long (default 10; ten minutes: LONG=600)

  counted   what the report says was lost is what the kernel's own counters say (overrun, commit overrun, dropped events of
            per_cpu/*/stats of its instances, last read when recording was off already); the same for the report of the
            recording, and by trace-cmd's reading of it
  memory    flat: in its last third as in its second, a tenth and 4 MiB apart at most
  chains    of the recording's steps: whatever overlaps a loss says so, and nothing is said of a CPU while it lost events.
            The losses are as trace-cmd finds them in the recording.
"""
import os
import random
import signal
import sys
import time

import agenttop
import bench_live
import rawtrace
from livetest import Agenttop, Process, agent, kernel_counters, lost_of, need_live, rss_kb, sanitized, two_cpus, until
from tap import Tap, skip_all
from truth import ON_CPU

PING = '''
import os, sys, time
os.sched_setaffinity(0, [int(sys.argv[1])])
a, b = os.pipe(), os.pipe()
if not os.fork():
    os.close(a[1]), os.close(b[0])
    while os.read(a[0], 1):
        os.write(b[1], b'x')
    os._exit(0)
os.close(a[0]), os.close(b[1])
while True:
    end = time.monotonic() + .25
    while time.monotonic() < end:
        os.write(a[1], b'x')
        os.read(b[0], 1)
    time.sleep(float(sys.argv[2]))
'''


SHORT = 60                      # seconds; of longer runs nobody reads the recording


def watch(live, counters):
    """Reads the kernel's counters as long as they are there."""
    for d in live.instances():
        c = kernel_counters(d)
        if len(c) >= len(counters.get(d, ())):          # else it was going away meanwhile
            counters[d] = c


def run(binary, path, length):
    """(agenttop, its report, counters by instance, [rss in kB])"""
    a, b = two_cpus()
    load = agent('--cpu', str(a), '--peer-cpu', str(b), '--rate', '150', '--forever')
    if not load:
        skip_all('agentloop is not built')
    steps = '--steps=worst:500' if length > SHORT else '--steps=all'       # a report of all would be a file of gigabytes
    live = Agenttop(binary, '--buffer', '64', '--record', path, '--report=json', '--keep', '2', '--top', '0', '--duration', '100000', steps)
    if not live.recording():
        return live, None, {}, []
    screen = None
    if length > SHORT:          # what is on a screen is a window's
        screen = bench_live.Live('', binary, os.path.dirname(path), False, '--buffer', '64', '--keep', '10')
        screen.begin()
    pings = [Process([sys.executable, '-c', PING, str(cpu), pause]) for cpu, pause in ((a, '1.2'), (b, '.6'))]
    rnd, rss, counters = random.Random(1), [], {}
    end, stop = time.monotonic() + length, time.monotonic() + 1
    while time.monotonic() < end and live.alive():
        measured = screen.live if screen else live
        rss.append(rss_kb(measured.pid) + rss_kb(measured.broker() or 0))
        time.sleep(.1)
        if time.monotonic() > stop:
            live.signal(signal.SIGSTOP)
            time.sleep(rnd.choice((.02, .05, .2)))
            live.signal(signal.SIGCONT)
            stop = time.monotonic() + rnd.uniform(.15, .5)
    for p in pings + [load]:
        p.end()
    if screen:
        screen.end()
    time.sleep(1)
    live.signal(signal.SIGINT)
    while live.alive() and live.instances():
        watch(live, counters)
        time.sleep(.001)
    return live, live.finish(), counters, rss


def check_memory(tap, rss):
    third = len(rss) // 3
    before, after = (max(x) / 1024 for x in (rss[third:2 * third], rss[2 * third:]))
    tap.ok(after < before * 1.1 + 4, 'memory is flat: %.1f MiB, then %.1f' % (before, after), [str(rss[::max(1, len(rss) // 60)])])


def losses(rec):
    """[(cpu, from, to, count)]: between the last event of the CPU before and the first after"""
    last, res, k = {}, [], 0
    for i, e in enumerate(rec.events):
        while k < len(rec.lost) and rec.lost[k][0] == i:
            cpu, n = rec.lost[k][1:]
            to = next((x.ts for x in rec.events[i:] if x.cpu == cpu), rec.end)
            res.append((cpu, last.get(cpu, rec.begin), to, n))
            k += 1
        last[e.cpu] = e.ts
    return res


def waits(step):
    """[(from, to, its segments)]; time that is lost may be of a wait or not"""
    res = []
    for g in step['segments']:
        if g['stage'] in ON_CPU + ('lost', 'unknown'):
            continue
        if res and res[-1][1] == g['from']:
            res[-1] = (res[-1][0], g['to'], res[-1][2] + [g])
        else:
            res.append((g['from'], g['to'], [g]))
    return res


def check_steps(tap, steps, lost, whole_calls):
    unmarked, said, late, sure = [], [], [], []
    n_touched = n_lost = 0
    for s in steps:
        touch = [x for x in lost if x[1] < s['end'] and x[2] > s['begin']]
        n_touched += bool(touch)
        if touch and not s['lost']:
            unmarked.append('step %s of pid %s, %d to %d: lost is %s, and %d losses overlap it: %s' %
                            (s['id'], s['pid'], s['begin'], s['end'], s['lost'], len(touch), touch[:2]))
        for begin, end, segs in waits(s):
            cpus = {g['cpu'] for g in segs} | {e['cpu'] for g in segs for e in g['evidence']}
            over = [x for x in touch if x[1] < end and x[2] > begin and x[0] in cpus]
            sure += ['step %s: %s %d-%d is proven, in a wait %d-%d over a loss of CPU %d %d-%d' %
                     (s['id'], g['stage'], g['from'], g['to'], begin, end, *over[0][:3])
                     for g in segs if over and g['confidence'] == 'proven']
        for i, g in enumerate(s['segments']):
            n_lost += g['stage'] == 'lost'
            if g['stage'] in ('lost', 'unknown'):
                continue
            for x in touch:
                over = g['from'] < x[2] and g['to'] > x[1]
                if over and (g['cpu'] == x[0] or g['stage'] == 'outside'):
                    said.append('step %s segment %d: %s %d-%d on CPU %s; CPU %d lost events %d-%d' %
                                (s['id'], i, g['stage'], g['from'], g['to'], g['cpu'], *x[:3]))
                # its evidence and itself on two sides of a loss; system calls have a buffer of their own
                for e in g['evidence']:
                    if g['confidence'] != 'proven' or e['event'].startswith(('syscalls:', 'exceptions:')):
                        continue
                    if e['cpu'] == x[0] == g['cpu'] and (e['ts'] <= x[1] and g['from'] >= x[2] or e['ts'] >= x[2] and g['to'] <= x[1]):
                        late.append('step %s segment %d: %s %d-%d by %s at %d, beyond the loss of CPU %d %d-%d' %
                                    (s['id'], i, g['stage'], g['from'], g['to'], e['event'], e['ts'], *x[:3]))
    tap.ok(len(steps) > 50 and n_touched > 10, '%d steps, %d of them overlap a loss' % (len(steps), n_touched))
    tap.ok(not unmarked, 'steps that overlap a loss are marked', unmarked)
    tap.ok(not said, 'nothing is said of a CPU while it lost events (%d segments lost)' % n_lost, said)
    tap.ok(not sure, 'of a wait during a loss nothing is called proven', sure)
    tap.ok(not late, 'no evidence from beyond a loss', late)


def main():
    binary, tmp = need_live('trace-cmd')
    path, length = os.path.join(tmp, 'loss.dat'), float(os.environ.get('LONG', '10'))
    tap = Tap()
    live, j, counters, rss = run(binary, path, length)
    if not tap.ok(j is not None and live.status == 0, 'it records', live.why()):
        return tap.done()
    kernel = sum(lost_of(c) for c in counters.values())
    tap.ok(kernel > 1000, 'the load overran the buffers: %d events lost of %d' % (kernel, kernel + j['source']['events']))
    skipped = j['source']['skipped']            # by agenttop itself, on a machine that is busy with something else
    tap.ok(len(counters) > 1 and j['source']['lost'] == kernel + skipped, 'lost: as many as the kernel says, and %d skipped' % skipped,
           ['agenttop %s, kernel %d, skipped %d: %s' % (j['source']['lost'], kernel, skipped, counters)])
    if sanitized(binary):
        tap.skip('memory', 'built with sanitizers')
    else:
        check_memory(tap, rss)
    if length > SHORT:
        tap.skip('chains', 'too large for trace-cmd\'s text; run it shorter')
        return tap.done()
    r = agenttop.report(path, '--top', '0', '--steps', 'all', binary=binary)
    if not tap.ok(r.json and r.status == 0, 'the recording is read', ['status %s' % r.status, r.err]):
        return tap.done()
    rec = rawtrace.Recording(path)
    lost = losses(rec)
    # a sub-buffer that is full has no room to say how many are missing before it
    n, whole = sum(x[3] for x in lost), all(x[3] for x in lost)
    tap.ok(n == kernel if whole else n < kernel, 'trace-cmd finds as many in %d places of the recording%s' % (
        len(lost), '' if whole else ', %d of them without a number' % sum(not x[3] for x in lost)), ['%d, kernel %d' % (n, kernel)])
    tap.ok(n <= r.json['source']['lost'] <= kernel, 'and agenttop', ['%s' % r.json['source']['lost']])
    check_steps(tap, r.json['steps'], lost, not any(lost_of(c) for d, c in counters.items() if d.endswith('.calls')))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
