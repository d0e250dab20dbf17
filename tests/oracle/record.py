#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Records events while a command runs, in a tracefs instance of its own, and writes a trace.dat (version 6).

  record.py OUT.dat --events SYSTEM:EVENT,SYSTEM,... [--kb KB_PER_CPU] -- COMMAND...

For machines where the kernel refuses the files of the function tracer, which `trace-cmd record` insists on. Only the
instance is written to; it is gone afterwards. Clock mono. Exit status 3: not permitted, or no tracefs here.
"""
import glob
import os
import signal
import struct
import subprocess
import sys
import time

PROGRAM = os.path.basename(sys.argv[0])


class NoTracing(Exception):
    """Why nothing can be recorded here."""


def tracefs():
    for d in ('/sys/kernel/tracing', '/sys/kernel/debug/tracing'):
        if os.path.isdir(d + '/instances'):
            return d
    raise NoTracing('no tracefs that can be read (root, and mounted at /sys/kernel/tracing?)')


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def write(path, text):
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


class Instance:
    """Events in a buffer of our own. Use with `with`."""

    def __init__(self, events, kb=16384, name='agenttop-test'):
        self.top, self.events, self.kb = tracefs(), events, kb
        self.dir = '%s/instances/%s.%d' % (self.top, name, os.getpid())

    def __enter__(self):
        try:
            os.mkdir(self.dir)
        except OSError as x:
            raise NoTracing('cannot make a tracefs instance: %s' % x.strerror) from x
        try:
            write(self.dir + '/tracing_on', '0')
            write(self.dir + '/trace_clock', 'mono')
            write(self.dir + '/buffer_size_kb', str(self.kb))
            self.enable()
        except OSError as x:
            self.__exit__()
            raise NoTracing('cannot set up a tracefs instance: %s: %s' % (x.filename or '', x.strerror)) from x
        return self

    def __exit__(self, *unused):
        for f, v in (('tracing_on', '0'), ('events/enable', '0')):
            try:
                write('%s/%s' % (self.dir, f), v)
            except OSError:
                pass
        for _ in range(50):
            try:
                os.rmdir(self.dir)
                return
            except OSError:
                time.sleep(.1)
        print('%s: cannot remove %s' % (PROGRAM, self.dir), file=sys.stderr)

    def event(self, name):
        """Directory of an event, or of all of a system's."""
        return '%s/events/%s' % (self.dir, name.replace(':', '/'))

    def enable(self):
        for e in self.events:
            write(self.event(e) + '/enable', '1')

    def resize(self, cpu, kb):
        try:
            write('%s/per_cpu/cpu%d/buffer_size_kb' % (self.dir, cpu), str(kb))
        except OSError as x:
            raise NoTracing('no buffer of %d kB: %s' % (kb, x.strerror)) from x

    def on(self, value):
        write(self.dir + '/tracing_on', '1' if value else '0')

    def cpus(self):
        return sorted(int(p.rsplit('cpu', 1)[1]) for p in glob.glob(self.dir + '/per_cpu/cpu*'))

    def stats(self, cpu):
        return read('%s/per_cpu/cpu%d/stats' % (self.dir, cpu)).decode()

    def overrun(self):
        """Events that the buffer had no room for, by CPU."""
        res = {}
        for cpu in self.cpus():
            st = dict(l.split(':', 1) for l in self.stats(cpu).splitlines() if ':' in l)
            res[cpu] = int(st.get('overrun', 0)) + int(st.get('dropped events', 0))
        return res

    def pages(self, cpu):
        """What is in the buffer, sub-buffer by sub-buffer; each once."""
        size = self.page_size()
        fd = os.open('%s/per_cpu/cpu%d/trace_pipe_raw' % (self.dir, cpu), os.O_RDONLY | os.O_NONBLOCK)
        try:
            while True:
                try:
                    page = os.read(fd, size)
                except BlockingIOError:
                    return
                if not page:
                    return
                yield page.ljust(size, b'\0')
        finally:
            os.close(fd)

    def page_size(self):
        try:
            return int(read(self.dir + '/buffer_subbuf_size_kb')) * 1024
        except OSError:
            return os.sysconf('SC_PAGE_SIZE')

    def formats(self):
        """{system: [format]} of the enabled events"""
        res = {}
        for e in self.events:
            system, _, event = e.partition(':')
            for p in sorted(glob.glob('%s/events/%s/%s/format' % (self.dir, system, event or '*'))):
                text = read(p)
                if text not in res.setdefault(system, []):
                    res[system].append(text)
        return res

    def save(self, path):
        long_size = struct.calcsize('l')
        little = sys.byteorder == 'little'
        n32 = lambda n: struct.pack('=I', n)
        n64 = lambda n: struct.pack('=Q', n)
        sized = lambda b: n64(len(b)) + b
        page, cpus = self.page_size(), self.cpus()
        ftrace = [read(p) for p in sorted(glob.glob(self.top + '/events/ftrace/*/format'))]
        clock = read(self.dir + '/trace_clock')
        with open(path, 'wb') as f:
            f.write(b'\x17\x08\x44tracing6\0' + bytes([0 if little else 1, long_size]) + n32(page))
            f.write(b'header_page\0' + sized(read(self.top + '/events/header_page')))
            f.write(b'header_event\0' + sized(read(self.top + '/events/header_event')))
            f.write(n32(len(ftrace)) + b''.join(map(sized, ftrace)))
            formats = self.formats()
            f.write(n32(len(formats)))
            for system, texts in formats.items():
                f.write(system.encode() + b'\0' + n32(len(texts)) + b''.join(map(sized, texts)))
            f.write(n32(0))                                 # kallsyms
            f.write(n32(0))                                 # printk
            f.write(sized(read(self.top + '/saved_cmdlines')))
            f.write(n32(len(cpus)))
            f.write(b'options  \0')
            for cpu in cpus:
                st = ('CPU: %d\n' % cpu).encode() + read('%s/per_cpu/cpu%d/stats' % (self.dir, cpu))
                f.write(struct.pack('=HI', 2, len(st) + 1) + st + b'\0')
            f.write(struct.pack('=HI', 4, len(clock) + 1) + clock + b'\0')
            f.write(struct.pack('=H', 0))
            f.write(b'flyrecord\0')
            table = f.tell()
            f.write(b'\0' * 16 * len(cpus))
            f.write(sized(b'[mono]'))
            where = []
            for cpu in cpus:
                at = (f.tell() + page - 1) // page * page
                f.seek(at)
                for p in self.pages(cpu):
                    f.write(p)
                where.append((at, f.tell() - at))
            f.truncate(max(at + n for at, n in where))
            f.seek(table)
            for at, n in where:
                f.write(n64(at) + n64(n))


def options(argv, kb):
    """(out, events, kb, command); no events: they were not said"""
    out, events, command = argv[0], [], []
    i = 1
    while i < len(argv):
        if argv[i] == '--events':
            events, i = argv[i + 1].split(','), i + 2
        elif argv[i] == '--kb':
            kb, i = int(argv[i + 1]), i + 2
        elif argv[i] == '--':
            command, i = argv[i + 1:], len(argv)
        else:
            raise SystemExit('%s: what is %s?' % (PROGRAM, argv[i]))
    return out, events, kb, command


def record(out, command, *instance):
    """Runs what command(t) gives, when t, an Instance(*instance), is set up; saves in out what happened meanwhile.

    Its status, or 3: not permitted, or no tracefs here.
    """
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(143))
    try:
        with Instance(*instance) as t:
            args = command(t)
            t.on(True)
            status = subprocess.call(args)
            t.on(False)
            lost = sum(t.overrun().values())
            t.save(out)
    except NoTracing as x:
        print('%s: %s' % (PROGRAM, x), file=sys.stderr)
        return 3
    if lost:
        print('%s: %d events lost: the buffers are too small' % (PROGRAM, lost), file=sys.stderr)
    return status


def main(argv):
    out, events, kb, command = options(argv, 16384)
    return record(out, lambda t: command, events, kb)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
