#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Random keys, clicks and sizes of the terminal: no crash, no hang, and the terminal is put back.

  monkey.py

  MONKEY_KEYS=N    keys on a recording, and as many live (default 10000)
  MONKEY_SEED=S    another run of keys (default 1)
"""
import fcntl
import os
import pty
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

import agenttop
import livetest
from tap import Tap, skip_all

KEYS = int(os.environ.get('MONKEY_KEYS', '10000'))
SEED = os.environ.get('MONKEY_SEED', '1')
PATIENCE = 60                   # seconds without a sign of life: it hangs
SIZES = [(80, 24), (120, 40), (200, 60), (40, 10), (39, 10), (20, 5), (1, 1), (2, 60), (500, 12), (80, 9), (300, 100)]
# Keys without a character as xterm sends them.
NAMED = [b'\x1b[A', b'\x1b[B', b'\x1b[C', b'\x1b[D', b'\x1bOA', b'\x1bOB', b'\x1bOC', b'\x1bOD', b'\x1b[5~', b'\x1b[6~', b'\x1b[H', b'\x1b[F',
         b'\x1b[1;2C', b'\x1b[1;2D', b'\x1b[Z', b'\t', b'\r', b'\x7f', b'\x1b', b'\x0c', b'\x15', b'\x17', b' ', b'\x1bOP']
TYPED = ['agent=planner', 'stage.napi>500us lost=0', 'time>1ms', 'x', '((((', 'ä漢字', 'stage.', '=', '>>>', '9' * 40]
# Nowhere a q, which ends it; w writes files, and ^C, ^Z, ^\ are signals.
CHARS = ''.join(chr(c) for c in range(33, 127) if chr(c) not in 'qw')
RESTORED = (b'\x1b[?1049l',)


class Terminal:
    """A program on a terminal of its own. What it writes is read and its end kept."""

    def __init__(self, args, cwd):
        self.master, slave = pty.openpty()
        self.resize(80, 24)
        self.modes = termios.tcgetattr(slave)
        self.slave, self.tail, self.n_out = slave, b'', 0
        self.err = tempfile.TemporaryFile()
        self.p = subprocess.Popen(args, stdin=slave, stdout=slave, stderr=self.err, cwd=cwd, start_new_session=True,
                                  preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                  env=dict(os.environ, TERM='xterm-256color', LC_ALL='C.UTF-8', HOME=cwd))

    def resize(self, cols, lines):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack('HHHH', lines, cols, 0, 0))

    def drain(self, seconds=0.0):
        """Reads what there is, waiting so long for the first of it. Bytes read."""
        n = 0
        while select.select([self.master], [], [], 0 if n else seconds)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break
            if not data:
                break
            n += len(data)
            self.tail = (self.tail + data)[-4096:]
        self.n_out += n
        return n

    def send(self, data):
        while data and self.alive():
            self.drain()
            if select.select([], [self.master], [], .2)[1]:
                data = data[os.write(self.master, data[:256]):]

    def alive(self):
        return self.p.poll() is None

    def lives(self):
        """Does it paint when its size changes?"""
        for size in ((81, 25), (80, 24)):
            self.drain()
            self.resize(*size)
            end = time.monotonic() + PATIENCE
            while not self.drain(.2):
                if not self.alive() or time.monotonic() > end:
                    return False
        return True

    def ends(self, seconds):
        end = time.monotonic() + seconds
        while self.alive() and time.monotonic() < end:
            self.drain(.05)
        self.drain(.1)
        return not self.alive()

    def errors(self):
        self.err.seek(0)
        return self.err.read().decode('utf-8', 'replace')

    def close(self):
        if self.alive():
            os.killpg(self.p.pid, signal.SIGKILL)
            self.p.wait()
        os.close(self.master)
        os.close(self.slave)


def click(rnd):
    kind, x, y = rnd.choice((0, 0, 0, 2, 64, 65)), rnd.randint(1, 210), rnd.randint(1, 62)
    return b'\x1b[<%d;%d;%dM\x1b[<%d;%d;%dm' % (kind, x, y, kind, x, y)


def some_keys(rnd):
    what = rnd.random()
    if what < .55:
        return rnd.choice(CHARS).encode()
    if what < .93:
        return rnd.choice(NAMED)
    if what < .97:
        return click(rnd)
    return rnd.choice('/f\\').encode() + rnd.choice(TYPED).encode() + rnd.choice((b'\r', b'\x1b', b''))


def monkey(tap, what, args, cwd):
    rnd = random.Random(SEED + what)
    t = Terminal(args, cwd)
    if not tap.ok(livetest.until(lambda: t.drain(.1) and t.n_out > 500 or not t.alive(), PATIENCE) and t.alive(), what + ': it begins', [t.errors()]):
        t.close()
        return
    sent, last = 0, []
    while sent < KEYS and t.alive():
        keys = some_keys(rnd)
        last = (last + [keys])[-30:]
        t.send(keys)
        sent += 1
        if rnd.random() < .3:           # else keys that come together are painted together
            t.drain(.02)
        if rnd.random() < .02:
            t.resize(*rnd.choice(SIZES))
        if not sent % 1000 and not t.lives():
            break
    tap.ok(t.alive(), '%s: it is still there after %d keys' % (what, sent), ['seed %s, the last: %r' % (SEED, last), t.errors()[-2000:]])
    tap.ok(not t.alive() or t.lives(), '%s: and answers' % what, ['seed %s, the last: %r' % (SEED, last)])
    t.resize(80, 24)
    for key in (b'\x1b', b'\x1b', b'\x1b', b'q'):
        t.send(key)
        t.drain(.7)
    tap.ok(t.ends(PATIENCE) and t.p.returncode == 0, '%s: q ends it' % what, ['status %s' % t.p.returncode, t.errors()[-2000:]])
    tap.ok(termios.tcgetattr(t.slave) == t.modes, '%s: the modes of the terminal are what they were' % what)
    tap.ok(all(x in t.tail for x in RESTORED), '%s: and its screen' % what, [repr(t.tail[-200:])])
    tap.ok(not t.errors(), '%s: nothing was complained of' % what, [t.errors()[-3000:]])
    t.close()


def main():
    binary = agenttop.find()
    if not binary:
        skip_all('no agenttop to test')
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, lambda n, *unused: sys.exit(128 + n))
    tap, tmp = Tap(), tempfile.mkdtemp(prefix='agenttop-monkey.')
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        monkey(tap, 'a recording', [binary, os.path.join(top, 'testdata', 'vm-icount-irqhot.dat')], tmp)
        if os.geteuid() != 0 or not livetest.TRACEFS or not os.access(livetest.TRACEFS + '/instances', os.W_OK):
            tap.skip('live', 'live: not root, or no tracefs')
        else:
            load = livetest.agent('--forever')
            try:
                monkey(tap, 'live', [binary, '--keep', '5'], tmp)
            finally:
                if load:
                    load.end()
    finally:
        shutil.rmtree(tmp, ignore_errors=True)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
