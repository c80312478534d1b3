/**
 * What a session's life changes stays on its page and writes no index entry (HOT): six of them were more work than the row.
 *
 * @module
 */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Db, Tx } from '../src/db.ts'
import { PUBLIC_TENANT_ID } from '../src/id.ts'
import { completeSession } from '../src/sessions/complete-session.ts'
import { createHeartbeat } from '../src/sessions/heartbeat.ts'
import { pauseSession, resumeSession } from '../src/sessions/pause-session.ts'
import { createValidation } from '../src/sessions/validate-session.ts'
import { type SessionMarket, startSessionMarket } from './session-market.ts'

const marketplaceUrl = 'http://localhost:4001'
const clientId = 'client_000001'

let it: SessionMarket
beforeAll(async () => {
  it = await startSessionMarket()
})
afterAll(() => it.close())

/** How many rows of a table a transaction has changed, and how many of them without an index entry. */
async function updates(table: string, run: (tx: Tx) => Promise<unknown>) {
  return it.api.deps.db.inBatch(async (tx) => {
    // As a call of one tenant has it.
    await tx.query(`select set_config('app.tenant_id', $1, true)`, [PUBLIC_TENANT_ID])
    await run(tx)
    const [counted] = await tx.query<{ all: number; inPlace: number }>(
      `select pg_stat_get_xact_tuples_updated($1::regclass) as all,
         pg_stat_get_xact_tuples_hot_updated($1::regclass) as "inPlace"`,
      [table],
    )
    return counted
  })
}

/** The application's database, where everything happens in this transaction. */
const within = (tx: Tx): Db => ({ ...it.api.deps.db, inBatch: (run) => run(tx), batch: tx })

test('a session, from its validation to its end, and the hold it has', async () => {
  const { clock } = it.api.deps
  const { session, launchJwt } = await it.open(it.users[0]!)
  const whose = { tenantId: PUBLIC_TENANT_ID, sessionId: session.id, providerId: it.providerId, clientId }
  const about = () => ({ sessionId: session.id, now: clock(), marketplaceUrl })
  const speaker = { kind: 'user' as const, userId: it.users[0]!.id }
  const { jti = '' } = decodeJwt(launchJwt)
  const steps: [string, (tx: Tx) => Promise<unknown>][] = [
    [
      'validated',
      (tx) =>
        createValidation(within(tx), marketplaceUrl)({ ...whose, jti, origin: undefined, now: clock() }),
    ],
    [
      'beaten',
      (tx) =>
        createHeartbeat(
          within(tx),
          marketplaceUrl,
        )({ ...whose, sequence: 1, activeMs: 30_000, isFinal: false, at: clock(), origin: 1 }),
    ],
    ['paused', (tx) => pauseSession(tx, { ...about(), speaker })],
    ['resumed', (tx) => resumeSession(tx, { ...about(), speaker })],
  ]
  for (const [what, run] of steps) {
    it.api.clock.advance({ seconds: 30 })
    const counted = await updates('sessions', run)
    expect([what, counted?.all, counted?.inPlace]).toEqual([what, counted?.inPlace, counted?.all])
    expect([what, counted?.all]).not.toEqual([what, 0])
  }
  const completion = { ...about(), tenantId: PUBLIC_TENANT_ID, speaker }
  expect(await updates('holds', (tx) => completeSession(tx, completion, marketplaceUrl))).toEqual({
    all: 1,
    inPlace: 1,
  })
})
