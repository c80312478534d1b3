/**
 * Two API processes behind a load balancer, each replaced in turn while sessions beat, open, are validated and completed.
 *
 * @module
 */
import { readArguments, refuseArguments } from '../apps/api/src/read-arguments.ts'
import { type Balancer, startBalancer } from './balancer.ts'
import {
  accessClaims,
  clientId,
  createSigner,
  PROVIDER_ID,
  seedMarket,
  sessionClaims,
  sessionId,
} from './seed.ts'
import { type Server, startApi, startDatabase } from './stack.ts'

export interface RollingRestart {
  calls: number
  failed: number
  restarts: number
}

const HELP = `npm run rolling-restart -- [5]

  Replaces two API processes in turn under load, as often as the number says, and counts calls that failed.
  Ends with 1 when one did.`
const LIVE = 200
const CALLERS = 16

/** @param rounds how often both processes are replaced */
export async function restartUnderLoad(rounds: number): Promise<RollingRestart> {
  const database = await startDatabase()
  const balancer = await startBalancer()
  let servers: Server[] = []
  try {
    await seedMarket(database.url, { users: 50, live: LIVE, all: LIVE })
    const signer = await createSigner(database.url)
    servers = await Promise.all([startApi(database.url), startApi(database.url)])
    for (const { url } of servers) balancer.add(url)
    const load = startLoad(balancer, signer)
    let restarts = 0
    for (let round = 0; round < rounds; round += 1) {
      for (let i = 0; i < servers.length; i += 1) {
        await load.moreCalls(200)
        const old = servers[i] as Server
        const fresh = await startApi(database.url)
        balancer.add(fresh.url)
        await balancer.drain(old.url)
        await old.stop()
        servers[i] = fresh
        restarts += 1
      }
    }
    await load.moreCalls(200)
    return { ...(await load.stop()), restarts }
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
    await balancer.stop()
    await database.stop()
  }
}

/** Calls one after another from several callers: every answer that is not the wanted one is a failure. */
function startLoad(balancer: Balancer, signer: (typ: string, claims: object) => string) {
  let calls = 0
  let failed = 0
  let isRunning = true
  let sequence = 0
  const waiting: { at: number; resolve: () => void }[] = []
  const tokens = Array.from({ length: LIVE }, (_, i) =>
    signer('session+jwt', sessionClaims(sessionId(i + 1))),
  )
  const users = Array.from({ length: 50 }, (_, i) => signer('at+jwt', accessClaims(i + 1)))

  /** @returns what was answered, where that is what was wanted */
  async function call<Wanted>(
    path: string,
    token: string | undefined,
    body: object,
    wanted: number,
  ): Promise<Wanted | undefined> {
    const headers = {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    }
    const answer = await fetch(`${balancer.url}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    }).catch(() => undefined)
    const said = await answer?.json().catch(() => undefined)
    calls += 1
    if (answer?.status !== wanted || said === undefined) failed += 1
    for (const { resolve } of waiting.filter(({ at }) => calls >= at)) resolve()
    return answer?.status === wanted ? (said as Wanted) : undefined
  }

  /** A session from its opening to its end, each call by whichever process is there. */
  async function visit(user: string | undefined): Promise<void> {
    const wanted = { providerId: PROVIDER_ID, durationMinutes: 1 }
    const opened = await call<{ launchJwt: string; session: { id: string } }>('/sessions', user, wanted, 201)
    if (!opened) return
    const { launchJwt, session } = opened
    const path = `/api/v1/sessions/${session.id}`
    const spent = { launchJwt, clientId }
    const validated = await call<{ sessionJwt: string }>('/api/v1/sessions/validate', undefined, spent, 200)
    if (!validated) return
    const { sessionJwt } = validated
    await call(`${path}/heartbeat`, sessionJwt, { clientId, sequence: 1 }, 200)
    await call(`${path}/complete`, sessionJwt, {}, 200)
  }

  async function keepCalling(caller: number): Promise<void> {
    for (let n = caller; isRunning; n += CALLERS) {
      sequence += 1
      const number = n % LIVE
      await call(
        `/api/v1/sessions/${sessionId(number + 1)}/heartbeat`,
        tokens[number],
        { clientId, sequence },
        200,
      )
      if (n % 5 === 0) await visit(users[n % 50])
    }
  }

  const callers = Array.from({ length: CALLERS }, (_, caller) => keepCalling(caller))
  return {
    moreCalls: (count: number) =>
      new Promise<void>((resolve) => {
        waiting.push({ at: calls + count, resolve })
      }),
    async stop() {
      isRunning = false
      await Promise.all(callers)
      return { calls, failed }
    },
  }
}

if (process.argv[1] === import.meta.filename) {
  const { positionals } = readArguments(HELP, { allowPositionals: true })
  const rounds = Number(positionals[0] ?? 5)
  // Not a number of rounds is none, and nothing fails in none.
  if (!Number.isSafeInteger(rounds) || rounds < 1 || positionals.length > 1) {
    refuseArguments('npm run rolling-restart -- 5 says how often both processes are replaced, at least once')
  }
  const { calls, failed, restarts } = await restartUnderLoad(rounds)
  process.stdout.write(`${restarts} processes replaced under load: ${calls} calls, ${failed} failed\n`)
  process.exitCode = failed === 0 ? 0 : 1
}
