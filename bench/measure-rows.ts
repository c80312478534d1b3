/**
 * Whether a beat's cost follows what exists, and what a second and a fourth process add.
 *
 * @module
 */
import os from 'node:os'
import { checkApplied } from './applied.ts'
import { cpuSeconds, createForeignCpu } from './cpu.ts'
import { keepCalls, type LoadOrder, type LoadResult, runLoads } from './load.ts'
import { atMost, type Results, shown } from './results.ts'
import { clientId, createSigner, noteBeats, seedMarket, sessionClaims, sessionId } from './seed.ts'
import { delayCommits, type Server, startApi, startDatabase } from './stack.ts'

const CONNECTIONS = 100
/** Of the live sessions, as in the market. */
const BEATING_SHARE = 0.3
const PROCESSES_MAX = 4
/** Of the processors: more is not to be had. */
const FULL = 0.9

const suffixOf = (delayUs: number) => (delayUs > 0 ? ', commit + 1 ms' : '')

interface Beaten {
  perSecond: number
  /** Cores that each had busy during it. */
  cores: { api: number; postgres: number; load: number; others: number }
}

interface Market {
  delayCommits(delayUs: number): Promise<void>
  /** Before each round: as if all that live had beaten just now. */
  noteBeats(): Promise<void>
  /** By so many processes, each for its own part of the sessions. */
  beat(processes: number): Promise<Beaten>
}

export async function measureRows(
  results: Results,
  scale: { rounds: number; seconds: number; all: number; live: number },
): Promise<void> {
  const { rounds, seconds, all, live } = scale
  const stops: (() => unknown)[] = []
  const text = (count: number) => count.toLocaleString('en')
  try {
    // The one that takes minutes first: the other's sessions would be over by then.
    const many = await startMarket({ live, all, seconds, processes: 1 }, stops)
    const few = await startMarket({ live, all: live, seconds, processes: PROCESSES_MAX }, stops)
    for (let round = 0; round < rounds; round += 1) {
      await results.inRound('rows and processes', round, async () => {
        await many.noteBeats()
        const among = await many.beat(1)
        await few.noteBeats()
        for (const delayUs of [0, 1000]) {
          await few.delayCommits(delayUs)
          const alone = await few.beat(1)
          noteLimit(results, { processes: 1, delayUs, round, beaten: alone })
          // Not with a dearer commit as well: that is the same for both and would only hide what a row costs.
          if (delayUs === 0) {
            const name = `cost of a beat among ${text(all)} sessions / among ${text(live)}`
            results.add(name, alone.perSecond / among.perSecond, atMost(1.3))
          }
          for (const processes of [2, PROCESSES_MAX]) {
            const beaten = await few.beat(processes)
            noteLimit(results, { processes, delayUs, round, beaten })
            const name = `${processes} API processes / 1, one database${suffixOf(delayUs)}`
            results.add(name, beaten.perSecond / alone.perSecond, shown)
          }
        }
        await few.delayCommits(0)
      })
    }
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

function noteLimit(
  results: Results,
  {
    processes,
    delayUs,
    round,
    beaten,
  }: { processes: number; delayUs: number; round: number; beaten: Beaten },
): void {
  const suffix = suffixOf(delayUs)
  const shares = Object.values(beaten.cores)
  const all = shares.reduce((sum, share) => sum + share, 0)
  const limit = all > FULL * os.cpus().length ? 'the processors' : 'waiting for commits and locks'
  const [api, postgres, load, others] = shares.map((share) => share.toFixed(2))
  const text =
    `API processes: ${processes}${suffix}, ${beaten.perSecond} beats a second. Cores busy: API ${api}, ` +
    `PostgreSQL ${postgres}, load ${load}, others ${others}, together ${all.toFixed(2)} of ${os.cpus().length}: ` +
    `limited by ${limit}`
  results.note('limits', text, { processes, delayUs, round: round + 1, ...beaten, limit })
}

async function startMarket(
  scale: { live: number; all: number; seconds: number; processes: number },
  stops: (() => unknown)[],
): Promise<Market> {
  const { live, all, seconds, processes: most } = scale
  const database = await startDatabase({
    // Two running sessions each, as in the market.
    seed: (url) => seedMarket(url, { users: Math.ceil(live / 2), live, all }),
  })
  stops.push(() => database.stop())
  const signer = await createSigner(database.url)
  const beating = Math.floor(live * BEATING_SHARE)
  const calls = keepCalls(
    Array.from({ length: beating }, (_, i) => ({
      path: `/api/v1/sessions/${sessionId(i + 1)}/heartbeat`,
      token: signer('session+jwt', sessionClaims(sessionId(i + 1))),
      body: JSON.stringify({ clientId, sequence: '@seq', activeMs: 30_000 }),
    })),
  )
  stops.push(calls.drop)
  const apis: Server[] = []
  for (let process = 0; process < most; process += 1) {
    const api = await startApi(database.url)
    stops.push(() => api.stop())
    apis.push(api)
  }

  const run = async (orders: Omit<LoadOrder, 'calls' | 'seconds'>[]): Promise<LoadResult[]> => {
    const loads = await runLoads(orders.map((order) => ({ ...order, calls: calls.file, seconds })))
    await checkApplied(database.url, 'beat', loads)
    return loads
  }
  /** A process for each part of the sessions, so that no two beat the same one. */
  const share = (processes: number): Omit<LoadOrder, 'calls' | 'seconds'>[] =>
    apis.slice(0, processes).map(({ url }, i) => ({
      url,
      connections: Math.floor(CONNECTIONS / processes),
      from: Math.floor((beating * i) / processes),
      to: Math.floor((beating * (i + 1)) / processes),
    }))
  const beatEach = (orders: Omit<LoadOrder, 'calls' | 'seconds'>[]) =>
    run(orders.map((order) => ({ ...order, amount: (order.to ?? 0) - (order.from ?? 0) })))

  // Each process sees the JWTs once that it will be asked about: the first all of them, the others their parts.
  await beatEach(share(1))
  for (let processes = 2; processes <= most; processes *= 2) await beatEach(share(processes).slice(1))
  return {
    delayCommits: (delayUs) => delayCommits(database.url, delayUs),
    noteBeats: () => noteBeats(database.url, live),
    async beat(processes) {
      const spent = () => [apis.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0), cpuSeconds(database.pid)]
      const foreign = createForeignCpu()
      const [apiBefore = 0, postgresBefore = 0] = spent()
      const loads = await run(share(processes))
      const [api = 0, postgres = 0] = spent()
      const others = (foreign() ?? 0) * os.cpus().length
      const sum = (of: (load: LoadResult) => number) => loads.reduce((total, load) => total + of(load), 0)
      const took = sum((load) => load.seconds) / loads.length
      const cores = (cpu: number) => Math.round((cpu / took) * 100) / 100
      return {
        perSecond: Math.round(sum((load) => load.perSecond)),
        cores: {
          api: cores(api - apiBefore),
          postgres: cores(postgres - postgresBefore),
          load: cores(sum((load) => load.cpuSeconds)),
          others: Math.round(others * 100) / 100,
        },
      }
    },
  }
}
