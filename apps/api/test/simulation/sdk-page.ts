/**
 * A page that runs the SDK itself, on the ports of a simulated browser: nothing here decides when to beat, what to tell or
 * what to show. What it does here is to put the SDK's calls on its person's network, with what the model makes of them.
 *
 * @module
 */
import { createSession } from '../../../../packages/sdk/src/create-session.ts'
import type { Ports } from '../../../../packages/sdk/src/ports.ts'
import type { MarketplaceSession } from '../../../../packages/sdk/src/session.ts'
import type { SessionRecord } from '../../../../packages/sdk/src/session-record.ts'
import type { FakeTab } from '../../../../packages/sdk/src/testing/fake-browser.ts'
import type { AppPage, OpenPage } from './app-page.ts'
import { type Answer, type Call, ORIGIN } from './marketplace.ts'
import { Page } from './page.ts'
import { questionOf, type Said, sayingOf, type Verb } from './page-calls.ts'
import type { Operation, Outcome, Person } from './person.ts'
import { SdkBrowser, verifyEs256 } from './sdk-browser.ts'
import { type Interval, openInterval, type Use } from './use.ts'

const API_URL = 'https://api.simulated'
const OUTCOMES = { pause: 'paused', resume: 'active', complete: 'ended' } as const
const STATUSES = { idle: 'loading', starting: 'loading' } as const

const claimsOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1]!, 'base64url').toString())

/** Pages that run the SDK, or what is written after it and is quicker. */
export const openPages = (isSdk: boolean): OpenPage => {
  const Kind = isSdk ? SdkPage : Page
  return (...page) => new Kind(...page)
}

class SdkPage implements AppPage {
  isOpen = true
  siblings: readonly AppPage[] = []
  onOver: (() => void) | undefined
  readonly #person: Person
  readonly #use: Use
  readonly #label: string
  #browser: SdkBrowser | undefined
  /** Both from when it is loaded. */
  #tab: FakeTab | undefined
  #session: MarketplaceSession | undefined
  #providerId = ''
  #sessionId = ''
  #shown: { end(): void } | undefined
  #stopped: Interval | undefined
  #isActing = false
  /** What was told and not answered, as the browser keeps it. */
  #toldSequence = 0
  #onBeacon: ((operation: Operation, call: Call) => void) | undefined
  #onActive: (() => void) | undefined

  constructor(person: Person, use: Use, _clientId: string, label: string) {
    this.#person = person
    this.#use = use
    this.#label = label
  }

  get status() {
    const phase = this.#session?.getSnapshot().phase ?? 'idle'
    return phase in STATUSES ? STATUSES[phase as keyof typeof STATUSES] : (phase as AppPage['status'])
  }

  get sessionJwt() {
    return this.#session?.getSessionJwt() ?? ''
  }

  get clientId(): string {
    return claimsOf(this.sessionJwt).cid
  }

  validate(launchJwt: string, then: () => void): void {
    const { aud, sid } = claimsOf(launchJwt)
    this.#providerId = aud
    this.#sessionId = sid
    this.#onActive = then
    this.#open(new SdkBrowser(this.#person), `${ORIGIN}/?launch_jwt=${launchJwt}`)
  }

  adopt(before: SdkPage): void {
    this.#providerId = before.#providerId
    this.#sessionId = before.#sessionId
    this.#open(before.#browser!, `${ORIGIN}/`)
  }

  #open(browser: SdkBrowser, href: string): void {
    const tab = browser.fake.open(href)
    const { ports: theirs } = tab
    const storageKey = `tm:${this.#providerId}`
    const ports: Ports = {
      ...theirs,
      storage: {
        get: theirs.storage.get,
        set: (key, value) => {
          theirs.storage.set(key, value)
          if (key === storageKey) this.#noteTold(JSON.parse(value))
        },
      },
      fetch: (url, init) => this.#fetch(url.slice(API_URL.length), init),
      beacon: (url, body) => this.#sendBeacon(url.slice(API_URL.length), body),
      crypto: { ...theirs.crypto, verifyEs256 },
    }
    const options = { apiUrl: API_URL, providerId: this.#providerId, dialog: false, ports }
    const session = createSession(options, () => ports)
    this.#browser = browser
    this.#tab = tab
    this.#session = session
    session.subscribe(() => this.#see())
    session.start()
    this.#see()
  }

  /** What is on the screen now. */
  #see(): void {
    if (!this.#session) return
    const { canServe, phase } = this.#session.getSnapshot()
    const isShown = this.isOpen && this.#browser!.isAwake && canServe
    if (isShown && !this.#shown) this.#shown = this.#show()
    else if (!isShown) {
      this.#shown?.end()
      this.#shown = undefined
    }
    if (!this.#isActing) this.decide()
    if (phase === 'active') {
      const then = this.#onActive
      this.#onActive = undefined
      then?.()
    }
    if (phase !== 'ended' && phase !== 'failed') return
    const { onOver } = this
    this.onOver = undefined
    if (onOver) this.#person.in(1, onOver)
  }

  /** An interval that ends now, whenever that is asked, until it has ended. */
  #show(): { end(): void } {
    const person = this.#person
    let ended: number | undefined
    this.#use.intervals.push({
      from: person.now,
      get to() {
        return ended ?? person.now
      },
    })
    return {
      end() {
        ended = person.now
      },
    }
  }

  /** Of what has ended or failed nothing is kept, whether it was heard or not. */
  #noteTold({ session, told }: SessionRecord): void {
    if (!session) return
    this.#toldSequence = told?.sequence ?? 0
    this.#use.unheardFrom = told && (this.#use.unheardFrom ?? this.#person.now)
  }

  beat(): void {
    this.#browser?.whenAwake(() => this.isOpen && this.#tab?.tell('online'))
  }

  act(verb: Exclude<Verb, 'heartbeat'>, then: (isDone: boolean) => void): void {
    const session = this.#session
    if (!session || !this.#isLive()) {
      then(false)
      return
    }
    if (verb !== 'resume') this.stop()
    this.#isActing = true
    const settled = () => {
      this.#isActing = false
      const isDone = this.status === OUTCOMES[verb]
      if (isDone) this.decide()
      then(isDone)
    }
    session[verb]().then(settled, settled)
  }

  stop(): void {
    if (this.#stopped || !this.#isLive()) return
    this.#stopped = openInterval(this.#person.now)
    this.#use.undecided.push(this.#stopped)
  }

  #isLive = () => this.isOpen && (this.status === 'active' || this.status === 'paused')

  decide(): void {
    if (this.#stopped) this.#stopped.to = this.#person.now
    this.#stopped = undefined
  }

  hide(): void {
    if (this.isOpen) this.#tab?.setVisible(false)
  }

  sleep(): void {
    this.#browser?.sleep()
    this.#see()
  }

  wake(): void {
    this.#browser?.wake()
    this.#see()
  }

  doubt(): void {
    this.#browser?.moveClock()
  }

  leave(unheard: () => void): void {
    if (!this.isOpen) return
    const heard = this.#person.books.current.sessions.get(this.#sessionId)?.sequence ?? 0
    if (this.status === 'active' && this.#toldSequence > heard) this.#use.isHalfSaid = true
    let hasSpoken = false
    this.#onBeacon = (operation, call) => {
      hasSpoken = true
      this.#person.send(call, operation, { answered: () => {}, failed: unheard })
    }
    const wasActive = this.status === 'active'
    this.close()
    if (wasActive && !hasSpoken) unheard()
  }

  close(): void {
    this.#end(() => this.#tab?.close())
  }

  die(): void {
    this.#end(() => this.#tab?.crash())
    this.#use.hasNoLastBeat = true
  }

  #end(end: () => void): void {
    if (!this.isOpen) return
    end()
    this.isOpen = false
    this.#see()
  }

  #fetch(url: string, init: RequestInit): Promise<Response> {
    const jwt = new Headers(init.headers).get('authorization')?.slice('Bearer '.length)
    const said = typeof init.body === 'string' ? JSON.parse(init.body) : undefined
    const call: Call = {
      method: said ? 'POST' : 'GET',
      url,
      ...(said && { body: said }),
      ...(jwt && { token: jwt }),
    }
    const browser = this.#browser!
    return new Promise((resolve, reject) => {
      // A page that is gone hears nothing.
      const hear = (run: () => void) => browser.whenAwake(() => this.isOpen && run())
      const fail = () => hear(() => reject(new TypeError('Failed to fetch')))
      const outcome: Outcome = {
        answered: (answer) => {
          if (!browser.isAwake && this.#person.profile.closesLidOnBeat) return fail()
          hear(() => resolve(toResponse(answer)))
        },
        failed: fail,
      }
      this.#person.send(call, this.#operationOf(url, said, jwt), outcome)
    })
  }

  #sendBeacon(url: string, body: string): void {
    const said = JSON.parse(body)
    const call: Call = { method: 'POST', url, body, isBeacon: true }
    const operation = this.#operationOf(url, said, said.sessionJwt)
    if (this.#onBeacon) this.#onBeacon(operation, call)
    else this.#person.send(call, operation, { answered: () => {}, failed: () => {} })
  }

  #operationOf(url: string, said: (Said & { launchJwt?: string }) | undefined, jwt = ''): Operation {
    const label = this.#label
    if (url === '/api/v1/keys/public')
      return { text: `${label} asks for keys`, apply: () => ({ status: 200 }) }
    if (said?.launchJwt) {
      const { sid: sessionId, jti, exp } = claimsOf(said.launchJwt)
      const launch = { sessionId, jti, expiresAt: exp * 1000, clientId: said.clientId }
      return { text: `${label} validate`, apply: (books, at) => books.validate(launch, at) }
    }
    const { sid: sessionId, cid: clientId } = claimsOf(jwt)
    const speaker = { label, sessionId, clientId, sessionJwt: jwt }
    if (!said) return questionOf(speaker).operation
    return sayingOf(speaker, url.slice(url.lastIndexOf('/') + 1) as Verb, said).operation
  }
}

/** What the SDK reads of it. */
const toResponse = ({ status, body }: Answer) =>
  ({
    ok: status < 400,
    status,
    headers: new Headers(),
    json: async () => body,
  }) as unknown as Response
