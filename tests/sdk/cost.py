# SPDX-License-Identifier: GPL-2.0-only
"""What a step costs: "cost.py STEPS [with|call|decorator]" prints nanoseconds a mark, the best of ten rounds."""
import sys
import time

from agentstep import begin, end, step


@step('plan', agent='planner', id=32, deadline_us=20000)
def decorated():
    pass


def block(n):
    for _ in range(n):
        with step('plan', agent='planner', id=32, deadline_us=20000):
            pass


def call(n):
    for _ in range(n):
        begin('plan', agent='planner', id=32, deadline_us=20000)
        end()


def decorator(n):
    for _ in range(n):
        decorated()


n, how = int(sys.argv[1]), {'with': block, 'call': call, 'decorator': decorator}[(sys.argv + ['with'])[2]]
best = 1e18
for _ in range(10):
    start = time.perf_counter_ns()
    how(n)
    best = min(best, (time.perf_counter_ns() - start) / (2 * n))
print('%.1f' % best)
