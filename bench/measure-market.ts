/**
 * Beats, openings, completions and validations over HTTP, each held against what it could cost at least.
 *
 * @module
 */
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { withClient } from './bulk.ts'
import { type Call, keepCalls, type LoadResult, runLoad } from './load.ts'
import { createBenchFunctions, runPgbench } from './pgbench.ts'
import { atLeast, atMost, type Results } from './results.ts'
import {
  accessClaims,
  clientId,
  createSigner,
  PROVIDER_ID,
  seedMarket,
  sessionClaims,
  sessionId,
} from './seed.ts'
import { type Server, startApi, startBare, startDatabase, startSingleBeats } from './stack.ts'

export interface MarketScale {
  live: number
  all: number
  seconds: number
  rounds: number
  pgbench: string | undefined
  commitDelayUs: number
  /** Also what does not depend on the cost of a commit. */
  isMain: boolean
}

/** Two running sessions each. */
const USERS = 50_000
const CONNECTIONS = 100
/** Of the live sessions; the others are completed, each once. */
const BEATING_SHARE = 0.6
/** Completed or validated for one figure. */
const SHARE_MAX = 4_000

export async function measureMarket(results: Results, scale: MarketScale): Promise<void> {
  const { live, all, seconds, rounds, pgbench, commitDelayUs, isMain } = scale
  const suffix = commitDelayUs > 0 ? ', commit + 1 ms' : ''
  const database = await startDatabase({
    commitDelayUs,
    seed: (url) => seedMarket(url, { users: USERS, live, all }),
  })
  const stops: (() => unknown)[] = [() => database.stop()]
  try {
    await createBenchFunctions(database.url)
    const signer = await createSigner(database.url)
    const api = await start(startApi(database.url), stops)
    const single = await start(startSingleBeats(database.url), stops)
    const bare = await start(startBare(), stops)
    const beats = keep(beatCalls(live, signer), stops)
    const opens = keep(openCalls(signer), stops)
    const load = async (
      server: Server,
      calls: { file: string },
      options: Partial<Parameters<typeof runLoad>[0]> = {},
    ) => {
      const order = { url: server.url, calls: calls.file, connections: CONNECTIONS, seconds, ...options }
      return checked(await runLoad(order))
    }

    // The first tenth also makes the program's own code and buffers grow, which are not a session's.
    const first = Math.floor(live / 10)
    await load(api, beats, { amount: first })
    const memoryBefore = residentMb(api.pid)
    await load(api, beats, { offset: first, amount: live - first })
    if (isMain) {
      const perTenThousand = (residentMb(api.pid) - memoryBefore) / ((live - first) / 10_000)
      results.add('memory per 10,000 live sessions', perTenThousand, atMost(15), 'MB')
    }
    await load(single, beats, { amount: Math.min(live, 20_000) })
    const beating = keep(beatCalls(Math.floor(live * BEATING_SHARE), signer), stops)
    const share = Math.min(SHARE_MAX, Math.floor((live * (1 - BEATING_SHARE)) / (rounds * 3)))
    let left = live
    let launched = 0

    for (let round = 0; round < rounds; round += 1) {
      // A session that was silent for 45 s costs a look at its user's allowance: each has to have beaten lately, as in life.
      await load(api, beating, { amount: Math.floor(live * BEATING_SHARE) })
      const floor = await load(bare, beating)
      const beat = await load(api, beating, { offset: round * 7_919 })
      const one = await load(single, beating, { offset: round * 104_729 })
      results.add(`beat / bare Fastify${suffix}`, beat.perSecond / floor.perSecond, atLeast(0.7))
      results.add(`beat / one statement per request${suffix}`, beat.perSecond / one.perSecond, atLeast(2))
      await latency(`beat${suffix}`, beating, beat)

      const open = await load(api, opens)
      if (pgbench) {
        const script = `\\set u random(1, ${USERS})\nselect bench_open_session(:u);`
        const bound = await runPgbench(pgbench, database.url, { script, seconds, clients: 10 })
        results.add(`open / pgbench, same writes${suffix}`, open.perSecond / bound, atLeast(0.6))
      } else results.miss(`open / pgbench, same writes${suffix}`, 'pgbench is not installed')
      await latency(`open${suffix}`, opens, open)

      await measureCompletions()
      if (isMain) await measureValidations()
    }

    /** What can be called once only is `amount` calls long. */
    async function latency(name: string, calls: { file: string }, most: LoadResult, amount?: number) {
      const rate = most.perSecond * 0.7
      const { p95Ms } = await load(api, calls, { rate, ...(amount && { seconds: amount / rate }) })
      results.add(`p95 of ${name} at 70 %`, p95Ms ?? 0, atMost(40), 'ms')
    }

    /** Live sessions that nobody has completed, taken from the end: the first are the ones that beat. */
    function takeSessions(): { from: number; calls: { file: string } } {
      left -= share
      return { from: left + 1, calls: keep(completeCalls(left + 1, share, signer), stops) }
    }

    async function measureCompletions() {
      const [fast, paced] = [takeSessions(), takeSessions()]
      // Warm: every JWT once seen, as a session's last call finds it.
      for (const { calls } of [fast, paced]) await load(api, keep(readCalls(calls), stops), { amount: share })
      const complete = await load(api, fast.calls, { amount: share })
      await latency(`complete${suffix}`, paced.calls, complete, share)
      if (!pgbench) return results.miss(`complete / pgbench, hot rows${suffix}`, 'pgbench is not installed')
      const { from } = takeSessions()
      await withClient(database.url, (client) =>
        client.query(`create sequence if not exists bench_next; select setval('bench_next', ${from}, false)`),
      )
      const script = `select bench_complete_session(nextval('bench_next'));`
      const clients = 10
      // No more than there are: completing what has ended costs nothing and would count.
      const transactions = Math.floor(share / clients)
      const bound = await runPgbench(pgbench, database.url, { script, transactions, clients })
      results.add(`complete / pgbench, hot rows${suffix}`, complete.perSecond / bound, atLeast(2))
    }

    async function measureValidations() {
      const launch = async () => {
        const opened = await openedLaunches(api, opens.file, launched, share)
        launched += share
        return keep(opened, stops)
      }
      // Nobody has validated before the first round: what is measured is not the compiler.
      if (launched === 0) await load(api, await launch(), { amount: share })
      const validate = await load(api, await launch(), { amount: share })
      results.add('validate / bare verify + sign', validate.perSecond / bareJwtRate(), atLeast(0.5))
      await latency('validate', await launch(), validate, share)
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

/** A load that met errors measured something else. */
function checked(result: LoadResult): LoadResult {
  if (result.errors > 0) throw new Error(`${result.errors} calls failed: the figure would mean nothing`)
  return result
}

type Signer = (typ: string, claims: object) => string

const beatCalls = (live: number, signer: Signer): Call[] =>
  Array.from({ length: live }, (_, i) => ({
    path: `/api/v1/sessions/${sessionId(i + 1)}/heartbeat`,
    token: signer('session+jwt', sessionClaims(sessionId(i + 1))),
    body: JSON.stringify({ clientId, sequence: '@seq', activeMs: 30_000 }),
  }))

const openCalls = (signer: Signer): Call[] =>
  Array.from({ length: USERS }, (_, i) => ({
    path: '/sessions',
    token: signer('at+jwt', accessClaims(i + 1)),
    body: JSON.stringify({ providerId: PROVIDER_ID, durationMinutes: 10 }),
  }))

const completeCalls = (first: number, amount: number, signer: Signer): Call[] =>
  Array.from({ length: amount }, (_, i) => ({
    path: `/api/v1/sessions/${sessionId(first + i)}/complete`,
    token: signer('session+jwt', sessionClaims(sessionId(first + i))),
    body: '{}',
  }))

/** The same sessions, beaten once. */
const readCalls = ({ file }: { file: string }): Call[] =>
  (JSON.parse(readFileSync(file, 'utf8')) as Call[]).map(({ path, token }) => ({
    path: path.replace('/complete', '/heartbeat'),
    ...(token !== undefined && { token }),
    body: JSON.stringify({ clientId, sequence: '@seq', activeMs: 30_000 }),
  }))

/** Sessions really opened, whose launch JWTs nobody has spent. */
async function openedLaunches(api: Server, file: string, first: number, count: number): Promise<Call[]> {
  const opens = (JSON.parse(readFileSync(file, 'utf8')) as Call[]).slice(first, first + count)
  const launches: Call[] = []
  for (let from = 0; from < opens.length; from += 50) {
    const opened = await Promise.all(
      opens.slice(from, from + 50).map(async ({ path, token, body }) => {
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
        const answer = await fetch(`${api.url}${path}`, { method: 'POST', headers, body })
        return (await answer.json()) as { launchJwt: string }
      }),
    )
    for (const { launchJwt } of opened) {
      launches.push({ path: '/api/v1/sessions/validate', body: JSON.stringify({ launchJwt, clientId }) })
    }
  }
  return launches
}

/** How often a second this thread checks one ES256 signature and makes another, with nothing around it. */
function bareJwtRate(): number {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const text = createHash('sha512').update('a header and a payload').digest()
  const dsaEncoding = 'ieee-p1363' as const
  const signature = sign('sha256', text, { key: privateKey, dsaEncoding })
  const started = performance.now()
  let rounds = 0
  for (; performance.now() - started < 1_000; rounds += 1) {
    verify('sha256', text, { key: publicKey, dsaEncoding }, signature)
    sign('sha256', text, { key: privateKey, dsaEncoding })
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
