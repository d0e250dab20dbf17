#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What live recording costs a load, beside trace-cmd record and perf record of the same events, in interleaved rounds.

  bench_live.py

  BENCH_ROUNDS=N     rounds; printed is the median of the ratios to the load alone, run just before (default 5)
  BENCH_SECONDS=S    how long a load alone takes, about (default 0.5)
  BENCH_DIR=D        where files go (default: a temporary directory)

Loads: `perf bench sched pipe` and a TCP ping-pong with epoll (tests/bench/pingpong.c), each of two processes on one CPU, and
fio with io_uring. Each does so much work; what counts is its own time for it, and the CPU time of its processes, which other
programs on the machine disturb less. Recorders: agenttop's screen on a terminal of 80x24;
agenttop --record; trace-cmd record; perf record. The events are those that agenttop turns on here, system wide, no system
calls; perf does without those that it cannot open, and their names are printed. All buffers are as they are by default, but
for perf's, which is made as large as trace-cmd's.
CPU: what a recorder's processes use themselves, while a load runs, in % of one CPU, and what that makes at 300,000 events a
second. Time spent in the load's context is in the load's ratio.
"""
import fcntl
import json
import os
import pty
import resource
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from livetest import TRACEFS, Agenttop, Process, children, cpu_ns, kernel_counters, lost_of, need_live, read, two_cpus, until

RATE = 300000
PERF_MMAP = '1M'


# ---- loads ----

class Load:
    """run(n) does n pieces of work and gives its own seconds for it."""

    def __init__(self, name, args, seconds_of, n):
        self.name, self.args, self.seconds_of, self.n = name, args, seconds_of, n

    def run(self, n=None):
        """Its seconds, and the CPU seconds of all its processes"""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        r = subprocess.run(self.args(n or self.n), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if r.returncode:
            raise RuntimeError('%s: status %d: %s' % (self.name, r.returncode, ' '.join(r.stderr.decode('utf-8', 'replace').split())[-200:]))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (self.seconds_of(r.stdout.decode('utf-8', 'replace')),
                after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    def fit(self, seconds):
        self.run()
        self.n = max(1, int(self.n * seconds / max(self.run()[0], 1e-3)))


def loads(tmp, cpu):
    res, on = [], ['taskset', '-c', str(cpu)]
    if shutil.which('perf'):
        res.append(Load('sched pipe', lambda n: on + ['perf', 'bench', '-f', 'simple', 'sched', 'pipe', '-l', str(n)], float, 20000))
    cc = os.environ.get('CC', 'cc')
    pong = os.path.join(tmp, 'pingpong')
    source = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'bench', 'pingpong.c')
    if shutil.which(cc) and subprocess.run([cc, '-O2', '-o', pong, source], check=False).returncode == 0:
        res.append(Load('TCP epoll', lambda n: on + [pong, str(n)], float, 10000))
    if shutil.which('fio'):
        name = os.path.join(tmp, 'fio.dat')
        res.append(Load('fio io_uring', lambda n: ['fio', '--name=x', '--filename=' + name, '--size=64M', '--rw=randread', '--bs=4k',
                                                   '--direct=1', '--ioengine=io_uring', '--iodepth=8', '--io_size=%d' % (n * 4096),
                                                   '--cpus_allowed=%d' % cpu, '--norandommap', '--output-format=json'],
                        lambda out: json.loads(out[out.index('{'):])['jobs'][0]['read']['runtime'] / 1000, 10000))
    return res


# ---- recorders ----

class Recorder:
    """begin() and end() around a load; pids() of its own processes; lost() events, None: it does not say"""

    def __init__(self, name):
        self.name = name

    def pids(self):
        return []

    def counters(self):
        return {}


class Live(Recorder):
    def __init__(self, name, binary, tmp, record, *options):
        super().__init__(name)
        self.binary, self.path, self.record, self.options = binary, os.path.join(tmp, 'live.dat'), record, options

    def begin(self):
        self.screen = None
        if self.record:
            self.live = Agenttop(self.binary, '--record', self.path, '--duration', '1000', *self.options)
        else:
            self.screen, terminal = pty.openpty()
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
            self.live = Agenttop(self.binary, *self.options, stdin=terminal, stdout=terminal, env=dict(os.environ, TERM='xterm'), start_new_session=True)
            os.close(terminal)
            threading.Thread(target=drain, args=(self.screen,), daemon=True).start()
        if not self.live.recording():
            raise RuntimeError('agenttop: ' + ' '.join(self.live.why()))
        time.sleep(.3)

    def pids(self):
        return [self.live.pid, self.live.broker() or 0]

    def counters(self):
        res = {}
        for d in self.live.instances():
            for cpu, c in kernel_counters(d).items():
                res[d, cpu] = c
        return res

    def events(self):
        """What it has turned on."""
        text = read('%s/instances/%s/set_event' % (TRACEFS, self.live.main)) or ''
        return [e for e in text.split() if not e.startswith('agenttop_')]

    def end(self):
        self.live.end()
        if self.screen is not None:
            os.close(self.screen)


def drain(fd):
    try:
        while os.read(fd, 65536):
            pass
    except OSError:
        pass


# Where a kernel refuses the function tracer's files, which trace-cmd insists on, it gets plain files in their place, in a
# mount namespace of its own. $1: the instance, $2: a directory for them.
PLAIN = '''
t=$0 in=$1 d=$2; shift 2
for f in /proc/sys/kernel/ftrace_enabled $t/available_filter_functions $(for i in $t $t/instances/$in; do
		for n in set_ftrace_filter set_ftrace_notrace set_graph_function set_graph_notrace set_ftrace_pid set_ftrace_notrace_pid; do
			echo $i/$n; done; done); do
	[ -e "$f" ] || continue
	p=$d/$(echo "$f" | tr / _)
	: > "$p" && mount --bind "$p" "$f"
done
exec trace-cmd "$@"'''


class TraceCmd(Recorder):
    def __init__(self, events, tmp):
        super().__init__('trace-cmd')
        self.events, self.tmp, self.plain, self.p = events, tmp, False, None
        self.instance = 'agenttop-bench.%d' % os.getpid()
        self.dir = '%s/instances/%s' % (TRACEFS, self.instance)
        try:
            self.begin()
        except RuntimeError:
            self.end()
            self.plain = True
            try:
                self.begin()
            finally:
                self.end()
            return
        self.end()

    def begin(self):
        args = ['record', '-q', '-B', self.instance, '-C', 'mono', '-o', os.path.join(self.tmp, 'trace-cmd.dat')]
        args += [x for e in self.events for x in ('-e', e)]
        if not self.plain:
            args = ['trace-cmd'] + args
        else:
            os.makedirs(self.dir, exist_ok=True)
            plain = os.path.join(self.tmp, 'plain')
            os.makedirs(plain, exist_ok=True)
            args = ['unshare', '-m', 'sh', '-c', PLAIN, TRACEFS, self.instance, plain] + args
        self.p = Process(args, stop=signal.SIGINT, cwd=self.tmp)
        until(lambda: not self.p.alive() or self.is_on(), 20)
        if not self.p.alive():
            raise RuntimeError('trace-cmd: ' + self.p.text()[-300:])
        time.sleep(.3)

    def is_on(self):
        """It turns recording on last."""
        return read(self.dir + '/tracing_on') == '1\n' and 'sched_switch' in (read(self.dir + '/set_event') or '')

    def pids(self):
        return [self.p.pid] + children(self.p.pid)

    def counters(self):
        return kernel_counters(self.dir)

    def end(self):
        if self.p:
            self.p.end()
        until(lambda: not os.path.isdir(self.dir), 2)
        for name, value in (('tracing_on', '0'), ('events/enable', '0')):
            try:
                with open('%s/%s' % (self.dir, name), 'w', encoding='ascii') as f:
                    f.write(value)
            except OSError:
                pass
        try:
            os.rmdir(self.dir)
        except OSError:
            pass


class Perf(Recorder):
    def __init__(self, events, tmp):
        super().__init__('perf')
        self.tmp = tmp
        with ThreadPoolExecutor(4) as pool:
            can = list(pool.map(self.opens, events))
        self.events = [e for e, c in zip(events, can) if c]
        self.without = [e for e, c in zip(events, can) if not c]

    @staticmethod
    def opens(event):
        return subprocess.run(['perf', 'record', '-q', '-a', '-e', event, '-o', '/dev/null', '--', 'true'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode == 0

    def begin(self):
        names = [os.path.join(self.tmp, n) for n in ('perf.control', 'perf.ack')]
        for n in names:
            if not os.path.exists(n):
                os.mkfifo(n)
        fds = [os.open(n, os.O_RDWR) for n in names]
        self.p = Process(['perf', 'record', '-q', '-a', '-k', 'CLOCK_MONOTONIC', '-m', PERF_MMAP, '-o', os.path.join(self.tmp, 'perf.data'),
                          '-D', '-1', '--control=fifo:' + ','.join(names)] + [x for e in self.events for x in ('-e', e)],
                         stop=signal.SIGINT)
        os.write(fds[0], b'enable\n')
        os.set_blocking(fds[1], False)
        until(lambda: not self.p.alive() or self.acknowledged(fds[1]), 30)
        for fd in fds:
            os.close(fd)
        if not self.p.alive():
            raise RuntimeError('perf: ' + self.p.text()[-300:])
        time.sleep(.3)

    @staticmethod
    def acknowledged(fd):
        try:
            return b'ack' in os.read(fd, 64)
        except BlockingIOError:
            return False

    def pids(self):
        return [self.p.pid] + children(self.p.pid)

    def end(self):
        self.p.end()


# ---- measuring ----

def total(counters, key):
    return sum(c.get(key, 0) for c in counters.values())


def recorded(counters):
    """Events that went into the buffers."""
    return total(counters, 'read events') + total(counters, 'entries') + total(counters, 'overrun')


class Result:
    def __init__(self):
        self.ratios, self.work, self.cpu, self.rates, self.lost, self.failed = [], [], [], [], 0, ''


def measure(recorder, load, res):
    """The load alone, and with a recorder; its time alone"""
    alone = load.run()
    try:
        recorder.begin()
        c0, t0, n0 = cpu_ns(*recorder.pids()), time.monotonic_ns(), recorder.counters()
        took = load.run()
        c1, t1, n1 = cpu_ns(*recorder.pids()), time.monotonic_ns(), recorder.counters()
        res.ratios.append(took[0] / alone[0])
        res.work.append(took[1] / alone[1])
        res.cpu.append((c1 - c0) / (t1 - t0))
        if n1:
            res.rates.append((recorded(n1) - recorded(n0)) * 10**9 / (t1 - t0))
            res.lost += lost_of(n1) - lost_of(n0)
    except RuntimeError as x:
        res.failed = str(x)
    finally:
        recorder.end()
    return alone[0]


def bench(load, recorders, rounds):
    res = {r.name: Result() for r in recorders}
    alone = []
    for i in range(rounds):
        order = recorders[i % len(recorders):] + recorders[:i % len(recorders)]
        alone += [measure(r, load, res[r.name]) for r in order]
    show(load, recorders, statistics.median(alone), res)


def show(load, recorders, alone, res):
    print('%-14s alone %.3f s, %.2f us each' % (load.name, alone, alone * 1e6 / load.n))
    for r in recorders:
        x = res[r.name]
        if not x.ratios:
            print('  %-22s failed: %s' % (r.name, x.failed))
            continue
        rate = statistics.median(x.rates) if x.rates else 0
        cpu = statistics.median(x.cpu)
        text = '  %-18s %5.2f (%.2f to %.2f)  its CPU %5.2f (%.2f to %.2f)  own CPU %5.1f %%' % (
            r.name, statistics.median(x.ratios), min(x.ratios), max(x.ratios), statistics.median(x.work), min(x.work), max(x.work), 100 * cpu)
        if rate:
            text += ' at %7.0f events/s: %5.1f %% at %d' % (rate, 100 * cpu * RATE / rate, RATE)
            text += ', %d lost' % x.lost if x.lost else ''
        print(text)
    sys.stdout.flush()


def fast(binary, tmp, seconds):
    """agenttop's own CPU under as many events as there can be: `sched pipe` on both CPUs."""
    for record in (False, True):
        live = Live('', binary, tmp, record)
        pipes = [Process(['taskset', '-c', str(c), 'perf', 'bench', 'sched', 'pipe', '-l', '1000000000'], start_new_session=True) for c in set(two_cpus())]
        try:
            live.begin()
            time.sleep(1)
            c0, t0, n0 = cpu_ns(*live.pids()), time.monotonic_ns(), live.counters()
            time.sleep(max(seconds, 3))
            c1, t1, n1 = cpu_ns(*live.pids()), time.monotonic_ns(), live.counters()
        finally:
            for p in pipes:
                os.killpg(p.pid, signal.SIGKILL)
            live.end()
        cpu, rate = (c1 - c0) / (t1 - t0), (recorded(n1) - recorded(n0)) * 10**9 / (t1 - t0)
        lost = lost_of(n1) - lost_of(n0)
        print('agenttop %-10s %5.1f %% of a CPU at %.0f events a second, %.2f %% at %d%s' %
              ('--record' if record else 'screen', 100 * cpu, rate, 100 * cpu * RATE / rate, RATE, '; %d lost' % lost if lost else ''))


def main():
    if os.geteuid() or not TRACEFS:
        print('bench: no live recording: it needs root, and tracefs at /sys/kernel/tracing')
        return 0
    binary, tmp = need_live()
    if os.environ.get('BENCH_DIR'):
        tmp = tempfile.mkdtemp(prefix='live.', dir=os.environ['BENCH_DIR'])
    rounds, seconds = int(os.environ.get('BENCH_ROUNDS', '5')), float(os.environ.get('BENCH_SECONDS', '.5'))
    first = Live('', binary, tmp, True)
    first.begin()
    events = sorted(set(first.events()))
    first.end()
    recorders = [Live('agenttop', binary, tmp, False), Live('agenttop --record', binary, tmp, True)]
    if shutil.which('trace-cmd'):
        try:
            recorders.append(TraceCmd(events, tmp))
        except RuntimeError as x:
            print('# no trace-cmd: ' + str(x))
    if shutil.which('perf'):
        recorders.append(Perf(events, tmp))
        print('# %d events; perf cannot open %d of them: %s' % (len(events), len(recorders[-1].without), ' '.join(recorders[-1].without) or '-'))
    print('# time and CPU time of a load, 1.00 alone; median of %d rounds (least to most)' % rounds)
    for load in loads(tmp, two_cpus()[0]):
        try:
            load.fit(seconds)
            bench(load, recorders, rounds)
        except (RuntimeError, ValueError) as x:
            print('%-14s %s' % (load.name, x))
    if shutil.which('perf'):
        fast(binary, tmp, seconds)
    return 0


if __name__ == '__main__':
    sys.exit(main())
