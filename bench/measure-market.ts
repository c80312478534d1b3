/**
 * Beats, openings, completions and validations over HTTP, each held against what it could cost at least.
 *
 * @module
 */
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { checkApplied, type Work } from './applied.ts'
import { openLaunches } from './launches.ts'
import { type Call, keepCalls, type LoadOrder, type LoadResult, runLoads } from './load.ts'
import { bestOf, CLIENTS, completeScript, createBenchFunctions, openScript, runPgbench } from './pgbench.ts'
import { atLeast, atMost, type Results, shown } from './results.ts'
import {
  accessClaims,
  clientId,
  createSigner,
  noteBeats,
  PROVIDER_ID,
  seedMarket,
  sessionClaims,
  sessionId,
} from './seed.ts'
import { delayCommits, type Server, startApi, startBare, startDatabase, startSingleBeats } from './stack.ts'

export interface MarketScale {
  live: number
  all: number
  seconds: number
  rounds: number
  pgbench: string | undefined
  commitDelayUs: number
}

/** Two running sessions each. */
const USERS = 50_000
const CONNECTIONS = 100
/** Of the live sessions; the others are completed, each once. */
const BEATING_SHARE = 0.3
/** Sessions that are completed or launches that are validated, each once: what one figure takes is a number of shares. */
const SHARE_MAX = 1_000
/** Before the first round, so that the compiler is not measured. */
const WARMING_SHARES = 6
const FULL_SPEED_SHARES = 6
/** Of launches that another process signed, which is one figure more. */
const ELSEWHERE_SHARES = 3
/** At 70 % that is three seconds: of less, one pause would be the p95. */
const PACED_SHARES = 8
/** By pgbench, with few clients and with many alike. */
const PGBENCH_SHARES = 3
/** What the server with a statement per beat knows the JWTs of, and beats. */
const SINGLE_MAX = 8_000
/** Of one second less, one pause would be the p95. */
const PACED_SECONDS = 4

export async function measureMarket(results: Results, scale: MarketScale): Promise<void> {
  const { live, all, seconds, rounds, pgbench, commitDelayUs } = scale
  const suffix = commitDelayUs > 0 ? ', commit + 1 ms' : ''
  const database = await startDatabase({ seed: (url) => seedMarket(url, { users: USERS, live, all }) })
  const stops: (() => unknown)[] = [() => database.stop()]
  try {
    if (commitDelayUs > 0) await delayCommits(database.url, commitDelayUs)
    await createBenchFunctions(database.url)
    const signer = await createSigner(database.url)
    const api = await start(startApi(database.url), stops)
    const single = await start(startSingleBeats(database.url), stops)
    const bare = await start(startBare(), stops)
    const tokens = sessionTokens(live, signer)
    const beats = keep(beatCalls(tokens), stops)
    const completions = keep(completeCalls(tokens), stops)
    const openings = openCalls(signer)
    const opens = keep(openings, stops)

    /** @param work what has to be found in the database afterwards, or that nothing is */
    const load = async (
      server: Server,
      work: Work | 'nothing',
      calls: { file: string },
      options: Partial<LoadOrder> = {},
    ): Promise<LoadResult> => {
      const order = { url: server.url, calls: calls.file, connections: CONNECTIONS, seconds, ...options }
      const [result] = await runLoads([order])
      if (!result) throw new Error('a load has a result')
      if (work !== 'nothing') await checkApplied(database.url, work, [result])
      return result
    }

    // The first tenth also makes the program's own code and buffers grow, which are not a session's.
    const first = Math.floor(live / 10)
    await load(api, 'beat', beats, { to: first, amount: first })
    const memoryBefore = residentMb(api.pid)
    await load(api, 'beat', beats, { from: first, amount: live - first })
    // Once for each cost of a commit, which it does not depend on.
    const grownMb = residentMb(api.pid) - memoryBefore
    const memory = 'memory per 10,000 live sessions'
    if (live < 10_000) results.miss(memory, 'so few sessions are less than what else a process keeps')
    else results.add(memory, grownMb / ((live - first) / 10_000), atMost(15), 'MB')
    const beatenSingly = Math.min(Math.floor(live * BEATING_SHARE), SINGLE_MAX)
    await load(single, 'beat', beats, { to: beatenSingly, amount: beatenSingly })
    const beating = { to: Math.floor(live * BEATING_SHARE) }
    const completed =
      rounds * (FULL_SPEED_SHARES + PACED_SHARES + PGBENCH_SHARES * CLIENTS.length) + WARMING_SHARES
    const share = Math.min(SHARE_MAX, Math.floor((live * (1 - BEATING_SHARE)) / completed))
    let left = live
    let launched = 0

    await load(api, 'complete', completions, takeSessions(WARMING_SHARES))
    for (const signer of [api, single])
      await load(api, 'validate', await launch(WARMING_SHARES, signer), { amount: share * WARMING_SHARES })

    for (let round = 0; round < rounds; round += 1) {
      await results.inRound(`market${suffix}`, round, async () => {
        await noteBeats(database.url, live)
        const floor = await load(bare, 'nothing', beats, beating)
        const beat = await load(api, 'beat', beats, beating)
        const one = await load(single, 'beat', beats, { to: beatenSingly })
        results.add(`beat / bare Fastify${suffix}`, beat.perSecond / floor.perSecond, atLeast(0.7))
        results.add(`beat / one statement per request${suffix}`, beat.perSecond / one.perSecond, atLeast(2))
        await latency('beat', beats, beat, beating)
        await measureOpenings()
        await measureCompletions()
        await measureValidations()
      })
    }

    /** What can be called once only is `amount` calls long. */
    async function latency(
      work: Work,
      calls: { file: string },
      most: LoadResult,
      { amount, ...options }: Partial<LoadOrder> = {},
    ) {
      const rate = most.perSecond * 0.7
      const { p95Ms } = await load(api, work, calls, {
        rate,
        ...options,
        seconds: amount ? amount / rate : PACED_SECONDS,
      })
      results.add(`p95 of ${work}${suffix} at 70 %`, p95Ms ?? 0, atMost(40), 'ms')
    }

    async function measureOpenings() {
      const open = await load(api, 'open', opens)
      await latency('open', opens, open)
      const name = `open / pgbench, same writes${suffix}`
      if (!pgbench) return results.miss(name, 'pgbench is not installed')
      const script = openScript(USERS)
      const bound = await bestOf(results, `open${suffix}`, (clients) =>
        runPgbench(pgbench, database.url, { script, seconds, clients }),
      )
      results.add(name, open.perSecond / bound, atLeast(0.6))
    }

    /** Live sessions that nobody has completed, taken from the end: the first are the ones that beat. */
    function takeSessions(shares: number): { from: number; amount: number } {
      left -= share * shares
      return { from: left, amount: share * shares }
    }

    /** Sessions that wait for their launch JWT to be spent, opened and signed by that process. Users come round again. */
    async function launch(shares: number, at: Server): Promise<{ file: string }> {
      const calls = Array.from({ length: share * shares }, () => openings[launched++ % USERS]!)
      return keep(await openLaunches(at.url, calls), stops)
    }

    async function measureCompletions() {
      const complete = await load(api, 'complete', completions, takeSessions(FULL_SPEED_SHARES))
      await latency('complete', completions, complete, takeSessions(PACED_SHARES))
      const name = `complete / pgbench, hot rows${suffix}`
      if (!pgbench) return results.miss(name, 'pgbench is not installed')
      const bound = await bestOf(results, `complete${suffix}`, async (clients) => {
        const { from, amount } = takeSessions(PGBENCH_SHARES)
        const script = await completeScript(database.url, from + 1)
        // No more than there are: completing what has ended is refused.
        const transactions = Math.floor(amount / clients)
        return runPgbench(pgbench, database.url, { script, transactions, clients })
      })
      results.add(name, complete.perSecond / bound, atLeast(2))
    }

    async function measureValidations() {
      const amount = share * FULL_SPEED_SHARES
      const validate = await load(api, 'validate', await launch(FULL_SPEED_SHARES, api), { amount })
      const bare = bareJwtRate('ieee-p1363')
      results.add(`validate / bare verify + sign${suffix}`, validate.perSecond / bare, atLeast(0.5))
      const plain = validate.perSecond / bareJwtRate('der')
      results.add(`validate / bare verify + sign, in DER${suffix}`, plain, shown)
      // What a process signed itself it remembers; of several, most launches come to another one.
      const elsewhere = await launch(ELSEWHERE_SHARES, single)
      const verified = await load(api, 'validate', elsewhere, { amount: share * ELSEWHERE_SHARES })
      const name = 'validate what another instance signed / bare verify + sign'
      results.add(`${name}${suffix}`, verified.perSecond / bare, atLeast(0.5))
      await latency('validate', await launch(PACED_SHARES, api), validate, { amount: share * PACED_SHARES })
    }
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

async function start(starting: Promise<Server>, stops: (() => unknown)[]): Promise<Server> {
  const server = await starting
  stops.push(() => server.stop())
  return server
}

function keep(calls: Call[], stops: (() => unknown)[]) {
  const kept = keepCalls(calls)
  stops.push(kept.drop)
  return kept
}

type Signer = (typ: string, claims: object) => string

const sessionTokens = (live: number, signer: Signer): string[] =>
  Array.from({ length: live }, (_, i) => signer('session+jwt', sessionClaims(sessionId(i + 1))))

const beatCalls = (tokens: string[]): Call[] =>
  tokens.map((token, i) => ({
    path: `/api/v1/sessions/${sessionId(i + 1)}/heartbeat`,
    token,
    body: JSON.stringify({ clientId, sequence: '@seq', activeMs: 30_000 }),
  }))

const completeCalls = (tokens: string[]): Call[] =>
  tokens.map((token, i) => ({
    path: `/api/v1/sessions/${sessionId(i + 1)}/complete`,
    token,
    body: '{}',
  }))

const openCalls = (signer: Signer): Call[] =>
  Array.from({ length: USERS }, (_, i) => ({
    path: '/sessions',
    token: signer('at+jwt', accessClaims(i + 1)),
    body: JSON.stringify({ providerId: PROVIDER_ID, durationMinutes: 10 }),
  }))

/** How often a second this thread checks the ES256 signature of one JWT and makes that of another, with nothing around it. */
function bareJwtRate(dsaEncoding: 'ieee-p1363' | 'der'): number {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const text = createHash('sha512').update('a header and a payload').digest()
  // In its own encoding and without options node:crypto is quicker; that is no signature of a JWT yet.
  const isPlain = dsaEncoding === 'der'
  const [signing, checking] = isPlain
    ? [privateKey, publicKey]
    : [
        { key: privateKey, dsaEncoding },
        { key: publicKey, dsaEncoding },
      ]
  const signature = sign('sha256', text, signing)
  const started = performance.now()
  let rounds = 0
  for (; performance.now() - started < 1_000; rounds += 1) {
    verify('sha256', text, checking, signature)
    sign('sha256', text, signing)
  }
  return (rounds * 1000) / (performance.now() - started)
}

function residentMb(pid: number): number {
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
    return (Number(pages) * 4096) / 1_048_576
  } catch {
    return 0
  }
}
