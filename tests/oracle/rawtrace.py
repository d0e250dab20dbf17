# SPDX-License-Identifier: GPL-2.0-only
"""A recording as a list of events, read by trace-cmd in raw mode: no code of agenttop's takes part.

Ev is (ts, cpu, comm, pid, name, text): ns, number, the comm and pid that trace-cmd shows for the record
(pid is common_pid: who was on the CPU), event name without its system, and the fields as trace-cmd -R prints them.
"""
import re
import subprocess
from collections import namedtuple

Ev = namedtuple('Ev', 'ts cpu comm pid name text')

LINE = re.compile(r'^\s*(.*)-(\d+)\s+\[(\d+)\]\s+(\d+)\.(\d{9}): +(\S+?):(?: +(.*))?$')
LATENCY = re.compile(r'^\s*.*-\d+\s+\d+-(0x[0-9a-f]+)\s+(\d+)\.(\d{9}): ')
# Of a recording with several buffers the line is indented.
LOST = re.compile(r'^\s*CPU:(\d+) \[(?:(\d+) )?EVENTS DROPPED\]')


class Recording:
    """events: in time order; lost: list of (index of the next event, cpu, count or 0)."""

    def __init__(self, path, timeout=300):
        run = subprocess.run(['trace-cmd', 'report', '-R', '-t', '-i', path], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=timeout, check=False)
        self.path, self.events, self.lost, self.odd, self.cpus = path, [], [], [], 0
        add = self.events.append
        for line in run.stdout.decode('utf-8', 'surrogateescape').split('\n'):
            m = LINE.match(line)
            if m:
                comm, pid, cpu, sec, ns, name, text = m.groups()
                add(Ev(int(sec) * 10**9 + int(ns), int(cpu), comm, int(pid), name, text or ''))
                continue
            m = LOST.match(line)
            if m:
                self.lost.append((len(self.events), int(m.group(1)), int(m.group(2) or 0)))
            elif line.startswith('cpus='):
                self.cpus = int(line[5:])
            elif line.strip():
                self.odd.append(line)   # the rest of a print that holds a newline, mostly
        # trace-cmd's merge is by time already; a stable sort keeps each CPU's own order
        self.events.sort(key=lambda e: e.ts)
        self.names = set(e.name for e in self.events)
        self.begin = self.events[0].ts if self.events else 0
        self.end = self.events[-1].ts if self.events else 0

    def flags(self):
        """common_flags of each event, in the order of `events`; [] when they cannot be told apart for sure."""
        out = subprocess.run(['trace-cmd', 'report', '-R', '-t', '-l', '-i', self.path], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=False).stdout.decode('utf-8', 'surrogateescape')
        rows = []
        for line in out.split('\n'):
            m = LATENCY.match(line)
            if m:
                rows.append((int(m.group(2)) * 10**9 + int(m.group(3)), int(m.group(1), 16)))
        rows.sort(key=lambda r: r[0])
        if [r[0] for r in rows] != [e.ts for e in self.events]:
            return []
        return [r[1] for r in rows]

    def systems(self):
        """event name -> system:name"""
        out = subprocess.run(['trace-cmd', 'report', '-E', '-i', self.path], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=False).stdout.decode('utf-8', 'replace')
        res = {'print': 'ftrace:print', 'bprint': 'ftrace:bprint'}
        for line in out.split():
            if ':' in line:
                res.setdefault(line.split(':', 1)[1], line)
        return res

    def formats(self):
        """Text of the event formats, by event name."""
        out = subprocess.run(['trace-cmd', 'dump', '--events', '-i', self.path], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=False).stdout.decode('utf-8', 'replace')
        res = {}
        for block in re.split(r'(?m)^(?=name: )', out):
            m = re.match(r'name: (\S+)', block)
            if m:
                res[m.group(1)] = block
        return res

    def state_letter(self):
        """A function from the number in prev_state to one letter, 'R' for runnable, by the format's own table."""
        fmt = self.formats().get('sched_switch', '')
        table = sorted((int(n, 0), s) for n, s in re.findall(r'\{ *(0x[0-9a-fA-F]+|\d+) *, *"(\w)" *\}', fmt))
        if not table:
            table = [(1, 'S'), (2, 'D'), (4, 'T'), (8, 't'), (16, 'X'), (32, 'Z'), (64, 'P'), (128, 'I')]
        cache = {}

        def letter(n):
            if n not in cache:
                cache[n] = next((s for bit, s in table if n & bit), 'R')
            return cache[n]
        return letter


class Part:
    """Some of a recording's events, as tables.py wants them."""

    def __init__(self, rec, events, lost):
        self.rec, self.events, self.lost, self.odd, self.cpus, self.path = rec, events, lost, [], rec.cpus, rec.path
        self.names = set(e.name for e in events)
        self.begin = events[0].ts if events else 0
        self.end = events[-1].ts if events else 0

    def state_letter(self):
        return self.rec.state_letter()


def num(text):
    return int(text, 0)


_field = {}


def field(text, name):
    """One field's value up to the next blank, or None. For comms and other texts with blanks use a pattern."""
    r = _field.get(name)
    if r is None:
        r = _field[name] = re.compile(r'(?:^| )' + re.escape(name) + r'=(\S*)')
    m = r.search(text)
    return m.group(1) if m else None


SWITCH = re.compile(r'^prev_comm=(.*) prev_pid=(-?\d+) prev_prio=-?\d+ prev_state=(\S+) '
                    r'next_comm=(.*) next_pid=(-?\d+) next_prio=-?\d+')
WAKE = re.compile(r'^comm=(.*) pid=(-?\d+) prio=-?\d+ (?:success=\d+ )?target_cpu=0*(\d+)$')
IRQ_ENTRY = re.compile(r'^irq=(\d+) name=(.*)$')
NAME_LAST = re.compile(r'(?:^| )name=(.*)$')
