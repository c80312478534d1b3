/**
 * `npm run bench`: what the hot paths cost, as ratios formed inside a round of one run.
 *
 * `--help` says what it takes. What is measured alone or in fewer than three rounds is printed and not kept.
 *
 * @module
 */
import os from 'node:os'
import { readArguments, refuseArguments } from '../apps/api/src/read-arguments.ts'
import { createForeignCpu } from './cpu.ts'
import { withinMinutes } from './deadline.ts'
import { measureAnalytics } from './measure-analytics.ts'
import { measureMarket } from './measure-market.ts'
import { measureRows } from './measure-rows.ts'
import { findPgbench } from './pgbench.ts'
import { Results } from './results.ts'

const HELP = `npm run bench -- [--quick] [--full] [--rounds 3] [--only market|rows|analytics] [--keep FOLDER]

  Measures the hot paths as ratios of one run, up to 20 minutes, and writes bench/results.json.
  --quick   one short round, printed and not kept
  --full    10,000,000 rows, up to 90 minutes, kept in bench/results-full.json
  --rounds  fewer than three are printed and not kept
  --only    this part alone, printed and not kept
  --keep    what the analytics are measured on stays in this folder, and is used as it is the next time`

const { values } = readArguments(HELP, {
  options: {
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    keep: { type: 'string' },
  },
})
const PARTS = ['market', 'rows', 'analytics']
/** Fewer have no spread. */
const ROUNDS_KEPT_MIN = 3
/** Ten million rows have to be written twice. */
const MINUTES_MAX = values.full ? 90 : 20
if (values.only !== undefined && !PARTS.includes(values.only))
  refuseArguments(`--only takes ${PARTS.join(', ')}`)
const isAsked = (part: string) => values.only === undefined || values.only === part
const rounds = values.quick ? 1 : Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) refuseArguments('--rounds must be a whole number above 0')

const started = performance.now()
const results = new Results()
const idle = createForeignCpu()
await new Promise((resolve) => setTimeout(resolve, 2_000))
const foreignCpuBefore = idle()
if (foreignCpuBefore !== null)
  process.stdout.write(`others use ${Math.round(foreignCpuBefore * 100)} % of this machine before we begin\n`)

// What was measured until then is shown, and not kept.
const failure = await withinMinutes(MINUTES_MAX, measure).then(
  () => undefined,
  (error: unknown) => error,
)

const tookSeconds = Math.round((performance.now() - started) / 1000)
results.print()
const load = os.loadavg().map((average) => average.toFixed(1))
process.stdout.write(`took ${tookSeconds} s, load average ${load.join(', ')}\n`)
if (failure !== undefined) throw failure
if (values.only === undefined && rounds >= ROUNDS_KEPT_MIN) {
  const file = values.full ? 'results-full.json' : 'results.json'
  results.write(file, { rounds, tookSeconds, foreignCpuBefore })
  process.stdout.write(`kept in bench/${file}\n`)
} else process.stdout.write(`not kept: that takes all parts in ${ROUNDS_KEPT_MIN} rounds or more\n`)

async function measure(): Promise<void> {
  const pgbench = await findPgbench()
  const scale = values.quick
    ? { live: 2_000, all: 20_000, seconds: 2 }
    : { live: 100_000, all: 1_000_000, seconds: 3 }
  const all = values.full ? 10_000_000 : scale.all
  for (const commitDelayUs of isAsked('market') ? [0, 1000] : []) {
    process.stdout.write(
      `\n== a commit costs ${commitDelayUs === 0 ? 'what this disk costs' : '1 ms more'}\n`,
    )
    await measureMarket(results, { ...scale, rounds, pgbench, commitDelayUs })
  }
  if (isAsked('rows')) await measureRows(results, { rounds, seconds: scale.seconds, all, live: scale.live })
  if (isAsked('analytics')) await measureAnalytics(results, { rounds, all, dataDir: values.keep })
}
