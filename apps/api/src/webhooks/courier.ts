/**
 * Carries deliveries to their endpoints: takes what is due, sends it, writes down how it went.
 *
 * The table of deliveries is the queue. A claim and its result are two transactions with the network between them, so
 * a crash anywhere leads to another attempt and never to none: at least once, and `webhook-id` tells repetitions.
 *
 * @module
 */
import type { Deps } from '../deps.ts'
import { type Outgoing, OutgoingFailure } from '../outgoing.ts'
import { inSpan } from '../trace.ts'
import { type ClaimedDelivery, claimDeliveries } from './claim-deliveries.ts'
import { unsealSecret } from './endpoint.ts'
import { presentEvent } from './event.ts'
import { type AttemptResult, recordAttempt } from './record-attempt.ts'
import { signWebhook } from './signature.ts'

/** Under way on this instance. Waiting for others costs memory and a socket each, not a thread. */
const SLOTS = 256
/** Of them for endpoints that fail: however many hang, the others keep the rest. */
const FAILING_SLOTS = 64

export interface Courier {
  /** Takes and sends what is due. Resolves when nothing more can be taken now; what was taken may be under way. */
  deliverDue(): Promise<void>
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
  /** Takes no more; what is under way and does not finish is left to its lease. */
  stop(): void
}

export function createCourier(
  { db, clock, log, config }: Pick<Deps, 'db' | 'clock' | 'log' | 'config'>,
  { outgoing }: { outgoing: Outgoing },
): Courier {
  const underWay = new Set<Promise<void>>()
  let failingUnderWay = 0
  let isStopped = false
  let pumping: Promise<void> | undefined
  let isWoken = false

  async function attempt(delivery: ClaimedDelivery): Promise<AttemptResult> {
    const startedAt = clock()
    const began = performance.now()
    const body = JSON.stringify(presentEvent(delivery))
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'token-marketplace-webhooks/1',
      ...signWebhook({ id: delivery.eventId, at: startedAt, body, ...openSecrets(delivery, startedAt) }),
    }
    const took = () => Math.round(performance.now() - began)
    try {
      const { status, excerpt, retryAfter } = await send(delivery, headers, body)
      return { startedAt, latencyMs: took(), httpStatus: status, error: null, answer: excerpt, retryAfter }
    } catch (error) {
      if (!(error instanceof OutgoingFailure)) throw error
      const none = { httpStatus: null, answer: null, retryAfter: undefined }
      return { startedAt, latencyMs: took(), error: error.message, ...none }
    }
  }

  function send({ url }: ClaimedDelivery, headers: Record<string, string>, body: string) {
    // Of the address only its host: what follows may be a credential.
    const attributes = { 'http.request.method': 'POST', 'server.address': URL.parse(url)?.hostname ?? '' }
    return inSpan('POST', { kind: 'client', attributes }, async (span) => {
      const answer = await outgoing.post(url, { headers, body })
      span?.set({ 'http.response.status_code': answer.status })
      return answer
    })
  }

  function openSecrets(delivery: ClaimedDelivery, at: Date) {
    const { endpointId, previousSecretUntil } = delivery
    const open = (sealed: Buffer | null) =>
      sealed === null ? [] : [unsealSecret(config.openingKeys, endpointId, sealed)]
    const isOverlapping = previousSecretUntil !== null && previousSecretUntil > at
    return {
      secrets: [
        ...open(delivery.secretSealed),
        ...(isOverlapping ? open(delivery.previousSecretSealed) : []),
      ],
      signingKeys: [
        ...open(delivery.signingKeySealed),
        ...(isOverlapping ? open(delivery.previousSigningKeySealed) : []),
      ],
    }
  }

  function deliver(delivery: ClaimedDelivery): Promise<void> {
    const { id, endpointId, eventId, type, tries } = delivery
    const attributes = {
      'webhook.delivery': id,
      'webhook.endpoint': endpointId,
      'webhook.event': eventId,
      'webhook.type': type,
      'webhook.tries': tries,
    }
    return inSpan('deliver webhook', { kind: 'consumer', attributes }, () => attemptAndRecord(delivery))
  }

  async function attemptAndRecord(delivery: ClaimedDelivery): Promise<void> {
    const { tenantId, id, endpointId, url, tries } = delivery
    try {
      const result = await attempt(delivery)
      // Cut off by our own stop: nobody's failure.
      if (isStopped && result.httpStatus === null) return
      const disabled = await recordAttempt(db.batch, {
        tenantId,
        id,
        endpointId,
        url,
        tries,
        result,
        now: clock(),
      })
      if (disabled) log.warn({ ...disabled }, 'webhook endpoint disabled')
    } catch (error) {
      log.error({ err: error, deliveryId: id }, 'delivery not recorded, its lease will run out')
    }
  }

  function start(delivery: ClaimedDelivery): void {
    if (delivery.isFailing) failingUnderWay += 1
    const running = deliver(delivery).then(() => {
      underWay.delete(running)
      if (delivery.isFailing) failingUnderWay -= 1
      // Its endpoint may have more that is due.
      wake()
    })
    underWay.add(running)
  }

  async function pump(): Promise<void> {
    do {
      isWoken = false
      const slots = SLOTS - underWay.size
      if (slots <= 0 || isStopped) return
      const failingSlots = FAILING_SLOTS - failingUnderWay
      const claimed = await inSpan('claim webhooks', { kind: 'consumer' }, () =>
        claimDeliveries(db, { slots, failingSlots, now: clock() }),
      )
      for (const delivery of claimed) start(delivery)
      isWoken ||= claimed.length > 0
    } while (isWoken)
  }

  function wake(): void {
    if (pumping) isWoken = true
    else deliverDue().catch((error: Error) => log.warn({ err: error }, 'deliveries not claimed'))
  }

  function deliverDue(): Promise<void> {
    pumping ??= pump().finally(() => {
      pumping = undefined
    })
    return pumping
  }

  return {
    deliverDue,
    async settled() {
      while (pumping || underWay.size > 0) await Promise.allSettled([pumping, ...underWay])
    },
    stop() {
      isStopped = true
    },
  }
}
