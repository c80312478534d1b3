/**
 * Honest launches on two instances whose clocks disagree, with keys rotated in between.
 *
 * @module
 */
import pg from 'pg'
import { addSigningKey, KEY_LEAD_MINUTES } from '../src/keys/key-ring.ts'
import { addProvider, addUser, type TestApi } from './harness.ts'
import { startOtherInstance } from './instance.ts'

/** This many people launch at once. */
const BATCH = 10
/** How long after a rotation's launches the new key begins to sign: most are validated after that. */
const SWITCH_AFTER_MS = 5_000
/** Back in the marketplace, launched again, and there. */
const WAY_BACK_MS = 5_000
/** A session that nobody opens is given up so long after its launch JWT has expired. */
const GIVEN_UP_AFTER_MS = 300_000

/** Each launch is in one of the first four, or in `refusals`. */
export interface Launches {
  /** Before its `exp` by the clock of the instance that is asked, and validated when first asked. */
  atFirstTry: number
  /** Its `exp` had passed: `launch_expired`. */
  tooLate: number
  /** Its `exp` had not passed, but on the clock of the instance that is asked, which is ahead: `launch_expired`. */
  refusedAhead: number
  /** Its `exp` had passed, but not yet on the clock of the instance that is asked, which is behind: validated. */
  admittedBehind: number
  /** Whatever else happened to a first try. */
  refusals: Record<string, number>
  /** Of those told `launch_expired`, who got into the same session by the one relaunch that the SDK sends them to. */
  cameBack: number
  /** Told so when the session had been given up: cancelled, at no charge, five minutes after its launch had expired. */
  cancelled: number
  /** Asked again after a lost answer, or after a reload, and given the same session. */
  again: number
  rotations: number
  /** Signed by the key before, and validated when the new one signed already. */
  acrossRotations: number
}

interface Order {
  launches: number
  rotateEvery: number
  skewSeconds: number
  /** On the way from the opening to the page that asks: ten seconds are a slow page on a slow line, a minute is nobody's. */
  meanSeconds: number
}

/**
 * How long the batch is on its way: exponentially distributed, as waiting is, with its quantiles taken in turn by the golden
 * ratio, so that few launches meet the tail as surely as many do.
 */
const onItsWay = (batch: number, meanMs: number) =>
  Math.round(-meanMs * Math.log(1 - ((batch * 0.618_033_988_75) % 1)))

/**
 * Opens sessions on one instance and validates them on another, with up to ±`skewSeconds` between their clocks.
 */
export async function launchMany(
  api: TestApi,
  { launches, rotateEvery, skewSeconds, meanSeconds }: Order,
): Promise<Launches> {
  let skewMs = 0
  const other = await startOtherInstance(api, {
    clock: () => new Date(api.clock.now().getTime() + skewMs),
  })
  const result: Launches = {
    atFirstTry: 0,
    tooLate: 0,
    refusedAhead: 0,
    admittedBehind: 0,
    refusals: {},
    cameBack: 0,
    cancelled: 0,
    again: 0,
    rotations: 0,
    acrossRotations: 0,
  }

  async function validate(launchJwt: string, clientId: string): Promise<{ status: number; body: Body }> {
    const { statusCode, body } = await other.app.inject({
      method: 'POST',
      url: '/api/v1/sessions/validate',
      payload: { launchJwt, clientId },
    })
    return { status: statusCode, body: JSON.parse(body) }
  }

  try {
    const owner = await addUser(api)
    const providerId = await addProvider(api, { ownerId: owner.id, tokensPerMinute: 0 })
    for (let first = 0; first < launches; first += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, launches - first) }, (_, i) => first + i)
      const isRotated = Math.floor((first + BATCH) / rotateEvery) > Math.floor(first / rotateEvery)
      if (isRotated) {
        await other.deps.db.inBatch((tx) =>
          addSigningKey(tx, { keyEncryptionKey: api.deps.config.keyEncryptionKey, now: api.clock.now() }),
        )
        result.rotations += 1
        await analyze(api.databaseUrl)
        // One instance hears of it within a minute, the other while the launches are on their way.
        await api.deps.keys.reload()
        api.clock.advance({ ms: KEY_LEAD_MINUTES * 60_000 - SWITCH_AFTER_MS })
      }
      const batch = first / BATCH
      skewMs = Math.round(Math.sin(batch * 2.3) * skewSeconds * 1000)
      const user = await addUser(api)
      const opened = await Promise.all(
        numbers.map(() =>
          api.call('POST', '/sessions', { token: user.token, body: { providerId, durationMinutes: 5 } }),
        ),
      )
      const onItsWayMs = onItsWay(batch, meanSeconds * 1000)
      api.clock.advance({ ms: onItsWayMs })
      if (isRotated) await other.deps.keys.reload()
      const now = api.clock.now().getTime()
      const back: { sessionId: string; clientId: string; isGivenUp: boolean }[] = []
      await Promise.all(
        numbers.map(async (number, i) => {
          const { launchJwt, launchExpiresAt, session } = opened[i]!.body
          const clientId = `browser_${String(number).padStart(8, '0')}`
          const isLate = now >= Date.parse(launchExpiresAt)
          const seemsLate = now + skewMs >= Date.parse(launchExpiresAt)
          // Every tenth is reloaded while it asks; every tenth asks again, the answer was lost.
          const asking = [validate(launchJwt, clientId)]
          if (number % 10 === 0) asking.push(validate(launchJwt, clientId))
          const [answer, reloaded] = await Promise.all(asking)
          const lost = number % 10 === 5 ? await validate(launchJwt, clientId) : undefined
          const { status, body } = answer!
          if (status === 200 && !seemsLate) {
            result[isLate ? 'admittedBehind' : 'atFirstTry'] += 1
            if ((reloaded ?? lost)?.body.session?.id === session.id) result.again += 1
            if (isRotated && onItsWayMs + Math.min(0, skewMs) > SWITCH_AFTER_MS) result.acrossRotations += 1
            await end(session.id, clientId, body.sessionJwt)
          } else if (body.code === 'launch_expired' && seemsLate) {
            result[isLate ? 'tooLate' : 'refusedAhead'] += 1
            if (body.returnUrl?.endsWith(session.id)) {
              const isGivenUp = now >= Date.parse(launchExpiresAt) + GIVEN_UP_AFTER_MS
              back.push({ sessionId: session.id, clientId, isGivenUp })
            }
          } else {
            const what = status === 200 ? 'validated past its exp' : String(body.code)
            result.refusals[what] = (result.refusals[what] ?? 0) + 1
          }
        }),
      )
      if (back.length === 0) continue
      const relaunched = await Promise.all(
        back.map(({ sessionId }) =>
          api.call('POST', `/sessions/${sessionId}/relaunch`, { token: user.token }),
        ),
      )
      api.clock.advance({ ms: WAY_BACK_MS })
      await Promise.all(
        back.map(async ({ sessionId, clientId, isGivenUp }, i) => {
          if (isGivenUp) {
            if (relaunched[i]!.body.code === 'session_ended') result.cancelled += 1
            return
          }
          const { body } = await validate(relaunched[i]!.body.launchJwt, clientId)
          if (body.session?.id !== sessionId) return
          result.cameBack += 1
          await end(sessionId, clientId, body.sessionJwt)
        }),
      )
    }
    return result
  } finally {
    await other.close()
  }

  async function end(sessionId: string, clientId: string, token = ''): Promise<void> {
    const complete = () =>
      api.call('POST', `/api/v1/sessions/${sessionId}/complete`, { token, body: { clientId } })
    let ended = await complete()
    // A machine that was busy for seconds: no launch is lost by it.
    if (ended.status === 503) ended = await complete()
    if (ended.status !== 200) throw new Error(`not completed: ${ended.text}`)
  }
}

interface Body {
  session?: { id: string }
  sessionJwt?: string
  code?: string
  returnUrl?: string
}

/** Autovacuum stands still in tests; without what it learns, plans made for an empty table would read all of it for ever. */
async function analyze(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('analyze sessions, users, unbilled_time')
  await client.end()
}
