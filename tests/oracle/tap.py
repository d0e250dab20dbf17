# SPDX-License-Identifier: GPL-2.0-only
"""TAP from Python."""
import sys


class Tap:
    def __init__(self, max_notes=8):
        self.n = self.failed = 0
        self.max_notes = max_notes

    def ok(self, good, what, notes=()):
        self.n += 1
        if not good:
            self.failed += 1
        print('%s %d - %s' % ('ok' if good else 'not ok', self.n, clean(what)))
        if not good:
            notes = list(notes)
            for note in notes[:self.max_notes]:
                print('  # ' + clean(note))
            if len(notes) > self.max_notes:
                print('  # ... and %d more' % (len(notes) - self.max_notes))
        sys.stdout.flush()
        return good

    def skip(self, what, why):
        self.n += 1
        print('ok %d - %s # SKIP %s' % (self.n, clean(what), clean(why)))

    def done(self):
        print('1..%d' % self.n)
        return 1 if self.failed else 0


def skip_all(why):
    print('1..0 # SKIP ' + why)
    sys.exit(0)


def clean(s):
    """One line, nothing that TAP or a terminal would understand."""
    return ''.join(c if c.isprintable() and c != '#' else '?' for c in str(s))


class Dist:
    """What the report says about a distribution and can be known exactly."""
    __slots__ = ('n', 'sum', 'min', 'max')

    def __init__(self, values=()):
        self.n = self.sum = self.max = 0
        self.min = None
        for v in values:
            self.add(v)

    def add(self, v):
        self.n += 1
        self.sum += v
        if self.min is None or v < self.min:
            self.min = v
        if v > self.max:
            self.max = v

    def key(self):
        return (self.n, self.sum, self.min, self.max) if self.n else (0,)

    def __repr__(self):
        return 'n=%d sum=%d min=%s max=%d' % (self.n, self.sum, self.min, self.max) if self.n else 'n=0'


def dist_key(d):
    """The same of a distribution in the report; None when there is none."""
    if d is None:
        return (0,)
    return (d['n'], d['sum'], d['min'], d['max']) if d['n'] else (0,)


def dist_text(k):
    return 'n=%d sum=%d min=%d max=%d' % k if len(k) == 4 else 'n=0'
