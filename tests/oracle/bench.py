#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Speed and memory beside the tools that people use, on the same events, in one run.

  bench.py [--tap]

  BENCH_FILE=F.dat   a recording to use instead of making one (then perf has nothing to read, but for BENCH_PERF)
  BENCH_PERF=F.data  the same events as perf recorded them
  BENCH_EVENTS=N     about so many events are recorded (default 4000000)
  BENCH_RUNS=N       best of so many (default 3)
  BENCH_BIG=1        also: time to the first screen of a file of 1 GiB, made by repeating the recording
  BENCH_DIR=D        where files go (default: a temporary directory)
Needs root and tracefs to record; says so and ends well where it has not. With --tap: prints TAP as well.
"""
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

import agenttop
from record import Instance, NoTracing
from tap import Tap, skip_all

EVENTS = ['sched:sched_switch', 'sched:sched_waking', 'sched:sched_wakeup', 'sched:sched_wakeup_new',
          'sched:sched_migrate_task', 'irq:irq_handler_entry', 'irq:irq_handler_exit', 'irq:softirq_raise',
          'irq:softirq_entry', 'irq:softirq_exit', 'syscalls:sys_enter_read', 'syscalls:sys_exit_read',
          'syscalls:sys_enter_write', 'syscalls:sys_exit_write']
PER_LOOP = 14           # events of one `sched pipe` round trip, about
MIB = 1 << 20


class Measured:
    def __init__(self):
        self.wall, self.rss, self.status, self.out, self.err = None, 0, None, b'', b''


def watch_rss(pid, done, peak):
    """VmHWM of the program itself. ru_maxrss also counts what this process was when it forked."""
    while not done.is_set():
        try:
            with open('/proc/%d/status' % pid, encoding='ascii', errors='replace') as f:
                m = re.search(r'VmHWM:\s+(\d+) kB', f.read())
            if m:
                peak[0] = max(peak[0], int(m.group(1)))
        except OSError:
            return
        done.wait(.004)


def measure(args, runs, keep_output=False):
    """Best wall time of some runs, and the highest memory seen in them."""
    best = Measured()
    for _ in range(runs):
        out = tempfile.TemporaryFile() if keep_output else open(os.devnull, 'wb')
        err = tempfile.TemporaryFile()
        floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        t = time.monotonic()
        p = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        done, peak = threading.Event(), [0]
        w = threading.Thread(target=watch_rss, args=(p.pid, done, peak))
        w.start()
        _, status, ru = os.wait4(p.pid, 0)
        wall = time.monotonic() - t
        p.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        w.join()
        best.rss = max(best.rss, ru.ru_maxrss if ru.ru_maxrss > floor * 1.05 else peak[0])
        if best.wall is None or wall < best.wall:
            best.wall = wall
        best.status = p.returncode
        if keep_output:
            out.seek(0)
            best.out = out.read()
        err.seek(0)
        best.err = err.read()[-2000:]
        out.close()
        err.close()
        if p.returncode:
            break
    return best


def record(d, n_events):
    """The load by ftrace, then the same load by perf. (path, events) of each; perf's may be (None, 0)."""
    loops = max(1000, n_events // PER_LOOP)
    cpus = sorted(os.sched_getaffinity(0))[:2]
    load = ['taskset', '-c', ','.join(map(str, cpus)), 'perf', 'bench', 'sched', 'pipe', '-l', str(loops)]
    dat = os.path.join(d, 'bench.dat')
    with Instance(EVENTS, 4096, 'agenttop-bench') as t:
        for cpu in cpus:
            t.resize(cpu, max(8192, n_events * 56 // 1024))
        t.on(True)
        subprocess.run(load, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        t.on(False)
        lost = sum(t.overrun().values())
        count = 0
        for cpu in t.cpus():
            m = re.search(r'^entries: (\d+)', t.stats(cpu), re.M)
            count += int(m.group(1)) if m else 0
        t.save(dat)
    if lost:
        print('# %d events lost in recording' % lost)
    data = os.path.join(d, 'bench.data')
    r = subprocess.run(['perf', 'record', '-q', '-a', '-k', 'CLOCK_MONOTONIC', '-m', '8M', '-o', data] +
                       [x for e in EVENTS for x in ('-e', e)] + ['--'] + load,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if r.returncode or not os.path.exists(data):
        print('# perf record failed: ' + ' '.join(r.stderr.decode('utf-8', 'replace').split())[:200])
        data = None
    return dat, count, data


def convert(src, dst, compression):
    r = subprocess.run(['trace-cmd', 'convert', '-i', src, '-o', dst, '--compression', compression, '--file-version', '7'],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return dst if not r.returncode and os.path.exists(dst) else None


def absolute_times(pages, at, page):
    """Offsets of the absolute time stamps in one ring buffer page (little endian, 64 bit)."""
    res, q = [], at + 16
    end = q + (struct.unpack_from('=Q', pages, at + 8)[0] & 0x7ffffff)
    while q + 4 <= min(end, at + page):
        kind = pages[q] & 31
        if kind == 0:
            q += 4 + struct.unpack_from('=I', pages, q + 4)[0]
        elif kind <= 28:
            q += 4 + 4 * kind
        elif kind == 29:
            if pages[q] >> 5 == 0 and pages[q + 1:q + 4] == b'\0\0\0':
                break
            q += 4 + struct.unpack_from('=I', pages, q + 4)[0]
        else:
            if kind == 31:
                res.append(q)
            q += 8
    return res


def repeat_v6(src, dst, size):
    """A version 6 file of about `size` bytes: each CPU's pages again and again, later each time."""
    with open(src, 'rb') as f:
        data = f.read()
    at = data.index(b'flyrecord\0') + 10
    n_cpus = struct.unpack_from('=I', data, data.rindex(b'options  \0', 0, at) - 4)[0]
    table = [struct.unpack_from('=QQ', data, at + 16 * i) for i in range(n_cpus)]
    page = struct.unpack_from('=I', data, data.index(b'tracing6\0') + 11)[0]
    first = min(struct.unpack_from('=Q', data, o)[0] for o, n in table if n)
    last = max(struct.unpack_from('=Q', data, o + n - page)[0] for o, n in table if n)
    span, times = last - first + 10**7, max(1, -(-size // sum(n for _, n in table)))
    head = min(o for o, n in table if n)
    where = []
    with open(dst, 'wb') as out:
        out.write(data[:head])
        for o, n in table:
            begin = out.tell()
            pages = bytearray(data[o:o + n])
            absolute = [q for p in range(0, n, page) for q in absolute_times(pages, p, page)]
            for k in range(times):
                if k:
                    for q in range(0, n, page):
                        struct.pack_into('=Q', pages, q, struct.unpack_from('=Q', pages, q)[0] + span)
                    for q in absolute:
                        low, high = struct.unpack_from('=II', pages, q)
                        ts = (high << 27 | low >> 5) + span
                        struct.pack_into('=II', pages, q, (ts & (1 << 27) - 1) << 5 | 31, ts >> 27)
                out.write(pages)
            where.append((begin, out.tell() - begin))
        out.seek(at)
        for o, n in where:
            out.write(struct.pack('=QQ', o, n))
    return times


def first_screen(binary, path):
    """Seconds until a terminal has been painted with something, and until the program ended after `q`."""
    t = time.monotonic()
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM='xterm', LINES='24', COLUMNS='80')
        os.execv(binary, [binary, path])
    seen, first, end = b'', None, time.monotonic() + 120
    while time.monotonic() < end:
        if select.select([fd], [], [], .5)[0]:
            try:
                got = os.read(fd, 65536)
            except OSError:
                break
            if not got:
                break
            seen += got
            # words on the screen, not only the terminal being set up
            if len(re.sub(rb'\x1b\[[0-9;?]*[a-zA-Z]|\x1b.|\s', b'', seen)) > 80:
                first = time.monotonic() - t
                break
    try:
        os.write(fd, b'q')
    except OSError:
        pass
    gone = False
    for _ in range(200):
        if os.waitpid(pid, os.WNOHANG)[0]:
            gone = True
            break
        if select.select([fd], [], [], .05)[0]:
            try:
                os.read(fd, 65536)
            except OSError:
                time.sleep(.02)
    if not gone:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    os.close(fd)
    return first, gone


def count_events(binary, path):
    r = agenttop.report(path, '--top', '1', '--steps', 'none', binary=binary) if binary else None
    if r and r.json:
        return r.json['source']['events']
    return 0


def main(argv):
    tap = Tap() if '--tap' in argv else None
    binary = agenttop.find()
    runs = int(os.environ.get('BENCH_RUNS', '3'))
    n_events = int(os.environ.get('BENCH_EVENTS', '4000000'))
    tmp = None
    d = os.environ.get('BENCH_DIR')
    if not d:
        d = tmp = tempfile.mkdtemp(prefix='agenttop-bench.')
    os.makedirs(d, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(143))
    try:
        return bench(tap, binary, runs, n_events, d)
    finally:
        if tmp:
            shutil.rmtree(tmp, ignore_errors=True)


def bench(tap, binary, runs, n_events, d):
    dat, data, count = os.environ.get('BENCH_FILE'), os.environ.get('BENCH_PERF'), 0
    if dat:
        count = count_events(binary, dat)
    else:
        if not shutil.which('perf'):
            why = 'perf is not installed (BENCH_FILE=F.dat takes a recording instead)'
            skip_all(why) if tap else sys.exit('bench: ' + why)
        try:
            dat, count, data = record(d, n_events)
        except NoTracing as x:
            why = 'live: %s (BENCH_FILE=F.dat takes a recording instead)' % x
            if tap:
                skip_all(why)
            print('bench: ' + why)
            return 0
    files = {'plain': convert(dat, os.path.join(d, 'plain.dat'), 'none') or dat,
             'zstd': convert(dat, os.path.join(d, 'zstd.dat'), 'zstd'), 'perf': data}
    counts = {'plain': count, 'zstd': count, 'perf': count_events(binary, data) if data else 0}
    for k, f in files.items():
        if f:
            print('# %-5s %10d events %8.1f MiB' % (k, counts[k], os.path.getsize(f) / MIB))
    report = ['--report=json', '--top', '0', '--steps', 'none']
    jobs = []
    if binary:
        for k in ('plain', 'zstd', 'perf'):
            if files[k]:
                jobs.append(('agenttop --report=json', k, [binary] + report + [files[k]]))
        if files['plain']:
            jobs.append(('  with steps of one task', 'plain',
                         [binary, '--report=json', '--steps', 'worst:10', '-c', os.environ.get('BENCH_COMM', '^sched-pipe$'),
                          files['plain']]))
    else:
        print('# no agenttop built: the others alone')
    jobs += [('trace-cmd report', 'plain', ['trace-cmd', 'report', files['plain']]),
             ('trace-cmd report --profile', 'plain', ['trace-cmd', 'report', '--profile', files['plain']])]
    if files['zstd']:
        jobs.append(('trace-cmd report', 'zstd', ['trace-cmd', 'report', files['zstd']]))
    if data:
        jobs += [('perf sched latency', 'perf', ['perf', 'sched', 'latency', '-i', data]),
                 ('perf sched timehist -s', 'perf', ['perf', 'sched', 'timehist', '-s', '-i', data])]
        help_text = subprocess.run(['perf', 'help'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
        if b'kwork' in help_text:
            jobs.append(('perf kwork report', 'perf', ['perf', 'kwork', '-k', 'irq,softirq', 'report', '-i', data]))
        jobs += [('perf script', 'perf', ['perf', 'script', '-i', data])]
    base, rows = {}, []
    print('%-30s %-6s %9s %9s %9s %16s' % ('', 'file', 'seconds', 'Mev/s', 'peak MB', 'agenttop is'))
    for name, k, args in jobs:
        m = measure(args, runs)
        if m.status:
            print('%-30s %-6s failed with status %s: %s' %
                  (name, k, m.status, ' '.join(m.err.decode('utf-8', 'replace').split())[-120:]))
            rows.append((name, k, None, None))
            continue
        if name.startswith('agenttop'):
            base[k] = m
        ratio = ''
        if k in base and base[k] is not m and not name.startswith(' '):
            ratio = '%.1f x as fast' % (m.wall / base[k].wall)
        print('%-30s %-6s %9.3f %9.2f %9.1f %16s' % (name, k, m.wall, counts[k] / m.wall / 1e6, m.rss / 1024, ratio))
        sys.stdout.flush()
        rows.append((name, k, m.wall, m.rss / 1024))
    if os.environ.get('BENCH_BIG') == '1' and binary:
        big(binary, dat, d)
    if tap:
        check(tap, rows, base)
        return tap.done()
    return 0


def big(binary, dat, d):
    free = shutil.disk_usage(d).free
    path = os.path.join(d, 'big.dat')
    if free < 3 << 30:
        print('# no first screen of a big file: %d MiB free in %s' % (free // MIB, d))
        return
    with open(dat, 'rb') as f:
        if f.read(12)[3:11] != b'tracing6':
            print('# no first screen of a big file: only a version 6 recording can be repeated')
            return
    times = repeat_v6(dat, path, 1 << 30)
    first, gone = first_screen(binary, path)
    print('first screen of %.0f MiB (the recording %d times): %s%s' %
          (os.path.getsize(path) / MIB, times, 'none in 120 s' if first is None else '%.2f s' % first,
           '' if gone else '; did not end on q'))
    r = measure([binary, '--report=json', '--top', '0', '--steps', 'none', path], 1, True)
    if not r.status:
        n = json.loads(r.out)['source']['events']
        print('report of the same: %.2f s, %.2f Mev/s, peak %.1f MB' % (r.wall, n / r.wall / 1e6, r.rss / 1024))
    os.unlink(path)


def check(tap, rows, base):
    """Loose: this is to notice a collapse, not to measure."""
    by = {(n, k): w for n, k, w, _ in rows}
    if not base:
        tap.skip('speed', 'no agenttop to test')
        return
    with open(agenttop.find(), 'rb') as f:
        if re.search(rb'__(asan|tsan|ubsan)_', f.read()):
            tap.skip('speed', 'built with sanitizers')
            return
    for k, others in (('plain', ('trace-cmd report', 'trace-cmd report --profile')), ('zstd', ('trace-cmd report',)),
                      ('perf', ('perf script', 'perf sched latency'))):
        if ('agenttop --report=json', k) not in by:
            continue
        mine = by['agenttop --report=json', k]
        tap.ok(mine is not None, 'agenttop reads the %s file' % k)
        for o in others:
            if mine is not None and by.get((o, k)):
                print('# %.1f times as fast as %s' % (by[o, k] / mine, o))


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
