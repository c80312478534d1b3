/**
 * People who want to be served and not to pay, and a provider who wants to be paid for nothing. What they gain is
 * bounded by design § 6; a server gate serves them exactly while `serveUntil` says so.
 *
 * @module
 */
import { ask } from './bank.ts'
import { jtiOf, openOperation, relaunchOperation, type SimulatedProvider } from './launch-operations.ts'
import type { Answer } from './marketplace.ts'
import type { Operation, Person } from './person.ts'
import type { CheatName } from './profiles.ts'
import type { VisitRecord } from './visit.ts'

const SECOND = 1_000
const LEASE_SECONDS = 130
const PARKED = 10

export class Cheat {
  #person: Person
  #provider: SimulatedProvider
  #onRecord: (record: VisitRecord) => void
  #record!: VisitRecord
  #clientId: string
  #sessionJwt = ''
  #sequence = 0
  #gateUntil = 0
  #mark = 0
  #isOver = true
  /** What is answered reaches another page than the one that is shown. */
  #isElsewhere = false
  /** Sessions whose page is left: what brings each back. */
  #parked: (() => void)[] = []

  constructor(person: Person, provider: SimulatedProvider, onRecord: (record: VisitRecord) => void) {
    this.#person = person
    this.#provider = provider
    this.#onRecord = onRecord
    this.#clientId = `cheat_${person.random.name(12)}`
  }

  /** Opens one session after the other and cheats in each, as long as the simulation lasts. */
  start(): void {
    const person = this.#person
    const operation = openOperation(person, this.#provider, 60, 'a cheat opens 60 min')
    const body = { providerId: this.#provider.id, durationMinutes: 60 }
    this.#clientId = `cheat_${person.random.name(12)}`
    this.#sequence = 0
    ask(person, { url: '/sessions', body }, operation, (answer) => {
      if (answer?.status !== 201) return person.in(600 * SECOND, () => this.start())
      const sessionId = answer.body.session.id
      this.#record = {
        sessionId,
        person,
        intervals: [],
        undecided: [],
        asleep: [],
        hasNoLastBeat: false,
        unheardFrom: undefined,
        isHalfSaid: false,
        isEndedInMarketplace: false,
        isLeft: false,
      }
      this.#onRecord(this.#record)
      this.#isOver = false
      this.#isElsewhere = false
      this.#validate(answer, () => this.#beat({}, () => this.#cheat()))
    })
  }

  #cheat(): void {
    const cheats: Record<CheatName, () => void> = {
      'blocks beats': () => this.#every(1_000, () => this.#beat({})),
      'says activeMs 0 every 30 s': () => this.#every(30, () => this.#beat({ activeMs: 0 })),
      'says activeMs 0 every 125 s': () => this.#every(125, () => this.#beat({ activeMs: 0 })),
      'beats every 131 s': () => this.#every(131, () => this.#beat({})),
      'final pairs': () =>
        this.#every(60, () =>
          this.#beat({ activeMs: 0, final: true }, () =>
            this.#person.in(31 * SECOND, () => this.#beat({ activeMs: 0 })),
          ),
        ),
      'invents beats and time': () => this.#every(5, () => this.#beat({ activeMs: 3_600_000 })),
      'pauses instead of beating': () =>
        this.#every(125, () => this.#market('pause', () => this.#market('resume', () => this.#beat({})))),
      'resumes instead of beating': () => this.#every(125, () => this.#resume()),
      'takes over instead of beating': () => this.#every(46, () => this.#takeOver(() => {})),
      'ends in the marketplace after silence': () => this.#person.in(125 * SECOND, () => this.#end(false)),
      'opens a new session instead of beating': () =>
        this.#person.in(130 * SECOND, () => {
          this.#hearNothing()
          this.start()
        }),
      'shows the browser before a takeover': () => this.#showTheOneBefore(),
      'shows on after ending in the marketplace': () => this.#end(true),
      'parks sessions, and shows one after the other': () => this.#park(),
    }
    cheats[this.#person.profile.cheat ?? 'blocks beats']()
  }

  #every(seconds: number, run: () => void): void {
    const next = () =>
      this.#person.in(seconds * SECOND, () => {
        if (this.#isOver) return this.start()
        run()
        next()
      })
    next()
  }

  #beat(more: { activeMs?: number; final?: boolean }, then: () => void = () => {}): void {
    const { sessionId } = this.#record
    this.#sequence += 1
    const said = { clientId: this.#clientId, sequence: this.#sequence, ...more }
    this.#send(
      'heartbeat',
      { body: said, token: this.#sessionJwt },
      {
        text: `cheats: beat #${said.sequence}`,
        steps: 3,
        apply: (books, at, { steps }) => books.beat(sessionId, said, at, steps),
      },
      then,
    )
  }

  #resume(then = () => {}): void {
    const { sessionId } = this.#record
    this.#sequence += 1
    const said = { clientId: this.#clientId, sequence: this.#sequence }
    const operation: Operation = {
      text: `cheats: resumes what runs #${said.sequence}`,
      apply: (books, at) => books.resume(sessionId, said, at),
    }
    this.#send('resume', { body: said, token: this.#sessionJwt }, operation, then)
  }

  #market(verb: 'pause' | 'resume', then: () => void): void {
    const { sessionId } = this.#record
    const operation: Operation = {
      text: `cheats: ${verb} in the marketplace`,
      apply: (books, at) => books[verb](sessionId, 'user', at),
    }
    ask(this.#person, { url: `/sessions/${sessionId}/${verb}` }, operation, (answer) => {
      if (answer) this.#hear(answer)
      then()
    })
  }

  #validate({ body }: Answer, then: () => void): void {
    const { sessionId } = this.#record
    const clientId = this.#clientId
    const claims = JSON.parse(Buffer.from(body.launchJwt.split('.')[1], 'base64url').toString())
    const launch = { sessionId, jti: jtiOf({ body } as Answer), expiresAt: claims.exp * 1000, clientId }
    this.#person.send(
      { method: 'POST', url: '/api/v1/sessions/validate', body: { launchJwt: body.launchJwt, clientId } },
      { text: 'cheats: validate', apply: (books, at) => books.validate(launch, at) },
      {
        answered: (answer) => {
          this.#sessionJwt = answer.body.sessionJwt ?? this.#sessionJwt
          this.#hear(answer)
          then()
        },
        failed: () => this.#person.in(1_000, () => this.#validate({ body } as Answer, then)),
      },
    )
  }

  /** Another browser takes over and is closed at once; the one before keeps its lease, and is then the other one. */
  #showTheOneBefore(): void {
    const next = () => this.start()
    const beatHere = () => this.#beat({}, () => (this.#isOver ? next() : this.#showTheOneBefore()))
    const showHere = () => this.#showLease(() => this.#takeOver(beatHere, next))
    this.#isElsewhere = true
    this.#takeOver(() => this.#beat({ final: true }, showHere), next)
  }

  /** Shows on until the lease ends, whatever was said elsewhere. */
  #showLease(then: () => void): void {
    this.#person.in(LEASE_SECONDS * SECOND, () => {
      this.#hearNothing()
      this.#isElsewhere = false
      then()
    })
  }

  /** @param isOver called where it has ended */
  #takeOver(then: () => void, isOver: () => void = () => {}): void {
    const { sessionId } = this.#record
    const operation = relaunchOperation(this.#person, sessionId, 'cheats: relaunch')
    ask(this.#person, { url: `/sessions/${sessionId}/relaunch` }, operation, (answer) => {
      if (answer?.status !== 200) {
        this.#isOver = true
        return isOver()
      }
      this.#clientId = `cheat_${this.#person.random.name(12)}`
      this.#sequence = 0
      this.#validate(answer, then)
    })
  }

  /** Each said goodbye, so none costs anything until its turn. */
  #park(): void {
    this.#beat({ final: true }, () => {
      const [record, clientId, sessionJwt, sequence] = [
        this.#record,
        this.#clientId,
        this.#sessionJwt,
        this.#sequence,
      ]
      this.#parked.push(() => {
        this.#record = record
        this.#clientId = clientId
        this.#sessionJwt = sessionJwt
        this.#sequence = sequence
        const show = () => this.#end(true, () => this.#showParked())
        if (this.#person.random.chance(0.5)) this.#beat({}, show)
        else this.#resume(show)
      })
      if (this.#parked.length < PARKED) this.start()
      else this.#showParked()
    })
  }

  #showParked(): void {
    this.#hearNothing()
    const next = this.#parked.shift()
    if (next) next()
    else this.start()
  }

  #end(isElsewhere: boolean, then = () => this.start()): void {
    const { sessionId } = this.#record
    this.#isElsewhere = isElsewhere
    const operation: Operation = {
      text: 'cheats: ends in the marketplace',
      apply: (books, at) => books.complete(sessionId, 'user', at),
    }
    ask(this.#person, { url: `/api/v1/sessions/${sessionId}/complete`, body: {} }, operation, (answer) => {
      if (answer) this.#hear(answer)
      const again = () => this.#person.in(2_000, then)
      if (isElsewhere) this.#showLease(again)
      else again()
    })
  }

  #send(verb: string, call: { body: object; token: string }, operation: Operation, then: () => void): void {
    this.#person.send(
      { method: 'POST', url: `/api/v1/sessions/${this.#record.sessionId}/${verb}`, ...call },
      operation,
      {
        answered: (answer) => {
          this.#hear(answer)
          then()
        },
        failed: () => {},
      },
    )
  }

  #hearNothing(): void {
    const { now } = this.#person
    const to = Math.min(now, this.#gateUntil)
    if (to > this.#mark) this.#record.intervals.push({ from: this.#mark, to })
    this.#mark = now
  }

  /** Served is what the lease allows, to the millisecond. */
  #hear({ status, body }: Answer): void {
    if (this.#isElsewhere) return
    this.#hearNothing()
    if (status >= 400) {
      this.#isOver = true
      return
    }
    const { serveUntil, status: state } = body.session
    this.#gateUntil = serveUntil === null ? 0 : Date.parse(serveUntil)
    this.#isOver = state === 'ended'
  }
}
