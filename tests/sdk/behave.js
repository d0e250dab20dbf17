// SPDX-License-Identifier: GPL-2.0-only
// What agentstep.js does with functions and promises: "behave.js FILE", marks going to FILE. Prints TAP without a plan.
'use strict'
const fs = require('fs')
const { Worker, isMainThread } = require('worker_threads')
const agentstep = require('./agentstep.js')
const { step } = agentstep
const file = process.argv[2]

function ok(good, what, ...notes) {
	console.log(`${good ? '' : 'not '}ok - Node: ${what}`)
	if (!good)
		notes.forEach((n) => console.log(`# ${n}`))
}

// What was written since the last time; pids and cookies made short: cookies are #1, #2 in order of appearance.
function marks() {
	const lines = fs.readFileSync(file, 'utf8').split('\n').filter((l) => l)
	const seen = new Map()
	fs.truncateSync(file)
	return lines.map((l) => l.replace(`|${process.pid}`, '').replace(/\|(\d{7,})$/, (_, c) => {
		if (!seen.has(c))
			seen.set(c, seen.size + 1)
		return `|#${seen.get(c)}`
	}))
}

function same(want, what) {
	const got = JSON.stringify(marks())
	ok(got === JSON.stringify(want), what, `got: ${got}`, `want: ${JSON.stringify(want)}`)
}

const sleep = (ms) => new Promise((r) => setTimeout(r, ms))

async function main() {
	ok(step({ name: 'f' }, () => 5) === 5, 'a function gives its result')
	same(['S|step name=f|#1', 'F|step|#1'], 'and is a step')
	try {
		step({ id: 4 }, () => { throw new RangeError('x') })
		ok(false, 'what it throws is passed on')
	} catch (e) {
		ok(e instanceof RangeError, 'what it throws is passed on')
	}
	same(['S|step:4|#1', 'F|step:4|#1'], 'and it has ended')
	ok(await step(undefined, async () => { await sleep(1); return 6 }) === 6, 'a promise gives its result')
	same(['S|step|#1', 'F|step|#1'], 'and is a step')
	const e = await step({ id: 5 }, async () => { throw new TypeError('y') }).catch((x) => x)
	ok(e instanceof TypeError, 'what it is rejected with is passed on')
	same(['S|step:5|#1', 'F|step:5|#1'], 'and it has ended')
	await Promise.all([step({ id: 'a' }, () => sleep(20)), step({ id: 'b' }, () => sleep(1))])
	same(['S|step:a|#1', 'S|step:b|#2', 'F|step:b|#2', 'F|step:a|#1'], 'two at once end their own')
	agentstep.begin({ name: { toString() { throw new Error() } }, agent: null, id: '', deadline_us: NaN, budget_us: -1.5, more: '\ud800', 'a b': 1, u: undefined })
	agentstep.end()
	same(['B|step name=? budget_us=-1 more=\ufffd a_b=1', 'E'], 'odd values do no harm')
	agentstep.begin(Object.fromEntries([...Array(500)].map((_, i) => [`k${i}`, 'v'])))
	const got = marks()
	ok(got.length === 1 && got[0].length < 1000 && got[0].length > 900, 'too many words are left out')
	ok(agentstep.cookie() !== agentstep.cookie(), 'cookies are not given twice')

	const w = new Worker('require(process.argv[2]).step({ name: "w" }, () => 1)', { eval: true, argv: [require.resolve('./agentstep.js')] })
	await new Promise((r) => w.on('exit', r))
	same(['S|step name=w|#1', 'F|step|#1'], 'a worker thread loads it too')

	const esm = await import('./agentstep.js')
	ok(typeof esm.step === 'function' && typeof esm.asyncBegin === 'function', 'it can be imported by name')

	const ours = fs.readdirSync('/proc/self/fd').filter((fd) => {
		try {
			return fs.readlinkSync(`/proc/self/fd/${fd}`) === fs.realpathSync(file)
		} catch {
			return false
		}
	})
	const other = fs.openSync(`${file}.other`, 'w')
	ours.forEach((fd) => fs.closeSync(Number(fd)))
	const taken = ours.map(() => fs.openSync(`${file}.other`, 'w'))
	for (let i = 0; i < 300 && !fs.statSync(file).size; i++) {
		agentstep.end()
		await sleep(10)
	}
	ok(ours.length >= 1 && marks()[0] === 'E' && !fs.statSync(`${file}.other`).size, 'it never writes to a descriptor that is another file\'s now', ours, taken, other)
}

if (isMainThread)
	main()
