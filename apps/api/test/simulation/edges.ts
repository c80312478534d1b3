/**
 * People who walk along the edges of the rules, step by step, over a network without faults: whatever the seed, every
 * rule is met at the place where breaking it shows. What is left to chance meets some of them in a large market only.
 *
 * @module
 */
import { ask, beginPurchase, eventOf, type StripeKind } from './bank.ts'
import { jtiOf, openOperation, relaunchOperation, type SimulatedProvider } from './launch-operations.ts'
import type { Answer, Call } from './marketplace.ts'
import type { StripeFactModel } from './oracle.ts'
import { type Said, sayingOf, type Verb } from './page-calls.ts'
import type { Operation, Person } from './person.ts'
import type { Profile } from './profiles.ts'

const SECOND = 1_000

export const EDGES: Profile = { name: 'along the edges' }

/** At that second of the walk; answers are there within one. */
type Step = readonly [second: number, run: (walker: Walker) => void]

/** What is where: a provider who asks for 4 tokens a minute, and one who asks for none. Neither is ever suspended. */
export interface EdgeProviders {
  paid: SimulatedProvider
  free: SimulatedProvider
}

export function walk(person: Person, providers: EdgeProviders, steps: readonly Step[]): void {
  const walker = new Walker(person, providers)
  for (const [second, run] of steps) person.in(second * SECOND, () => run(walker))
}

class Walker {
  #person: Person
  #providers: EdgeProviders
  #sessionId = ''
  #launchJwt = ''
  #olderLaunchJwt = ''
  #page = { clientId: '', label: 'e', sessionId: '', sessionJwt: '' }
  #sequence = 0
  #purchase = { id: '', amountCents: 0, paymentIntent: '' }
  #last: (() => void) | undefined

  constructor(person: Person, providers: EdgeProviders) {
    this.#person = person
    this.#providers = providers
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

  #say(verb: Verb, said: Partial<Said> & { clientId: string; sequence: number; final?: boolean }): void {
    const { call, operation } = sayingOf(this.#page, verb, said as Said)
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
        this.#page = { ...this.#page, clientId, sessionId, sessionJwt: body.sessionJwt }
        this.#sequence = 0
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

const START: readonly Step[] = [
  [6, (it) => it.launch()],
  [8, (it) => it.say('heartbeat', { activeMs: 2_000 })],
]

export const WALKS: Readonly<Record<string, readonly Step[]>> = {
  'what gaps count': [
    [0, (it) => it.buy(400)],
    [3, (it) => it.open(20)],
    ...START,
    [38, (it) => it.say('heartbeat', { activeMs: 30_000 })],
    // Asleep for a minute, and gone for longer than a lease.
    [98, (it) => it.say('heartbeat', { activeMs: 0 })],
    [238, (it) => it.beatSayingNothing()],
    [250, (it) => it.say('heartbeat', { activeMs: 12_000, final: true })],
    [290, (it) => it.say('heartbeat', { activeMs: 0 })],
    // Doubled, and overtaken.
    [310, (it) => it.beatAgain(0, 20_000)],
    [315, (it) => it.beatAgain(1, 20_000)],
    [320, (it) => it.say('heartbeat', { activeMs: 30_000 })],
    [440, (it) => it.market('complete')],
    [445, (it) => it.market('complete')],
    [450, (it) => it.say('complete', { activeMs: 0 })],
  ],
  pauses: [
    [0, (it) => it.buy(400)],
    [3, (it) => it.open(20)],
    ...START,
    [20, (it) => it.say('pause', { activeMs: 12_000 })],
    [40, (it) => it.say('resume', { activeMs: 0 })],
    [60, (it) => it.say('heartbeat', { activeMs: 20_000 })],
    // Twice a quarter of an hour and more: abandoned, though neither alone would be.
    [70, (it) => it.market('pause')],
    [75, (it) => it.say('resume', { activeMs: 0 })],
    [1_030, (it) => it.market('resume')],
    [1_050, (it) => it.say('heartbeat', { activeMs: 20_000 })],
    [1_060, (it) => it.market('pause')],
    [2_020, (it) => it.look()],
  ],
  'silence before the first beat, and for good': [
    [0, (it) => it.buy(400)],
    [3, (it) => it.open(20)],
    [6, (it) => it.launch()],
    [66, (it) => it.look()],
    [68, (it) => it.say('heartbeat', { activeMs: 62_000 })],
    [1_930, (it) => it.look()],
  ],
  'running out with nobody there': [
    [0, (it) => it.buy(400)],
    [3, (it) => it.open(3)],
    ...START,
    [38, (it) => it.say('heartbeat', { activeMs: 30_000 })],
    [68, (it) => it.say('heartbeat', { activeMs: 30_000 })],
  ],
  'what is held, refunded and owed': [
    [0, (it) => it.buy(50)],
    [3, (it) => it.open(10)],
    ...START,
    [10, (it) => it.open(10)],
    [38, (it) => it.say('heartbeat', { activeMs: 30_000 })],
    [40, (it) => it.refund(1)],
    [42, (it) => it.refund(0.5)],
    // Free of charge, but not for who owes.
    [44, (it) => it.open(10, 'free')],
    [46, (it) => it.say('complete', { activeMs: 8_000 })],
    [48, (it) => it.open(10, 'free')],
    [50, (it) => it.buy(100)],
    [54, (it) => it.open(10, 'free')],
  ],
  'disputes lost and won': [
    [0, (it) => it.buy(50)],
    [3, (it) => it.dispute('lost')],
    [6, (it) => it.endDispute('lost', false)],
    [9, (it) => it.open(10)],
    [12, (it) => it.buy(60)],
    [15, (it) => it.dispute('won')],
    [18, (it) => it.endDispute('won', true)],
    [21, (it) => it.open(10)],
    // Told the wrong way round.
    [24, (it) => it.endDispute('late', true)],
    [27, (it) => it.dispute('late')],
    [30, (it) => it.open(5)],
    [33, (it) => it.dispute('part', 0.5, 'asked')],
    [36, (it) => it.dispute('part', 0.5)],
    [39, (it) => it.endDispute('part', false, 0.25)],
    [42, (it) => it.refund(0.5)],
    [45, (it) => it.failRefund(0.5)],
    [48, (it) => it.dispute('asked', 0.5, 'asked')],
  ],
  'an extension, and its answer lost': [
    [0, (it) => it.buy(100)],
    [3, (it) => it.open(5)],
    ...START,
    [20, (it) => it.extend(5)],
    [25, (it) => it.askAgain()],
    [38, (it) => it.say('heartbeat', { activeMs: 30_000 })],
    [60, (it) => it.say('complete', { activeMs: 22_000 })],
  ],
  'an extension after the app has closed, and an answer lost': [
    [0, (it) => it.buy(100)],
    [3, (it) => it.open(3)],
    ...START,
    ...[38, 68, 98, 128, 158].map(
      (second): Step => [second, (it) => it.say('heartbeat', { activeMs: 30_000 })],
    ),
    [170, (it) => it.say('heartbeat', { activeMs: 12_000 })],
    [230, (it) => it.extend(5)],
    [240, (it) => it.say('heartbeat', { activeMs: 0 })],
    // The page believes it is closed, and starts the clock again.
    [250, (it) => it.say('resume', { activeMs: 0 })],
    [270, (it) => it.say('heartbeat', { activeMs: 20_000 })],
    [280, (it) => it.say('complete', { activeMs: 10_000 })],
  ],
  'another browser': [
    [0, (it) => it.buy(100)],
    [3, (it) => it.open(10)],
    ...START,
    [12, (it) => it.steal()],
    [20, (it) => it.relaunch()],
    [21, (it) => it.launchAgain()],
    [22, (it) => it.launchByTheOlder()],
    [24, (it) => it.launch()],
    [26, (it) => it.say('heartbeat', { activeMs: 2_000 })],
    // Left in one, gone on with in the next.
    [30, (it) => it.say('heartbeat', { activeMs: 4_000, final: true })],
    [34, (it) => it.relaunch()],
    [35, (it) => it.relaunch()],
    [36, (it) => it.launchByTheOlder()],
    [38, (it) => it.launch()],
    [40, (it) => it.say('heartbeat', { activeMs: 2_000 })],
    [50, (it) => it.say('complete', { activeMs: 10_000 })],
  ],
  'waiting to be launched': [
    [0, (it) => it.buy(100)],
    [3, (it) => it.open(10)],
    // Its launch JWT is dead for four minutes and a half; a new one gives it seven more.
    [400, (it) => it.look()],
    [405, (it) => it.relaunch()],
    [700, (it) => it.look()],
  ],
  'a pause that both asked for': [
    [0, (it) => it.buy(100)],
    [3, (it) => it.open(10)],
    ...START,
    [20, (it) => it.say('pause', { activeMs: 12_000 })],
    [25, (it) => it.market('pause')],
    [30, (it) => it.say('resume', { activeMs: 0 })],
    [40, (it) => it.market('resume')],
    [50, (it) => it.say('heartbeat', { activeMs: 10_000 })],
    // The other way round: this is how the app hears of it.
    [60, (it) => it.market('pause')],
    [80, (it) => it.say('pause', { activeMs: 30_000 })],
    [90, (it) => it.market('resume')],
    [100, (it) => it.say('heartbeat', { activeMs: 0 })],
    [110, (it) => it.say('complete', { activeMs: 10_000 })],
  ],
  // Looked at by nobody but the sweeper, first when its minutes could have run out.
  'a pause that nobody comes back to': [
    [0, (it) => it.buy(100)],
    [3, (it) => it.open(3)],
    ...START,
    [20, (it) => it.say('pause', { activeMs: 12_000 })],
  ],
  'beyond the allowance': [
    [0, (it) => it.buy(400)],
    [3, (it) => it.open(60)],
    ...START,
    ...[133, 258, 383, 508, 633].map(
      (second): Step => [second, (it) => it.say('heartbeat', { activeMs: 0 })],
    ),
    [693, (it) => it.say('heartbeat', { activeMs: 0 })],
    [723, (it) => it.say('complete', { activeMs: 30_000 })],
    // Nor does the next one start afresh, and left to itself it pays for its last lease.
    [730, (it) => it.open(10)],
    [733, (it) => it.launch()],
    [735, (it) => it.say('heartbeat', { activeMs: 2_000 })],
  ],
  'from one session left alone to the next': [
    [0, (it) => it.buy(400)],
    ...[0, 1, 2, 3, 4, 5].flatMap((n): Step[] => [
      [3 + 140 * n, (it) => it.open(10)],
      [6 + 140 * n, (it) => it.launch()],
      [8 + 140 * n, (it) => it.say('heartbeat', { activeMs: 2_000 })],
    ]),
  ],
}
