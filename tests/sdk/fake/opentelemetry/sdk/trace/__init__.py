# SPDX-License-Identifier: GPL-2.0-only
"""As much of OpenTelemetry's SDK as a SpanProcessor sees, in the same shape, for a machine where it cannot be installed."""
import itertools
import types

_ids = itertools.count(0xb7ad6b7169203331)
TRACE_ID = 0x0af7651916cd43dd8448eb211c80319c


class TraceFlags(int):
    pass


class SpanContext(tuple):
    """A tuple with names, as there."""
    def __new__(cls, trace_id, span_id, is_remote, trace_flags=TraceFlags(0)):
        return tuple.__new__(cls, (trace_id, span_id, is_remote, trace_flags))

    trace_id = property(lambda self: self[0])
    span_id = property(lambda self: self[1])
    is_remote = property(lambda self: self[2])
    trace_flags = property(lambda self: self[3])


class SpanProcessor:
    def on_start(self, span, parent_context=None):
        pass

    def _on_ending(self, span):
        pass

    def on_end(self, span):
        pass

    def shutdown(self):
        pass

    def force_flush(self, timeout_millis=30000):
        return True


class ReadableSpan:
    def __init__(self, name, context, attributes, resource):
        self._name, self._context, self._attributes, self._resource = name, context, attributes, resource

    name = property(lambda self: self._name)
    context = property(lambda self: self._context)
    attributes = property(lambda self: types.MappingProxyType(self._attributes))
    resource = property(lambda self: self._resource)

    def get_span_context(self):
        return self._context


class Span(ReadableSpan):
    def __init__(self, provider, *args):
        super().__init__(*args)
        self._provider = provider
        for p in provider._processors:
            p.on_start(self, parent_context=None)

    def end(self):
        for p in self._provider._processors:
            p._on_ending(self)
        # processors get another object than at the start
        for p in self._provider._processors:
            p.on_end(ReadableSpan(self._name, self._context, self._attributes, self._resource))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.end()


class TracerProvider:
    def __init__(self, resource=None):
        self._processors, self._resource = [], types.SimpleNamespace(attributes=resource or {})

    def add_span_processor(self, p):
        self._processors.append(p)

    def start_span(self, name, attributes=None):
        context = SpanContext(TRACE_ID, next(_ids), False, TraceFlags(1))
        return Span(self, name, context, dict(attributes or {}), self._resource)

    def shutdown(self):
        for p in self._processors:
            p.shutdown()
