# SPDX-License-Identifier: GPL-2.0-only
"""What agentstep.py does with functions, coroutines and spans: "behave.py FILE", marks going to FILE. Prints TAP without a plan."""
import asyncio
import os
import re
import sys
import threading

import agentstep
from agentstep import step

FILE = sys.argv[1]
PID = str(os.getpid())


def ok(good, what, *notes):
    print('%sok - Python: %s' % ('' if good else 'not ', what))
    for note in notes if not good else ():
        print('# %s' % (note,))
    sys.stdout.flush()


def marks():
    """What was written since the last time; pids and cookies made short: cookies are #1, #2 in order of appearance."""
    with open(FILE) as f:
        lines = f.read().splitlines()
    os.truncate(FILE, 0)
    seen = {}

    def short(m):
        return '|#%d' % seen.setdefault(m.group(1), len(seen) + 1)
    return [re.sub(r'\|(\d{7,})$', short, line.replace('|%s' % PID, '', 1)) for line in lines]


def same(want, what):
    got = marks()
    ok(got == want, what, 'got: %s' % got, 'want: %s' % want)


async def sleep():
    await asyncio.sleep(0.001)


def functions():
    @step
    def bare(x):
        return x + 1

    @step('kind', agent='a', id=3)
    def named():
        """Its words."""
        with step('inner'):
            raise KeyError(5)

    ok(bare(1) == 2 and named.__doc__ == 'Its words.' and bare.__name__ == 'bare', 'a decorated function is still the same')
    try:
        named()
        ok(False, 'what a function raises is passed on')
    except KeyError as e:
        ok(e.args == (5,), 'what a function raises is passed on')
    same(['B|step name=bare', 'E', 'B|step:3 agent=a name=kind', 'B|step name=inner', 'E', 'E'], 'functions nest')
    s = step('again')
    with s:
        with s:
            pass
    same(['B|step name=again'] * 2 + ['E'] * 2, 'a step may be entered inside itself')

    class Odd:
        def __str__(self):
            raise ValueError
    with step(Odd(), agent=None, id='', cls=7, budget_us='x', deadline_us=float('nan'), extra=None, more='\ud800'):
        pass
    same(['B|step name=? class=7 deadline_us=nan budget_us=x more=?', 'E'], 'odd values do no harm')


def generators():
    @step
    def numbers():
        got = yield 1
        yield got

    g = numbers()
    ok(next(g) == 1 and g.send(7) == 7 and list(g) == [], 'a decorated generator is still the same')
    same(['S|step name=numbers|#1', 'F|step|#1'], 'it is a step from its first item to its end')


def coroutines():
    @step('plan', agent='a', id='p')
    async def plan(n):
        await sleep()
        if n < 0:
            raise KeyError(n)
        return n

    ok(asyncio.run(plan(5)) == 5, 'a decorated coroutine gives its result')
    turn = ['A|#1', 'D|#1']
    same(['S|step:p agent=a name=plan|#1'] + 2 * turn + ['F|step:p|#1'], 'each time that it goes on and stops is marked')
    try:
        asyncio.run(plan(-1))
        ok(False, 'what a coroutine raises is passed on')
    except KeyError:
        ok(True, 'what a coroutine raises is passed on')
    same(['S|step:p agent=a name=plan|#1'] + 2 * turn + ['F|step:p|#1'], 'and it has ended')

    @step
    async def for_ever():
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            raise

    async def cancel():
        t = asyncio.create_task(for_ever())
        await asyncio.sleep(0)
        t.cancel()
        try:
            await t
        except asyncio.CancelledError:
            return True
    ok(asyncio.run(cancel()), 'a coroutine can be cancelled')
    same(['S|step name=for_ever|#1'] + 3 * turn + ['F|step|#1'], 'and takes its time to end')


def nested():
    @step
    async def inner():
        await sleep()

    @step
    async def outer():
        await inner()
        async with step('block', id='b'):
            await sleep()
        with step('plain'):
            pass
    asyncio.run(outer())
    same(['S|step name=outer|#1', 'A|#1',
          'S|step name=inner|#2', 'A|#2', 'D|#2', 'A|#2', 'D|#2', 'A|#1', 'F|step|#2',
          'S|step:b name=block|#3', 'A|#3', 'D|#3', 'A|#3', 'D|#3', 'A|#1', 'F|step:b|#3',
          'S|step name=plain|#4', 'A|#4', 'D|#4', 'A|#1', 'F|step|#4',
          'D|#1', 'F|step|#1'], 'inside another, the thread works for the inner one')


def together():
    @step
    async def one():
        await asyncio.sleep(0)

    @step
    async def two():
        await asyncio.gather(one(), child())

    async def child():
        await asyncio.sleep(0)

    async def main():
        await two()
    asyncio.run(main())
    same(['S|step name=two|#1', 'A|#1', 'D|#1', 'S|step name=one|#2', 'A|#2', 'D|#2', 'A|#2', 'D|#2', 'F|step|#2',
          'A|#1', 'D|#1', 'F|step|#1'], 'a task of its own is not its parent\'s')

    @step
    async def three():
        await asyncio.create_task(agentstep.carry(child()))
    asyncio.run(three())
    same(['S|step name=three|#1'] + 4 * ['A|#1', 'D|#1'] + ['F|step|#1'], 'unless it is carried')
    ok(asyncio.run(agentstep.carry(child())) is None and marks() == [], 'without a step there is nothing to carry')

    async def overlap(name, first, second):
        async with step(name):
            await asyncio.sleep(first)
    async def both():
        await asyncio.gather(overlap('a', 0.01, 0), overlap('b', 0.001, 0))
    asyncio.run(both())
    same(['S|step name=a|#1', 'S|step name=b|#2', 'F|step|#2', 'F|step|#1'], 'blocks of two tasks end their own steps')


def async_generators():
    @step
    async def items():
        yield 1
        await sleep()
        yield 2

    async def read(until):
        got = []
        async for i in items():
            got.append(i)
            if i == until:
                break
        return got
    ok(asyncio.run(read(0)) == [1, 2] and asyncio.run(read(1)) == [1], 'a decorated async generator is still the same')
    same(['S|step name=items|#1', 'F|step|#1', 'S|step name=items|#2', 'F|step|#2'], 'it is a step until it ends, or is left')


def threads():
    @step(id='t')
    def f():
        pass
    ts = [threading.Thread(target=lambda: [f() for _ in range(200)]) for _ in range(4)]
    [t.start() for t in ts]
    [t.join() for t in ts]
    got = marks()
    ok(sorted(set(got)) == ['B|step:t name=f', 'E'] and len(got) == 1600, 'threads', got[:4])
    pid = os.fork()
    if not pid:
        with step('child'):
            os._exit(0)
    os.waitpid(pid, 0)
    same(['B|%d|step name=child' % pid], 'a child marks with its own pid')


def closed():
    before = set(os.listdir('/proc/self/fd'))
    ours = [int(fd) for fd in before if os.path.exists('/proc/self/fd/' + fd) and os.path.samefile('/proc/self/fd/' + fd, FILE)]
    other = os.open(FILE + '.other', os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.dup2(other, ours[0])
    for _ in range(300):
        agentstep.end()
        if os.path.getsize(FILE):
            break
        threading.Event().wait(0.01)
    ok(len(ours) == 1 and marks()[:1] == ['E'] and not os.path.getsize(FILE + '.other'), 'it never writes to a descriptor that is another file\'s now')
    os.close(other)
    os.close(ours[0])


def spans():
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    p = agentstep.StepSpanProcessor(attributes=['gen_ai.request.model'])
    ok(isinstance(p, SpanProcessor), 'StepSpanProcessor is a SpanProcessor')
    provider = TracerProvider({'service.name': 'my agent'})
    provider.add_span_processor(p)
    with provider.start_span('invoke_agent', {'gen_ai.agent.name': 'planner'}):
        with provider.start_span('chat m-1', {'gen_ai.request.model': 'm-1', 'other': 1}):
            pass
    trace = 'trace=00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333%d-01'
    same(['S|step:b7ad6b7169203331 agent=planner name=invoke_agent %s|#1' % (trace % 1),
          'S|step:b7ad6b7169203332 agent="my agent" name="chat m-1" %s gen_ai_request_model=m-1|#2' % (trace % 2),
          'F|step:b7ad6b7169203332|#2', 'F|step:b7ad6b7169203331|#1'], 'spans are steps, with their traceparent')
    provider = TracerProvider()
    provider.add_span_processor(agentstep.StepSpanProcessor(agent='x', select=lambda s: s.name.startswith('invoke')))
    with provider.start_span('invoke'), provider.start_span('other'):
        pass
    got = marks()
    ok(len(got) == 2 and ' name=invoke ' in got[0], 'select chooses', got)
    agentstep.StepSpanProcessor().on_start(object())
    agentstep.StepSpanProcessor().on_end(object())
    ok(p.force_flush() and p.shutdown() is None and marks() == [], 'a span of another shape does no harm')
    try:
        agentstep.nothing
        ok(False, 'it has no other names')
    except AttributeError:
        ok(True, 'it has no other names')


ok('opentelemetry' not in sys.modules, 'OpenTelemetry is not imported unasked')
for test in functions, generators, coroutines, nested, together, async_generators, threads, closed, spans:
    test()
