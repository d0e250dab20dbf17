#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A recording as .ev text (agenttop-ev(5)), whole or with parts left out.

  to_ev.py FILE.dat [options] > FILE.ev
    --keep-events REGEX   only events whose system:name it matches
    --omit-events REGEX   not these
    --only NAME           only events of that name: --only sched_switch
    --drop P              leave out each event with probability P, silently
    --lose P              losses as a kernel tells them: runs of events of one CPU are cut out, about P of all, and a
                          `lost` line stands for each
    --from F, --to F      only this part, as fractions of the recording's time (0 to 1)
    --seed N              of --drop and --lose
"""
import random
import re
import sys

import rawtrace

TEXT_ESCAPE = {'"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\x1b': '\\e', '\0': '\\0'}
NUMBER = re.compile(r'^-?(0x[0-9a-fA-F]+|\d+)$')


def quoted(s):
    out = []
    for b in s.encode('utf-8', 'surrogateescape'):
        c = chr(b)
        out.append(TEXT_ESCAPE.get(c) or (c if 32 <= b < 127 else '\\x%02x' % b))
    return '"' + ''.join(out) + '"'


def task(comm, pid):
    if pid == 0:
        return 'idle'
    if comm in ('<...>', ''):
        return str(pid)
    return quoted(comm[:15]) + '-%d' % pid if not re.match(r'^[A-Za-z0-9_/:.+]+$', comm) else '%s-%d' % (comm[:15], pid)


class Shape:
    """How trace-cmd -R prints one event: which fields, in order, and which of them are text."""

    def __init__(self, fmt):
        self.names, self.text = [], set()
        for m in re.finditer(r'field:([^;]*?)([A-Za-z_]\w*)(\[[^\]]*\])?;\s*offset:(\d+);\s*size:(\d+)', fmt):
            kind, name = m.group(1), m.group(2)
            if name.startswith('common_'):
                continue
            self.names.append(name)
            if re.search(r'\bchar\b', kind) and 'unsigned char' not in kind and '*' not in kind and \
                    (m.group(3) or 'data_loc' in kind or 'rel_loc' in kind or '[' in kind):
                self.text.add(name)
        self.re = re.compile('^' + ' '.join(re.escape(n) + '=(.*?)' for n in self.names) + '$', re.S) if self.names else None

    def values(self, text):
        m = self.re.match(text) if self.re else None
        if not m:
            return
        for name, v in zip(self.names, m.groups()):
            if name in self.text:
                if v != '(null)':
                    yield name, quoted(v), v
            elif NUMBER.match(v):
                yield name, v, v


class Converter:
    def __init__(self, path):
        self.rec = rawtrace.Recording(path)
        self.flags = self.rec.flags()
        self.systems = self.rec.systems()
        self.shapes = {n: Shape(f) for n, f in self.rec.formats().items() if n in self.rec.names}
        self.shapes['print'] = Shape('field:char buf[];\toffset:16;\tsize:0')
        self.cache = self.kept = None

    def line(self, i):
        """(ts, cpu, system:name, text of the line) of event i, or None when it has no .ev form"""
        e = self.rec.events[i]
        full, shape = self.systems.get(e.name), self.shapes.get(e.name)
        if full is None or shape is None:
            return None
        flags = '-'
        if self.flags:
            f = self.flags[i]
            flags = ('h' if f & 8 else '') + ('s' if f & 16 else '') + ('n' if f & 64 else '') or '.'
        text = e.text
        if e.name == 'print':
            at = text.find(' buf=')
            values = 'buf=' + quoted(text[at + 5:])
        else:
            values = ' '.join('%s=%s' % (n, v) for n, v, _ in shape.values(text))
        return e.ts, e.cpu, full, '%d %d %s %s %s %s' % (e.ts, e.cpu, task(e.comm, e.pid), flags, full, values)

    def lines(self):
        if self.cache is None:
            self.cache = [(self.rec.events[i], x) for i, x in enumerate(map(self.line, range(len(self.rec.events)))) if x]
        return self.cache

    def head(self):
        return ['# made by tests/oracle/to_ev.py', '@cpus %d' % max(self.rec.cpus, 1)]

    def convert(self, keep=None, omit=None, drop=0.0, lose=0.0, begin=0.0, end=1.0, seed=0):
        """(text, [(cpu, from, to, count)] of the losses). What was kept is left in self.kept, like a Recording."""
        rnd = random.Random(seed)
        keep, omit = keep and re.compile(keep), omit and re.compile(omit)
        first, span = self.rec.begin, self.rec.end - self.rec.begin
        lo, hi = first + int(span * begin), first + int(span * end)
        out, losses, last = self.head(), [], {}
        events, gaps = [], []
        losing = {}                                     # cpu -> [events still to cut, how many in all, since]
        for ev, (ts, cpu, full, text) in self.lines():
            if not lo <= ts <= hi or keep and not keep.search(full) or omit and omit.search(full):
                continue
            if drop and rnd.random() < drop:
                continue
            if lose:
                if cpu in losing:
                    row = losing[cpu]
                    row[0] -= 1
                    if row[0] > 0:
                        continue
                    del losing[cpu]
                    losses.append((cpu, row[2], ts, row[1]))
                    gaps.append((len(events), cpu, row[1]))
                    out.append('%d %d - - lost count=%d from=%dns' % (ts, cpu, row[1], row[2]))
                elif cpu in last and rnd.random() < lose / 40:
                    n = rnd.randint(1, 80)
                    losing[cpu] = [n, n, last[cpu]]
                    continue
                last[cpu] = ts
            out.append(text)
            events.append(ev)
        self.kept = rawtrace.Part(self.rec, events, gaps)
        return '\n'.join(out) + '\n', losses


def main(argv):
    opts = {'keep': None, 'omit': None, 'drop': 0.0, 'lose': 0.0, 'begin': 0.0, 'end': 1.0, 'seed': 0}
    names = {'--keep-events': ('keep', str), '--omit-events': ('omit', str), '--drop': ('drop', float),
             '--lose': ('lose', float), '--from': ('begin', float), '--to': ('end', float), '--seed': ('seed', int),
             '--only': ('keep', lambda n: ':' + re.escape(n) + '$')}
    path, i = None, 0
    while i < len(argv):
        if argv[i] in names:
            key, kind = names[argv[i]]
            opts[key] = kind(argv[i + 1])
            i += 2
        else:
            path, i = argv[i], i + 1
    if path is None:
        raise SystemExit(__doc__)
    sys.stdout.write(Converter(path).convert(**opts)[0])
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
