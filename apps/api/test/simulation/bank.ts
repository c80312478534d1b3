/**
 * Where tokens come from: purchases, and Stripe, which tells of payments, refunds and disputes several times, late and
 * in any order.
 *
 * @module
 */
import type { Answer } from './marketplace.ts'
import type { Books } from './oracle.ts'
import type { StripeFactModel } from './oracle-wallet.ts'
import { priceInCents } from './oracle-wallet.ts'
import type { Operation, Person } from './person.ts'

const MINUTE = 60_000

/** A call that the same key makes safe to repeat, repeated until it is answered. */
export function ask(
  person: Person,
  call: { url: string; body?: unknown; idempotencyKey?: string },
  operation: Operation,
  then: (answer: Answer | undefined) => void,
): void {
  const idempotencyKey = call.idempotencyKey ?? person.random.name(16)
  const attempt = (tries: number) =>
    person.send({ method: 'POST', token: person.token, ...call, idempotencyKey }, operation, {
      answered: (answer) => {
        if (answer.body?.code !== 'idempotency_in_progress') then(answer)
        else person.in(500, () => attempt(tries))
      },
      failed: () => {
        if (tries === 0) then(undefined)
        else person.in(person.random.whole(500, 4_000), () => attempt(tries - 1))
      },
    })
  attempt(8)
}

/** Buys tokens and pays. Calls back when the payment was reported, whatever the bank does with it later. */
export function buy(person: Person, tokens: number, then: () => void): void {
  const { random } = person
  const label = `p${person.books.current.purchases.size + 1}`
  beginPurchase(person, tokens, (purchase) => {
    if (!purchase) return then()
    const bank = new Bank(person, purchase.id, label, purchase.amountCents)
    person.in(random.whole(3_000, 40_000), () => bank.settle(then))
  })
}

/** Orders tokens, which are nobody's before they are paid. Calls back with nothing where no answer came. */
export function beginPurchase(
  person: Person,
  tokens: number,
  then: (purchase: { id: string; amountCents: number } | undefined) => void,
): void {
  const amountCents = priceInCents(tokens)
  const ordinal = person.books.current.purchases.size + 1
  const known = new Set<string>()
  const operation: Operation = {
    text: `buys ${tokens} (p${ordinal})`,
    apply(books, _at, { answer, state }) {
      const id: string | undefined = answer
        ? answer.body?.purchase?.id
        : state?.purchases.find((purchase) => !books.purchases.has(purchase.id))?.id
      if (id === undefined) return undefined
      if (answer && answer.body.purchase.amountCents !== amountCents)
        person.fail(`${tokens} tokens cost ${answer.body.purchase.amountCents}, expected ${amountCents}`)
      known.add(id)
      const empty = { isPaid: false, refundedCents: 0, failedCents: {}, reversed: 0, disputes: {} }
      if (!books.purchases.has(id)) books.purchases.set(id, { tokens, amountCents, ...empty })
      return { status: 201 }
    },
  }
  ask(person, { url: '/tokens/purchase', body: { tokens } }, operation, (answer) =>
    then(answer?.status === 201 ? { id: answer.body.purchase.id, amountCents } : undefined),
  )
}

export type StripeKind = 'paid' | 'refunded' | 'refundFailed' | 'asked' | 'disputed' | 'closed' | 'expired'

const STRIPE_TYPES: Record<StripeKind, string> = {
  paid: 'checkout.session.completed',
  expired: 'checkout.session.expired',
  refunded: 'charge.refunded',
  refundFailed: 'refund.failed',
  asked: 'charge.dispute.created',
  disputed: 'charge.dispute.updated',
  closed: 'charge.dispute.closed',
}

const isCheckout = (kind: StripeKind) => kind === 'paid' || kind === 'expired'

/** What Stripe would send, as it is on the wire. */
export function eventOf(
  person: Person,
  kind: StripeKind,
  known: { id: string; purchaseId: string; paymentIntent: string; isNamed: boolean },
  fields: object,
): string {
  const { id, purchaseId, paymentIntent, isNamed } = known
  const object = {
    id: `cs_${person.random.name(12)}`,
    payment_intent: kind === 'expired' ? null : paymentIntent,
    ...(isNamed && { metadata: { purchaseId } }),
    ...(isCheckout(kind) && { client_reference_id: purchaseId, currency: 'usd', payment_status: 'paid' }),
    ...(kind === 'refunded' && { currency: 'usd' }),
    ...fields,
  }
  const created = Math.floor(person.now / 1000)
  return JSON.stringify({ id, object: 'event', type: STRIPE_TYPES[kind], created, data: { object } })
}

class Bank {
  #person: Person
  #purchaseId: string
  #label: string
  #amountCents: number
  #paymentIntent: string
  #seen = new Set<string>()
  #waiting: StripeFactModel[] = []

  constructor(person: Person, purchaseId: string, label: string, amountCents: number) {
    this.#person = person
    this.#purchaseId = purchaseId
    this.#label = label
    this.#amountCents = amountCents
    this.#paymentIntent = `pi_${person.random.name(20)}`
  }

  settle(then: () => void): void {
    const { random } = this.#person
    const amount = this.#amountCents
    if (random.chance(0.06)) {
      // Somebody pays another amount: refused, and nothing is credited.
      this.#tell('paid', { amount_total: amount - 1 }, undefined)
    }
    // Late facts come in any order, also before the payment they belong to.
    if (random.chance(0.2)) {
      const part = random.whole(1, amount)
      this.#later(() =>
        this.#tell('refunded', { amount_refunded: part }, { kind: 'refunded', refundedCents: part }),
      )
      if (random.chance(0.3)) {
        const refundId = `re_${random.name(12)}`
        const fact = { kind: 'refundFailed' as const, refundId, cents: part }
        this.#later(() => this.#tell('refundFailed', { id: refundId, amount: part, currency: 'usd' }, fact))
      }
      if (random.chance(0.5))
        this.#later(() =>
          this.#tell('refunded', { amount_refunded: amount }, { kind: 'refunded', refundedCents: amount }),
        )
    }
    if (random.chance(0.2)) {
      this.#dispute(`dp_${random.name(12)}`, amount)
      if (random.chance(0.3)) this.#dispute(`dp_${random.name(12)}`, amount)
    }
    if (random.chance(0.05)) this.#later(() => this.#tell('expired', {}, undefined))
    if (random.chance(0.1)) this.#later(() => this.#tell('paid', { amount_total: amount }, { kind: 'paid' }))
    this.#tell('paid', { amount_total: amount }, { kind: 'paid' }, then)
  }

  /** Of all of it or of a part; the bank may ask before it takes, and asks of some without taking. */
  #dispute(disputeId: string, amount: number): void {
    const { random } = this.#person
    const cents = random.chance(0.5) ? amount : random.whole(1, amount)
    const about = { disputeId, cents }
    const fields = { id: disputeId, ...((cents < amount || random.chance(0.5)) && { amount: cents }) }
    const tell = (kind: StripeKind, status: string, fact: StripeFactModel) =>
      this.#later(() => this.#tell(kind, { ...fields, status }, fact))
    const isAsked = random.chance(0.3)
    if (isAsked) tell('asked', 'warning_needs_response', { kind: 'asked', ...about })
    if (isAsked && random.chance(0.5)) return
    tell('disputed', 'needs_response', { kind: 'disputed', ...about })
    const isWon = random.chance(0.5)
    tell('closed', isWon ? 'won' : 'lost', { kind: 'closed', ...about, isWon })
  }

  #later(run: () => void): void {
    const { random } = this.#person
    this.#person.in(random.chance(0.3) ? random.whole(1, 2_000) : random.whole(1, 40) * MINUTE, run)
  }

  #tell(
    kind: StripeKind,
    fields: object,
    fact: StripeFactModel | undefined,
    then: () => void = () => {},
  ): void {
    const person = this.#person
    const { random } = person
    const id = `evt_${random.name(20)}`
    const isNamed = isCheckout(kind) || random.chance(0.5)
    const known = { id, purchaseId: this.#purchaseId, paymentIntent: this.#paymentIntent, isNamed }
    const body = eventOf(person, kind, known, fields)
    const operation: Operation = {
      text: `Stripe: ${kind} ${this.#label}${isNamed ? '' : ' by its payment intent'}`,
      apply: (books, _at, { steps }) => this.#apply(books, id, fact, isNamed, steps === undefined),
    }
    let isTold = false
    const tellOnce = () => {
      if (!isTold) then()
      isTold = true
    }
    const deliver = () =>
      person.arrive(
        { method: 'POST', url: '/webhooks/stripe', body },
        operation,
        (answer) => {
          if (answer.status === 200) tellOnce()
          else person.in(random.whole(1_000, 60_000), deliver)
        },
        isNamed,
      )
    deliver()
    if (random.chance(0.15 + (person.profile.doubled ?? 0))) {
      person.world.countFault('doubled Stripe event')
      person.in(random.whole(1, 120_000), deliver)
    }
  }

  /** An event is known by its id; one that names no purchase waits for the payment that brings its intent. */
  #apply(books: Books, id: string, fact: StripeFactModel | undefined, isNamed: boolean, isSure: boolean) {
    const purchase = books.purchases.get(this.#purchaseId)
    if (!purchase) return undefined
    if (this.#seen.has(id)) return { status: 200 }
    const isMatched = isNamed || purchase.isPaid
    if (fact && isMatched) books.learn(this.#purchaseId, fact)
    if (fact?.kind === 'paid') for (const waiting of this.#waiting) books.learn(this.#purchaseId, waiting)
    if (isSure) {
      this.#seen.add(id)
      if (fact?.kind === 'paid') this.#waiting = []
      else if (fact && !isMatched) this.#waiting.push(fact)
    }
    return { status: 200 }
  }
}
