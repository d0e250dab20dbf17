// SPDX-License-Identifier: GPL-2.0-only
// What a step costs: "cost.js STEPS [call|step]" prints nanoseconds a mark, the best of ten rounds.
'use strict'
const { step, begin, end } = require('./agentstep.js')
const how = {
	call: () => {
		begin({ agent: 'planner', name: 'plan', id: 32, deadline_us: 20000 })
		end()
	},
	step: () => step({ agent: 'planner', name: 'plan', id: 32, deadline_us: 20000 }, () => 0),
}[process.argv[3] || 'call']
const n = Number(process.argv[2])
let best = Infinity
for (let round = 0; round < 10; round++) {
	const from = process.hrtime.bigint()
	for (let i = 0; i < n; i++)
		how()
	best = Math.min(best, Number(process.hrtime.bigint() - from) / (2 * n))
}
console.log(best.toFixed(1))
