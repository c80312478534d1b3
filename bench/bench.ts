/**
 * `npm run bench`: what the hot paths cost, as ratios formed inside a round of one run.
 *
 * Options: `--quick` (one short round), `--full` (10,000,000 rows), `--rounds 5`, `--only analytics` (or `rows`, `market`;
 * what is measured alone is printed and not kept), `--keep folder` (what the analytics are measured on stays in it and is used
 * as it is the next time).
 *
 * @module
 */
import os from 'node:os'
import { parseArgs } from 'node:util'
import { measureAnalytics } from './measure-analytics.ts'
import { measureMarket } from './measure-market.ts'
import { measureRows } from './measure-rows.ts'
import { findPgbench } from './pgbench.ts'
import { createForeignCpu, Results } from './results.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    keep: { type: 'string' },
  },
})
const PARTS = ['market', 'rows', 'analytics']
if (values.only !== undefined && !PARTS.includes(values.only))
  throw new Error(`--only takes ${PARTS.join(', ')}`)
const isAsked = (part: string) => values.only === undefined || values.only === part
const rounds = values.quick ? 1 : Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a whole number above 0')

const results = new Results()
const idle = createForeignCpu()
await new Promise((resolve) => setTimeout(resolve, 2_000))
const foreignCpuBefore = idle()
process.stdout.write(`others use ${Math.round(foreignCpuBefore * 100)} % of this machine before we begin\n`)

const pgbench = await findPgbench()
const scale = values.quick
  ? { live: 2_000, all: 20_000, seconds: 2 }
  : { live: 100_000, all: 1_000_000, seconds: 5 }
const all = values.full ? 10_000_000 : scale.all
for (const commitDelayUs of isAsked('market') ? [0, 1000] : []) {
  process.stdout.write(`\n== a commit costs ${commitDelayUs === 0 ? 'what this disk costs' : '1 ms more'}\n`)
  await measureMarket(results, { ...scale, rounds, pgbench, commitDelayUs, isMain: commitDelayUs === 0 })
}
if (isAsked('rows')) await measureRows(results, { rounds, seconds: scale.seconds, all, live: scale.live })
if (isAsked('analytics')) await measureAnalytics(results, { all, dataDir: values.keep })

const cpuDuring = idle()
results.print()
process.stdout.write(
  `load average ${os
    .loadavg()
    .map((load) => load.toFixed(1))
    .join(', ')}\n`,
)
if (values.only === undefined) results.write({ rounds, quick: values.quick, foreignCpuBefore, cpuDuring })
