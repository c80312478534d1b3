/**
 * One person and everything that is theirs: a queue of what happens next, the network to the marketplace, and the
 * books it must agree with. People share nothing but providers, so many may act at once and still repeat exactly.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { OpenPage } from './app-page.ts'
import { type CutMode, withCut } from './cut.ts'
import { EventQueue } from './event-queue.ts'
import type { Answer, Call, Marketplace } from './marketplace.ts'
import { Books, type Expected } from './oracle.ts'
import { viewOf } from './oracle-session.ts'
import type { Profile } from './profiles.ts'
import type { Random } from './random.ts'
import { differenceOf, readState, type State } from './state.ts'
import type { UntoldPayments } from './untold-payments.ts'

const TIMEOUT_MS = 10_000

export class SimulationFailure extends Error {
  override name = 'SimulationFailure'
}

/** What the model makes of a call. */
export interface Operation {
  /** For the trace: no ids that a replay would not repeat. */
  text: string
  /** Where it reached the database only in part, `steps` says how far. */
  apply(
    books: Books,
    at: number,
    known: { answer?: Answer; state?: State; steps?: number },
  ): Expected | undefined
  /** In how many transactions it is done, each of which may be the last. */
  steps?: number
}

/** Who sent a call hears one of them. */
export interface Outcome {
  answered(answer: Answer): void
  failed(): void
}

interface Kept {
  status: number
  code: string | undefined
  view: Record<string, unknown> | undefined
  /** False after a cut that left no trace: the answer may be stored or not. */
  isCertain: boolean
}

interface Step {
  run: () => void | Promise<void>
  isExclusive: boolean
}

export interface World {
  marketplace: Marketplace
  isListed(providerId: string): boolean
  countFault(kind: string): void
  untold: UntoldPayments
  openPage: OpenPage
}

export class Person {
  readonly books = { current: new Books() }
  readonly trace: string[] = []
  traceKept = 80
  digest = ''
  userId = ''
  token = ''
  offlineUntil = 0
  now = 0
  /** Where pages run code that waits for itself: what an event leads to is done before the next one. */
  settle: (() => Promise<void>) | undefined
  readonly name: string
  readonly profile: Profile
  readonly random: Random
  readonly world: World
  #queue = new EventQueue<Step>()
  #kept = new Map<string, Kept>()

  constructor(name: string, profile: Profile, random: Random, world: World) {
    this.name = name
    this.profile = profile
    this.random = random
    this.world = world
  }

  get nextAt(): number {
    return this.#queue.nextAt
  }

  in(ms: number, run: () => void | Promise<void>, isExclusive = false): void {
    this.#queue.push(this.now + Math.max(1, Math.round(ms)), { run, isExclusive })
  }

  /** @returns true when it met something that has to run alone. */
  async runUntil(end: number): Promise<boolean> {
    while (this.#queue.nextAt < end) {
      const next = this.#queue.pop()!
      this.now = next.at
      if (next.event.isExclusive) {
        this.#alone = next.event.run
        return true
      }
      await next.event.run()
      await this.settle?.()
    }
    return false
  }

  #alone: (() => void | Promise<void>) | undefined

  async runAlone(): Promise<void> {
    await this.#alone?.()
    await this.settle?.()
    this.#alone = undefined
  }

  note(text: string): void {
    const line = `${new Date(this.now).toISOString().slice(11, 23)} ${this.name} ${text}`
    this.digest = createHash('sha1').update(this.digest).update(line).digest('hex')
    if (this.trace.push(line) > this.traceKept) this.trace.shift()
  }

  fail(what: string): never {
    throw new SimulationFailure(
      `${this.name} (${this.profile.name}): ${what}\n${this.trace.map((line) => `  ${line}`).join('\n')}`,
    )
  }

  /**
   * Sends a call over this person's network. Exactly one of the two outcomes is told, the client's view of it; what
   * arrives late or twice is judged by the model all the same.
   */
  send(call: Call, operation: Operation, outcome: Outcome): void {
    const { profile, random } = this
    let isTold = false
    const tell = (run: () => void) => () => {
      if (isTold) return
      isTold = true
      run()
    }
    const failed = tell(outcome.failed)
    this.in(TIMEOUT_MS, failed)
    if (this.now < this.offlineUntil) {
      if (random.chance(0.7)) this.in(50, failed)
      return
    }
    if (random.chance(profile.lostRequest ?? 0)) {
      this.world.countFault('lost request')
      if (random.chance(0.5)) this.in(random.whole(50, 2_000), failed)
      return
    }
    let delay = random.whole(10, 150)
    if (random.chance((call.isBeacon ? profile.lateLastBeat : profile.late) ?? 0)) {
      this.world.countFault('late')
      delay += random.whole(2_000, 40_000)
    }
    this.#arriveIn(delay, call, operation, (answer) => {
      if (random.chance(profile.lostAnswer ?? 0) || this.now < this.offlineUntil) {
        this.world.countFault('lost answer')
        if (random.chance(0.5)) this.in(random.whole(20, 300), failed)
        return
      }
      const back = random.whole(10, 150)
      this.in(
        back,
        tell(() => (answer.status >= 500 ? outcome.failed() : outcome.answered(answer))),
      )
    })
    if (random.chance(profile.doubled ?? 0)) {
      this.world.countFault('doubled')
      const behind = random.chance(0.4) ? 1 : random.whole(1, 6_000)
      // A last word that comes late has a class of its own: the copy could be the one that is heard.
      this.#arriveIn(delay + (call.isBeacon ? 1 : behind), call, operation, () => {})
    }
  }

  /**
   * A call from a computer that tries until it hears an answer: Stripe's, which signs each attempt anew and waits longer each time. A
   * delivery that is lost is a later one, one whose answer is lost comes twice.
   *
   * @param mayBeCut false where the database could not say afterwards whether it happened
   */
  arrive(
    call: Call & { body: string },
    operation: Operation,
    then: (answer: Answer) => void,
    mayBeCut: boolean,
    tries = 0,
  ): void {
    const { profile, random, world } = this
    const again = (fault: string) => {
      world.countFault(fault)
      const wait = random.whole(1, 5) * 60_000 * 2 ** tries
      this.in(wait, () => this.arrive(call, operation, then, mayBeCut, tries + 1))
    }
    if (random.chance(profile.lostRequest ?? 0)) {
      again('lost Stripe event')
      return
    }
    const stripeSignature = world.marketplace.sign(this.now, call.body)
    this.#arriveIn(
      random.whole(10, 150),
      { ...call, stripeSignature },
      operation,
      (answer) => {
        if (random.chance(profile.lostAnswer ?? 0)) again('lost answer to Stripe')
        else then(answer)
      },
      mayBeCut,
    )
  }

  #arriveIn(
    delay: number,
    call: Call,
    operation: Operation,
    then: (answer: Answer) => void,
    mayBeCut = true,
  ): void {
    const { profile, random } = this
    const isCrash = mayBeCut && random.chance(profile.crash ?? 0)
    const isKill = mayBeCut && !isCrash && random.chance(profile.kill ?? 0)
    const which = random.whole(0, 1)
    if (!isCrash && !isKill) {
      this.in(delay, async () => {
        const answer = await this.world.marketplace.call(this.now, which, call)
        this.#judge(call, operation, answer, this.world.marketplace.localTime(this.now, which))
        then(answer)
      })
      return
    }
    const mode: CutMode = isKill ? 'killed' : random.pick(['before', 'after'] as const)
    const statement = random.whole(1, random.pick([4, 8, 16]))
    const isRestart = isCrash && random.chance(0.02)
    this.in(delay, () => this.#performCut(which, call, operation, { mode, statement, isRestart }, then), true)
  }

  async #performCut(
    which: number,
    call: Call,
    operation: Operation,
    { mode, statement, isRestart }: { mode: CutMode; statement: number; isRestart: boolean },
    then: (answer: Answer) => void,
  ): Promise<void> {
    const { marketplace } = this.world
    const at = marketplace.localTime(this.now, which)
    const { result: answer, cut } = await withCut({ mode, statement }, marketplace.databaseUrl, () =>
      marketplace.call(this.now, which, call),
    )
    if (!cut.hasFired) {
      this.#judge(call, operation, answer, at)
      return then(answer)
    }
    this.world.countFault(mode === 'killed' ? 'killed connection' : 'crash')
    if (answer.status === 503) await this.#learnWhatHappened(call, operation, `${mode} ${statement}`, at)
    else this.#judge(call, operation, answer, at)
    if (isRestart) {
      this.world.countFault('restart')
      await marketplace.restart(which)
    }
    then(answer)
  }

  /** After a cut the call has happened as a whole, up to a step, or not at all: the database says which. */
  async #learnWhatHappened(call: Call, operation: Operation, text: string, at: number): Promise<void> {
    const key = keyOf(call)
    const kept = key === undefined ? undefined : this.#kept.get(key)
    const state = await readState(this.world.marketplace, this.userId)
    const before = this.books.current
    const differences = [differenceOf(before, state, at)]
    const isUnchanged = differences[0] === undefined
    if (kept?.isCertain) {
      if (!isUnchanged) this.fail(`${operation.text} was repeated, cut at ${text}: ${differences[0]}`)
      return this.note(`${operation.text} repeated, cut at ${text}`)
    }
    const steps = operation.steps ?? 1
    for (let done = steps; done >= 1; done -= 1) {
      const after = before.clone()
      const expected = operation.apply(after, at, { state, steps: done })
      if (!expected) continue
      const difference = differenceOf(after, state, at)
      if (difference !== undefined) {
        differences.push(difference)
        continue
      }
      this.books.current = after
      if (key !== undefined) this.#kept.set(key, { ...this.#keep(expected, at), isCertain: !isUnchanged })
      return this.note(`${operation.text} cut at ${text}: ${isUnchanged ? 'no difference' : `done ${done}`}`)
    }
    if (!isUnchanged) {
      this.fail(
        `${operation.text}, cut at ${text}, is neither done nor undone:\n    ${differences.join('\n    ')}`,
      )
    }
    this.note(`${operation.text} cut at ${text}: not done`)
  }

  #keep({ status, code, session }: Expected, at: number): Omit<Kept, 'isCertain'> {
    return { status, code, view: session && viewOf(session, at) }
  }

  #judge(call: Call, operation: Operation, answer: Answer, at: number): void {
    const key = keyOf(call)
    const kept = key === undefined ? undefined : this.#kept.get(key)
    if (kept?.isCertain && !answer.replayed) this.fail(`${operation.text} was done twice for one key`)
    if (answer.replayed) {
      if (!kept) this.fail(`${operation.text} was answered from a request nobody made`)
      this.note(`${operation.text} repeated → ${answer.status}`)
      this.#compare(operation, kept, answer)
      this.#kept.set(key!, { ...kept, isCertain: true })
      return
    }
    const expected = operation.apply(this.books.current, at, { answer })
    if (!expected) this.fail(`${operation.text}: the model cannot tell what ${answer.status} means`)
    const keep = this.#keep(expected, at)
    this.note(`${operation.text} → ${answer.status} ${answer.body?.code ?? traceOf(answer)}`)
    this.#compare(operation, keep, answer)
    if (key !== undefined) this.#kept.set(key, { ...keep, isCertain: true })
  }

  #compare(operation: Operation, { status, code, view }: Omit<Kept, 'isCertain'>, answer: Answer): void {
    if (answer.status !== status || (code !== undefined && answer.body?.code !== code)) {
      this.fail(
        `${operation.text}: expected ${status} ${code ?? ''}, got ${answer.status} ${answer.body?.code ?? ''}`,
      )
    }
    if (!view) return
    const session = answer.body?.session ?? answer.body
    for (const [name, value] of Object.entries(view)) {
      if (session[name] !== value) {
        this.fail(
          `${operation.text}: ${name} is ${JSON.stringify(session[name])}, the model says ${JSON.stringify(value)}`,
        )
      }
    }
  }
}

function keyOf({ idempotencyKey, url }: Call): string | undefined {
  return idempotencyKey === undefined ? undefined : `${url} ${idempotencyKey}`
}

function traceOf({ body }: Answer): string {
  const session = body?.session
  if (!session) return ''
  return `${session.status} ${session.endReason ?? ''} used ${session.usedMs} #${session.sequence} charged ${session.tokensCharged}`
}
