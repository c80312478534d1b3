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

/** What could not be taken is tried by every run; more than these say that it is not for them, but for what is wrong here. */
const FAILED_MAX = 100

/** How far the runs of a process have come. */
export interface Progress {
  /** Where the next one goes on. */
  from: Date
  /** What lies before that and could not be taken. */
  failed: StripeEvent[]
}

/** Looks at all that Stripe keeps. */
export const BEGINNING: Progress = { from: new Date(0), failed: [] }

/**
 * Takes the events that Stripe could not deliver, by the same code as those it did: one that comes later changes nothing.
 *
 * The oldest first, by windows of time that are made smaller until one answer holds all of a window. What Stripe lists it lists for
 * thirty days, also what we have by now, so a run begins where the one before ended. One that cannot be taken is kept for the next
 * run, or it would be listed again, and thousands behind it, and those that come after them never.
 *
 * @param abortSignal ends it after the event it is at
 */
export async function receiveUndeliveredEvents(
  deps: Pick<Deps, 'db' | 'clock' | 'log'>,
  checkout: Checkout,
  { from, failed, abortSignal }: Progress & { abortSignal?: AbortSignal | undefined },
): Promise<Progress> {
  const untilMs = toSecond(deps.clock().getTime() - YOUNG_MS)
  const keptFromMs = untilMs - KEPT_MS
  let fromMs = Math.max(toSecond(from.getTime()), keptFromMs)
  let windowMs = untilMs - fromMs
  const again = failed.filter(({ at }) => at === undefined || at.getTime() >= keptFromMs)
  let left = await receiveAll(deps, again, abortSignal)
  for (let asked = 0; fromMs < untilMs; asked += 1) {
    const goOn = { from: new Date(fromMs), failed: left }
    if (asked === ASKED_MAX || abortSignal?.aborted) return goOn
    const toMs = Math.min(fromMs + windowMs, untilMs)
    let listed: unknown[] | undefined
    try {
      listed = await checkout.listUndelivered({ from: new Date(fromMs), to: new Date(toMs) })
    } catch (error) {
      if (error instanceof Problem && error.code === 'payment_unavailable') return goOn
      throw error
    }
    if (listed === undefined) {
      windowMs = Math.max(1000, toSecond((toMs - fromMs) / 2))
      continue
    }
    const tried = new Set(left.map(({ id }) => id))
    const events = readAll(deps, listed).filter(({ id }) => !tried.has(id))
    const all = [...left, ...(await receiveAll(deps, events, abortSignal))]
    if (abortSignal?.aborted || all.length > FAILED_MAX) return goOn
    left = all
    fromMs = toMs
    // A fuller one would be too much for an answer when doubled, and cost two.
    if (listed.length < WELL_FILLED) windowMs *= 2
  }
  return { from: new Date(untilMs - AGAIN_MS), failed: left }
}

function readAll({ log }: Pick<Deps, 'log'>, listed: unknown[]): StripeEvent[] {
  const events: StripeEvent[] = []
  for (const told of listed) {
    const event = readStripeEvent(JSON.stringify(told))
    if (event) events.push(event)
    else log.error('a listed Stripe event has no id: nothing was done')
  }
  return events
}

/** Each in a transaction of its own; gives back those that were not taken. */
async function receiveAll(
  { db, clock, log }: Pick<Deps, 'db' | 'clock' | 'log'>,
  events: StripeEvent[],
  abortSignal: AbortSignal | undefined,
): Promise<StripeEvent[]> {
  if (events.length === 0) return []
  const rows = await db.batch.query<{ id: string }>(findKnownSql, [events.map(({ id }) => id)])
  const known = new Set(rows.map(({ id }) => id))
  const left: StripeEvent[] = []
  for (const event of events.filter(({ id }) => !known.has(id))) {
    if (abortSignal?.aborted) {
      left.push(event)
      continue
    }
    try {
      const receipts = await db.inBatch((tx) =>
        receiveStripeEvent(tx, { event, now: clock(), isUndelivered: true }),
      )
      for (const receipt of receipts) reportReceipt(log, receipt)
      const [{ eventId, type, outcome, purchaseId }] = receipts
      if (outcome === 'applied')
        log.warn({ eventId, type, purchaseId }, 'an event was found that Stripe could not deliver')
    } catch (error) {
      left.push(event)
      log.error({ err: error, eventId: event.id }, 'an event that Stripe could not deliver was not taken')
    }
  }
  return left
}

/** Stripe's instants are whole seconds. */
const toSecond = (ms: number) => Math.floor(ms / 1000) * 1000

const findKnownSql = 'select id from stripe_events where id = any($1)'
