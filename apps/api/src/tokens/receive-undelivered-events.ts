import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import type { Checkout } from './checkout.ts'
import { receiveStripeEvent } from './receive-stripe-event.ts'
import { reportReceipt } from './report-receipt.ts'
import { readStripeEvent, type StripeEvent } from './stripe-event.ts'

/** In one run: some thousand events, and Stripe counts what is read. */
const ASKED_MAX = 100
/** Half of what Stripe's answer holds. */
const WELL_FILLED = 50
/** An event is delivered within seconds, as a rule; one that is younger may be on its way. */
const YOUNG_MS = 5 * 60_000
/** As long as Stripe keeps them. */
const KEPT_MS = 30 * 86_400_000
/** Looked at again by the next run: its list may be late, and our clock ahead of Stripe's. */
const AGAIN_MS = 3_600_000

/**
 * Takes the events that Stripe could not deliver, by the same code as those it did: one that comes later changes nothing.
 *
 * The oldest first, by windows of time that are made smaller until one answer holds all of a window. What Stripe lists it lists for
 * thirty days, also what we have by now, so a run begins where the one before ended.
 *
 * @param from when what was created is of interest; thirty days ago at the earliest
 * @param abortSignal ends it after the event it is at
 * @returns from when the next run has to look
 */
export async function receiveUndeliveredEvents(
  deps: Pick<Deps, 'db' | 'clock' | 'log'>,
  checkout: Checkout,
  { from, abortSignal }: { from: Date; abortSignal?: AbortSignal | undefined },
): Promise<Date> {
  const untilMs = toSecond(deps.clock().getTime() - YOUNG_MS)
  let fromMs = Math.max(toSecond(from.getTime()), untilMs - KEPT_MS)
  let windowMs = untilMs - fromMs
  let failedMs: number | undefined
  for (let asked = 0; fromMs < untilMs; asked += 1) {
    const goOnFrom = new Date(failedMs ?? fromMs)
    if (asked === ASKED_MAX || abortSignal?.aborted) return goOnFrom
    const toMs = Math.min(fromMs + windowMs, untilMs)
    let listed: unknown[] | undefined
    try {
      listed = await checkout.listUndelivered({ from: new Date(fromMs), to: new Date(toMs) })
    } catch (error) {
      if (error instanceof Problem && error.code === 'payment_unavailable') return goOnFrom
      throw error
    }
    if (listed === undefined) {
      windowMs = Math.max(1000, toSecond((toMs - fromMs) / 2))
      continue
    }
    if (!(await receiveAll(deps, listed, abortSignal))) failedMs ??= fromMs
    fromMs = toMs
    // A fuller one would be too much for an answer when doubled, and cost two.
    if (listed.length < WELL_FILLED) windowMs *= 2
  }
  return new Date(failedMs ?? untilMs - AGAIN_MS)
}

/** Each in a transaction of its own, and whether all were taken. */
async function receiveAll(
  { db, clock, log }: Pick<Deps, 'db' | 'clock' | 'log'>,
  listed: unknown[],
  abortSignal: AbortSignal | undefined,
): Promise<boolean> {
  const events: StripeEvent[] = []
  for (const told of listed) {
    const event = readStripeEvent(JSON.stringify(told))
    if (event) events.push(event)
    else log.error('a listed Stripe event has no id: nothing was done')
  }
  const rows = await db.batch.query<{ id: string }>(findKnownSql, [events.map(({ id }) => id)])
  const known = new Set(rows.map(({ id }) => id))
  let isWhole = true
  for (const event of events.filter(({ id }) => !known.has(id))) {
    if (abortSignal?.aborted) return false
    try {
      const receipts = await db.inBatch((tx) =>
        receiveStripeEvent(tx, { event, now: clock(), isUndelivered: true }),
      )
      for (const receipt of receipts) reportReceipt(log, receipt)
      const [{ eventId, type, outcome, purchaseId }] = receipts
      if (outcome === 'applied')
        log.warn({ eventId, type, purchaseId }, 'an event was found that Stripe could not deliver')
    } catch (error) {
      isWhole = false
      log.error({ err: error, eventId: event.id }, 'an event that Stripe could not deliver was not taken')
    }
  }
  return isWhole
}

/** Stripe's instants are whole seconds. */
const toSecond = (ms: number) => Math.floor(ms / 1000) * 1000

const findKnownSql = 'select id from stripe_events where id = any($1)'
