# SPDX-License-Identifier: GPL-2.0-only
"""The marks of marks.expected, from Python. "marks.py wait": one step for each line read, named by it."""
import os
import sys

import agentstep

VALUES = ['two words', 'a|b', 'x\ny', '"', '"q" r', 'tab\there', 'E|1', '\x01\x02\x7f', ' ', '', '=', 'a=b', '\u00fc', '\u00e9' * 100,
          'x' * 200, '0123456789' * 10 + '01234' * 10 + '01234567\U0001f600 blank']
PLAN = dict(agent='planner', name='plan', id=32, cls='interactive', deadline_us=20000, budget_us=5000.0,
            traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', model='m-1', note='two words')


def wait():
    for line in iter(sys.stdin.readline, ''):
        line = line.strip()
        print(line, 'wanted', int(agentstep.wanted()), flush=True)
        with agentstep.step('wait', agent='python', id=line):
            pass
        print(line, 'done', flush=True)


print('ready', os.getpid(), flush=True)
if sys.argv[1:] == ['wait']:
    sys.exit(wait())
agentstep.begin(**PLAN)
agentstep.begin()
agentstep.end()
agentstep.end()
agentstep.async_begin(cookie=7, **PLAN)
agentstep.on(7)
agentstep.off(7)
agentstep.async_end(7, 32)
agentstep.async_begin(cookie=8)
agentstep.async_end(8)
for v in VALUES:
    agentstep.async_begin(cookie=9, agent=v, id=v)
    agentstep.async_end(9, v)
x, most = 'x ' + 'x' * 200, (1 << 64) - 1
agentstep.async_begin(cookie=most, agent=x, name=x, id=x, cls=x, traceparent=x, deadline_us=most, budget_us=most)
