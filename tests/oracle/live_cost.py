#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The live screen's own cost, as its header has it (`cost X % of a CPU`, of the last second), against /proc.

  live_cost.py           TAP. COST_SECONDS: how long it is watched (default 8)

On a terminal of 80x24 (tmux, with a server of its own), under a load. The mean of what the header said, looked at four
times a second, and the CPU time of both processes over the same seconds: within 0.4 % of a CPU, or an eighth.
"""
import atexit
import os
import re
import subprocess
import sys
import time

from livetest import NS, agent, children, cpu_ns, instances_of, need_live, two_cpus, until
from tap import Tap, skip_all

COST = re.compile(r'cost (\d+(?:\.\d+)?) % of a CPU')


class Terminal:
    def __init__(self, tmp, *command):
        self.tmux = ['tmux', '-S', os.path.join(tmp, 'tmux'), '-f', '/dev/null']
        subprocess.run(self.tmux + ['new-session', '-d', '-x', '80', '-y', '24', ' '.join(('exec',) + command)], check=True)
        atexit.register(self.end)
        self.pid = int(self.ask('display-message', '-p', '#{pane_pid}'))

    def ask(self, *args):
        return subprocess.run(self.tmux + list(args), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout.decode('utf-8', 'replace')

    def screen(self):
        return self.ask('capture-pane', '-p')

    def end(self):
        self.ask('kill-server')


def main():
    binary, tmp = need_live('tmux')
    length = float(os.environ.get('COST_SECONDS', '8'))
    a, b = two_cpus()
    load = agent('--cpu', str(a), '--peer-cpu', str(b), '--flood=10000', '--writes=100', '--forever')
    if not load:
        skip_all('agentloop is not built')
    tap = Tap()
    t = Terminal(tmp, binary)
    shown = until(lambda: COST.search(t.screen()), 20, .1)
    if not tap.ok(shown, 'the header says what it costs', t.screen().splitlines()[:6]):
        return tap.done()
    time.sleep(2)
    pids = [t.pid] + children(t.pid)
    said, c0, t0 = [], cpu_ns(*pids), time.monotonic_ns()
    while time.monotonic_ns() - t0 < length * NS:
        time.sleep(.25)
        m = COST.search(t.screen())
        if m:
            said.append(float(m.group(1)))
    c1, t1 = cpu_ns(*pids), time.monotonic_ns()
    mean, used = sum(said) / max(len(said), 1), 100 * (c1 - c0) / (t1 - t0)
    tap.ok(len(said) > length and abs(mean - used) < max(.4, used / 8), 'cost: the screen says %.2f %%, /proc %.2f %%' % (mean, used), [str(said)])
    t.ask('send-keys', 'q')
    tap.ok(until(lambda: not os.path.exists('/proc/%d' % t.pid), 10), 'it ends')
    tap.ok(not instances_of(t.pid), 'and leaves nothing')
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
