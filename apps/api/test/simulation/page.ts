/**
 * An app in a browser, with the SDK's manners: a beat every 30 s, at once after a start, a wake or a network that
 * came back, and at the end of the time; what is not answered is asked for, with back-off; only use that was
 * served counted. When to beat and what was heard is the SDK's own code.
 *
 * @module
 */
import {
  ACTION_RETRY_MS,
  ACTION_TRIES_MAX,
  beatDelayMs,
  retryDelayMs,
} from '../../../../packages/sdk/src/beat-delay.ts'
import { countedMs, isLongSilent, SLOW_MS } from '../../../../packages/sdk/src/telling.ts'
import type { Session } from '../../../../packages/sdk/src/wire.ts'
import type { AppPage } from './app-page.ts'
import type { Answer } from './marketplace.ts'
import { questionOf, type Said, type Shelf, sayingOf, sendTwice, type Verb } from './page-calls.ts'
import type { Operation, Person } from './person.ts'
import { type Interval, openInterval, type Use } from './use.ts'

const OUTCOMES = { pause: 'paused', resume: 'active', complete: 'ended' } as const

export class Page implements AppPage {
  readonly clientId: string
  readonly label: string
  sessionId = ''
  status: 'loading' | 'pending' | 'active' | 'paused' | 'ended' | 'failed' = 'loading'
  endReason: string | null = null
  isOpen = true
  /** The other tabs of the browser, which hear every answer. */
  siblings: readonly Page[] = []
  /** Runs once, when the session is over or lost. */
  onOver: (() => void) | undefined
  protected readonly person: Person
  protected readonly use: Use
  protected gateUntil = 0
  protected active = 0
  protected shelf: Shelf = { sequence: 0, activeMs: 0 }
  sessionJwt = ''
  #mark = 0
  #isAwake = true
  #session: Session | undefined
  /** The same, with what was used here until then: tabs that were opened at other moments saw another use. */
  #told: Said | undefined
  #failures = 0
  #isBeating = false
  #isBeatWanted = false
  #timer = 0
  #stopped: Interval | undefined
  #isAsking = false
  #isLate = false
  #onWake: (() => void)[] = []

  constructor(person: Person, use: Use, clientId: string, label: string) {
    this.person = person
    this.use = use
    this.clientId = clientId
    this.label = label
  }

  /** Trades the launch JWT, again and again while nobody answers. */
  validate(launchJwt: string, then: () => void): void {
    const { person, clientId } = this
    const claims = JSON.parse(Buffer.from(launchJwt.split('.')[1]!, 'base64url').toString())
    const launch = { sessionId: claims.sid, jti: claims.jti, expiresAt: claims.exp * 1000, clientId }
    const operation: Operation = {
      text: `${this.label} validate`,
      apply: (books, at) => books.validate(launch, at),
    }
    const call = {
      method: 'POST' as const,
      url: '/api/v1/sessions/validate',
      body: { launchJwt, clientId },
    }
    const attempt = () => {
      if (!this.isOpen) return
      person.send(call, operation, {
        answered: (answer) => {
          if (!this.isOpen) return
          if (answer.status !== 200) return this.#fail()
          this.sessionId = claims.sid
          this.sessionJwt = answer.body.sessionJwt
          this.shelf.sequence = answer.body.session.sequence
          this.#failures = 0
          this.accept(answer)
          then()
          this.beat()
        },
        failed: () => {
          this.#failures += 1
          person.in(this.#retryDelay(), attempt)
        },
      })
    }
    attempt()
  }

  /** It is no longer seen, because another tab opens. */
  hide(): void {
    this.advance()
    this.shelf.activeMs = this.active
  }

  /** Goes on with what the browser kept: after a reload, or in another tab. */
  adopt(other: Page): void {
    this.sessionId = other.sessionId
    this.sessionJwt = other.sessionJwt
    this.shelf = other.shelf
    this.status = other.status
    this.#session = other.#session
    this.active = this.shelf.activeMs
    this.#told = other.#told && { ...other.#told }
    this.#mark = this.person.now
    this.gateUntil = other.gateUntil
    this.beat()
  }

  beat(): void {
    this.#isBeatWanted = this.#isBeating
    if (this.#isBeating || !this.#isAwake || !this.#isLive()) return
    this.#isBeating = true
    this.#timer += 1
    this.tell('heartbeat', (answer) => {
      this.#isBeating = false
      if (!this.#isLive()) return
      if (answer === undefined) this.#failures += 1
      else if (answer.status !== 200) return this.#fail()
      if (this.#isBeatWanted) this.beat()
      else this.#arm()
    })
  }

  /** Pause, resume, complete: a person waits, so the tries are few. */
  act(verb: Exclude<Verb, 'heartbeat'>, then: (isDone: boolean) => void, tries = ACTION_TRIES_MAX): void {
    this.#isAsking = false
    if (!this.#isLive()) {
      then(false)
      return
    }
    if (verb !== 'resume') this.stop()
    this.#isAsking = true
    this.tell(verb, (answer) => {
      const isDone = this.status === OUTCOMES[verb]
      const mayTryAgain = !isDone && (answer?.status ?? 200) === 200 && tries > 1
      this.#isAsking = mayTryAgain
      // It went out under a number that was heard already: the next one has its own.
      if (answer && mayTryAgain) this.act(verb, then, tries - 1)
      else if (answer ? answer.status === 200 : isDone) {
        this.decide()
        then(isDone)
        this.#arm()
      } else if (answer !== undefined && answer.body?.code !== 'session_paused_by_user') this.#fail()
      else if (mayTryAgain) this.person.in(ACTION_RETRY_MS, () => this.act(verb, then, tries - 1))
      else then(false)
    })
  }

  /** Its user has stopped, here or in another browser. What it shows until it hears of that is undecided. */
  stop(): void {
    if (!this.#isLive() || this.#stopped) return
    this.#stopped = openInterval(this.person.now)
    this.use.undecided.push(this.#stopped)
  }

  /** What the server knows, the page knows now, too; or its user goes on. */
  decide(): void {
    if (this.#stopped) this.#stopped.to = this.person.now
    this.#stopped = undefined
  }

  /**
   * The tab is closed or left: one last word by beacon, and the page does not hear what came of it. It says only what
   * the beat without an answer did not: whether that one was heard, the page after this one asks. Behind a closed gate
   * it says nothing, or the wait for an answer would be billed.
   *
   * @param unheard where nothing was said, or it was lost
   */
  leave(unheard: () => void): void {
    if (!this.isOpen) return
    this.advance()
    const { person, clientId, shelf } = this
    shelf.sequence += 1
    const activeMs = Math.max(0, Math.round(this.active) - (this.#told?.activeMs ?? 0))
    const said = { clientId, sequence: shelf.sequence, activeMs, final: true }
    this.isOpen = false
    shelf.activeMs = this.active
    if (this.status !== 'active') return
    const heard = person.books.current.get(this.sessionId).sequence
    if ((this.#told?.sequence ?? 0) > heard) this.use.isHalfSaid = true
    const { call, operation } = sayingOf(this, 'heartbeat', said)
    const body = JSON.stringify({ ...said, sessionJwt: this.sessionJwt })
    const outcome = { answered: () => {}, failed: unheard }
    if (person.now >= this.gateUntil) unheard()
    else person.send({ method: 'POST', url: call.url, body, isBeacon: true }, operation, outcome)
  }

  /** One of several tabs is closed: the others go on, so nothing is said. */
  close(): void {
    this.advance()
    this.isOpen = false
  }

  /** Gone without a word. */
  die(): void {
    this.advance()
    this.isOpen = false
    this.use.hasNoLastBeat = true
  }

  sleep(): void {
    this.loseTick()
    this.#isAwake = false
  }

  wake(): void {
    this.advance()
    this.#isAwake = true
    for (const hear of this.#onWake.splice(0)) hear()
    this.beat()
  }

  /** A clock that was moved costs the tick it was moved in, and makes the SDK ask. */
  doubt(): void {
    this.loseTick()
    this.beat()
  }

  /** A tick that time jumped in is not counted: up to a second of use. */
  protected loseTick(): void {
    this.advance()
    if (this.person.now < this.gateUntil)
      this.active = Math.max(0, this.active - this.person.random.whole(0, 999))
  }

  /** Time passes: what was served and used up to now is use. */
  protected advance(): void {
    const { now } = this.person
    const to = Math.min(now, this.gateUntil)
    if (this.isOpen && this.#isAwake && this.status === 'active' && to > this.#mark) {
      this.use.intervals.push({ from: this.#mark, to })
      this.active += to - this.#mark
    }
    this.#mark = now
  }

  protected takeUse(): Said {
    this.advance()
    const { told } = this.shelf
    this.shelf.sequence += 1
    const sequence = told?.sequence ?? this.shelf.sequence
    return { clientId: this.clientId, sequence, activeMs: Math.round(this.active) }
  }

  /** Says how much of it was use; of what was said and not answered it asks first whether it was heard. */
  protected tell(verb: Verb, then: (answer: Answer | undefined) => void): void {
    const say = () => this.#ask(verb, then)
    if (this.shelf.told)
      this.#ask(undefined, (answer) => (answer?.status === 200 && this.isOpen ? say() : then(answer)))
    else say()
  }

  /** With a verb it says something, without one it only asks what was heard. */
  #ask(verb: Verb | undefined, then: (answer: Answer | undefined) => void): void {
    this.advance()
    if (verb) {
      this.#told = this.takeUse()
      this.shelf.told = this.#told
      this.use.unheardFrom ??= this.person.now
    }
    this.shelf.activeMs = this.active
    for (const tab of [this, ...this.#others()]) tab.#hearOf(this.shelf.told, verb && tab !== this)
    // A copy, because the network may bring it when something else is said under that number.
    const said = verb && { ...this.#told! }
    const from = this.person.now
    // Nothing is heard in sleep: what came is read after the wake, or the browser has given up on it.
    const awake = (hear: () => void) => (this.#isAwake ? hear() : void this.#onWake.push(hear))
    const isSlow = () => this.person.now - from > SLOW_MS
    // Which copy was heard, and when, nobody knows now: it may have told what was used until now.
    const doubt = () => {
      if (!this.#told || this.#told.sequence !== said?.sequence || !isSlow()) return
      this.#told.activeMs = Math.round(this.active)
      for (const tab of this.#others()) tab.#hearOf(this.#told, true)
    }
    const failed = () =>
      awake(() => {
        this.advance()
        doubt()
        then(undefined)
      })
    const answered = (answer: Answer) => {
      if (!this.#isAwake && this.person.profile.closesLidOnBeat) return failed()
      awake(() => {
        this.advance()
        if (answer.status === 200) {
          const { sequence, serveUntil, endsAt } = answer.body.session
          doubt()
          const isInDoubt = !said || isSlow()
          this.#settle(sequence, answer.body.session, isInDoubt)
          const isClosed = this.status !== 'active' || this.person.now >= this.gateUntil
          // A last word of the page before closes no gate here: the beat that follows would bill the wait.
          if (!isClosed && !said && endsAt && !serveUntil) return then(answer)
          this.#failures = 0
          this.accept(answer)
          // The lease was opened a while ago, and nothing was served since: the clock has to start now. Until that is heard.
          this.#isLate &&= this.shelf.told !== undefined
          this.#isLate =
            (this.#isLate || isClosed) && serveUntil && isInDoubt && !isLongSilent(answer.body.session)
          if (this.#isLate) return this.#ask('resume', (next) => then(next?.status === 200 ? answer : next))
        }
        then(answer)
      })
    }
    const { call, operation } = said ? sayingOf(this, verb, said) : questionOf(this)
    const isThere = () => this.isOpen && this.#isAwake
    sendTwice(this.person, isThere, call, operation, { answered, failed })
  }

  /** What was said up to there has been heard: as it was, or of a copy in doubt what was counted, where that is known. */
  #settle(sequence: number, next: Session, isInDoubt: boolean): void {
    if ((this.shelf.told?.sequence ?? 0) <= sequence) {
      this.shelf.told = undefined
      this.use.unheardFrom = undefined
    }
    if (!this.#told || this.#told.sequence > sequence) return
    const counted = isInDoubt ? countedMs(this.#session!, next) : 0
    this.active = Math.max(0, this.active - (counted || this.#told.activeMs))
    this.#told = undefined
  }

  /** Tabs of this browser. After a relaunch the page before is in another. */
  #others = () => this.siblings.filter((tab) => tab !== this && tab.isOpen && tab.clientId === this.clientId)

  #hearOf(told: Said | undefined, isNews: unknown): void {
    if (!told || (!isNews && told.sequence === this.#told?.sequence)) return
    this.advance()
    this.#told = { ...told, activeMs: Math.round(this.active) }
  }

  protected accept(answer: Answer): void {
    this.#learn(answer)
    this.shelf.activeMs = this.active
    for (const tab of this.#others()) tab.#overhear(answer)
  }

  /** What another tab said was heard, so what was used here until then is in it. A question said nothing. */
  #overhear(answer: Answer): void {
    const { id, sequence } = answer.body.session
    if (id !== this.sessionId) return
    this.advance()
    if (sequence === this.#told?.sequence) this.#settle(sequence, answer.body.session, false)
    else if (sequence !== this.#session?.sequence) [this.active, this.#told] = [0, undefined]
    this.#learn(answer)
    this.#arm()
  }

  #learn({ body: { session } }: Answer): void {
    this.advance()
    this.shelf.sequence = Math.max(this.shelf.sequence, session.sequence)
    const serverTime = Date.parse(session.serverTime)
    if (serverTime < Date.parse(this.#session?.serverTime ?? session.serverTime)) return
    this.#session = session
    this.status = session.status
    this.endReason = session.endReason
    this.gateUntil = session.serveUntil === null ? 0 : Date.parse(session.serveUntil)
    if (!this.#isAsking) this.decide()
    if (this.status === 'ended') this.#over()
  }

  #isLive = () => this.isOpen && (this.status === 'active' || this.status === 'paused')

  #fail(): void {
    this.advance()
    this.status = 'failed'
    this.#over()
  }

  #over(): void {
    const { onOver } = this
    this.onOver = undefined
    if (onOver) this.person.in(1, onOver)
  }

  #arm(): void {
    if (this.#isBeating || !this.#isLive() || !this.#session) return
    const { now } = this.person
    const left = this.#session.remainingMs - (now - Date.parse(this.#session.serverTime))
    const isLeading = !this.#others().some((tab) => this.siblings.indexOf(tab) < this.siblings.indexOf(this))
    const delay = this.#failures > 0 ? this.#retryDelay() : beatDelayMs(this.#session, now, isLeading, left)
    this.#timer += 1
    const timer = this.#timer
    this.person.in(delay, () => {
      if (timer === this.#timer && this.#isAwake) this.beat()
    })
  }

  #retryDelay = () => retryDelayMs(this.#failures, 0, this.person.random.next())
}
