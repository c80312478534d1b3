/**
 * People who walk along the edges of the rules, step by step, over a network without faults: whatever the seed, every
 * rule is met at the place where breaking it shows. What is left to chance meets some of them in a large market only.
 *
 * @module
 */
import { ask, beginPurchase, eventOf, type StripeKind } from './bank.ts'
import { jtiOf, openOperation, relaunchOperation, type SimulatedProvider } from './launch-operations.ts'
import type { Answer, Call } from './marketplace.ts'
import type { StripeFactModel } from './oracle-wallet.ts'
import { type Said, sayingOf, type Verb } from './page-calls.ts'
import type { Operation, Person } from './person.ts'
import type { Profile } from './profiles.ts'

const SECOND = 1_000

export const EDGES: Profile = { name: 'along the edges' }

/** At that second of the walk; answers are there within one. */
export type Step = readonly [second: number, run: (walker: Walker) => void]

/** What is where: a provider who asks for 4 tokens a minute, and one who asks for none. Neither is ever suspended. */
export interface EdgeProviders {
  paid: SimulatedProvider
  free: SimulatedProvider
}

export function walk(person: Person, providers: EdgeProviders, steps: readonly Step[]): void {
  const walker = new Walker(person, providers)
  for (const [second, run] of steps) person.in(second * SECOND, () => run(walker))
}

interface EdgePage {
  clientId: string
  label: string
  sessionId: string
  sessionJwt: string
}

class Walker {
  #person: Person
  #providers: EdgeProviders
  #sessionId = ''
  #launchJwt = ''
  #olderLaunchJwt = ''
  #page: EdgePage = { clientId: '', label: 'e', sessionId: '', sessionJwt: '' }
  #pageBefore = this.#page
  #parked: { sessionId: string; page: EdgePage; sequence: number }[] = []
  #sequence = 0
  #purchase = { id: '', amountCents: 0, paymentIntent: '' }
  #last: (() => void) | undefined

  constructor(person: Person, providers: EdgeProviders) {
    this.#person = person
    this.#providers = providers
  }

  /** Orders them; the page to pay at stays open. */
  order(tokens: number): void {
    beginPurchase(this.#person, tokens, (purchase) => {
      if (purchase) this.#purchase = { ...purchase, paymentIntent: `pi_${this.#person.random.name(20)}` }
    })
  }

  /** For what was ordered, and no event will ever say so. */
  payUntold(): void {
    const { id: purchaseId, amountCents, paymentIntent } = this.#purchase
    const { books, world } = this.#person
    const learn = () => books.current.learn(purchaseId, { kind: 'paid' })
    world.countFault('untold payment')
    world.untold.pay({ purchaseId, amountCents, paymentIntent, learn })
  }

  /** Pays for it, too. */
  buy(tokens: number): void {
    beginPurchase(this.#person, tokens, (purchase) => {
      if (!purchase) return
      this.#purchase = { ...purchase, paymentIntent: `pi_${this.#person.random.name(20)}` }
      this.#tell('paid', { amount_total: purchase.amountCents }, { kind: 'paid' })
    })
  }

  /** @param share of what was paid, so far */
  refund(share: number): void {
    const refundedCents = Math.floor(this.#purchase.amountCents * share)
    this.#tell('refunded', { amount_refunded: refundedCents }, { kind: 'refunded', refundedCents })
  }

  failRefund(share: number): void {
    const [id, cents] = ['re_edge', Math.floor(this.#purchase.amountCents * share)]
    this.#tell('refundFailed', { id, amount: cents }, { kind: 'refundFailed', refundId: id, cents })
  }

  /** @param share of what was paid */
  dispute(disputeId: string, share = 1, kind: 'asked' | 'disputed' = 'disputed'): void {
    const cents = Math.floor(this.#purchase.amountCents * share)
    const status = kind === 'asked' ? 'warning_needs_response' : 'needs_response'
    this.#tell(kind, { id: disputeId, amount: cents, status }, { kind, disputeId, cents })
  }

  endDispute(disputeId: string, isWon: boolean, share = 1): void {
    const cents = Math.floor(this.#purchase.amountCents * share)
    const fields = { id: disputeId, amount: cents, status: isWon ? 'won' : 'lost' }
    this.#tell('closed', fields, { kind: 'closed', disputeId, cents, isWon })
  }

  open(minutes: number, which: keyof EdgeProviders = 'paid'): void {
    const provider = this.#providers[which]
    const operation = openOperation(this.#person, provider, minutes, `opens ${minutes} min, ${which}`)
    const body = { providerId: provider.id, durationMinutes: minutes }
    this.#ask({ url: '/sessions', body }, operation, ({ status, body: { session, launchJwt } }) => {
      if (status !== 201) return
      this.#sessionId = session.id
      this.#launchJwt = launchJwt
    })
  }

  /** In a browser of its own, which beats from then on. */
  launch(): void {
    this.#validate(`edge_${this.#person.random.name(12)}`)
  }

  /** Somebody else has seen the launch URL. */
  steal(): void {
    this.#validate(`thief_${this.#person.random.name(12)}`)
  }

  /** In the browser that holds it, by the launch it was opened with, when a later one was made. */
  launchAgain(): void {
    this.#validate(this.#page.clientId, this.#olderLaunchJwt)
  }

  /** By the launch JWT before the last one: void where nobody had used it. */
  launchByTheOlder(): void {
    this.#validate(`edge_${this.#person.random.name(12)}`, this.#olderLaunchJwt)
  }

  /** In the browser that held it before this one. */
  launchBefore(): void {
    this.#validate(this.#pageBefore.clientId)
  }

  /** Its tab stays open, and another session is opened. */
  park(): void {
    this.#parked.push({ sessionId: this.#sessionId, page: this.#page, sequence: this.#sequence })
  }

  /** The one that was parked first. */
  unpark(): void {
    const { sessionId, page, sequence } = this.#parked.shift()!
    this.#sessionId = sessionId
    this.#page = page
    this.#sequence = sequence
  }

  relaunch(): void {
    this.#olderLaunchJwt = this.#launchJwt
    const operation = relaunchOperation(this.#person, this.#sessionId, 'relaunches')
    this.#ask({ url: `/sessions/${this.#sessionId}/relaunch` }, operation, ({ body }) => {
      this.#launchJwt = body.launchJwt
    })
  }

  say(verb: Verb, told: { activeMs: number; final?: boolean }): void {
    this.#sequence += 1
    this.#say(verb, { ...told, clientId: this.#page.clientId, sequence: this.#sequence })
  }

  /** A page that has heard of nothing. */
  sayInTheOneBefore(verb: Verb): void {
    const { clientId } = this.#pageBefore
    this.#say(verb, { clientId, sequence: 1_000, activeMs: 0 }, this.#pageBefore)
  }

  /** A beat as an app without the SDK may send it. */
  beatSayingNothing(): void {
    this.#sequence += 1
    this.#say('heartbeat', { clientId: this.#page.clientId, sequence: this.#sequence })
  }

  /** @param back how many beats ago it was sent for the first time */
  beatAgain(back: number, activeMs: number): void {
    this.#say('heartbeat', { clientId: this.#page.clientId, sequence: this.#sequence - back, activeMs })
  }

  market(verb: 'pause' | 'resume' | 'complete'): void {
    const id = this.#sessionId
    const url = verb === 'complete' ? `/api/v1/sessions/${id}/complete` : `/sessions/${id}/${verb}`
    const apply: Operation['apply'] = (books, at) => books[verb](id, 'user', at)
    this.#ask({ url, body: {} }, { text: `${verb} in the marketplace`, apply })
  }

  extend(minutes: number): void {
    const id = this.#sessionId
    const apply: Operation['apply'] = (books, at) => books.extend(id, minutes, at)
    const operation = { text: `extends ${minutes} min`, apply }
    const idempotencyKey = this.#person.random.name(16)
    const call = { url: `/sessions/${id}/extend`, body: { minutes }, idempotencyKey }
    this.#last = () => this.#ask(call, operation)
    this.#last()
  }

  /** The call that has a key of its own, as if its answer had been lost. */
  askAgain(): void {
    this.#last?.()
  }

  look(): void {
    const id = this.#sessionId
    this.#send(
      { method: 'GET', url: `/sessions/${id}`, token: this.#person.token },
      { text: 'looks', apply: (books, at) => books.read(id, at) },
    )
  }

  #ask(
    call: { url: string; body?: unknown; idempotencyKey?: string },
    operation: Operation,
    then: (answer: Answer) => void = () => {},
  ): void {
    ask(this.#person, call, operation, (answer) => answer && then(answer))
  }

  #send(call: Call, operation: Operation, then: (answer: Answer) => void = () => {}): void {
    this.#person.send(call, operation, { answered: then, failed: () => {} })
  }

  #say(
    verb: Verb,
    said: Partial<Said> & { clientId: string; sequence: number; final?: boolean },
    page = this.#page,
  ): void {
    const { call, operation } = sayingOf(page, verb, said as Said)
    this.#send(call, operation)
  }

  #validate(clientId: string, launchJwt = this.#launchJwt): void {
    const sessionId = this.#sessionId
    const { exp } = JSON.parse(Buffer.from(launchJwt.split('.')[1]!, 'base64url').toString())
    const jti = jtiOf({ status: 200, replayed: false, body: { launchJwt } })
    const launch = { sessionId, jti, expiresAt: exp * 1000, clientId }
    this.#send(
      { method: 'POST', url: '/api/v1/sessions/validate', body: { launchJwt, clientId } },
      { text: 'launches', apply: (books, at) => books.validate(launch, at) },
      ({ status, body }) => {
        if (status !== 200) return
        this.#pageBefore = this.#page
        this.#page = { ...this.#page, clientId, sessionId, sessionJwt: body.sessionJwt }
        this.#sequence = body.session.sequence
      },
    )
  }

  #tell(kind: StripeKind, fields: object, fact: StripeFactModel): void {
    const person = this.#person
    const { id: purchaseId, paymentIntent } = this.#purchase
    const known = { id: `evt_${person.random.name(20)}`, purchaseId, paymentIntent, isNamed: true }
    const body = eventOf(person, kind, known, fields)
    const apply: Operation['apply'] = (books) => {
      books.learn(purchaseId, fact)
      return { status: 200 }
    }
    const call = { method: 'POST' as const, url: '/webhooks/stripe', body }
    person.arrive(call, { text: `Stripe: ${kind}`, apply }, () => {}, false)
  }
}
