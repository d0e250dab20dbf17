#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Damaged and hostile input: whatever is read, agenttop ends by itself, soon, in little memory, with 0 or 1.

  hostile.py [GROUP...]        TAP; groups: see the table at the end, and `cases`: what fuzzing has found

  HOSTILE_SEED=N    other random damage (1)
  HOSTILE_RUNS=N    how many runs each group of damage may take (120; 60 with AddressSanitizer)
  HOSTILE_KEEP=DIR  keep there what was read when a run failed

Of each run: status 0 or 1, no signal; what is on standard error is at most three lines that begin "agenttop: ", and
exactly one when the status is 1; nothing but printable text on either output; JSON is JSON and holds what always
must (tiles.py). Memory: 512 MiB of address space, or of residence when the program is built with AddressSanitizer.
"""
import json
import os
import random
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import agenttop
import tiles
from tap import Tap, skip_all

tiles.check_evidence = lambda step: []      # damage may take the evidence away; that must only not be wrong

LIMIT_S = 20
LIMIT_BYTES = 512 << 20
BIDI = set('\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff')
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SEEDS = os.path.join(ROOT, 'tests', 'fuzz', 'seeds')
RECORDINGS = os.environ.get('RECORDINGS') or os.path.join(ROOT, '..', 'shared', 'recordings')
RUNS = int(os.environ.get('HOSTILE_RUNS') or 0)     # set by setup()
SEED = int(os.environ.get('HOSTILE_SEED') or 1)
KEEP = os.environ.get('HOSTILE_KEEP')
REPORTS = (['--report=json'], ['--report=text'], ['--screen=80x24'], ['--report=json', '--top', '0'],
           ['--screen=100x30', '--keys=<Enter>jj<Enter>'])

binary = agenttop.find()
asan = False
tmp = ''


def limits():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not asan:
        resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))


ENV = dict(os.environ, LC_ALL='C.UTF-8', TZ='UTC', NO_COLOR='1')


def setup():
    global asan, tmp, RUNS
    with open(binary, 'rb') as f:
        asan = b'__asan_init' in f.read()
    RUNS = RUNS or (60 if asan else 120)
    tmp = tempfile.mkdtemp(prefix='hostile.')
    ENV.update(TMPDIR=tmp, UBSAN_OPTIONS='print_stacktrace=1:exitcode=99',
               ASAN_OPTIONS='exitcode=99:detect_leaks=1:allocator_may_return_null=1:hard_rss_limit_mb=%d' % (LIMIT_BYTES >> 20))


def run(args, stdin=None, prefix=()):
    """(status, output, errors) in bytes; the status is None when it did not end."""
    p = subprocess.Popen([*prefix, binary, *args], stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env=ENV, preexec_fn=limits)
    try:
        out, err = p.communicate(timeout=LIMIT_S)
        return p.returncode, out, err
    except subprocess.TimeoutExpired:
        p.kill()
        p.communicate()
        return None, b'', b''


def dirty(data):
    """Why these bytes should not be sent to a terminal, or ''."""
    try:
        text = data.decode('utf-8')
    except UnicodeDecodeError as e:
        return 'broken UTF-8: %s' % e
    for i, c in enumerate(text):
        if c != '\n' and (unicodedata.category(c) in ('Cc', 'Cs') or c in BIDI):
            return 'U+%04X in %r' % (ord(c), text[max(0, i - 30):i + 10])
    return ''


def unique(pairs):
    d = dict(pairs)
    if len(d) != len(pairs):
        raise ValueError('a key is there twice: %s' % sorted(k for k, v in pairs))
    return d


def not_json(name):
    raise ValueError('%s is not JSON' % name)


def check_json(out):
    try:
        report = json.loads(out.decode('utf-8'), object_pairs_hook=unique, parse_constant=not_json)
        return tiles.check_report(report)
    except (ValueError, UnicodeDecodeError) as e:
        return ['JSON: %s' % e]
    except (KeyError, TypeError, AttributeError) as e:
        return ['the report is not as described: %s: %s' % (type(e).__name__, e)]


def judge(args, status, out, err, nothing=None):
    """What is wrong with a run, as sentences. nothing: True when it must fail without a report, False when it must not."""
    if status is None:
        return ['no end after %d s' % LIMIT_S]
    bad = []
    lines = err.decode('utf-8', 'replace').splitlines()
    if status not in (0, 1):
        bad.append('status %d%s' % (status, ' (signal)' if status < 0 else ''))
    if any(not line.startswith('agenttop: ') for line in lines) or len(lines) > 3:
        bad += ['standard error: ' + line for line in lines[:4]]
    elif status == 1 and len(lines) != 1:
        bad.append('status 1 with %d lines on standard error' % len(lines))
    elif status == 0 and lines:
        bad.append('status 0, and on standard error: ' + lines[0])
    if any('bug at' in line for line in lines):
        bad.append(lines[0])
    if nothing is not None and nothing != (status == 1 and not out):
        bad.append('status %s with %d bytes of output' % (status, len(out)))
    for what, data in (('output', out), ('standard error', err)):
        if dirty(data):
            bad.append('%s: %s' % (what, dirty(data)))
    if status == 0 and not out:
        bad.append('status 0 and no output')
    if out and args[0] == '--report=json':
        bad += check_json(out)
    return bad


class Group:
    """Runs of one kind, two at a time; one line of TAP."""

    def __init__(self, tap, what):
        self.tap, self.what, self.bad, self.n, self.seen = tap, what, [], 0, {}
        self.lock = threading.Lock()

    def one(self, name, data, args=None, nothing=None):
        """A file of these bytes."""
        with self.lock:
            self.n += 1
            n = self.n
        args = args or REPORTS[n % len(REPORTS)]
        path = os.path.join(tmp, 'in.%d' % threading.get_ident())
        with open(path, 'wb') as f:
            f.write(data)
        status, out, err = run([*args, path])
        self.note(name, args, judge(args, status, out, err, nothing), status, data)

    def note(self, name, args, bad, status, data=None):
        with self.lock:
            self.seen[status] = self.seen.get(status, 0) + 1
            if not bad:
                return
            self.bad += ['%s %s: %s' % (name, ' '.join(args), b) for b in bad]
            if KEEP and data is not None:
                os.makedirs(KEEP, exist_ok=True)
                with open(os.path.join(KEEP, ''.join(c if c.isalnum() or c in '._-' else '_' for c in name)), 'wb') as f:
                    f.write(data)

    def many(self, cases):
        """cases: (name, bytes) or (name, bytes, args), made as they are needed."""
        with ThreadPoolExecutor(2) as pool:
            slots = threading.Semaphore(4)

            def job(case):
                try:
                    self.one(*case)
                finally:
                    slots.release()
            futures = []
            for case in cases:
                slots.acquire()
                futures.append(pool.submit(job, case))
            for f in futures:
                f.result()

    def done(self):
        seen = ', '.join('%d with %s' % (v, k) for k, v in sorted(self.seen.items(), key=str))
        self.tap.ok(not self.bad and self.n, '%s (%d runs: %s)' % (self.what, self.n, seen), self.bad)


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def seeds(*endings):
    return sorted(f for f in os.listdir(SEEDS) if f.endswith(endings))


def recording(name):
    path = os.path.join(RECORDINGS, name)
    return path if os.path.isfile(path) else None


def spread(n, most):
    """At most `most` of range(n), evenly, first and last among them."""
    if n <= most:
        return list(range(n))
    return sorted({i * (n - 1) // (most - 1) for i in range(most)})


# ---- truncation and flipped bits ----

def cuts(tap):
    for name in seeds('.dat', '.perf'):
        data = read(os.path.join(SEEDS, name))
        g = Group(tap, 'cut short: ' + name)
        g.many(('%s.cut%d' % (name, n), data[:n]) for n in spread(len(data), max(RUNS // 6, 3))[1:])
        g.done()
    for name in ('others/schedviz.v7-zstd.dat', 'own/host-quiet.dat', 'others/idle.v6.dat', 'others/schedviz.v6.dat',
                 'others/pipe.perf.data', 'others/sleep.zstd.perf.data'):
        path = recording(name)
        if not path:
            tap.skip('cut short: ' + name, 'no such recording')
            continue
        data = read(path)
        g = Group(tap, 'cut short: ' + name)
        g.many(('%s.cut%d' % (os.path.basename(name), 4096 * n), data[:4096 * n])
               for n in spread((len(data) + 4095) // 4096, RUNS // 2)[1:])
        g.done()


def flip(data, rnd, where, n):
    data = bytearray(data)
    for _ in range(n):
        at = rnd.choice(where)
        data[at] ^= 1 << rnd.randrange(8)
    return bytes(data)


def overwrite(data, rnd, where):
    """A number somewhere becomes one that is hard to add to or to multiply."""
    data = bytearray(data)
    size = rnd.choice((2, 4, 8))
    at = min(rnd.choice(where), len(data) - size)
    value = rnd.choice((0, 1, (1 << 8 * size) - 1, (1 << 8 * size - 1) - 1, 1 << 8 * size - 1, (1 << 8 * size) - 16, len(data)))
    data[at:at + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, rnd.choice(('little', 'big')))
    return bytes(data)


def damaged(name, data, where, runs):
    rnd = random.Random('%s %d' % (name, SEED))
    for i in range(runs):
        if i % 3 == 2:
            yield '%s.num%d' % (name, i), overwrite(data, rnd, where)
        else:
            yield '%s.bit%d' % (name, i), flip(data, rnd, where, rnd.choice((1, 1, 2, 8, 64)))


def flips(tap):
    for name in seeds('.dat', '.perf'):
        data = read(os.path.join(SEEDS, name))
        g = Group(tap, 'damaged: ' + name)
        g.many(damaged(name, data, range(len(data)), RUNS // 3))
        g.done()
    for name in ('others/schedviz.v7-zstd.dat', 'own/host-quiet.dat', 'others/schedviz.v6.dat', 'others/pipe.perf.data',
                 'others/sleep.zstd.perf.data'):
        path = recording(name)
        if not path:
            tap.skip('damaged: ' + name, 'no such recording')
            continue
        data = read(path)
        head = range(min(len(data), 4096))
        pages = range(min(len(data), 1 << 20))
        g = Group(tap, 'damaged head: ' + name)
        g.many(damaged(name.replace('/', '.') + '.head', data, head, RUNS // 5))
        g.done()
        g = Group(tap, 'damaged pages: ' + name)
        g.many(damaged(name.replace('/', '.') + '.pages', data, pages, RUNS // 5))
        g.done()


# ---- made on purpose ----

def v7(*sections, first=None, compressor=b'none\0\0', page=4096):
    """A little-endian version 7 file: sections are (id, flags, body); the first is where the options are."""
    head = b'\x17\x08\x44tracing7\0\0\x08' + struct.pack('<I', page) + compressor
    out = head + struct.pack('<Q', len(head) + 8 if first is None else first)
    for sid, flags, body in sections:
        size = len(body)
        if isinstance(flags, tuple):
            flags, size = flags
        out += struct.pack('<HHIQ', sid, flags, 0, size & (1 << 64) - 1) + body
    return out


def option(oid, body, size=None):
    return struct.pack('<HI', oid, len(body) if size is None else size) + body


def done_at(at):
    return option(0, struct.pack('<Q', at))


def buffer_option(at, cpus, n_cpus=None, page=4096, name=b'\0', clock=b'mono\0'):
    body = struct.pack('<Q', at) + name + clock + struct.pack('<II', page, len(cpus) if n_cpus is None else n_cpus)
    return option(3, body + b''.join(struct.pack('<IQQ', *c) for c in cpus))


def v7_cases():
    base = len(v7())
    far = (1 << 64) - 1
    yield 'options that follow themselves', v7((0, 0, done_at(base)))
    yield 'options in a ring of two', v7((0, 0, done_at(base + 30)), (0, 0, done_at(base)))
    yield 'options before the file', v7((0, 0, done_at(1)))
    yield 'options beyond the file', v7((0, 0, done_at(1 << 40)))
    yield 'options at the end of numbers', v7((0, 0, done_at(far)))
    yield 'options nowhere', v7(first=0)
    yield 'options at once beyond the file', v7(first=far - 8)
    yield 'a chain of 5000 options', v7(*[(0, 0, done_at(base + 30 * (i + 1))) for i in range(5000)])
    yield 'a section without end', v7((0, (0, far), b''))
    yield 'a section of all numbers', v7((0, (0, 1 << 63), option(99, b'', 0xffffffff)))
    yield 'an option of 4 GiB', v7((0, 0, option(5, b'x', 0xffffffff) + done_at(0)))
    yield 'a hundred thousand options', v7((0, 0, option(99, b'') * 100000 + done_at(0)))
    yield 'ten thousand buffers', v7((0, 0, buffer_option(base, [(0, base, 64)]) * 10000 + done_at(0)))
    yield 'ten thousand CPUs', v7((0, 0, buffer_option(base, [(i, base, 4096) for i in range(10000)]) + done_at(0)))
    yield 'four billion CPUs', v7((0, 0, buffer_option(base, [(0, base, 64)], 0xffffffff) + done_at(0)))
    yield 'CPU number 2^32-1', v7((0, 0, buffer_option(base, [(0xffffffff, base, 64)]) + done_at(0)))
    yield 'CPU number 2^31', v7((0, 0, buffer_option(base, [(1 << 31, base, 64)]) + done_at(0)))
    yield 'one CPU twice', v7((0, 0, buffer_option(base, [(0, base, 64), (0, base, 64)]) + done_at(0)))
    yield 'data before the file', v7((0, 0, buffer_option(base, [(0, 0, far)]) + done_at(0)))
    yield 'data that wraps around', v7((0, 0, buffer_option(base, [(0, far - 10, 100)]) + done_at(0)))
    yield 'data that overlaps all', v7((0, 0, buffer_option(base, [(c, 0, 1 << 30) for c in range(64)]) + done_at(0)))
    for page in (0, 1, 7, 16, 4095, 1 << 30, 0x80000000, 0xffffffff):
        yield 'pages of %d bytes' % page, v7((0, 0, buffer_option(base, [(0, base, 1 << 20)], page=page) + done_at(0)), page=page)
    yield 'a name without end', v7((0, 0, buffer_option(base, [], name=b'x' * 70000, clock=b'y' * 70000) + done_at(0)))
    for unpacked in (0, 1, 1 << 20, 1 << 30, 0xffffffff):
        body = struct.pack('<II', 4, unpacked) + b'\x28\xb5\x2f\xfd'
        yield 'options packed, %d bytes' % unpacked, v7((0, 1, body), compressor=b'zstd\x001\0')
        yield 'formats packed, %d bytes' % unpacked, v7(
            (0, 0, option(18, struct.pack('<Q', base + 16 + 14 + 14)) + done_at(0)), (18, 1, body), compressor=b'zstd\x001\0')
    yield 'packed more than there is', v7((0, 1, struct.pack('<II', 0xffffffff, 64)), compressor=b'zstd\x001\0')
    at = base + 16 + 14 + 14
    for n in (0, 1, 0xffffffff):
        yield '%d event systems' % n, v7((0, 0, option(18, struct.pack('<Q', at)) + done_at(0)), (18, 0, struct.pack('<I', n)))
        yield '%d events' % n, v7((0, 0, option(18, struct.pack('<Q', at)) + done_at(0)),
                                  (18, 0, struct.pack('<I', 1) + b'sys\0' + struct.pack('<I', n)))
        yield 'a format of %d bytes' % n, v7((0, 0, option(18, struct.pack('<Q', at)) + done_at(0)),
                                             (18, 0, struct.pack('<I', 1) + b'sys\0' + struct.pack('<IQ', 1, n | n << 32)))
        yield '%d chunks' % n, v7((0, 0, buffer_option(at, [(0, at + 16, 100)]) + done_at(0)),
                                  (3, 1, struct.pack('<III', n, n, n) + bytes(100)), compressor=b'zstd\x001\0')
    yield 'an unknown compressor', v7(compressor=b'\x1b[2J\x009\0')
    yield 'a compressor without end', v7(compressor=b'z' * 100000)


def perf_cases():
    def head(size=104, attr=(104, 0), data=(104, 0), attr_size=80, features=0):
        return b'PERFILE2' + struct.pack('<QQQQQQQQQQQQ', size, attr_size, *attr, *data, 0, 0, features, 0, 0, 0)
    far = (1 << 64) - 1
    yield 'perf: nothing in it', head()
    yield 'perf: attrs at the end of numbers', head(attr=(far - 7, 160))
    yield 'perf: attrs without end', head(attr=(104, far)) + bytes(4096)
    yield 'perf: attrs of 0 bytes', head(attr=(104, 800), attr_size=0) + bytes(800)
    yield 'perf: attrs of 2^63 bytes', head(attr=(104, 1 << 63), attr_size=1 << 63) + bytes(800)
    yield 'perf: data at the end of numbers', head(attr=(104, 80), data=(far - 7, far)) + bytes(4096)
    yield 'perf: every feature', head(attr=(104, 80), data=(184, 8), features=far) + bytes(8192)
    yield 'perf: features of any size', head(attr=(104, 80), data=(184, 8), features=far) + b'\xff' * 8192
    yield 'perf: a header of 2^64-1 bytes', head(size=far)
    yield 'perf: a header of 17 bytes', head(size=17)
    for name in seeds('.perf'):
        data = read(os.path.join(SEEDS, name))
        yield 'perf: %s and a record of 0 bytes' % name, data[:-8] + bytes(8)
        yield 'perf: %s twice' % name, data + data
    pipe = b'PERFILE2' + struct.pack('<Q', 16)
    for kind in list(range(0, 22)) + list(range(64, 86)) + [0xffffffff]:
        yield 'perf: pipe with %d first' % kind, pipe + struct.pack('<IHH', kind, 0, 8) * 40
        yield 'perf: pipe with %d filled' % kind, pipe + (struct.pack('<IHH', kind, 0xffff, 4096) + b'\xff' * 4088) * 8


def text_cases():
    yield 'text: one endless line', b'x' * (1 << 20)
    yield 'text: an endless word', b'1 0 5 . mark "' + b'a' * (1 << 20)
    yield 'text: blank lines', b'\n' * (1 << 20)
    yield 'text: a million units', b'@unit us\n' * 100000
    yield 'text: the last nanosecond', b'@unit ns\n18446744073709551615 0 a-1 . mark "B|1|step:1"\n'
    yield 'text: beyond the last', b'@unit s\n18446744073709551615 0 a-1 . mark "B|1|step:1"\n'
    yield 'text: CPU 2^32', b'@unit us\n1 4294967296 a-1 . mark "B|1|step:1"\n'
    yield 'text: a CPU far away', b'@unit us\n1 4294967295 a-1 . mark "B|1|step:1"\n'
    yield 'text: a CPU that could be', b'@unit us\n@cpus 8192\n1 8191 a-1 . mark "B|1|step:1"\n2 8191 a-1 . mark "E|1"\n'
    yield 'text: from the first to the last nanosecond', (
        b'@unit ns\n0 0 a-1 . mark "B|1|step:1"\n5 0 a-1 . switch S b-2\n9223372036854775807 0 b-2 . waking a-1\n'
        b'9223372036854775807 0 b-2 . switch R a-1\n9223372036854775807 0 a-1 . mark "E|1"\n')
    yield 'text: ten thousand steps open', b'@unit us\n' + b''.join(
        b'%d 0 a-1 . mark "S|1|step:%d|%d"\n' % (i, i, i) for i in range(10000))
    yield 'text: ten thousand nested steps', b'@unit us\n' + b''.join(
        b'%d 0 a-1 . mark "B|1|step:%d"\n' % (i, i) for i in range(10000)) + b''.join(
        b'%d 0 a-1 . mark "E|1"\n' % i for i in range(10000, 20000))
    yield 'text: five thousand agents', b'@unit us\n' + b''.join(
        b'%d 0 a-%d . mark "B|%d|step:1 agent=a%d"\n' % (2 * i, i + 1, i + 1, i) + b'%d 0 a-%d . mark "E|%d"\n' % (2 * i + 1, i + 1, i + 1)
        for i in range(5000))
    yield 'text: steps that wake each other in a ring', b'@unit us\n1 0 a-1 . mark "B|1|step:1"\n' + b''.join(
        b'%d 0 a-1 . switch S b-2\n%d 0 b-2 . waking a-1\n%d 0 b-2 . switch S a-1\n%d 0 a-1 . waking b-2\n' % (
            4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3) for i in range(1, 10000)) + b'90000 0 a-1 . mark "E|1"\n'


def made(tap):
    for what, cases in (('trace.dat made to harm', v7_cases), ('perf.data made to harm', perf_cases), ('.ev made to harm', text_cases)):
        g = Group(tap, what)
        g.many(cases())
        g.done()


# ---- what a terminal would obey ----

NASTY = (b'\x1b[2J', b'\x1b]0;own\x07', b'\x9b31mred', b'\xc2\x9b31mred', b'\xe2\x80\xaetxt', b'a\nb\rc\td', b'\x7f\x08\x08', b'"\\\'<&',
         b'\xff\xfe\xfd', b'\xed\xa0\x80', b'\xf0\x9f\x98', b'\x0e\x0f', b'%s%n%d', b'\x85\xa0', b'agent\x1bc')


def quoted(b):
    return b''.join(bytes([c]) if 32 <= c < 127 and c not in b'"\\' else b'\\x%02x' % c for c in b)


def nasty_ev(word):
    w = quoted(word)[:60]
    return (b'@unit us\n@cpus 2\n@host "%s"\n@kernel "%s"\n@arch "%s"\n' % (w, w, w) +
            b'100 0 "%s"-10 . mark "B|10|step:%s name=%s agent=%s class=%s trace=%s more=%s"\n' % ((w,) * 7) +
            b'110 0 "%s"-10 . sys_enter read\n' % w +
            b'120 0 "%s"-10 . switch S "%s"-20\n130 0 "%s"-20 h irq_entry 9 "%s"\n' % ((w,) * 4) +
            b'140 0 "%s"-20 h waking "%s"-10\n150 0 "%s"-20 h irq_exit 9 handled\n' % ((w,) * 3) +
            b'160 0 "%s"-20 . switch R "%s"-10\n170 0 "%s"-10 . mark "E|10"\n' % ((w,) * 3))


def nasty_raw(word):
    """The same with the bytes as they are: only what may stand in a line."""
    w = word.replace(b'\n', b'').replace(b'"', b'').replace(b'\\', b'')
    return (b'@unit us\n100 0 "%s"-10 . mark "B|10|step:%s name=%s"\n120 0 "%s"-10 . switch S "%s"-20\n'
            b'130 0 "%s"-20 . waking "%s"-10\n140 0 "%s"-20 . switch S "%s"-10\n170 0 "%s"-10 . mark "E|10"\n' % ((w,) * 10))


def patched(data, word):
    """The names of tasks in a recording replaced, wherever they stand whole."""
    for old in (b'agent\0', b'other\0', b'kauditd\0', b'auditd\0', b'swapper/0\0'):
        data = data.replace(old, word[:len(old) - 1].ljust(len(old), b'\0'))
    return data.replace(b'10 agent\n', b'10 ' + word[:5].ljust(5, b'!') + b'\n')


def every_view():
    yield ['--report=json', '--top', '0']
    yield ['--report=text', '--top', '0']
    yield ['--screen=80x24']
    yield ['--screen=120x40', '--keys=<Enter>']
    yield ['--screen=120x40', '--keys=<Enter><Enter>']
    yield ['--screen=120x40', '--keys=<Enter><Enter><Enter>']


def nasty(tap):
    g = Group(tap, 'names that are commands to a terminal, in .ev')
    g.many(('ev.%r' % w, make(w), args) for w in NASTY for make in (nasty_ev, nasty_raw) for args in every_view())
    g.done()
    data = read(os.path.join(SEEDS, 'all_stages.dat'))
    g = Group(tap, 'names that are commands to a terminal, in trace.dat')
    g.many(('dat.%r' % w, patched(data, w), args) for w in NASTY for args in every_view())
    strings = [s for s in (b'agent', b'planner', b'nvme0q1', b'nvme0n1', b'eth0', b'READ', b'box', b'sched_waking', b'[mono]',
                           b'irq_handler_entry', b'other', b'nvme\0') if s in data]
    g.many(('dat.%s' % s.decode(), data.replace(s, b'\x1b[2J\x07\x9b\xe2\x80\xae'[:len(s)].ljust(len(s), b'\x1b')), args)
           for s in strings for args in every_view())
    g.done()
    for name in ('others/schedviz.v6.dat',):
        path = recording(name)
        if not path:
            tap.skip('names that are commands to a terminal, in ' + name, 'no such recording')
            continue
        data = read(path)
        g = Group(tap, 'names that are commands to a terminal, in ' + name)
        g.many(('%s.%r' % (os.path.basename(name), w), patched(data, w), args) for w in NASTY[:6] for args in list(every_view())[:3])
        g.done()
    g = Group(tap, 'a file whose name is a command to a terminal')
    for w in NASTY:
        for data in (b'@unit us\n1 0 a-1 . mark "B|1|step:1"\n2 0 a-1 . mark "E|1"\n', b'nonsense\n', b'\0\0', None):
            path = os.path.join(tmp.encode(), w.replace(b'/', b''))
            if data is not None:
                with open(path, 'wb') as f:
                    f.write(data)
            for args in (['--report=json'], ['--report=text'], ['--screen=80x24']):
                g.n += 1
                status, out, err = run([*args, path])
                g.note('file %r' % w, args, judge(args, status, out, err), status)
            if data is not None:
                os.unlink(path)
    g.done()


# ---- what is no file ----

def no_files(tap):
    def check(what, args, nothing=True, **kw):
        status, out, err = run(args, **kw)
        bad = judge(args, status, out, err, nothing)
        tap.ok(not bad, what, bad)

    empty = os.path.join(tmp, 'empty')
    open(empty, 'w').close()
    for args in (['--report=json'], ['--report=text'], ['--screen=80x24']):
        check('an empty file, %s' % args[0], [*args, empty])
        check('a directory, %s' % args[0], [*args, tmp])
        check('a missing file, %s' % args[0], [*args, os.path.join(tmp, 'none')])
        check('a file in a file, %s' % args[0], [*args, os.path.join(empty, 'none')])
        check('a name without end, %s' % args[0], [*args, '/' + 'x' * 5000])
        check('/dev/zero, %s' % args[0], [*args, '/dev/zero'])
        check('/dev/null, %s' % args[0], [*args, '/dev/null'])
        check('/dev/urandom, %s' % args[0], [*args, '/dev/urandom'])
    check('/dev/zero as standard input', ['--report=json', '-'], stdin=open('/dev/zero', 'rb'))
    check('nothing as standard input', ['--report=json', '-'])
    check('standard input is closed', ['--report=json', '-'], prefix=('sh', '-c', 'exec "$@" <&-', 'sh'))
    check('standard input cannot be read', ['--report=json', '-'], prefix=('sh', '-c', 'exec "$@" 0>/dev/null', 'sh'))
    unreadable(tap, check)
    loop = os.path.join(tmp, 'loop')
    os.symlink(loop, loop)
    check('a link to itself', ['--report=json', loop])


def unreadable(tap, check):
    what = 'a file that may not be read'
    path = os.path.join(tmp, 'secret')
    with open(path, 'w') as f:
        f.write('@unit us\n')
    os.chmod(path, 0)
    prefix = []
    if os.geteuid() == 0:
        if not shutil.which('setpriv'):
            return tap.skip(what, 'root reads everything, and there is no setpriv')
        prefix = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
        os.chmod(tmp, 0o755)
        p = subprocess.run([*prefix, binary, '--version'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if p.returncode:
            return tap.skip(what, 'root reads everything, and nobody else can run the program where it is')
    check(what, ['--report=json', path], prefix=prefix)


def feed(fifo, parts):
    """Writes the parts into a fifo and closes it; a reader that has left is nothing to us."""
    try:
        with open(fifo, 'wb', buffering=0) as f:
            for p in parts:
                view = memoryview(p)
                while view:
                    view = view[f.write(view):]
    except BrokenPipeError:
        pass


def zeros(n_mib):
    block = bytes(1 << 20)
    for _ in range(n_mib):
        yield block


def fifos(tap):
    rnd = random.Random(SEED)
    fifo = os.path.join(tmp, 'fifo')
    os.mkfifo(fifo)
    noise = rnd.randbytes(1 << 20)

    def one(g, name, parts, args, by_name):
        g.n += 1
        t = threading.Thread(target=feed, args=(fifo, parts), daemon=True)
        t.start()
        if by_name:
            status, out, err = run([*args, fifo])
        else:
            with open(fifo, 'rb') as f:
                status, out, err = run([*args, '-'], stdin=f)
        t.join(5)
        if t.is_alive():
            # nobody opened it for reading: let the writer go
            os.close(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK))
            t.join(5)
        g.note(name, args, judge(args, status, out, err), status)

    for name in seeds('.dat', '.perf'):
        data = read(os.path.join(SEEDS, name))
        g = Group(tap, 'a pipe that ends early: ' + name)
        for i, n in enumerate(spread(len(data) + 1, max(RUNS // 12, 3))):
            one(g, '%s.pipe%d' % (name, n), [data[:n // 2], data[n // 2:n]], REPORTS[i % len(REPORTS)], i % 2)
        g.done()
    g = Group(tap, 'a pipe with rubbish')
    for i in range(max(RUNS // 10, 5)):
        one(g, 'rubbish %d' % i, [rnd.randbytes(rnd.choice((1, 3, 63, 64, 65, 4096, 1 << 20)))], ['--report=json'], i % 2)
    for name in seeds('.dat', '.perf'):
        data = read(os.path.join(SEEDS, name))
        one(g, name + ' and rubbish', [data, noise], ['--report=json'], True)
        one(g, name + ' begins, then rubbish', [data[:200], noise], ['--report=json'], True)
        one(g, name + ' begins, then zeros', [data[:200], *zeros(16)], ['--report=json'], True)
        one(g, name + ' and zeros', [data, *zeros(16)], ['--report=json'], True)
    g.done()
    g = Group(tap, 'a pipe without end, of what is no recording')
    for name, start in (('zeros', b''), ('text', b'@unit us\n'), ('noise', noise[:100])):
        def endless(start=start):
            yield start
            block = (b'\n' if start[:1] == b'@' else b'\0') * (1 << 20)
            for _ in range(4096):
                yield block
        one(g, name, endless(), ['--report=json'], False)
    g.done()


def sparse(tap):
    """Files that say to be huge: the length must cost neither time nor memory."""
    path = os.path.join(tmp, 'sparse')
    g = Group(tap, 'sparse files of a tebibyte')
    cases = [('zeros', b''), ('text', b'@unit us\n1 0 a-1 . mark "B|1|step:1"\n')]
    cases += [(name, read(os.path.join(SEEDS, name))) for name in seeds('.dat', '.perf')]
    cases += [(name + ' head', data[:150]) for name, data in cases[2:]]
    base = len(v7())
    tib = 1 << 40
    cases += [('options without end', v7((0, (0, tib), b''))),
              ('a CPU without end', v7((0, 0, buffer_option(base, [(0, 4096, tib - 8192)]) + done_at(0)))),
              ('CPUs without end', v7((0, 0, buffer_option(base, [(c, 4096, tib - 8192) for c in range(100)]) + done_at(0)))),
              ('packed without end', v7((0, 0, buffer_option(base, [(0, 4096, tib - 8192)]) + done_at(0)), compressor=b'zstd\x001\0')),
              ('perf data without end', b'PERFILE2' + struct.pack('<QQQQQQQQQQQQ', 104, 80, 104, 80, 184, tib - 8192, 0, 0, 0, 0, 0, 0)),
              ('perf attrs without end', b'PERFILE2' + struct.pack('<QQQQQQQQQQQQ', 104, 80, 104, tib - 8192, 184, 8, 0, 0, 0, 0, 0, 0))]
    for name, data in cases:
        with open(path, 'wb') as f:
            f.write(data)
            try:
                f.truncate(tib)
            except OSError:
                f.truncate(1 << 34)
        g.n += 1
        args = ['--report=json']
        status, out, err = run([*args, path])
        g.note(name, args, judge(args, status, out, err), status)
        os.unlink(path)
    g.done()


# ---- what fuzzing has found ----

def cases(tap):
    """Every finding as a file and through a pipe, by every report."""
    for target in ('tracedat', 'perfdata', 'text', 'session'):
        folder = os.path.join(ROOT, 'tests', 'fuzz', 'cases', target)
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        if not names:
            continue
        g = Group(tap, 'findings of fuzz_' + target)
        for name in names:
            path = os.path.join(folder, name)
            for args in [*every_view(), ['--report=json', '--comm=.']]:
                for piped in (False, True):
                    g.n += 1
                    if piped:
                        with subprocess.Popen(['cat', path], stdout=subprocess.PIPE) as p:
                            status, out, err = run([*args, '-'], stdin=p.stdout)
                            p.stdout.close()
                    else:
                        status, out, err = run([*args, path])
                    g.note(name + ' by a pipe' * piped, args, judge(args, status, out, err), status)
        g.done()


GROUPS = {'files': no_files, 'made': made, 'nasty': nasty, 'fifos': fifos, 'sparse': sparse, 'cuts': cuts, 'flips': flips}


def main(names):
    if not binary:
        skip_all('no agenttop to test')
    setup()
    tap = Tap(max_notes=12)
    try:
        for name in names or GROUPS:
            {**GROUPS, 'cases': cases}[name](tap)
    finally:
        shutil.rmtree(tmp, ignore_errors=True)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
