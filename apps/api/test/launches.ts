/**
 * Honest launches on two instances whose clocks disagree, with keys rotated in between.
 *
 * @module
 */
import pg from 'pg'
import { pino } from 'pino'
import { createApp } from '../src/app.ts'
import { createDeps } from '../src/create-deps.ts'
import { connect } from '../src/db.ts'
import { addSigningKey, KEY_LEAD_MINUTES } from '../src/keys/key-ring.ts'
import { addProvider, addUser, type TestApi } from './harness.ts'

/** This many people launch at once. */
const BATCH = 20
/** How long after a rotation's launches the new key begins to sign: most are validated after that. */
const SWITCH_AFTER_MS = 20_000

export interface Launches {
  launches: number
  /** Validated when first asked. */
  atFirstTry: number
  /** Asked again after a lost answer, or after a reload, and given the same session. */
  again: number
  rotations: number
  /** Signed by the key before, and validated when the new one signed already. */
  acrossRotations: number
  refusals: Record<string, number>
}

/**
 * Opens sessions on one instance and validates them on another, up to 110 s later, with up to ±`skewSeconds`
 * between their clocks.
 */
export async function launchMany(
  api: TestApi,
  { launches, rotateEvery, skewSeconds }: { launches: number; rotateEvery: number; skewSeconds: number },
): Promise<Launches> {
  const db = connect({ databaseUrl: api.databaseUrl })
  let skewMs = 0
  const deps = await createDeps({
    config: api.deps.config,
    db,
    clock: () => new Date(api.clock.now().getTime() + skewMs),
    log: pino({ level: 'silent' }),
  })
  const other = await createApp(deps)
  await other.ready()
  const result: Launches = {
    launches,
    atFirstTry: 0,
    again: 0,
    rotations: 0,
    acrossRotations: 0,
    refusals: {},
  }
  try {
    const owner = await addUser(api)
    const providerId = await addProvider(api, { ownerId: owner.id, tokensPerMinute: 0 })
    for (let first = 0; first < launches; first += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, launches - first) }, (_, i) => first + i)
      const isRotated = Math.floor((first + BATCH) / rotateEvery) > Math.floor(first / rotateEvery)
      if (isRotated) {
        await db.inBatch((tx) =>
          addSigningKey(tx, { keyEncryptionKey: api.deps.config.keyEncryptionKey, now: api.clock.now() }),
        )
        result.rotations += 1
        await analyze(api.databaseUrl)
        // One instance hears of it within a minute, the other while the launches are on their way.
        await api.deps.keys.reload()
        api.clock.advance({ ms: KEY_LEAD_MINUTES * 60_000 - SWITCH_AFTER_MS })
      }
      const batch = first / BATCH
      skewMs = Math.round(Math.sin(batch * 1.7) * skewSeconds * 1000)
      const user = await addUser(api)
      const opened = await Promise.all(
        numbers.map(() =>
          api.call('POST', '/sessions', { token: user.token, body: { providerId, durationMinutes: 5 } }),
        ),
      )
      // Past its 120 s by the other clock it is expired, as it must be, and no launch here comes so late: the skew is taken off.
      const onItsWayMs = (batch * 7_919) % (119_000 - Math.max(0, skewMs))
      api.clock.advance({ ms: onItsWayMs })
      if (isRotated) await deps.keys.reload()
      if (isRotated && onItsWayMs + Math.min(0, skewMs) > SWITCH_AFTER_MS)
        result.acrossRotations += numbers.length
      await Promise.all(
        numbers.map(async (number, i) => {
          const { launchJwt, session } = opened[i]!.body
          const clientId = `browser_${String(number).padStart(8, '0')}`
          const ask = () =>
            other.inject({
              method: 'POST',
              url: '/api/v1/sessions/validate',
              payload: { launchJwt, clientId },
            })
          // Every tenth is reloaded while it asks; every tenth asks again, the answer was lost.
          const asking = [ask()]
          if (number % 10 === 0) asking.push(ask())
          const [answer, reloaded] = await Promise.all(asking)
          const lost = number % 10 === 5 ? await ask() : undefined
          if (answer!.statusCode === 200) result.atFirstTry += 1
          else {
            const { code } = JSON.parse(answer!.body)
            result.refusals[code] = (result.refusals[code] ?? 0) + 1
          }
          if ((reloaded ?? lost)?.statusCode === 200) result.again += 1
          if (answer!.statusCode !== 200) return
          const { sessionJwt } = JSON.parse(answer!.body)
          const end = () =>
            api.call('POST', `/api/v1/sessions/${session.id}/complete`, {
              token: sessionJwt,
              body: { clientId },
            })
          let ended = await end()
          // A machine that was busy for seconds: no launch is lost by it.
          if (ended.status === 503) ended = await end()
          if (ended.status !== 200) throw new Error(`not completed: ${ended.text}`)
        }),
      )
    }
    return result
  } finally {
    await other.close()
    await db.end()
  }
}

/** Autovacuum stands still in tests; without what it learns, plans made for an empty table would read all of it for ever. */
async function analyze(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('analyze sessions, users, unbilled_time')
  await client.end()
}
