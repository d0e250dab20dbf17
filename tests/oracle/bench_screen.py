#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""From a key to the paint, bytes for the terminal, and what standing still costs: agenttop's screens beside htop's.

  bench_screen.py

  BENCH_KEYS=N       keys that are timed on each screen, about (default 140)
  BENCH_FILE=F       a recording more, as large as you like
  BENCH_SIZES=WxH,.. sizes of the terminal (default 80x24,200x60)
  BENCH_ONLY=WORD    only the rows with this word in their name, and htop's

Each program has a pty to itself. A key is written when the terminal has been quiet; `first` is until the first bytes come
back, `whole` until the last of them, behind which it is quiet for 30 ms. Under load a frame that comes by itself may be taken
for the answer. Therefore `surely`: the time until a screen cleared by Ctrl-L, which comes by nothing else; for what is being
read this is the only one, since news is painted all the time. Keys, for both programs in turn: down, sort, expand
(htop: its tree), look closer (Enter; htop: its help), Tab, Ctrl-L. `slowest` is the kind of key with the highest median of
`first`, and that. Then nothing is pressed for 3 s: bytes a second, and the CPU time of all its processes in % of one CPU.
`opened`: from the start to the first words on the screen; `all`: until nothing changes any more; both in s, and the bytes
until then.

large: 100,000 steps, all of them kept. live: root and tracefs only, a sample agent and `perf bench sched pipe` on each CPU run
meanwhile; htop again, with the same load. Below each row of agenttop's: how many times htop's that is; '-' is not measured.
"""
import fcntl
import os
import pty
import random
import re
import select
import shutil
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time

import agenttop
from livetest import TRACEFS, Process, agent, children, end_all, kernel_counters, read

NS = 10**9
QUIET = .03
NO_ANSWER = .4          # seconds: a key that changes nothing on the screen
IDLE = 3.0
N_STEPS = 100000
CLEARED = re.compile(rb'\x1b\[H\x1b\[2?J|\x1b\[2J')
NOT_WORDS = re.compile(rb'\x1b\[[0-9;?]*[a-zA-Z]|\x1b.[0-9A-Za-z]?|\s')
FEW_WORDS = 80

DOWN, TAB, REPAINT = b'\x1bOB', b'\t', b'\x0c'
HOME = b'\x1bOH'
# (kind, keys), kind None: not timed. Each leaves the screen as the next one needs it.
AGENTTOP = [(None, b'1'), (None, b'g'), ('expand', b' '), ('down', DOWN), ('down', DOWN), ('down', DOWN), ('sort', b's'), (None, b'g'),
            ('enter', b'\r'), (None, b'1'), (None, b'g'), ('expand', b' '), ('tab', TAB), ('repaint', REPAINT), ('tab', TAB),
            ('tab', TAB), ('tab', TAB), ('tab', TAB)]
HTOP = [(None, HOME), ('down', DOWN), ('expand', b't'), ('down', DOWN), ('sort', b'M'), ('sort', b'P'), ('enter', b'h'), (None, b'\x1b'),
        ('expand', b't'), ('tab', TAB), ('repaint', REPAINT), ('tab', TAB), ('down', DOWN), ('down', DOWN)]


class Terminal:
    """A program on a terminal of its own, whose output is timed and thrown away."""

    def __init__(self, args, size, home):
        cols, lines = map(int, size.split('x'))
        self.n, self.words, self.opened, self.last = 0, 0, None, None
        self.begin = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', lines, cols, 0, 0))
            os.environ.update(TERM='xterm-256color', LC_ALL='C.UTF-8', HOME=home, XDG_CONFIG_HOME=home)
            os.chdir(home)
            os.execvp(args[0], args)

    def get(self, seconds):
        """What comes within so many seconds, as soon as anything does: bytes; b'': nothing. EOFError: it has ended."""
        if not select.select([self.fd], [], [], max(seconds, 0))[0]:
            return b''
        try:
            got = os.read(self.fd, 1 << 18)
        except OSError as x:
            raise EOFError('it has ended') from x
        self.last = time.monotonic()
        self.n += len(got)
        return got

    def open(self, quiet, patience=300):
        """Until the first words, and until nothing comes for so long; of what goes on for ever: until the first words."""
        text = b''
        while time.monotonic() - self.begin < patience:
            got = self.get(quiet if self.opened else .5)
            if self.opened and not got:
                break
            text += got if not self.opened else b''
            if not self.opened and len(NOT_WORDS.sub(b'', text)) > FEW_WORDS:
                self.opened = self.last - self.begin
                if not quiet:
                    break
        if not self.opened:
            raise RuntimeError('no screen in %d s' % patience)

    def settle(self):
        while self.get(QUIET):
            pass

    def press(self, keys):
        """Seconds until the first bytes of the answer, until the last of them, until the screen was cleared; its bytes."""
        before, t = self.n, time.monotonic()
        os.write(self.fd, keys)
        text = self.get(NO_ANSWER)
        if not text:
            return None
        first, cleared = self.last - t, None
        while True:
            if cleared is None and keys == REPAINT and CLEARED.search(text):
                cleared = self.last - t
            got = self.get(QUIET)
            if not got:
                return first, self.last - t, cleared, self.n - before
            text += got

    def pids(self):
        return [self.pid] + children(self.pid)

    def cpu_ns(self):
        res = 0
        for pid in self.pids():
            for task in os.listdir('/proc/%d/task' % pid):
                res += int((read('/proc/%d/task/%s/schedstat' % (pid, task)) or '0').split()[0])
        return res

    def idle(self, seconds):
        """Bytes a second, and CPU in %, while nothing is pressed"""
        n, cpu, t = self.n, self.cpu_ns(), time.monotonic()
        while time.monotonic() < t + seconds:
            self.get(t + seconds - time.monotonic())
        took = time.monotonic() - t
        return (self.n - n) / took, (self.cpu_ns() - cpu) / took / NS * 100

    def end(self):
        """By its own key; what then comes is taken, else it would wait for us."""
        for stop in (lambda: os.write(self.fd, b'q'), lambda: os.kill(self.pid, signal.SIGTERM), lambda: os.kill(self.pid, signal.SIGKILL)):
            try:
                stop()
            except OSError:
                pass
            end = time.monotonic() + 10
            while time.monotonic() < end:
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self.fd)
                    return
                try:
                    self.get(.02)
                except EOFError:
                    time.sleep(.01)


# ---- measuring ----

def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))] * 1000 if values else None


def press_all(term, turn, n, rng):
    """[(kind, what press() says)] of n keys and a few"""
    res = []
    while len(res) < n:
        for kind, keys in turn:
            term.settle()
            term.get(rng.random() * .03)        # else each would come at the same time after a frame
            term.settle()
            if kind:
                res.append((kind, term.press(keys)))
            else:
                os.write(term.fd, keys)
                term.get(.05)
    return res


def figures(pressed):
    """The columns about keys"""
    good = [(k, a) for k, a in pressed if a]
    kinds = {k: percentile([a[0] for j, a in good if j == k], 50) for k, _ in good}
    slowest = max(kinds, key=kinds.get) if kinds else ''
    cleared = [a[2] for _, a in good if a[2] is not None]
    return {'keys': len(pressed), 'dead': len(pressed) - len(good),
            'first50': percentile([a[0] for _, a in good], 50), 'first99': percentile([a[0] for _, a in good], 99),
            'whole50': percentile([a[1] for _, a in good], 50), 'whole99': percentile([a[1] for _, a in good], 99),
            'surely50': percentile(cleared, 50), 'surely99': percentile(cleared, 100),
            'slowest': '%s %.1f' % (slowest, kinds[slowest]) if slowest else '-',
            'bytes': statistics.mean([a[3] for _, a in good]) if good else None}


def while_read(args, size, home, seconds):
    """Ctrl-L as often as there is time for, while it is being read"""
    term, res = Terminal(args, size, home), []
    try:
        term.open(0)
        term.get(.02)
        while time.monotonic() < term.begin + seconds:
            t = time.monotonic()
            os.write(term.fd, REPAINT)
            text = b''
            while not CLEARED.search(text) and time.monotonic() < t + 5:
                text = text[-8:] + term.get(.5)
            res.append(('repaint', (None, None, time.monotonic() - t, None)))
            time.sleep(.013)
    except EOFError:
        pass
    finally:
        term.end()
    cleared = [a[2] for _, a in res]
    return {'keys': len(res), 'dead': 0, 'slowest': '-', 'surely50': percentile(cleared, 50), 'surely99': percentile(cleared, 99)}


def measure(args, size, home, turn, live, n):
    term = Terminal(args, size, home)
    try:
        term.open(.03 if live else .5)
        res = {'opened': term.opened, 'all': None if live else term.last - term.begin, 'screen': term.n}
        if live:
            term.idle(2)        # there is something to show
        res.update(figures(press_all(term, turn, n, random.Random(1))))
        if turn is AGENTTOP:
            os.write(term.fd, b'1')
        term.idle(.5)
        res['rate'], res['cpu'] = term.idle(IDLE)
        return res
    finally:
        term.end()


# ---- what is looked at ----

def large_recording(path):
    """Two kinds of steps; in each another task runs, now longer, now shorter."""
    with open(path, 'w', encoding='ascii') as f:
        f.write('# agenttop events\n@unit us\n@cpus 1\n')
        for i in range(N_STEPS):
            t = i * 30
            f.write('%d 0 a-10 . mark "B|10|step:%d name=%s"\n%d 0 a-10 . switch R+ b-20\n' % (t, i, 'plan' if i % 3 else 'tool', t + 3))
            f.write('%d 0 b-20 . switch R+ a-10\n%d 0 a-10 . mark "E|10"\n' % (t + 5 + i % 17, t + 28))


class Load:
    """The sample agent, and as many events as two tasks on each CPU make."""

    def __enter__(self):
        self.procs = [p for p in (agent('--forever', '--rate', '0'),) if p]
        for cpu in sorted(os.sched_getaffinity(0)):
            # It ends by itself, should we be killed.
            self.procs.append(Process(['timeout', '600', 'taskset', '-c', str(cpu), 'perf', 'bench', 'sched', 'pipe', '-l', '1000000000'],
                                      start_new_session=True))
        time.sleep(.5)
        return self

    def __exit__(self, *unused):
        for p in self.procs:
            if p.args[0] == 'timeout' and p.alive():
                os.killpg(p.pid, signal.SIGKILL)
            p.end()


def event_rate(pid, seconds=1.0):
    """Events a second that came into the buffers of an agenttop"""
    def count():
        c = kernel_counters('%s/instances/agenttop.%d' % (TRACEFS, pid)).values()
        return sum(x.get(k, 0) for x in c for k in ('read events', 'entries', 'overrun'))
    n, t = count(), time.monotonic()
    time.sleep(seconds)
    return (count() - n) / (time.monotonic() - t)


def live_rate(binary, home):
    term = Terminal([binary], '80x24', home)
    try:
        term.open(.03)
        end, n, t0 = time.monotonic() + 3, [], time.monotonic()
        while time.monotonic() < end:
            term.get(.05)
            if not n and time.monotonic() > t0 + 1:
                n.append(event_rate(term.pid))
        return n[0]
    finally:
        term.end()


# ---- the table ----

COLUMNS = (('first50', '%.2f', 8), ('first99', '%.2f', 8), ('whole50', '%.2f', 8), ('whole99', '%.2f', 8), ('surely50', '%.2f', 9),
           ('surely99', '%.2f', 9), ('bytes', '%.0f', 7), ('rate', '%.0f', 8), ('cpu', '%.2f', 7), ('opened', '%.3f', 7), ('all', '%.3f', 7),
           ('screen', '%.0f', 8))
TITLES = ('first', 'p99', 'whole', 'p99', 'surely', 'worst', 'B/key', 'B/s', 'CPU %', 'opened', 'all', 'bytes')


def show_head():
    print('%-24s %-7s %5s' % ('times of keys in ms', 'size', 'keys') + ''.join('%*s' % (c[2], t) for c, t in zip(COLUMNS, TITLES)) + '  slowest')


def show(name, size, r, base=None):
    cells = ''.join('%*s' % (w, '-' if r.get(k) is None else fmt % r[k]) for k, fmt, w in COLUMNS)
    print('%-24s %-7s %5d%s  %s%s' % (name, size, r['keys'], cells, r['slowest'], '; %d changed nothing' % r['dead'] if r['dead'] else ''))
    if base:
        print('%-24s %-7s %5s' % ('  times htop', '', '') + ''.join('%*s' % (w, ratio(r.get(k), base.get(k))) for k, _, w in COLUMNS))
    sys.stdout.flush()


def ratio(a, b):
    if a is None or not b:
        return '-'
    return '%.2g' % (a / b) if a / b < 10 else '%.0f' % (a / b)


class Bench:
    def __init__(self, binary, home):
        self.binary, self.home = binary, home
        self.n, self.only = int(os.environ.get('BENCH_KEYS', '140')), os.environ.get('BENCH_ONLY', '')
        self.sizes = os.environ.get('BENCH_SIZES', '80x24,200x60').split(',')
        self.has_htop = bool(shutil.which('htop'))

    def wants(self, name):
        return self.only in name

    def one(self, name, args, size, turn, live, base=None):
        try:
            r = measure(args, size, self.home, turn, live, self.n)
        except (RuntimeError, EOFError, OSError) as x:
            print('%-24s %-7s failed: %s' % (name, size, x))
            return None
        show(name, size, r, base)
        return r

    def htop(self, name, size):
        """None where it is not installed"""
        return self.one(name, ['htop'], size, HTOP, True) if self.has_htop else None

    def recordings(self, files):
        for size in self.sizes:
            base = self.htop('htop', size)
            for name, path in files:
                if not self.wants(name):
                    continue
                r = self.one(name, [self.binary, path], size, AGENTTOP, False, base)
                if r and r['all'] > r['opened'] + .3:
                    show('  while it is read', size, while_read([self.binary, path], size, self.home, r['all']))

    def live(self):
        if os.geteuid() or not TRACEFS or not os.access(TRACEFS + '/instances', os.W_OK) or not shutil.which('perf'):
            print('live: left out: it needs root, tracefs at /sys/kernel/tracing, and perf for the load')
            return
        with Load():
            print('# live: %.0f events a second' % live_rate(self.binary, self.home))
            for size in self.sizes:
                base = self.htop('htop, same load', size)
                self.one('agenttop live', [self.binary], size, AGENTTOP, True, base)


def main():
    binary = agenttop.find()
    if not binary:
        print('bench: no agenttop built')
        return 0
    os.environ.update(LC_ALL='C', TZ='UTC')
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, lambda n, *unused: sys.exit(128 + n))
    tmp = tempfile.mkdtemp(prefix='agenttop-screen.', dir=os.environ.get('BENCH_DIR'))
    try:
        b = Bench(binary, tmp)
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        large = os.path.join(tmp, 'large.ev')
        large_recording(large)
        files = [('agenttop small', os.path.join(root, 'testdata', 'vm-icount-irqhot.dat')), ('agenttop large', large)]
        if os.environ.get('BENCH_FILE'):
            files.append(('agenttop %.0f MiB' % (os.path.getsize(os.environ['BENCH_FILE']) / (1 << 20)), os.path.abspath(os.environ['BENCH_FILE'])))
        if not b.has_htop:
            print('# htop is not installed: no ratios')
        show_head()
        b.recordings(files)
        if b.wants('agenttop live'):
            b.live()
        return 0
    finally:
        end_all()
        shutil.rmtree(tmp, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
