import type { AnsweredSession, AskedSession } from './checkout.ts'
import { asObject, type Json, readFact, readId, type StripeEvent, type StripeFact } from './stripe-event.ts'

/**
 * What a Checkout Session says by now, as events would have told it; nothing while its page is open. The ids are made of what is
 * said of what, so that asking again and again says it once.
 *
 * With a payment come its refunds and disputes: where its own event was lost, theirs may have been, too.
 */
export function readCheckoutSession(answer: AnsweredSession, asked: AskedSession): StripeEvent[] {
  const session = asObject(answer.session) ?? {}
  const fact = readSessionFact(session, asked)
  if (fact === undefined) return []
  const facts: [about: string, StripeFact][] = [[asked.checkoutSessionId, fact]]
  if (fact.kind === 'paid') {
    const charge = asObject(asObject(session.payment_intent)?.latest_charge)
    if (charge !== undefined && charge.amount_refunded !== 0)
      facts.push([asked.checkoutSessionId, readFact('charge.refunded', charge)])
    for (const told of answer.disputes) {
      const dispute = asObject(told) ?? {}
      facts.push([readId(dispute.id) ?? asked.checkoutSessionId, readFact('charge.dispute.updated', dispute)])
    }
  }
  return facts.map(([about, said]) => ({
    id: `reconciliation_${said.kind}_${about}`,
    type: `reconciliation.${said.kind}`,
    at: undefined,
    fact: said.kind === 'malformed' ? { ...said, purchaseId: asked.purchaseId } : said,
  }))
}

function readSessionFact(session: Json, asked: AskedSession): StripeFact | undefined {
  const refuse = (why: string): StripeFact => ({ kind: 'malformed', why })
  if (session.id !== asked.checkoutSessionId) return refuse('Stripe answered with another Checkout Session')
  if (session.status === 'open' && session.payment_status !== 'paid') return undefined
  const type = typeOf(session)
  if (type === undefined) return refuse('the Checkout Session is neither open, complete nor expired')
  const fact = readFact(type, session)
  if (fact.kind === 'malformed' || ('purchaseId' in fact && fact.purchaseId === asked.purchaseId)) return fact
  return refuse('the Checkout Session names another purchase')
}

/** The event that told, or should have. */
function typeOf({ status, payment_status: paymentStatus, payment_intent: intent }: Json): string | undefined {
  if (paymentStatus === 'paid') return 'checkout.session.completed'
  if (status === 'expired') return 'checkout.session.expired'
  if (status !== 'complete') return undefined
  // A bank that takes its time declined in the end: the session stays complete, only its payment intent says so.
  const intentStatus = asObject(intent)?.status
  const isDeclined = intentStatus === 'requires_payment_method' || intentStatus === 'canceled'
  return isDeclined ? 'checkout.session.async_payment_failed' : 'checkout.session.completed'
}
