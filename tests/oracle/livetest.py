# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of live recording have in common: agenttop while it runs, loads, and that all of it goes again.

Everything started here is known by its pid and ends with this process, however that ends. Other agenttops may be
running meanwhile: nothing is looked for by name.
"""
import atexit
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import agenttop
from tap import skip_all

TRACEFS = next((d for d in ('/sys/kernel/tracing', '/sys/kernel/debug/tracing') if os.path.isdir(d + '/instances')), None)
NS = 10**9
running = []


def need_live(*tools):
    """Skips the whole test where it cannot be done. The program, and a directory for files."""
    if os.geteuid() != 0:
        skip_all('live: not root')
    if not TRACEFS or not os.access(TRACEFS + '/instances', os.W_OK):
        skip_all('live: no tracefs at /sys/kernel/tracing that can be written')
    for t in tools:
        if not shutil.which(t):
            skip_all('%s is not installed' % t)
    binary = agenttop.find()
    if not binary:
        skip_all('no agenttop to test')
    os.environ.update(LC_ALL='C', TZ='UTC')
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, lambda n, *unused: sys.exit(128 + n))
    tmp = tempfile.mkdtemp(prefix='agenttop-live.', dir=os.environ.get('TMPDIR') or '/var/tmp')
    atexit.register(shutil.rmtree, tmp, ignore_errors=True)
    atexit.register(end_all)
    return binary, tmp


def end_all():
    while running:
        running.pop().end()


def sanitized(binary):
    with open(binary, 'rb') as f:
        return bool(re.search(rb'__(asan|tsan|ubsan)_', f.read()))


def read(path):
    """Text of a file; None when it is not there or not to be read."""
    try:
        with open(path, encoding='utf-8', errors='surrogateescape') as f:
            return f.read()
    except OSError:
        return None


def until(what, seconds, step=.02):
    """Waits until what() is true; its value."""
    end = time.monotonic() + seconds
    while True:
        v = what()
        if v or time.monotonic() > end:
            return v
        time.sleep(step)


def sleep_until(ns):
    while True:
        left = ns - time.monotonic_ns()
        if left <= 0:
            return
        time.sleep(left / NS)


def seconds(ns):
    return '%d.%09d' % (ns // NS, ns % NS)


def children(parent):
    res = []
    for d in glob.glob('/proc/[0-9]*'):
        text = read(d + '/stat')
        if text and int(text.rsplit(')', 1)[1].split()[1]) == parent:
            res.append(int(d[6:]))
    return res


class Process:
    """A program that ends with us. Its output goes to files, so that it never waits for us to read."""

    def __init__(self, args, stop=signal.SIGTERM, **options):
        self.args, self.stop = args, stop
        self.out, self.err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        options.setdefault('stdin', subprocess.DEVNULL)
        options.setdefault('stdout', self.out)
        self.p = subprocess.Popen(args, stderr=self.err, **options)
        self.pid = self.p.pid
        running.append(self)

    def text(self, f=None):
        f = f or self.err
        f.seek(0)
        return f.read().decode('utf-8', 'replace')

    def alive(self):
        return self.p.poll() is None

    def signal(self, n):
        if self.alive():
            self.p.send_signal(n)

    def wait(self, timeout=60):
        """Status when it has ended by itself; 'timeout' when it had to be killed."""
        try:
            return self.p.wait(timeout)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
            return 'timeout'

    def end(self):
        if self in running:
            running.remove(self)
        if self.alive():
            self.signal(signal.SIGCONT)
            self.signal(self.stop)
        return self.wait(15)


class Agenttop(Process):
    """Live. Ends well at SIGINT, and then prints its report."""

    def __init__(self, binary, *options, **more):
        super().__init__([binary, *options], stop=signal.SIGINT, **more)
        self.main = 'agenttop.%d' % self.pid

    def instances(self):
        """Those of its instances that there are, as directories."""
        return instances_of(self.pid)

    def broker(self):
        """pid of its privileged part, or None"""
        return next((pid for pid in children(self.pid) if read('/proc/%d/comm' % pid) == 'agenttop-broker\n'), None)

    def recording(self):
        """Waits until it records; False: it does not."""
        on = '%s/instances/%s/tracing_on' % (TRACEFS, self.main)
        return until(lambda: not self.alive() or read(on) == '1\n', 20) and self.alive()

    def finish(self, timeout=60):
        """Has it end and gives its report, or None."""
        self.signal(signal.SIGINT)
        self.status = self.wait(timeout)
        if self in running:
            running.remove(self)
        try:
            return json.loads(self.text(self.out))
        except ValueError:
            return None

    def why(self):
        return ['%s: status %s' % (' '.join(self.args[1:]), self.p.returncode)] + self.text().splitlines()[-10:]


def instances_of(pid):
    """An agenttop's instances: agenttop.PID and agenttop.PID.*"""
    d = TRACEFS + '/instances/'
    return sorted(d + n for n in os.listdir(d) if re.match(r'agenttop\.%d(\.|$)' % pid, n))


def kernel_counters(directory):
    """{cpu: {counter: number}} of an instance, or {} when it has gone meanwhile."""
    res = {}
    for d in glob.glob(directory + '/per_cpu/cpu*'):
        text = read(d + '/stats')
        if text is None:
            continue
        res[int(d.rsplit('cpu', 1)[1])] = {k: int(v) for k, v in re.findall(r'^([a-z ]+): (\d+)$', text, re.M)}
    return res


def lost_of(counters):
    return sum(c.get('overrun', 0) + c.get('commit overrun', 0) + c.get('dropped events', 0) for c in counters.values())


def agent(*options):
    """The sample agent, with a network of its own, as a load. None where it is not built."""
    path = os.environ.get('AGENTLOOP') or os.path.join(os.environ.get('O', 'build'), 'agentloop')
    if not os.access(path, os.X_OK):
        return None
    return Process([path, '-q', '-d', '/var/tmp', *options])


def two_cpus():
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[0], cpus[-1]


def cpu_ns(*pids):
    """CPU time that processes have used, all threads; since dead ones count nothing, ask while they live."""
    ticks = 0
    for pid in pids:
        text = read('/proc/%d/stat' % pid)
        if text:
            f = text.rsplit(')', 1)[1].split()
            ticks += int(f[11]) + int(f[12])
    return ticks * NS // os.sysconf('SC_CLK_TCK')


def rss_kb(pid):
    m = re.search(r'^VmRSS:\s+(\d+) kB', read('/proc/%d/status' % pid) or '', re.M)
    return int(m.group(1)) if m else 0
