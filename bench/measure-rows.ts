/**
 * Whether a beat's cost follows what exists, and what a second and a fourth process add.
 *
 * @module
 */
import { keepCalls, type LoadResult, runLoad } from './load.ts'
import { atMost, type Results, shown } from './results.ts'
import { clientId, createSigner, seedMarket, sessionClaims, sessionId } from './seed.ts'
import { type Server, startApi, startDatabase } from './stack.ts'

export async function measureRows(
  results: Results,
  scale: { rounds: number; seconds: number; all: number; live: number },
): Promise<void> {
  const { rounds, seconds, all, live } = scale
  const stops: (() => Promise<void>)[] = []
  try {
    // The one that takes minutes first: the other's sessions would be over by then.
    const many = await startMarket(live, all)
    const few = await startMarket(live, live)
    for (let round = 0; round < rounds; round += 1) {
      const [among, alone] = [await many.beat(1), await few.beat(1)]
      results.add(
        `cost of a beat among ${all.toLocaleString('en')} sessions / among ${live.toLocaleString('en')}`,
        alone.perSecond / among.perSecond,
        atMost(1.3),
      )
      const [two, four] = [await few.beat(2), await few.beat(4)]
      results.add('2 API processes / 1, one database', two.perSecond / alone.perSecond, shown)
      results.add('4 API processes / 1, one database', four.perSecond / alone.perSecond, shown)
    }
  } finally {
    for (const stop of stops.reverse()) await stop()
  }

  async function startMarket(liveSessions: number, allSessions: number) {
    const database = await startDatabase({
      seed: (url) => seedMarket(url, { users: 5_000, live: liveSessions, all: allSessions }),
    })
    stops.push(() => database.stop())
    const signer = await createSigner(database.url)
    const calls = keepCalls(
      Array.from({ length: Math.min(liveSessions, 20_000) }, (_, i) => ({
        path: `/api/v1/sessions/${sessionId(i + 1)}/heartbeat`,
        token: signer('session+jwt', sessionClaims(sessionId(i + 1))),
        body: JSON.stringify({ clientId, sequence: '@seq', activeMs: 30_000 }),
      })),
    )
    stops.push(async () => calls.drop())
    const apis: Server[] = []
    for (let process = 0; process < (allSessions === liveSessions ? 4 : 1); process += 1) {
      const api = await startApi(database.url)
      stops.push(() => api.stop())
      apis.push(api)
    }
    for (const { url } of apis)
      await runLoad({ url, calls: calls.file, connections: 100, seconds, amount: calls.count })
    return {
      async beat(processes: number): Promise<LoadResult> {
        const share = Math.floor(100 / processes)
        const loads = await Promise.all(
          apis.slice(0, processes).map(({ url }, i) =>
            runLoad({
              url,
              calls: calls.file,
              connections: share,
              seconds,
              offset: i * Math.floor(calls.count / processes),
            }),
          ),
        )
        const errors = loads.reduce((sum, load) => sum + load.errors, 0)
        if (errors > 0) throw new Error(`${errors} calls failed: the figure would mean nothing`)
        return { perSecond: loads.reduce((sum, load) => sum + load.perSecond, 0), errors }
      },
    }
  }
}
