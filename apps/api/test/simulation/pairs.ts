/**
 * Two operations, each by two instances, at one instant; and what must be so afterwards, whoever came first.
 *
 * @module
 */
import { expect } from 'vitest'
import { getAccountBalance } from '../../src/ledger/account-balance.ts'
import { checkLedger } from '../../src/ledger/check-ledger.ts'
import { findUnloggedTime } from '../unlogged-time.ts'
import { findUntoldEvents } from '../untold-events.ts'
import { isAboutPayouts, operations } from './operations.ts'
import { createScenes, type Scene, type SceneKind } from './scene.ts'
import type { Stage } from './stage.ts'

export interface Pair {
  kind: SceneKind
  one: string
  other: string
}

/** Served, or refused because of the other one; 401 is for whoever's account is gone. */
const EXPECTED = [200, 201, 204, 402, 404, 409]

/** @returns the statuses, by operation. */
export async function race(stage: Stage, pairs: readonly Pair[]): Promise<Map<string, number[]>> {
  const scenes = await createScenes(
    stage,
    pairs.map(({ kind, one, other }) => ({
      kind,
      isEarner: isAboutPayouts(one) || isAboutPayouts(other),
      // A sweep is there before everybody else, and leaves to none of them what comes up.
      comesUp: [one, other].includes('a sweep'),
    })),
  )
  const answers = await Promise.all(
    scenes.flatMap((scene, i) => {
      const { one, other, kind } = pairs[i]!
      return [one, other].flatMap((name) =>
        [0, 1].map(async (which) => {
          const status = await operations[name]!(which, scene, stage)
          const isGone = status === 401 && [one, other].includes('deleting the account')
          if (!isGone && !EXPECTED.includes(status))
            throw new Error(`${name} got ${status}, against ${name === one ? other : one}, ${kind}`)
          return { name, status, scene }
        }),
      )
    }),
  )
  await Promise.all(
    scenes.map((scene, i) => {
      const validated = answers.filter((answer) => answer.scene === scene && answer.name === 'validating')
      return expectOneOutcome(stage, scene, pairs[i]!, {
        isValidated: validated.some(({ status }) => status === 200),
      })
    }),
  )
  await expectRightBooks(stage, scenes)
  return new Map(
    [...Map.groupBy(answers, ({ name }) => name)].map(([name, all]) => [
      name,
      all.map(({ status }) => status),
    ]),
  )
}

interface Row {
  status: string
  endReason: string | null
  usedMs: number
  charged: number | null
  isStarted: boolean
  isOver: boolean
}

const GOES_ON = ['active', 'paused']

/** Confirmed when the race began, what may have been used since, and what may have become of the session. */
const MAY_BE: Record<SceneKind, { confirmedMs: number; sinceMs: number; fates: string[] }> = {
  pending: {
    confirmedMs: 0,
    sinceMs: 0,
    fates: ['pending', ...GOES_ON, 'cancelled', 'completed', 'revoked'],
  },
  running: { confirmedMs: 60_000, sinceMs: 20_000, fates: [...GOES_ON, 'completed', 'revoked'] },
  'paused by the app': { confirmedMs: 80_000, sinceMs: 0, fates: [...GOES_ON, 'completed', 'revoked'] },
  'paused by its user': { confirmedMs: 80_000, sinceMs: 0, fates: [...GOES_ON, 'completed', 'revoked'] },
  // What is over stays over, whoever meets it, and ends as what it was.
  due: { confirmedMs: 60_000, sinceMs: 0, fates: ['over', 'abandoned'] },
  ended: { confirmedMs: 80_000, sinceMs: 0, fates: ['completed'] },
}

async function expectOneOutcome(
  { api, clock }: Stage,
  scene: Scene,
  { kind, one, other }: Pair,
  { isValidated }: { isValidated: boolean },
): Promise<void> {
  const { play } = scene
  const pair = `${one} and ${other}, ${kind}`
  const { batch } = api.deps.db
  const [row] = await batch.query<Row>(
    `select status, end_reason as "endReason", used_ms as "usedMs", tokens_charged as charged,
       started_at is not null as "isStarted", over_reason(s, $2) is not null as "isOver"
     from sessions s where id = $1`,
    [play.sessionId, api.clock.now()],
  )
  const { status, endReason, usedMs, charged, isStarted, isOver } = row!
  // What was confirmed, and what was used since at most: never less, never twice. Real clocks go on meanwhile.
  const elapsedMs = clock === 'real' ? performance.now() - scene.startedAt : 0
  const { confirmedMs, sinceMs, fates } = MAY_BE[kind]
  expect(usedMs, pair).toBeGreaterThanOrEqual(confirmedMs)
  expect(usedMs, pair).toBeLessThanOrEqual(confirmedMs + sinceMs + elapsedMs)
  const isEnded = status === 'ended'
  const fate = endReason ?? (isOver ? 'over' : status)
  expect(fates, pair).toContain(fate)
  // Whoever was let in has a session that started, and what is cancelled never did.
  expect(isStarted, pair).toBe(!['pending', 'cancelled'].includes(fate))
  expect(isStarted || !isValidated, pair).toBe(true)
  expect(charged, pair).toBe(isEnded ? Math.ceil((4 * usedMs) / 60_000) : null)
  const charges = await batch.query<{ amount: number }>(
    `select amount from transfers where session_id = $1 and kind = 'charge'`,
    [play.sessionId],
  )
  expect(charges, pair).toEqual(charged ? [{ amount: charged }] : [])
  // Who is suspended serves nobody.
  const served = await batch.query(
    `select s.id from sessions s join providers p on p.tenant_id = s.tenant_id and p.id = s.provider_id
     where p.id = $1 and p.status = 'suspended' and s.status in ('active', 'paused')`,
    [play.providerId],
  )
  expect(served, pair).toEqual([])
  // Paid out is at most what was earned, and once.
  const [earned] = await batch.query<{ payouts: number; booked: number; promised: number; earned: number }>(
    `select (select count(*) from payouts where provider_id = $1 and status = 'paid') as payouts,
       (select count(*) from transfers where debit_account_id = $1 and kind = 'payout') as booked,
       (select coalesce(sum(amount), 0) from payouts where provider_id = $1 and status <> 'cancelled') as promised,
       (select coalesce(sum(case when credit_account_id = $1 then amount else -amount end), 0) from transfers
         where $1 in (credit_account_id, debit_account_id) and kind in ('charge', 'fee')) as earned`,
    [play.providerId],
  )
  expect(earned!.booked, pair).toBe(earned!.payouts)
  expect(earned!.promised, pair).toBeLessThanOrEqual(earned!.earned)
}

async function expectRightBooks({ api }: Stage, scenes: readonly Scene[]): Promise<void> {
  const { db } = api.deps
  await db.inBatch(async (tx) => {
    // What goes on in the background is no finding.
    await tx.query('set transaction isolation level repeatable read')
    expect((await checkLedger(tx)).findings).toEqual([])
    expect(await findUnloggedTime(tx)).toEqual([])
    expect(await findUntoldEvents(tx)).toEqual([])
    const ids = ['platform_fee', 'payouts', ...scenes.map(({ play }) => play.providerId)]
    const summed = await tx.query<{ id: string; balance: number }>(
      `select i.id, coalesce(sum(case when t.credit_account_id = i.id then t.amount else -t.amount end), 0) as balance
       from unnest($1::text[]) as i (id) left join transfers t on i.id in (t.credit_account_id, t.debit_account_id)
       group by i.id`,
      [ids],
    )
    for (const { id, balance } of summed) expect(await getAccountBalance(tx, id), id).toBe(balance)
  })
}
