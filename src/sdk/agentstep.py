# SPDX-License-Identifier: GPL-2.0-only
"""Tell agenttop(1) where an agent's steps begin and end. One file, no dependencies; the manual is agentstep(3).

    from agentstep import step

    with step('plan', agent='planner', id=32, deadline_us=20000):
        plan()

    @step('tool', agent='planner')
    async def tool(): ...

With libagentstep.so a mark that nobody listens to costs next to nothing, and an agent needs no privilege to be heard. It is
looked for in $AGENTSTEP_LIB, beside this file, in ../../lib from here, and where the system has its libraries. Without it,
marks are written to trace_marker by those who may. AGENTSTEP=off in the environment turns it all off.

Nothing here raises because a mark cannot be told.
"""
import contextvars
import ctypes
import functools
import inspect
import itertools
import os
import re
import stat
import sys
import time
import types

__all__ = ['step', 'begin', 'end', 'async_begin', 'async_end', 'on', 'off', 'carry', 'cookie', 'wanted']

VALUE_MAX = 160     # bytes
TEXT_MAX = 960      # of a step's words: the library takes less than 1000, with what stands before and behind them


# ---- where marks go ----

def _lib_paths():
    if os.environ.get('AGENTSTEP_LIB'):
        return [os.environ['AGENTSTEP_LIB']]
    here = os.path.dirname(os.path.abspath(__file__))
    paths = [os.path.join(here, 'libagentstep.so'), os.path.join(here, '..', '..', 'lib', 'libagentstep.so')]
    return [p for p in paths if os.path.exists(p)] + ['libagentstep.so', '/usr/local/lib/libagentstep.so']


def _load():
    """The library and a view of its two counters, or (None, None)."""
    for path in _lib_paths():
        try:
            # PyDLL keeps the interpreter's lock: a mark is shorter than giving it away
            lib = ctypes.PyDLL(path)
            counters = ctypes.c_uint32.in_dll(lib, 'agentstep_probe_semaphore')     # and the other, right behind it
            lib.agentstep_text.argtypes, lib.agentstep_text.restype = [ctypes.c_char_p], None
            lib.agentstep_wanted.argtypes, lib.agentstep_wanted.restype = [], ctypes.c_int
            lib.agentstep_cookie.argtypes, lib.agentstep_cookie.restype = [], ctypes.c_uint64
            return lib, counters
        except (OSError, ValueError, AttributeError):
            continue
    return None, None


class _Marker:
    """trace_marker itself, without the library: nobody tells whether it is read."""
    PATHS = ['/sys/kernel/tracing/trace_marker', '/sys/kernel/debug/tracing/trace_marker']

    def __init__(self):
        path = os.environ.get('AGENTSTEP_MARKER')
        self.paths, self.fd, self.file, self.tried = [path] if path else self.PATHS, -1, None, None

    def open(self):
        now = int(time.monotonic())
        if self.tried == now:
            return False
        self.tried = now
        for path in self.paths:
            try:
                fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
            except OSError:
                continue
            st = os.fstat(fd)
            if stat.S_ISREG(st.st_mode):
                self.file, self.fd = (st.st_dev, st.st_ino), fd
                return True
            os.close(fd)
        return False

    def ready(self):
        if self.fd >= 0:
            try:
                st = os.fstat(self.fd)
                if (st.st_dev, st.st_ino) == self.file:
                    return True
            except OSError:
                pass
            self.fd = -1        # somebody closed it: the number may be another file's by now
        return self.open()

    def write(self, text):
        try:
            if self.ready():
                os.write(self.fd, text + b'\n')
        except OSError:
            pass


if os.environ.get('AGENTSTEP') == 'off' or not sys.platform.startswith('linux'):
    _lib, _counters = None, None
    _listened = wanted = lambda: False
    _tell = lambda text: None
    cookie = itertools.count(1 << 48).__next__
else:
    _lib, _counters = _load()
    if _lib:
        _tell, cookie = _lib.agentstep_text, _lib.agentstep_cookie

        def _listened():
            return _counters.value != 0

        def wanted():
            """Would a mark be told to somebody?"""
            return _counters.value != 0 and _lib.agentstep_wanted() != 0
    else:
        _marker = _Marker()
        _tell, _listened, wanted, cookie = _marker.write, _marker.ready, _marker.ready, itertools.count(1 << 48).__next__


# ---- the text of a mark ----

_plain = re.compile(r'[!#-{}~]{1,40}\Z').match      # nothing in it to replace, to quote or to cut
_replaced = {i: ' ' for i in [*range(32), 127]}
_replaced[ord('|')] = '/'
_quoted = dict(_replaced)
_quoted[ord('"')] = "'"
_key = re.compile(r'[^A-Za-z0-9_.-]').sub


def _value(v):
    try:
        v = str(v)
    except Exception:
        return '?'
    if _plain(v):
        return v
    v = v.translate(_quoted)
    b = v.encode('utf-8', 'replace')
    if len(b) > VALUE_MAX:
        v = b[:VALUE_MAX].decode('utf-8', 'ignore')
    return '"%s"' % v if ' ' in v else v


def _number(v):
    return '%d' % v if isinstance(v, float) and v == v and abs(v) < 1e18 else _value(v)


def _step_word(id):
    id = '' if id is None else _value(id)
    return 'step' + (id and (' id=' if ' ' in id else ':') + id)


def _words(name=None, agent=None, id=None, cls=None, deadline_us=None, budget_us=None, traceparent=None, **extra):
    out = [_step_word(id)]
    for key, v in (('agent', agent), ('name', name), ('class', cls), ('trace', traceparent)):
        if v is not None and v != '':
            out.append('%s=%s' % (key, _value(v)))
    if deadline_us:
        out.append('deadline_us=' + _number(deadline_us))
    if budget_us:
        out.append('budget_us=' + _number(budget_us))
    text = ' '.join(out).encode('utf-8', 'replace')
    for key, v in extra.items():
        if v is None:
            continue
        word = (' %s=%s' % (_key('_', key)[:40], _value(v))).encode('utf-8', 'replace')
        if len(text) + len(word) > TEXT_MAX:
            break
        text += word
    return text


# ---- marks ----

def begin(name=None, **words):
    """A step begins on this thread; end() ends it. They nest. Words as of step()."""
    if _listened():
        _tell(b'B|%d|%s' % (os.getpid(), _words(name, **words)))


def end():
    if _listened():
        _tell(b'E|%d' % os.getpid())


def async_begin(name=None, *, cookie=None, **words):
    """A step of which many may be open at once begins. Returns its cookie, for async_end(), on() and off()."""
    if cookie is None:
        cookie = _new_cookie()
    if _listened():
        _tell(b'S|%d|%s|%d' % (os.getpid(), _words(name, **words), cookie))
    return cookie


def async_end(cookie, id=None):
    if _listened():
        _tell(b'F|%d|%s|%d' % (os.getpid(), _step_word(id).encode('utf-8', 'replace'), cookie))


def on(cookie):
    """This thread now works for that step, of those that are open on its event loop."""
    if _listened():
        _tell(b'A|%d|%d' % (os.getpid(), cookie))


def off(cookie):
    if _listened():
        _tell(b'D|%d|%d' % (os.getpid(), cookie))


_new_cookie = cookie


# ---- which step a coroutine works for ----

class _Turns:
    """The steps of one coroutine that is driven by _drive(), outermost first; the thread works for the innermost."""
    __slots__ = ('cookies', 'running')

    def __init__(self, cookie):
        self.cookies, self.running = [cookie], False

    def enter(self, cookie):
        self.cookies.append(cookie)
        on(cookie)

    def leave(self, cookie):
        if cookie in self.cookies:
            self.cookies.remove(cookie)
        off(cookie)
        if self.cookies:
            on(self.cookies[-1])


_turns = contextvars.ContextVar('agentstep_turns')
_cookie = contextvars.ContextVar('agentstep_cookie')    # innermost async step, in children of its task too


def _running_turns():
    """Those of the coroutine that runs now. A child task sees its parent's, but those do not run while it does."""
    turns = _turns.get(None)
    return turns if turns is not None and turns.running else None


@types.coroutine
def _drive(coro, cookie):
    """Awaits coro; each time that it goes on and stops is marked, so time of others on the loop is not its own."""
    turns = _Turns(cookie)
    token = _turns.set(turns)
    resume, arg = coro.send, None
    try:
        while True:
            turns.running = True
            if turns.cookies:
                on(turns.cookies[-1])
            try:
                waits_for = resume(arg)
            except StopIteration as stop:
                return stop.value
            finally:
                turns.running = False
                off(turns.cookies[-1] if turns.cookies else cookie)
            try:
                resume, arg = coro.send, (yield waits_for)
            except GeneratorExit:
                coro.close()
                raise
            except BaseException as e:      # is for the coroutine: cancelled, or what it waited for failed
                resume, arg = coro.throw, e
    finally:
        try:
            _turns.reset(token)
        except ValueError:                  # closed from elsewhere
            pass


async def _driven(coro, cookie):
    return await _drive(coro, cookie)


def carry(coro):
    """A coroutine for a task of its own, which works for the step that is current here: create_task(carry(f()))."""
    cookie = _cookie.get(None)
    return coro if cookie is None else _driven(coro, cookie)


def _on_event_loop():
    asyncio = sys.modules.get('asyncio')
    return asyncio is not None and asyncio._get_running_loop() is not None


# ---- step ----

def step(name=None, /, **words):
    """One step: a context manager for `with` and `async with`, and a decorator of functions, coroutines and generators.

    name is its kind (steps are summed up by it), agent whose it is, id its own id. More: cls (latency class), deadline_us,
    budget_us, traceparent; any other keyword is a word that is kept and shown. Everything may be left out.
    What it returns may be entered again inside itself, but not by two threads or tasks at once; a decorator may.
    """
    if not words and callable(name):        # @step with nothing behind it
        return step()(name)
    if name is not None:
        words['name'] = name
    s = _new(_Step)
    s._words, s._text, s._open = words, None, None
    return s


class _Step:
    __slots__ = ('_words', '_text', '_open')    # _open: what was begun and not ended, innermost last

    def __repr__(self):
        return 'step(%s)' % ', '.join('%s=%r' % w for w in self._words.items())

    def __enter__(self):
        if _listened():
            self._open = self._open or []
            if _on_event_loop():    # others run while this one waits: they would end each other's
                self._async_enter()
            else:
                _tell(self._mark(b'B'))
                self._open.append(None)
        return self

    def __exit__(self, kind, value, trace):
        if self._open:
            self._leave()

    async def __aenter__(self):
        if _listened():
            self._open = self._open or []
            self._async_enter()
        return self

    async def __aexit__(self, kind, value, trace):
        if self._open:
            self._leave()

    def _mark(self, kind):
        if self._text is None:
            self._text = _words(**self._words)
        return b'%s|%d|%s' % (kind, os.getpid(), self._text)

    def _async_enter(self):
        c = _new_cookie()
        _tell(b'%s|%d' % (self._mark(b'S'), c))
        token = _cookie.set(c)
        turns = _running_turns()
        self._open.append((c, token, turns))
        if turns:
            turns.enter(c)
        return c, turns

    def _leave(self):
        what = self._open.pop()
        if what is None:
            return end()
        c, token, turns = what
        if turns:
            turns.leave(c)
        try:
            _cookie.reset(token)
        except ValueError:          # entered in another task
            pass
        async_end(c, self._words.get('id'))

    # ---- as a decorator ----

    def _again(self):
        s = _new(_Step)
        s._words, s._text, s._open = self._words, self._text, []
        return s

    def __call__(self, fn):
        s = step(**{'name': getattr(fn, '__name__', None), **self._words})
        s._text = _words(**s._words)
        if inspect.isasyncgenfunction(fn):
            wrapper = s._async_generator(fn)
        elif inspect.iscoroutinefunction(fn):
            wrapper = s._coroutine(fn)
        elif inspect.isgeneratorfunction(fn):
            wrapper = s._generator(fn)
        else:
            wrapper = s._function(fn)
        return functools.wraps(fn)(wrapper)

    def _function(self, fn):
        def wrapper(*args, **kwargs):
            if not _listened():
                return fn(*args, **kwargs)
            with self._again():
                return fn(*args, **kwargs)
        return wrapper

    def _coroutine(self, fn):
        async def wrapper(*args, **kwargs):
            if not _listened():
                return await fn(*args, **kwargs)
            s = self._again()
            c, turns = s._async_enter()
            try:
                coro = fn(*args, **kwargs)
                return await (coro if turns else _drive(coro, c))
            finally:
                s._leave()
        return wrapper

    def _generator(self, fn):
        def wrapper(*args, **kwargs):
            c = async_begin(**self._words)      # its caller runs in between
            try:
                return (yield from fn(*args, **kwargs))
            finally:
                async_end(c, self._words.get('id'))
        return wrapper

    def _async_generator(self, fn):
        async def wrapper(*args, **kwargs):
            c = async_begin(**self._words)
            items = fn(*args, **kwargs)
            try:
                async for item in items:
                    yield item
            finally:
                await items.aclose()
                async_end(c, self._words.get('id'))
        return wrapper


_new = _Step.__new__


# ---- OpenTelemetry ----

def _span_processor():
    try:
        from opentelemetry.sdk.trace import SpanProcessor as base
    except Exception:       # it is not there, or not whole
        base = object

    class StepSpanProcessor(base):
        """Every span is a step: provider.add_span_processor(StepSpanProcessor(agent='planner')).

        select(span) says which spans are (all of them, without it); attributes are names of attributes of the span, known
        when it starts, that are kept as words. The agent is agent=, or gen_ai.agent.name, or service.name.
        """

        def __init__(self, agent=None, select=None, attributes=()):
            self._agent, self._select, self._attributes, self._begun = agent, select, tuple(attributes), set()

        def _agent_of(self, span):
            if self._agent:
                return self._agent
            agent = (getattr(span, 'attributes', None) or {}).get('gen_ai.agent.name')
            resource = getattr(span, 'resource', None)
            return agent or (getattr(resource, 'attributes', None) or {}).get('service.name')

        def on_start(self, span, parent_context=None):
            if not _listened():
                return
            try:
                if self._select and not self._select(span):
                    return
                c = span.get_span_context()
                given = getattr(span, 'attributes', None) or {}
                words = {k.replace('.', '_'): given[k] for k in self._attributes if k in given}
                words.update(agent=self._agent_of(span), id='%016x' % c.span_id,
                             traceparent='00-%032x-%016x-%02x' % (c.trace_id, c.span_id, int(c.trace_flags) & 0xff))
                async_begin(span.name, cookie=c.span_id, **words)
                self._begun.add(c.span_id)
            except Exception:       # a span of another shape is no reason to fail
                pass

        def on_end(self, span):
            try:
                id = span.get_span_context().span_id
                if id in self._begun:
                    self._begun.discard(id)
                    async_end(id, '%016x' % id)
            except Exception:
                pass

        def shutdown(self):
            self._begun.clear()

        def force_flush(self, timeout_millis=30000):
            return True

    StepSpanProcessor.__module__, StepSpanProcessor.__qualname__ = __name__, 'StepSpanProcessor'
    return StepSpanProcessor


def __getattr__(name):
    if name == 'StepSpanProcessor':     # OpenTelemetry is only imported by who asks for it
        globals()[name] = _span_processor()
        return globals()[name]
    raise AttributeError('module %r has no attribute %r' % (__name__, name))
