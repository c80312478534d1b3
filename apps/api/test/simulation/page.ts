/**
 * An app in a browser, with the SDK's manners: a beat every 30 s, at once after a start, a wake or a network that
 * came back, and at the end of the time; uncertain beats repeated with back-off; only use that was served counted.
 *
 * @module
 */
import type { Answer } from './marketplace.ts'
import type { Operation, Person } from './person.ts'

const INTERVAL_MS = 30_000
const ACTION_TRIES = 3
const ACTION_RETRY_MS = 1_500

export interface Interval {
  from: number
  to: number
}

/** When the app was in use and served, whatever anybody counts. */
export interface Use {
  intervals: Interval[]
  /**
   * From pressing Pause or End to the answer: the person has stopped, the page still shows the app. Whether that is use
   * is nobody's to say, so it may be billed and need not be.
   */
  undecided: Interval[]
  /** A beat that was to be the last never left. */
  hasNoLastBeat: boolean
}

interface Said extends Record<string, unknown> {
  clientId: string
  sequence: number
  activeMs: number
}

/** What a page's session can be told to do, in words the model knows as well. */
export type Verb = 'heartbeat' | 'pause' | 'resume' | 'complete'

export class Page {
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
  /** What the tabs of a browser keep together: the last number used. */
  protected shelf = { sequence: 0 }
  sessionJwt = ''
  #mark = 0
  #isAwake = true
  #serverTime = 0
  #remainingMs = 0
  #failures = 0
  #isBeating = false
  #isBeatWanted = false
  #timer = 0
  #asked: Interval | undefined
  #isAsking = false
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

  /** Goes on with what the browser kept: after a reload, or in another tab. */
  adopt(other: Page): void {
    this.sessionId = other.sessionId
    this.sessionJwt = other.sessionJwt
    this.shelf = other.shelf
    this.status = other.status
    this.#serverTime = other.#serverTime
    this.#remainingMs = other.#remainingMs
    this.#mark = this.person.now
    this.gateUntil = other.gateUntil
    this.beat()
  }

  beat(): void {
    this.#isBeatWanted = this.#isBeating
    if (this.#isBeating || !this.#isLive()) return
    this.#isBeating = true
    this.#timer += 1
    this.tell('heartbeat', {}, (answer) => {
      this.#isBeating = false
      if (!this.#isLive()) return
      if (answer === undefined) this.#failures += 1
      else if (answer.status !== 200) return this.#fail()
      if (this.#isBeatWanted) this.beat()
      else this.#arm()
    })
  }

  /** Pause, resume, complete: a person waits, so the tries are few. */
  act(verb: Exclude<Verb, 'heartbeat'>, then: (isDone: boolean) => void, tries = ACTION_TRIES): void {
    this.#isAsking = false
    if (!this.#isLive()) {
      then(false)
      return
    }
    if (verb !== 'resume' && this.#asked === undefined) {
      this.#asked = { from: this.person.now, to: Number.POSITIVE_INFINITY }
      this.use.undecided.push(this.#asked)
    }
    this.#isAsking = true
    this.tell(verb, {}, (answer) => {
      const mayTryAgain = answer === undefined && tries > 1
      this.#isAsking = mayTryAgain
      if (answer?.status === 200) {
        this.#decide()
        then(true)
        if (this.#isBeatWanted) this.beat()
        else this.#arm()
      } else if (answer !== undefined && answer.body?.code !== 'session_paused_by_user') this.#fail()
      else if (mayTryAgain) this.person.in(ACTION_RETRY_MS, () => this.act(verb, then, tries - 1))
      else then(false)
    })
  }

  /** What the server knows, the page knows now, too. */
  #decide(): void {
    if (this.#asked) this.#asked.to = this.person.now
    this.#asked = undefined
  }

  /** The tab is closed or left: one last word by beacon, and nobody hears what came of it. */
  leave(): void {
    if (!this.isOpen) return
    const said = this.takeUse()
    this.isOpen = false
    if (this.status !== 'active') return
    const { person } = this
    if (person.now < person.offlineUntil) this.use.hasNoLastBeat = true
    const body = { ...said, final: true, sessionJwt: this.sessionJwt }
    person.send(
      { method: 'POST', url: this.#url('heartbeat'), body: JSON.stringify(body), isBeacon: true },
      this.#operation('heartbeat', { ...said, final: true }),
      {
        answered: () => {},
        failed: () => {
          this.use.hasNoLastBeat = true
        },
      },
    )
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
    this.shelf.sequence += 1
    return { clientId: this.clientId, sequence: this.shelf.sequence, activeMs: Math.round(this.active) }
  }

  protected tell(verb: Verb, more: object, then: (answer: Answer | undefined) => void): void {
    const said = { ...this.takeUse(), ...more }
    const call = {
      method: 'POST' as const,
      url: this.#url(verb),
      token: this.sessionJwt,
      body: said,
    }
    // Nothing is heard in sleep: what came is read after the wake, or the browser has given up on it.
    const awake = (hear: () => void) => (this.#isAwake ? hear() : void this.#onWake.push(hear))
    const failed = () => awake(() => then(undefined))
    const answered = (answer: Answer) => {
      if (!this.#isAwake && this.person.profile.closesLidOnBeat) return failed()
      awake(() => {
        if (answer.status === 200) {
          this.advance()
          this.active = Math.max(0, this.active - said.activeMs)
          if (answer.body.session.sequence > said.sequence) this.#isBeatWanted = true
          this.#failures = 0
          this.accept(answer)
        }
        then(answer)
      })
    }
    this.person.send(call, this.#operation(verb, said), { answered, failed })
  }

  #url = (verb: Verb) => `/api/v1/sessions/${this.sessionId}/${verb}`

  #operation(verb: Verb, said: Said & { final?: boolean }): Operation {
    const { sessionId } = this
    const text = `${this.label} ${verb} #${said.sequence} active ${said.activeMs}${said.final ? ' final' : ''}`
    if (verb === 'heartbeat') {
      return {
        text,
        steps: 3,
        apply: (books, at, { steps }) => books.beat(sessionId, said, at, steps),
      }
    }
    return { text, apply: (books, at) => books[verb](sessionId, said, at) }
  }

  protected accept(answer: Answer): void {
    this.#learn(answer)
    for (const tab of this.siblings) if (tab !== this && tab.isOpen) tab.#overhear(answer)
  }

  /** What another tab was told: its beat was acknowledged, so what was used here until then is in it. */
  #overhear(answer: Answer): void {
    if (answer.body.session.id !== this.sessionId) return
    this.advance()
    this.active = 0
    this.#learn(answer)
    this.#arm()
  }

  #learn({ body: { session } }: Answer): void {
    this.advance()
    this.shelf.sequence = Math.max(this.shelf.sequence, session.sequence)
    const serverTime = Date.parse(session.serverTime)
    if (serverTime < this.#serverTime) return
    this.#serverTime = serverTime
    this.#remainingMs = session.remainingMs
    this.status = session.status
    this.endReason = session.endReason
    this.gateUntil = session.serveUntil === null ? 0 : Date.parse(session.serveUntil)
    if (!this.#isAsking) this.#decide()
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
    if (this.#isBeating || !this.#isLive()) return
    const { now } = this.person
    const left = this.#remainingMs - (now - this.#serverTime)
    const due = this.#serverTime + INTERVAL_MS - now
    const delay =
      this.#failures > 0
        ? this.#retryDelay()
        : Math.max(250, this.status === 'active' ? Math.min(due, left + 50) : due)
    this.#timer += 1
    const timer = this.#timer
    this.person.in(delay, () => {
      if (timer === this.#timer && this.#isAwake) this.beat()
    })
  }

  #retryDelay(): number {
    return Math.min(30_000, 500 * 2 ** this.#failures) * (0.5 + this.person.random.next() / 2)
  }
}
