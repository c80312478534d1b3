/**
 * What the database has of one person, and how it differs from the model.
 *
 * @module
 */
import type { Marketplace } from './marketplace.ts'
import type { Books } from './oracle.ts'

export interface SessionState {
  id: string
  status: string
  endReason: string | null
  usedMs: number
  charged: number | null
  held: number
  durationMs: number
  sequence: number
  clientId: string | null
  jti: string
  launchSpentBy: string | null
  heldJti: string | null
  lastBeat: Date | null
  isFinal: boolean
  isLeaseShort: boolean
  toldMs: number | null
}

export interface State {
  wallet: { posted: number; held: number; debt: number }
  sessions: SessionState[]
  purchases: { id: string; reversed: number; refundedCents: number; isPaid: boolean }[]
  unbilledMs: number
  /** How much of the leases that were left, and how much of that was heard to be shown. */
  left: { leases: number; leaseMs: number; heard: number; shownMs: number }
}

export async function readState(marketplace: Marketplace, userId: string): Promise<State> {
  const [wallet, sessions, purchases, unbilled, left] = await Promise.all([
    marketplace.rows<State['wallet']>('select posted, held, debt from wallets where id = $1', [userId]),
    marketplace.rows<SessionState>(
      `select id, status, end_reason as "endReason", used_ms as "usedMs", tokens_charged as charged,
         tokens_held as held, duration_ms as "durationMs", sequence, client_id as "clientId", launch_jti as jti,
         launch_spent_by as "launchSpentBy", held_jti as "heldJti", last_beat_at as "lastBeat", is_final as "isFinal",
         is_lease_short as "isLeaseShort", told_ms as "toldMs"
       from sessions where user_id = $1 order by created_at, id`,
      [userId],
    ),
    marketplace.rows<State['purchases'][number]>(
      `select id, reversed_tokens as reversed, refunded_cents as "refundedCents", paid_at is not null as "isPaid"
       from purchases where user_id = $1`,
      [userId],
    ),
    marketplace.rows<{ ms: number }>(
      'select coalesce(sum(unbilled_ms), 0) as ms from unbilled_time where user_id = $1',
      [userId],
    ),
    marketplace.rows<State['left']>(
      `select count(*) as leases, coalesce(sum(lease_ms), 0) as "leaseMs", count(shown_ms) as heard,
         coalesce(sum(shown_ms), 0) as "shownMs"
       from left_leases where user_id = $1`,
      [userId],
    ),
  ])
  return { wallet: wallet[0]!, sessions, purchases, unbilledMs: unbilled[0]!.ms, left: left[0]! }
}

/** Undefined when the two agree in everything. */
export function differenceOf(books: Books, state: State, at: number): string | undefined {
  const differing = (subject: string, model: object, real: object) => {
    const real_ = real as Record<string, unknown>
    for (const [name, value] of Object.entries(model)) {
      if (real_[name] !== value) return `${subject}.${name} is ${real_[name]}, the model says ${value}`
    }
    return undefined
  }
  const wallet = differing('wallet', books.wallet, state.wallet)
  if (wallet) return wallet
  if (state.sessions.length !== books.sessions.size) {
    return `${state.sessions.length} sessions, the model has ${books.sessions.size}`
  }
  for (const [index, { lastBeat, ...row }] of state.sessions.entries()) {
    const model = books.sessions.get(row.id)
    if (!model) return `session ${index + 1} is unknown to the model`
    const { status, endReason, usedMs, charged, held, durationMs, sequence, clientId } = model
    const { jti, launchSpentBy, heldJti } = model
    const money = { status, endReason, usedMs, charged, held, durationMs }
    const fields = { ...money, sequence, clientId, jti, launchSpentBy, heldJti }
    const isRunning = status === 'active' || status === 'paused'
    const difference = differing(
      `session ${index + 1}`,
      isRunning
        ? { ...fields, isFinal: model.isFinal, isLeaseShort: model.isLeaseShort, toldMs: model.toldMs }
        : fields,
      row,
    )
    if (difference) return difference
    if (status === 'active' && lastBeat?.getTime() !== model.lastBeat)
      return `session ${index + 1}.lastBeat differs`
  }
  for (const { id, ...row } of state.purchases) {
    const model = books.purchases.get(id)
    if (!model) continue
    const { reversed, refundedCents, isPaid } = model
    const difference = differing('a purchase', { reversed, refundedCents, isPaid }, row)
    if (difference) return difference
  }
  let unbilledMs = 0
  for (const hours of books.allowance.hours.values()) for (const ms of hours.values()) unbilledMs += ms
  if (unbilledMs !== state.unbilledMs)
    return `unbilled time is ${state.unbilledMs}, the model says ${unbilledMs} at ${at}`
  const { left } = books.allowance
  const heard = left.filter(({ shownMs }) => shownMs !== null)
  const sum = (numbers: (number | null)[]) => numbers.reduce<number>((total, ms) => total + (ms ?? 0), 0)
  const leases = { leases: left.length, leaseMs: sum(left.map(({ leaseMs }) => leaseMs)) }
  const shown = { heard: heard.length, shownMs: sum(heard.map(({ shownMs }) => shownMs)) }
  const difference = differing('what is left of leases', { ...leases, ...shown }, state.left)
  if (difference) return difference
  return undefined
}
