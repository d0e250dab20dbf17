// SPDX-License-Identifier: GPL-2.0-only
// The marks of marks.expected, from Node.js. "marks.js wait": one step for each line read, named by it.
'use strict'
const fs = require('fs')
const agentstep = require('./agentstep.js')

const values = ['two words', 'a|b', 'x\ny', '"', '"q" r', 'tab\there', 'E|1', '\x01\x02\x7f', ' ', '', '=', 'a=b', '\u00fc',
	'\u00e9'.repeat(100), 'x'.repeat(200), '0123456789'.repeat(10) + '01234'.repeat(10) + '01234567\u{1f600} blank']
const plan = { agent: 'planner', name: 'plan', id: 32, class: 'interactive', deadline_us: 20000, budget_us: 5000.5,
	traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', model: 'm-1', note: 'two words' }

function say(text) {
	fs.writeSync(1, text + '\n')
}

function wait() {
	const buf = Buffer.alloc(100)
	let n
	while ((n = fs.readSync(0, buf)) > 0) {
		for (const line of buf.toString('utf8', 0, n).trim().split('\n')) {
			say(`${line} wanted ${Number(agentstep.wanted())}`)
			agentstep.begin({ agent: 'node', name: 'wait', id: line })
			agentstep.end()
			say(`${line} done`)
		}
	}
}

function all() {
	agentstep.begin(plan)
	agentstep.begin()
	agentstep.end()
	agentstep.end()
	agentstep.asyncBegin(plan, 7)
	agentstep.on(7)
	agentstep.off(7)
	agentstep.asyncEnd(7, 32)
	agentstep.asyncBegin({}, 8)
	agentstep.asyncEnd(8)
	for (const v of values) {
		agentstep.asyncBegin({ agent: v, id: v }, 9)
		agentstep.asyncEnd(9, v)
	}
	const x = 'x ' + 'x'.repeat(200)
	const most = 2n ** 64n - 1n
	agentstep.asyncBegin({ agent: x, name: x, id: x, cls: x, traceparent: x, deadline_us: most, budget_us: most }, most)
}

say(`ready ${process.pid}`)
if (process.argv[2] === 'wait')
	wait()
else
	all()
