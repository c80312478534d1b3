/**
 * One honest session: opened, used as people use apps, hurt by what the profile brings, and ended in one of the ways
 * sessions end.
 *
 * @module
 */
import type { AppPage } from './app-page.ts'
import { ask } from './bank.ts'
import { openOperation, relaunchOperation, type SimulatedProvider } from './launch-operations.ts'
import type { Operation, Person } from './person.ts'
import { type Interval, openInterval, type Use } from './use.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

/** What the accuracy table is made of. */
export interface VisitRecord extends Use {
  sessionId: string
  person: Person
  isEndedInMarketplace: boolean
  /** Its page said its last word by beacon, whether it was heard or not. */
  isLeft: boolean
  /** When its user had closed the lid. */
  asleep: Interval[]
}

export class Visit {
  #person: Person
  #record: VisitRecord
  #label: string
  #page!: AppPage
  #tabs: AppPage[] = []
  #endsAt: number
  #isOver = false
  #asleepUntil = 0
  #then: () => void

  private constructor(
    person: Person,
    label: string,
    record: VisitRecord,
    usedForMs: number,
    then: () => void,
  ) {
    this.#person = person
    this.#label = label
    this.#record = record
    this.#endsAt = person.now + usedForMs
    this.#then = then
  }

  /** @param then runs when the person is done with it, with the record of a session that was really opened. */
  static open(
    person: Person,
    provider: SimulatedProvider,
    minutes: number,
    then: (record: VisitRecord | undefined) => void,
  ): void {
    const { random } = person
    const label = `s${person.books.current.sessions.size + 1}`
    const operation = openOperation(person, provider, minutes, `${label} opens ${minutes} min`)
    const body = { providerId: provider.id, durationMinutes: minutes }
    ask(person, { url: '/sessions', body }, operation, (answer) => {
      if (answer?.status !== 201) return then(undefined)
      const record: VisitRecord = {
        sessionId: answer.body.session.id,
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
      if (random.chance(0.04)) return then(record)
      const share = random.chance(0.2) ? 1.2 : 0.25 + 0.7 * random.next()
      const visit = new Visit(person, label, record, minutes * MINUTE * share, () => then(record))
      visit.#launch(answer.body.launchJwt)
    })
  }

  #openPage = (clientId: string, label = this.#label): AppPage =>
    this.#person.world.openPage(this.#person, this.#record, clientId, label)

  #launch(launchJwt: string): void {
    const { random } = this.#person
    const page = this.#openPage(`client_${random.name(12)}`)
    this.#page = page
    page.onOver = () => this.#finish()
    this.#person.in(random.whole(300, 3_000), () =>
      page.validate(launchJwt, () => {
        if (this.#tabs.length === 0) this.#live()
        if (random.chance(0.2)) this.#person.in(random.whole(1, 130 * SECOND), () => this.#steal(launchJwt))
      }),
    )
  }

  /** Somebody who saw the launch URL tries it in another browser. */
  #steal(launchJwt: string): void {
    const person = this.#person
    const clientId = `thief_${person.random.name(12)}`
    const claims = JSON.parse(Buffer.from(launchJwt.split('.')[1]!, 'base64url').toString())
    const launch = { sessionId: claims.sid, jti: claims.jti, expiresAt: claims.exp * 1000, clientId }
    person.world.countFault('stolen launch')
    person.send(
      { method: 'POST', url: '/api/v1/sessions/validate', body: { launchJwt, clientId } },
      { text: `${this.#label} is stolen`, apply: (books, at) => books.validate(launch, at) },
      { answered: () => {}, failed: () => {} },
    )
  }

  /** Plans what happens while the app is open. */
  #live(): void {
    const { profile, random } = this.#person
    this.#tabs.push(this.#page)
    this.#page.siblings = this.#tabs
    for (let i = 1; i < (profile.tabs ?? 1); i += 1) this.#openTab(random.whole(5, 120) * SECOND)
    this.#often(profile.outageEveryMinutes, () => this.#loseNetwork())
    this.#often(profile.sleepEveryMinutes, () => this.#sleep(random.whole(120, 1_200) * SECOND))
    this.#often(profile.napEveryMinutes, () => this.#sleep(random.whole(5, 14) * SECOND))
    if (profile.closesLidOnBeat) this.#closeLidOnBeat((this.#endsAt - this.#person.now) * random.next())
    this.#often(profile.clockJumpEveryMinutes, () => {
      this.#person.world.countFault('clock jump')
      this.#each((page) => page.doubt())
    })
    this.#often(profile.reloadEveryMinutes, () => this.#reload())
    this.#often(profile.relaunchEveryMinutes, () => this.#relaunch())
    if (random.chance(0.25)) this.#often(6, () => this.#pause())
    if (profile.pausesInMarketplace) this.#often(3, () => this.#pauseInMarketplace())
    if (random.chance(0.15)) this.#person.in(random.whole(30, 240) * SECOND, () => this.#extend())
    if (random.chance(0.3)) this.#often(5, () => this.#look())
    this.#person.in(this.#endsAt - this.#person.now, () => this.#end())
  }

  /** Again and again, with exponential gaps, while the visit lasts. */
  #often(everyMinutes: number | undefined, run: () => void): void {
    if (!everyMinutes) return
    const { random } = this.#person
    const next = () =>
      this.#person.in(5 * SECOND - Math.log(1 - random.next()) * everyMinutes * MINUTE, () => {
        if (this.#isOver || this.#person.now > this.#endsAt) return
        if (this.#page.status === 'active' && this.#person.now >= this.#asleepUntil) run()
        next()
      })
    next()
  }

  #each(run: (page: AppPage) => void): void {
    for (const page of this.#tabs) if (page.isOpen) run(page)
  }

  /** The page before is hidden by it, and loading it takes a moment and a network. */
  #openTab(delay: number): void {
    this.#person.in(delay, () => {
      if (this.#isOver || !this.#page.isOpen || this.#page.sessionJwt === '') return
      if (this.#isAsleep(() => this.#openTab(1))) return
      this.#page.hide()
      this.#loadTab()
    })
  }

  #loadTab(): void {
    const person = this.#person
    person.in(Math.max(0, person.offlineUntil - person.now) + person.random.whole(300, 2_500), () => {
      if (this.#isOver || !this.#page.isOpen) return
      if (this.#isAsleep(() => this.#loadTab())) return
      if (person.now < person.offlineUntil) return this.#loadTab()
      const tab = this.#openPage(this.#page.clientId, `${this.#label}t`)
      this.#tabs.push(tab)
      tab.siblings = this.#tabs
      tab.adopt(this.#page)
    })
  }

  #loseNetwork(): void {
    const { random, world } = this.#person
    world.countFault('network gone')
    this.#person.offlineUntil = this.#person.now + random.whole(20, 600) * SECOND
    this.#person.in(this.#person.offlineUntil - this.#person.now + 5, () => this.#each((page) => page.beat()))
  }

  #sleep(forMs: number): void {
    this.#person.world.countFault(forMs > MINUTE ? 'sleep' : 'nap')
    this.#person.note(`${this.#label} sleeps ${forMs}`)
    this.#asleepUntil = this.#person.now + forMs
    this.#record.asleep.push({ from: this.#person.now, to: this.#asleepUntil })
    this.#each((page) => page.sleep())
    this.#person.in(forMs, () => this.#each((page) => page.wake()))
  }

  #closeLidOnBeat(delay: number): void {
    const person = this.#person
    person.in(delay, () => {
      if (this.#isOver || this.#page.status !== 'active') return
      this.#page.beat()
      person.in(5, () => this.#sleep(person.random.whole(120, 1_200) * SECOND))
    })
  }

  /**
   * A reload says goodbye and is back within seconds; what passes meanwhile is use of the app by the rules. Where the
   * goodbye was lost, no page is there to tell it: then it may be billed and need not be.
   */
  #reload(): void {
    const old = this.#page
    if (!old.isOpen) return
    this.#person.world.countFault('reload')
    const away = openInterval(this.#person.now)
    let isBack = false
    old.leave(() => {
      this.#record.undecided.push(away)
      if (!isBack) this.#record.hasNoLastBeat = true
    })
    this.#person.in(this.#person.random.whole(300, 2_500), () => {
      if (this.#isOver) return
      isBack = true
      this.#record.hasNoLastBeat = false
      this.#record.isHalfSaid = false
      away.to = this.#person.now
      this.#record.intervals.push({ ...away })
      const page = this.#openPage(old.clientId)
      page.onOver = () => this.#finish()
      this.#page = page
      this.#tabs.push(page)
      page.siblings = this.#tabs
      page.adopt(old)
    })
  }

  /** Back in from the marketplace, in another browser; the page before learns it with its next beat. */
  #relaunch(): void {
    const person = this.#person
    const { sessionId } = this.#record
    const operation = relaunchOperation(person, sessionId, `${this.#label} relaunches`)
    ask(person, { url: `/sessions/${sessionId}/relaunch` }, operation, (answer) => {
      if (answer?.status !== 200 || this.#isOver) return
      const old = this.#page
      old.onOver = undefined
      this.#person.world.countFault('relaunch')
      const page = this.#openPage(`client_${person.random.name(12)}`)
      page.onOver = () => this.#finish()
      this.#page = page
      this.#tabs.push(page)
      person.in(person.random.whole(300, 3_000), () => page.validate(answer.body.launchJwt, () => {}))
    })
  }

  #pause(): void {
    const person = this.#person
    const forMs = person.random.chance(0.05) ? 40 * MINUTE : person.random.whole(5, 300) * SECOND
    const resume = (tries: number): void => {
      if (this.#isAsleep(() => resume(tries))) return
      if (this.#isOver || this.#page.status !== 'paused' || tries === 0) return
      this.#each((page) => page.decide())
      this.#page.act('resume', (isDone) => isDone || person.in(5 * SECOND, () => resume(tries - 1)))
    }
    // The page before a relaunch shows the app until its next beat.
    this.#each((page) => page.stop())
    // Also where the answer was lost: who finds the clock stopped starts it again.
    this.#page.act('pause', () => person.in(forMs, () => resume(10)))
  }

  #extend(): void {
    const { sessionId } = this.#record
    const minutes = this.#person.random.whole(1, 15)
    const apply: Operation['apply'] = (books, at) => books.extend(sessionId, minutes, at)
    const operation = { text: `${this.#label} extends ${minutes} min`, apply }
    ask(this.#person, { url: `/sessions/${sessionId}/extend`, body: { minutes } }, operation, () => {})
  }

  /** What is shown has to be what is. */
  #look(): void {
    const person = this.#person
    const { sessionId } = this.#record
    const call = { method: 'GET', url: `/sessions/${sessionId}`, token: person.token } as const
    const apply: Operation['apply'] = (books, at) => books.read(sessionId, at)
    const operation = { text: `${this.#label} is looked at`, apply }
    person.send(call, operation, { answered: () => {}, failed: () => {} })
  }

  /** Nobody presses anything with the lid closed: it is done after the wake. */
  #isAsleep(run: () => void): boolean {
    const { now } = this.#person
    if (now >= this.#asleepUntil) return false
    this.#person.in(this.#asleepUntil - now + 5 * SECOND, run)
    return true
  }

  #end(): void {
    if (this.#isOver) return
    if (this.#isAsleep(() => this.#end())) return
    const { random, profile } = this.#person
    if (profile.ending === 'crash') {
      this.#each((page) => page.die())
      this.#finish()
      return
    }
    if (profile.ending === 'offline') {
      this.#person.offlineUntil = this.#person.now + 40 * MINUTE
      this.#person.in(random.whole(1, 600) * SECOND, () => {
        this.#each((page) => page.die())
        this.#finish()
      })
      return
    }
    const draw = profile.ending === 'leave' ? 1 : random.next()
    if (draw < 0.7) this.#complete()
    else if (draw < 0.85) this.#endInMarketplace()
    else {
      for (const page of this.#tabs) if (page !== this.#page) page.close()
      this.#record.isLeft = true
      this.#page.leave(() => {
        this.#record.hasNoLastBeat = true
      })
      this.#finish()
    }
  }

  #complete(tries = 5): void {
    if (this.#isOver || !this.#page.isOpen) return
    this.#page.act('complete', (isDone) => {
      if (!isDone && tries > 0 && !this.#isOver) this.#person.in(5 * SECOND, () => this.#complete(tries - 1))
    })
  }

  /** The page shows the app until it hears of it; the person has stopped. */
  #pauseInMarketplace(): void {
    const [person, { sessionId }] = [this.#person, this.#record]
    const stopped = openInterval(person.now)
    this.#record.undecided.push(stopped)
    const call = (verb: 'pause' | 'resume', then: () => void) => {
      const apply: Operation['apply'] = (books, at) => books[verb](sessionId, 'user', at)
      const operation = { text: `${this.#label} ${verb}s in the marketplace`, apply }
      ask(person, { url: `/sessions/${sessionId}/${verb}` }, operation, then)
    }
    call('pause', () =>
      person.in(person.random.whole(1, 150) * SECOND, () => {
        stopped.to = person.now
        if (!this.#isOver) call('resume', () => {})
      }),
    )
  }

  #endInMarketplace(): void {
    const { sessionId } = this.#record
    const apply: Operation['apply'] = (books, at) => books.complete(sessionId, 'user', at)
    const operation = { text: `${this.#label} is ended in the marketplace`, apply }
    this.#record.isEndedInMarketplace = true
    this.#record.undecided.push(openInterval(this.#person.now))
    // Whoever ends it there has left the app.
    ask(this.#person, { url: `/api/v1/sessions/${sessionId}/complete`, body: {} }, operation, () =>
      this.#finish(),
    )
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const page of this.#tabs) page.close()
    this.#page.close()
    this.#then()
  }
}
