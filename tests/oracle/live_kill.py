#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""kill -9 at random moments, and what is left of it.

  live_kill.py           TAP. KILLS: how often (default 50); KILL_SEED: the moments (default: other ones each time)

In turn the main process, its privileged part, both at once, and both while it ends are killed; half of the moments are
while it starts. Where the SDK is built, an agent that marks its steps through it runs meanwhile, so that uprobes are armed.
  at once        an instance that is left records nothing: its tracing_on is 0, or no event is on; but for the
                 copies of trace_marker, which must not fail for everybody
  by itself      when only the main process was killed, the privileged part takes everything away; when only that one was,
                 the main process ends, with an error
  next start     after it no instance, event, filter or uprobe of ours is there
  always         the global settings are byte for byte as before; other agenttops' uprobes are not looked at
"""
import os
import random
import re
import signal
import sys
import time

from livetest import TRACEFS, Agenttop, Process, agent, instances_of, need_live, read, until
from tap import Tap, skip_all

FILES = ('tracing_on trace_clock buffer_size_kb buffer_percent buffer_subbuf_size_kb current_tracer set_event set_event_pid '
         'set_event_notrace_pid uprobe_events kprobe_events dynamic_events synthetic_events trace_options tracing_cpumask '
         'tracing_thresh events/enable events/sched/enable events/syscalls/enable events/sched/sched_process_exit/trigger '
         'events/sched/filter set_ftrace_pid set_ftrace_filter').split()
MODES = ('main', 'broker', 'both', 'ending')
OTHERS = re.compile(r'^.:agenttop_(\d+)/.*\n', re.M)


def settings(pids):
    """The global ones' texts, without other agenttops' uprobes; and the options."""
    res = {}
    for f in FILES:
        text = read('%s/%s' % (TRACEFS, f))
        if text is not None:
            res[f] = OTHERS.sub(lambda m: m.group(0) if int(m.group(1)) in pids else '', text)
    return res


def traces_of(pid):
    """What there is of an agenttop's tracing, as sentences."""
    res = ['instance ' + os.path.basename(d) for d in instances_of(pid)]
    res += ['uprobe ' + x for x in re.findall(r'^.:(agenttop_%d/\S+)' % pid, read(TRACEFS + '/uprobe_events') or '', re.M)]
    if os.path.isdir('%s/events/agenttop_%d' % (TRACEFS, pid)):
        res.append('events/agenttop_%d' % pid)
    return res


def gone(pid):
    text = read('/proc/%d/stat' % pid)
    return not text or text.rsplit(')', 1)[1].split()[0] in 'ZX'


class Kills:
    def __init__(self, binary, tmp, rnd):
        self.binary, self.path, self.rnd = binary, os.path.join(tmp, 'kill.dat'), rnd
        self.on, self.left, self.goes_on, self.touched = [], [], [], []
        self.pids, self.n_recording, self.n_armed, self.n_left = set(), 0, 0, 0
        self.before = settings(self.pids)

    def one(self, i):
        mode = MODES[i % len(MODES)]
        live = Agenttop(self.binary, '--record', self.path, '--duration', '60')
        self.pids.add(live.pid)
        time.sleep(self.rnd.uniform(0, .06) if i // len(MODES) % 2 else self.rnd.uniform(.1, .6))
        broker = until(live.broker, .5, .001) or live.broker()
        what = 'round %d, %s' % (i, mode)
        self.n_recording += any(read(d + '/tracing_on') == '1\n' for d in live.instances())
        self.n_armed += any(x.startswith('uprobe') for x in traces_of(live.pid))
        if mode == 'ending':
            live.signal(signal.SIGINT)
            time.sleep(self.rnd.uniform(0, .08))
        for pid in ([live.pid] if mode == 'main' else [broker] if mode == 'broker' else [broker, live.pid]):
            try:
                os.kill(pid or live.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass                            # it had ended
        if mode != 'main' and broker:
            until(lambda: gone(broker), 5, .001)
            self.recording(live, what)
        status = live.wait(10)
        if mode == 'broker' and status not in (1, -signal.SIGKILL):
            self.goes_on.append('%s: the main process: status %s: %s' % (what, status, live.text()[-200:]))
        if broker and not until(lambda: gone(broker), 12):
            self.goes_on.append('%s: the privileged part goes on' % what)
        if mode == 'main' and traces_of(live.pid):
            self.goes_on.append('%s: the privileged part left %s' % (what, ', '.join(traces_of(live.pid))))
        self.recording(live, what)
        self.n_left += bool(traces_of(live.pid))
        live.end()
        self.next_start(i, live.pid, what)

    def recording(self, live, what):
        self.on += ['%s: %s records' % (what, d) for d in live.instances()
                    if read(d + '/tracing_on') == '1\n' and read(d + '/events/enable') != '0\n' and not d.endswith('.marks')]

    def next_start(self, i, pid, what):
        args = ['--duration', '0.05', '--report=json', '--steps', 'none'] if i % 5 == 4 else ['--cleanup']
        p = Process([self.binary, *args], stop=signal.SIGINT)
        self.pids.add(p.pid)
        status = p.wait(30)
        p.end()
        if status or traces_of(pid) or traces_of(p.pid):
            self.left.append('%s, then %s: status %s, left: %s %s' % (what, args[0], status, ', '.join(traces_of(pid) + traces_of(p.pid)),
                                                                     p.text()[-200:]))
        # others may be changing something just now: but not for long
        if not until(lambda: settings(self.pids) == self.before, 3, .2):
            now = settings(self.pids)
            self.touched += ['%s: %s was %r, is %r' % (what, f, self.before[f][-80:], now.get(f, '')[-80:])
                             for f in self.before if now.get(f) != self.before[f]]
            self.before = now


def main():
    binary, tmp = need_live()
    n = int(os.environ.get('KILLS', '50'))
    seed = int(os.environ.get('KILL_SEED') or random.randrange(10**6))
    tap = Tap()
    sdk = os.path.join(os.environ.get('O', 'build'), 'libagentstep.so')
    load = agent('--marks=sdk', '--sdk', sdk, '--forever', '--net', 'loopback') if os.path.exists(sdk) else None
    if load:
        time.sleep(.5)
    if load and not load.alive():
        load = None
    k = Kills(binary, tmp, random.Random(seed))
    if not load:
        print('# no agent that marks by the SDK: no uprobes')
    for i in range(n):
        k.one(i)
    print('# seed %d: %d of %d were killed while recording, %d with uprobes; %d left something for the next start' %
          (seed, k.n_recording, n, k.n_armed, k.n_left))
    tap.ok(k.n_recording > n / 5 and (k.n_armed > n / 10 or not load), 'killed %d times' % n,
           ['%d recording, %d with uprobes' % (k.n_recording, k.n_armed)])
    tap.ok(not k.on, 'what is left records nothing', k.on)
    tap.ok(not k.goes_on, 'the other part ends by itself, and the privileged one leaves nothing', k.goes_on)
    tap.ok(not k.left, 'after the next start no instance, event or uprobe is left', k.left)
    tap.ok(not k.touched, 'the global settings are byte for byte as before', k.touched)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
