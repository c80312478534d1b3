import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { chargeSql, describeTime, describeUse, exactTokens } from '../sessions/charge.ts'
import { getUnsettledSession } from '../sessions/get-session.ts'
import { listTime } from '../sessions/list-time.ts'
import { projectLease, type SessionRow } from '../sessions/session.ts'
import { describeBeats, formatSeconds, gatherTime } from './gather-time.ts'
import type { SessionReceipt } from './receipt.ts'

/** Pauses beyond this many are in the session's timeline only, which has pages. */
const EVENTS_MAX = 1_000

interface HoldRow {
  placedAt: Date
  tokens: number
  charged: number
  released: number
}

interface Facts {
  providerName: string
  chargedByFormula: number
  balanceAfter: number | null
}

/**
 * How a session's charge came to be: hold, time, price, rounding, charge, release, balance. Of one that runs it says what
 * would be charged if all were confirmed that was served so far.
 *
 * @param tx of one view, or a session that ends meanwhile has figures of before and of after
 * @throws {Problem} `session_not_found`, also for somebody else's.
 */
export async function getSessionReceipt(
  tx: Tx,
  input: { sessionId: string; userId: string; now: Date },
): Promise<SessionReceipt> {
  const { sessionId, now } = input
  const session = await getUnsettledSession(tx, input)
  const usedMs = session.usedMs + projectLease(session, now).servedMs
  const holds = await tx.query<HoldRow>(listHoldsSql, [sessionId])
  const timeline = await tx.query<{ at: Date; event: string; usedMs: number }>(listEventsSql, [
    sessionId,
    EVENTS_MAX,
  ])
  const [facts] = await tx.query<Facts>(factsSql, [sessionId, usedMs])
  assert(facts, 'the session was read a moment ago')
  const { providerName, chargedByFormula, balanceAfter } = facts
  const isFinal = session.status === 'ended'
  const free = session.tokensHeld === 0
  const tokensCharged = isFinal ? (session.tokensCharged ?? 0) : free ? 0 : chargedByFormula
  assert(!isFinal || free || tokensCharged === chargedByFormula, 'what was charged is what the formula says')
  const time = await listTime(tx, sessionId)
  const receipt: Omit<SessionReceipt, 'lines'> = {
    sessionId,
    providerId: session.providerId,
    providerName,
    status: session.status,
    endReason: session.endReason,
    isFinal,
    openedAt: session.createdAt.toISOString(),
    startedAt: session.startedAt?.toISOString() ?? null,
    endedAt: session.endedAt?.toISOString() ?? null,
    usedMs,
    tokensPerMinute: session.tokensPerMinute,
    exactTokens: exactTokens({ tokensPerMinute: session.tokensPerMinute, usedMs }),
    tokensHeld: session.tokensHeld,
    tokensCharged,
    tokensReleased: session.tokensHeld - tokensCharged,
    balanceAfter,
    holds: holds.map(({ placedAt, ...hold }) => ({ placedAt: placedAt.toISOString(), ...hold })),
    timeline: timeline.map(({ at, ...event }) => ({ at: at.toISOString(), ...event })),
    ...gatherTime(time, { usedMs, isFinal }),
  }
  return { ...receipt, lines: describeCharge(receipt, session) }
}

function describeCharge(
  receipt: Omit<SessionReceipt, 'lines'>,
  { isTest }: Pick<SessionRow, 'isTest'>,
): SessionReceipt['lines'] {
  const { tokensPerMinute, usedMs, holds, isFinal, tokensCharged, tokensReleased, balanceAfter } = receipt
  if (isTest) return [{ text: 'A test session: it costs nothing.', tokens: 0 }]
  const used = { text: `Used: ${describeUse({ usedMs, tokensPerMinute })}`, tokens: null }
  if (receipt.tokensHeld === 0) return [used, { text: 'This app is free.', tokens: 0 }]
  const counted = describeBeats(receipt)
  const rounded = receipt.exactTokens === String(tokensCharged) ? '' : ', rounded up to whole tokens'
  return [
    ...holds.map(({ tokens }, i) => ({
      text: `Held for ${i === 0 ? 'up to' : 'another'} ${describeTime((tokens / tokensPerMinute) * 60_000)}`,
      tokens,
    })),
    used,
    ...(counted === undefined ? [] : [{ text: counted, tokens: null }]),
    {
      text: `${formatSeconds(usedMs)} s × ${tokensPerMinute} ÷ 60 = ${receipt.exactTokens}${rounded}`,
      tokens: tokensCharged,
    },
    { text: isFinal ? 'Charged' : 'Would be charged, if all is confirmed', tokens: 0 - tokensCharged },
    { text: isFinal ? 'Released' : 'Would be released', tokens: tokensReleased },
    ...(balanceAfter === null
      ? []
      : [{ text: 'Total in the wallet after the charge', tokens: balanceAfter }]),
  ]
}

const listHoldsSql = `
  select created_at as "placedAt", amount as tokens, captured as charged, released
  from holds where reference = $1 order by id`

const listEventsSql = `
  select created_at as at, type as event, (snapshot ->> 'usedMs')::bigint as "usedMs"
  from events
  where session_id = $1 and snapshot -> 'usedMs' is not null
    and (sequence <= $2 or type not in ('session.paused', 'session.resumed'))
  order by sequence, id`

const factsSql = `
  select p.name as "providerName", ${chargeSql('s.tokens_per_minute', '$2::bigint')} as "chargedByFormula",
    (select t.debit_balance_after from transfers t
     where t.session_id = s.id and t.kind = 'charge' and t.debit_account_id = s.user_id) as "balanceAfter"
  from sessions s join providers p on p.id = s.provider_id
  where s.id = $1`
