// SPDX-License-Identifier: GPL-2.0-only
'use strict'
/*
 * Tell agenttop(1) where an agent's steps begin and end. One file for Node.js, no dependencies; the manual is agentstep(3).
 *
 *	const { step } = require('./agentstep.js')	// or: import { step } from './agentstep.js'
 *	const answer = await step({ agent: 'planner', name: 'plan', id: 32, deadline_us: 20000 }, async () => plan())
 *
 * With libagentstep.so a mark that nobody listens to costs next to nothing, and an agent needs no privilege to be heard. It
 * is looked for in $AGENTSTEP_LIB, beside this file, in ../../lib from here, and where the system has its libraries. Without
 * it, marks are written to trace_marker by those who may. AGENTSTEP=off in the environment turns it all off.
 *
 * Nothing here throws because a mark cannot be told.
 */
const fs = require('fs')
const path = require('path')

const VALUE_MAX = 160	// bytes
const TEXT_MAX = 960	// of a step's words: the library takes less than 1000, with what stands before and behind them

// ---- where marks go ----

function libPaths() {
	if (process.env.AGENTSTEP_LIB)
		return [process.env.AGENTSTEP_LIB]
	const near = [path.join(__dirname, 'libagentstep.so'), path.join(__dirname, '..', '..', 'lib', 'libagentstep.so')]
	return [...near.filter((p) => fs.existsSync(p)), 'libagentstep.so', '/usr/local/lib/libagentstep.so']
}

function load() {
	for (const p of libPaths()) {
		try {
			const module = { exports: {} }
			process.dlopen(module, p)
			if (module.exports.text)
				return module.exports
		} catch { /* the next one */ }
	}
	return null
}

// trace_marker itself, without the library: nobody tells whether it is read.
class Marker {
	constructor() {
		const p = process.env.AGENTSTEP_MARKER
		this.paths = p ? [p] : ['/sys/kernel/tracing/trace_marker', '/sys/kernel/debug/tracing/trace_marker']
		this.fd = -1
		this.tried = -1
		this.last = 2 ** 48
	}

	open() {
		const c = fs.constants
		const now = Math.floor(process.uptime())
		if (now === this.tried)
			return false
		this.tried = now
		for (const p of this.paths) {
			try {
				const fd = fs.openSync(p, c.O_WRONLY | c.O_APPEND | c.O_NONBLOCK | c.O_NOCTTY)
				const st = fs.fstatSync(fd)
				if (st.isFile()) {
					this.fd = fd
					this.dev = st.dev
					this.ino = st.ino
					return true
				}
				fs.closeSync(fd)
			} catch { /* the next one */ }
		}
		return false
	}

	wanted() {
		if (this.fd >= 0) {
			try {
				const st = fs.fstatSync(this.fd)
				if (st.dev === this.dev && st.ino === this.ino)
					return true
			} catch { /* somebody closed it: the number may be another file's by now */ }
			this.fd = -1
		}
		return this.open()
	}

	text(s) {
		try {
			if (this.wanted())
				fs.writeSync(this.fd, s + '\n')
		} catch { /* tracing is off */ }
	}

	cookie() {
		return ++this.last
	}
}

function sink() {
	if (process.env.AGENTSTEP === 'off' || process.platform !== 'linux') {
		let last = 0
		return { text() {}, wanted: () => false, cookie: () => ++last }
	}
	return load() || new Marker()
}

const to = sink()

// ---- the text of a mark ----

const plain = /^[!#-{}~]{1,40}$/	// nothing in it to replace, to quote or to cut

function cut(s) {
	let b = Buffer.from(s)
	if (b.length <= VALUE_MAX)
		return s
	let n = VALUE_MAX
	while ((b[n] & 0xc0) === 0x80)
		n--
	return b.toString('utf8', 0, n)
}

function value(v) {
	try {
		v = String(v)
	} catch {
		return '?'
	}
	if (plain.test(v))
		return v
	v = cut(v.replace(/[\0-\x1f\x7f]/g, ' ').replace(/\|/g, '/').replace(/"/g, "'"))
	return v.includes(' ') ? `"${v}"` : v
}

function number(v) {
	return typeof v === 'number' && Number.isFinite(v) ? String(BigInt(Math.trunc(v))) : value(v)
}

function given(v) {
	return v !== undefined && v !== null && v !== ''
}

function stepWord(id) {
	id = given(id) ? value(id) : ''
	return 'step' + (id && (id.includes(' ') ? ' id=' : ':') + id)
}

const known = new Set(['agent', 'name', 'id', 'cls', 'class', 'traceparent', 'deadline_us', 'budget_us'])

function words(o) {
	if (!o)
		return 'step'
	let text = stepWord(o.id)
	for (const [key, v] of [['agent', o.agent], ['name', o.name], ['class', o.cls ?? o.class], ['trace', o.traceparent]])
		if (given(v))
			text += ` ${key}=${value(v)}`
	if (o.deadline_us)
		text += ` deadline_us=${number(o.deadline_us)}`
	if (o.budget_us)
		text += ` budget_us=${number(o.budget_us)}`
	for (const key of Object.keys(o)) {
		if (known.has(key) || o[key] === undefined || o[key] === null)
			continue
		const more = `${text} ${key.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 40)}=${value(o[key])}`
		if (Buffer.byteLength(more) > TEXT_MAX)
			break
		text = more
	}
	return text
}

// ---- marks ----

function wanted() {
	return to.wanted()
}

// A number that was not given before in this process.
function cookie() {
	return to.cookie()
}

// A step begins on this thread, and end() ends it, with nothing awaited in between. They nest.
function begin(o) {
	if (to.wanted())
		to.text(`B|${process.pid}|${words(o)}`)
}

function end() {
	if (to.wanted())
		to.text(`E|${process.pid}`)
}

// A step of which many may be open at once begins. Returns its cookie, for asyncEnd(), on() and off().
function asyncBegin(o, c = to.cookie()) {
	if (to.wanted())
		to.text(`S|${process.pid}|${words(o)}|${c}`)
	return c
}

function asyncEnd(c, id) {
	if (to.wanted())
		to.text(`F|${process.pid}|${stepWord(id)}|${c}`)
}

// This thread now works for that step, of those that are open on its event loop.
function on(c) {
	if (to.wanted())
		to.text(`A|${process.pid}|${c}`)
}

function off(c) {
	if (to.wanted())
		to.text(`D|${process.pid}|${c}`)
}

// fn is one step, until it returns, or the promise that it returns is settled. What it returns or throws is passed on.
function step(o, fn) {
	if (!to.wanted())
		return fn()
	const c = asyncBegin(o)
	const ended = () => asyncEnd(c, o && o.id)
	let result
	try {
		result = fn()
	} catch (e) {
		ended()
		throw e
	}
	if (result && typeof result.then === 'function')
		return result.then((v) => { ended(); return v }, (e) => { ended(); throw e })
	ended()
	return result
}

module.exports = { step, begin, end, asyncBegin, asyncEnd, on, off, cookie, wanted }
