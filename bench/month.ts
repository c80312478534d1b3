/**
 * A market that lives through months: the verbs of the API on a database, at instants that are given.
 *
 * @module
 */
import { decodeJwt } from 'jose'
import { systemClock } from '../apps/api/src/clock.ts'
import { connect, type Db } from '../apps/api/src/db.ts'
import { PUBLIC_TENANT_ID } from '../apps/api/src/id.ts'
import { createKeyRing, type KeyRing } from '../apps/api/src/keys/key-ring.ts'
import { createCompletion } from '../apps/api/src/sessions/complete-session.ts'
import { createOpening } from '../apps/api/src/sessions/create-session.ts'
import { foldBeats } from '../apps/api/src/sessions/fold-beats.ts'
import { createHeartbeat } from '../apps/api/src/sessions/heartbeat.ts'
import { sweepSessions } from '../apps/api/src/sessions/sweep-sessions.ts'
import { createValidation } from '../apps/api/src/sessions/validate-session.ts'
import { withClient } from './bulk.ts'
import { measureCpuUs } from './meter.ts'
import { PROVIDER_ID, seedMarket, userId } from './seed.ts'
import { KEY_ENCRYPTION_KEY, PUBLIC_URL, startDatabase } from './stack.ts'

export const MONTHS = 12
const MONTH_MS = 30 * 86_400_000
const USERS = 2_000
const BEATS_EACH = 10
const AT_ONCE = 50
const ENDED_BEFORE = 100_000
const tenantId = PUBLIC_TENANT_ID
export const marketplaceUrl = 'http://localhost:4001'
const begin = Math.ceil(Date.now() / 86_400_000) * 86_400_000

export const monthAt = (month: number) => new Date(begin + month * MONTH_MS)

export interface Market {
  url: string
  db: Db
  keys: KeyRing
  pid: number
  stop(): Promise<void>
}

export async function startMarket(): Promise<Market> {
  const database = await startDatabase()
  await withClient(database.url, (client) => client.query('alter system set autovacuum = off'))
  await seedMarket(database.url, { users: USERS, live: 0, all: ENDED_BEFORE })
  await withClient(database.url, async (client) => {
    await client.query('select pg_reload_conf(); set session_replication_role = replica')
    // As real ones, these are older than what follows.
    await client.query(`update transfers set id = 'trf_0000' || substr(id, 5)`)
    // They ended before there were holds.
    await client.query('update sessions set tokens_held = 0')
  })
  const db = connect({ databaseUrl: database.url })
  const keyEncryptionKey = Buffer.from(KEY_ENCRYPTION_KEY, 'base64')
  const keys = await createKeyRing({ db, clock: systemClock, issuer: PUBLIC_URL, keyEncryptionKey })
  return {
    url: database.url,
    db,
    keys,
    pid: database.pid,
    async stop() {
      await db.end()
      await database.stop()
    },
  }
}

/** @returns what each thing that happened cost. */
export async function passMonth(market: Market, month: number): Promise<Map<string, number>> {
  const { db, pid } = market
  const costs = new Map<string, number>()
  const measure = async (what: string, times: number, run: () => Promise<unknown>) => {
    const [us = 0] = await measureCpuUs([pid], run)
    costs.set(what, us / times)
  }
  const use = createUse(market)
  const people = Array.from({ length: USERS }, (_, i) => i + 1)
  let ids: { id: string; jti: string }[] = []
  // Half of them around the turn of the month: one batch meets sessions of two partitions.
  const openAt = monthAt(month).getTime() - (month > 0 ? USERS / 2 : 0)
  const at = (seconds: number) => new Date(openAt + USERS + seconds * 1000)
  await measure('open', USERS, async () => {
    ids = await inTurns(people, (n) => use.open(n, new Date(openAt + n)))
  })
  await measure('validate', USERS, () => inTurns(ids, ({ id, jti }) => use.validate(id, jti, at(1))))
  await measure('beat', USERS * BEATS_EACH, async () => {
    for (let k = 1; k <= BEATS_EACH; k += 1) await inTurns(ids, ({ id }) => use.beat(id, k, at(1 + k * 30)))
  })
  // What autovacuum would do, while sessions live: a planner that saw none takes the index of open holds for empty.
  await withClient(market.url, (client) => client.query('vacuum analyze'))
  const half = USERS / 2
  const end = at(10 + BEATS_EACH * 30)
  await measure('complete', half, () =>
    inTurns(
      ids.filter((_, i) => i % 2 === 0),
      ({ id }) => use.complete(id, end),
    ),
  )
  const tomorrow = at(25 * 3600)
  await measure('sweep', half, () => sweepSessions(db, { now: tomorrow, marketplaceUrl }))
  await measure('fold a beat', USERS * BEATS_EACH, () => foldBeats(db, { now: tomorrow }))
  return costs
}

/** What a page and its user do, as the API's routes have it done. */
export function createUse({ db, keys }: Pick<Market, 'db' | 'keys'>) {
  const [open, validate] = [createOpening(db, keys), createValidation(db, marketplaceUrl)]
  const [beat, complete] = [createHeartbeat(db, marketplaceUrl), createCompletion(db, marketplaceUrl)]
  const clientId = 'bench_client'
  return {
    async open(n: number, now: Date) {
      const wanted = {
        tenantId,
        userId: userId(n),
        providerId: PROVIDER_ID,
        durationMinutes: 30,
        feeBasisPoints: 2000,
      }
      const { session, launchJwt } = await open({ ...wanted, now })
      return { id: session.id, jti: String(decodeJwt(launchJwt).jti) }
    },
    validate: (sessionId: string, jti: string, now: Date) =>
      validate({ tenantId, sessionId, providerId: PROVIDER_ID, jti, clientId, origin: undefined, now }),
    beat: (sessionId: string, sequence: number, at: Date) =>
      beat({
        tenantId,
        sessionId,
        providerId: PROVIDER_ID,
        clientId,
        sequence,
        activeMs: 30_000,
        isFinal: false,
        at,
        origin: 4_711,
      }),
    complete: (sessionId: string, now: Date) =>
      complete({
        tenantId,
        sessionId,
        speaker: { kind: 'client', clientId, providerId: PROVIDER_ID, sequence: null, activeMs: 9_000 },
        now,
      }),
  }
}

export async function inTurns<T, R>(inputs: readonly T[], run: (input: T) => Promise<R>): Promise<R[]> {
  const outputs: R[] = []
  let next = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < inputs.length) {
        const i = next++
        outputs[i] = await run(inputs[i] as T)
      }
    }),
  )
  return outputs
}
