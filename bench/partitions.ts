/**
 * `node bench/partitions.ts`: the hot statements on the schema as it is and on one whose growing tables are partitioned.
 *
 * Twelve months pass in both databases, a month in the one and then in the other: sessions are opened, validated, beaten,
 * completed or swept, their beats folded. What each costs is processor time of all of PostgreSQL's processes. Then it is told
 * which partitions each statement reads, and what no longer holds. `--hash` partitions sessions by hash instead of by time.
 * Linux only.
 *
 * @module
 */
import { checkLedger } from '../apps/api/src/ledger/check-ledger.ts'
import { withClient } from './bulk.ts'
import { type Market, MONTHS, monthAt, passMonth, startMarket } from './month.ts'
import { growingTables, partitionTable } from './partition.ts'
import { say, showPartitionsRead, showWhatBreaks } from './partitions-read.ts'

const tables = growingTables(
  Array.from({ length: MONTHS + 1 }, (_, month) => monthAt(month)),
  { isHash: process.argv.includes('--hash') },
)

async function compare(): Promise<void> {
  const plain = await startMarket()
  const parted = await startMarket()
  await withClient(parted.url, async (client) => {
    const local: string[] = []
    for (const partitioning of tables) local.push(...(await partitionTable(client, partitioning)))
    say(`unique within one partition only: ${local.join(', ')}`)
  })
  const ratios = new Map<string, number[]>()
  const costs = new Map<string, [number[], number[]]>()
  for (let month = 0; month < MONTHS; month += 1) {
    const one = await passMonth(plain, month)
    const other = await passMonth(parted, month)
    for (const [what, us] of one) {
      const both = costs.get(what) ?? [[], []]
      both[0].push(us)
      both[1].push(other.get(what)!)
      costs.set(what, both)
      ratios.set(what, [...(ratios.get(what) ?? []), other.get(what)! / us])
    }
  }
  say(
    `\nµs of processor time each, the median of ${MONTHS} months: as it is, partitioned, ratio (a quarter below, a quarter above)`,
  )
  for (const [what, [one, other]] of costs) {
    const ratio = [0.5, 0.25, 0.75].map((share) => quantile(ratios.get(what)!, share).toFixed(2))
    say(
      `${what}: ${quantile(one, 0.5).toFixed(0)}, ${quantile(other, 0.5).toFixed(0)}, ${ratio[0]} (${ratio[1]}–${ratio[2]})`,
    )
  }
  const [described, describedParted] = [await describe(plain), await describe(parted)]
  say(
    `\n${describedParted}\n${described === describedParted ? 'the same' : `NOT the same, but ${described}`} in both`,
  )
  await showPartitionsRead(parted)
  await showWhatBreaks(parted)
  await Promise.all([plain.stop(), parted.stop()])
}

async function describe({ db }: Market): Promise<string> {
  const { findings } = await db.inBatch((tx) => checkLedger(tx), { statementTimeoutMs: 120_000 })
  const [row] = await db.batch.query<{ text: string }>(`
    select format('%s sessions ended, %s ms used, %s tokens charged; %s transfers of %s tokens, %s events, %s rows of beats, %s deadlocks',
      (select count(*) from sessions where status = 'ended'), (select sum(used_ms) from sessions),
      (select sum(tokens_charged) from sessions), (select count(*) from transfers), (select sum(amount) from transfers),
      (select count(*) from events), (select count(*) from session_beats),
      (select deadlocks from pg_stat_database where datname = current_database())) as text`)
  return `${row?.text}; the ledger has ${findings.length} findings`
}

function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(share * (sorted.length - 1))]!
}

await compare()
