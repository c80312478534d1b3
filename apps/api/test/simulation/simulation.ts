/**
 * A market on a virtual clock: the real application on a real PostgreSQL, people with all the faults there are, and
 * a model that knows what must come of it.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { type AccuracyRow, type CheatRow, judge, measure, tabulate, tabulateCheats } from './accuracy.ts'
import { Background } from './background.ts'
import { buy } from './bank.ts'
import { Cheat } from './cheat.ts'
import { compareAccounts } from './compare-accounts.ts'
import { withCut } from './cut.ts'
import { EDGES, walk } from './edges.ts'
import { explain } from './explain.ts'
import type { SimulatedProvider } from './launch-operations.ts'
import { FEE_BASIS_POINTS, Marketplace } from './marketplace.ts'
import { feeOf } from './oracle-wallet.ts'
import { Person, SimulationFailure, type World } from './person.ts'
import { CHEATS, cheatsOf, EXCEPTIONS, HONEST, type Profile, worsen } from './profiles.ts'
import { createRandom, type Random } from './random.ts'
import { openPages } from './sdk-page.ts'
import { differenceOf, readState } from './state.ts'
import { UntoldPayments } from './untold-payments.ts'
import { Visit, type VisitRecord } from './visit.ts'
import { WALKS } from './walks.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const START = Date.parse('2026-03-01T12:00:00.000Z')
/** People act at once within this much virtual time. */
const WINDOW_MS = 2_000
const SWEEP_EVERY_MS = 10 * SECOND
const PRICES = [0, 1, 4, 4, 7, 60]
/** As many providers as there are prices for every so many people of a class. */
const PEOPLE_PER_PROVIDERS = 16

export interface SimulationOptions {
  databaseUrl: string
  seed: string
  hours: number
  peoplePerClass: number
  /** Only some classes: for tests and mutations. */
  classes?: readonly string[]
  /** How many times as often as the classes say everything goes wrong. */
  faults?: number
  /** Of this class, where the time of the sessions went that are furthest off. */
  explain?: string
  /** How far the second instance's clock is off. */
  skewMs?: number
  /** Pages run the SDK itself, not what is written after it. */
  isSdk?: boolean
  onProgress?: (text: string) => void
}

export interface SimulationResult {
  digest: string
  calls: number
  people: number
  sessions: number
  faults: Record<string, number>
  seconds: number
  rows: AccuracyRow[]
  cheats: CheatRow[]
  /** Bounds that were not kept. */
  wrong: string[]
  /** Of the second instance's clock; then no bounds are judged. */
  skewMs: number
  explained: string[]
  ledger: string
}

interface Global {
  at: number
  run: () => Promise<void>
}

/** @throws {SimulationFailure} with the last events of who disagrees with the model. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const startedAt = performance.now()
  const marketplace = await Marketplace.start(options.databaseUrl, START)
  marketplace.skewMs = options.skewMs ?? 0
  const simulation = new Simulation(options, marketplace)
  try {
    await simulation.populate()
    await simulation.run()
    return await simulation.conclude(startedAt)
  } finally {
    await simulation.stop()
    await marketplace.stop()
  }
}

class Simulation {
  #options: SimulationOptions
  #marketplace: Marketplace
  #random: Random
  #people: Person[] = []
  #providers: SimulatedProvider[] = []
  #suspended = new Set<string>()
  #records: VisitRecord[] = []
  #faults: Record<string, number> = {}
  #globals: Global[] = []
  #end: number
  #background: Background | undefined
  #untold = new UntoldPayments()

  constructor(options: SimulationOptions, marketplace: Marketplace) {
    this.#options = options
    this.#marketplace = marketplace
    this.#random = createRandom(options.seed, 'market')
    this.#end = START + options.hours * HOUR
  }

  async populate(): Promise<void> {
    const { peoplePerClass, classes, seed, faults = 1 } = this.#options
    const owner = await this.#marketplace.addUser(START, 'owner')
    for (let i = 0; i < PRICES.length * Math.ceil(peoplePerClass / PEOPLE_PER_PROVIDERS); i += 1) {
      const price = PRICES[i % PRICES.length]!
      const id = await this.#marketplace.addProvider(START, owner, `App ${i + 1}`, price)
      this.#providers.push({ id, tokensPerMinute: price })
    }
    this.#background = await Background.start({
      marketplace: this.#marketplace,
      seed,
      // Of the first, those who walk along the edges are customers.
      hookedIds: [this.#providers[2]!.id, this.#providers[4]!.id],
      count: (kind) => this.#count(kind),
      untold: this.#untold,
      now: START,
    })
    const world: World = {
      marketplace: this.#marketplace,
      isListed: (providerId) => !this.#suspended.has(providerId),
      countFault: (kind) => {
        this.#faults[kind] = (this.#faults[kind] ?? 0) + 1
      },
      untold: this.#untold,
      openPage: openPages(this.#options.isSdk ?? false),
    }
    for (const profile of [...HONEST, ...EXCEPTIONS, ...CHEATS]) {
      if (classes && !classes.includes(profile.name)) continue
      for (let i = 1; i <= (profile.cheat ? cheatsOf(peoplePerClass) : peoplePerClass); i += 1) {
        await this.#addPerson(worsen(profile, faults), `${profile.name} ${i}`, seed, world)
      }
    }
    if (!classes || classes.includes(EDGES.name)) await this.#addWalkers(seed, world)
    this.#scheduleGlobals()
  }

  async #addWalkers(seed: string, world: World): Promise<void> {
    const providers = { paid: this.#providers[2]!, free: this.#providers[0]! }
    for (const [name, steps] of Object.entries(WALKS))
      await this.#addPerson(EDGES, `who walks ${name}`, seed, world, (person) =>
        walk(person, providers, steps),
      )
  }

  async #addPerson(
    profile: Profile,
    name: string,
    seed: string,
    world: World,
    live = (person: Person) => (profile.cheat ? this.#beginCheating(person) : this.#visitAgain(person)),
  ): Promise<void> {
    const person = new Person(name, profile, createRandom(seed, name), world)
    if (profile.name === this.#options.explain) person.traceKept = Number.POSITIVE_INFINITY
    const number = this.#people.push(person)
    person.userId = await this.#marketplace.addUser(START, `person-${number}`)
    person.token = await this.#marketplace.accessToken(START, person.userId)
    person.now = START
    person.in(person.random.whole(0, 10 * MINUTE), () => live(person))
  }

  #beginCheating(person: Person): void {
    // A price of their own decides nothing about time.
    const provider = this.#providers[2]!
    buy(person, 50_000, () => new Cheat(person, provider, (record) => this.#records.push(record)).start())
  }

  /** One visit after the other, with pauses between, as long as the simulation lasts. */
  #visitAgain(person: Person): void {
    const { random, profile } = person
    if (person.now > this.#end - 2 * MINUTE) return
    const { isFaithful = false } = profile
    const again = () =>
      person.in(random.whole(5, isFaithful ? 60 : 900) * SECOND, () => this.#visitAgain(person))
    // One that is never suspended.
    const provider = isFaithful ? this.#providers[2]! : random.pick(this.#providers)
    const minutes = random.whole(3, isFaithful ? 8 : random.pick([8, 20, 45]))
    const { posted, held, debt } = person.books.current.wallet
    if (random.chance(0.9) && posted - held - debt < minutes * provider.tokensPerMinute) {
      buy(person, random.pick([50, 120, 999, 1_000, 1_010, 5_000, 20_000]) + debt, again)
      return
    }
    const keep = (record: VisitRecord | undefined) => {
      if (record) this.#records.push(record)
    }
    // Some use two apps at a time, paid for or not.
    if (random.chance(0.15)) Visit.open(person, random.pick(this.#providers), random.whole(3, 20), keep)
    Visit.open(person, provider, minutes, (record) => {
      keep(record)
      again()
    })
  }

  #schedule(at: number, run: () => Promise<void>): void {
    this.#globals.push({ at, run })
    this.#globals.sort((a, b) => a.at - b.at)
  }

  #scheduleGlobals(): void {
    const sweep = async (at: number): Promise<void> => {
      const draw = this.#random.next()
      if (draw < 0.02) {
        // The sweeper is gone for a while; nobody is overcharged for it.
        this.#count('sweeper stopped')
        return this.#schedule(at + this.#random.whole(60, 1_500) * SECOND, () => sweep(at))
      }
      const now = this.#now
      if (draw < 0.06) await this.#cutSweep(now)
      else if (draw < 0.12) {
        this.#count('two sweepers')
        await Promise.all([this.#marketplace.sweep(now), this.#marketplace.sweep(now, 1)])
      } else await this.#marketplace.sweep(now)
      for (const { books } of this.#people)
        books.current.sweep(now, await this.#marketplace.notEnded(books.current.unsettled(now)))
      this.#schedule(now + SWEEP_EVERY_MS, () => sweep(now))
    }
    this.#schedule(START + SWEEP_EVERY_MS, () => sweep(START))
    const background = this.#background!
    const work = async (): Promise<void> => {
      await background.run(this.#now)
      this.#schedule(background.dueAt, work)
    }
    this.#schedule(background.dueAt, work)
    for (let at = START + 20 * MINUTE; at < this.#end; at += this.#random.whole(20, 50) * MINUTE)
      this.#schedule(at, () => this.#suspend())
    for (let at = START + 7 * MINUTE; at < this.#end; at += this.#random.whole(20, 60) * MINUTE) {
      this.#schedule(at, () => {
        this.#count('keys rotated')
        return this.#marketplace.rotateKeys(this.#now)
      })
      this.#schedule(at + 10 * MINUTE, () => this.#marketplace.reloadKeys(this.#now))
    }
    for (let at = START + 15 * MINUTE; at < this.#end; at += 15 * MINUTE)
      this.#schedule(at, () => this.#compare())
  }

  #now = START

  #count(kind: string): void {
    this.#faults[kind] = (this.#faults[kind] ?? 0) + 1
  }

  /** A sweeper that dies between two statements: the next second does not forget. */
  async #cutSweep(now: number): Promise<void> {
    this.#count('crashed sweep')
    const cut = { statement: this.#random.whole(1, 6), mode: this.#random.pick(['before', 'after'] as const) }
    await withCut(cut, this.#marketplace.databaseUrl, () => this.#marketplace.sweep(now).catch(() => 0))
    await this.#marketplace.sweep(now)
  }

  async #suspend(): Promise<void> {
    const { id } = this.#random.pick(this.#providers.slice(3))
    if (this.#suspended.has(id)) return
    this.#count('provider suspended')
    const at = this.#now
    await this.#operate(at, id, 'suspend', { reason: 'Simulated.' })
    this.#suspended.add(id)
    for (const person of this.#people) person.books.current.suspend(id, at)
    this.#schedule(at + this.#random.whole(1, 12) * MINUTE, async () => {
      await this.#operate(this.#now, id, 'approve', undefined)
      this.#suspended.delete(id)
    })
  }

  #operator: string | undefined

  async #operate(at: number, providerId: string, verb: string, body: object | undefined): Promise<void> {
    this.#operator ??= await this.#marketplace.addUser(START, 'operator', true)
    const token = await this.#marketplace.accessToken(at, this.#operator)
    const answer = await this.#marketplace.call(at, 0, {
      method: 'POST',
      url: `/providers/${providerId}/${verb}`,
      token,
      ...(body && { body }),
    })
    if (answer.status !== 200) throw new SimulationFailure(`${verb}: ${answer.status} ${answer.body?.code}`)
  }

  async run(): Promise<void> {
    for (;;) {
      const nextPerson = this.#people.reduce((least, { nextAt }) => Math.min(least, nextAt), Infinity)
      const next = this.#globals[0]
      if (next && next.at <= nextPerson) {
        if (next.at > this.#end) return
        this.#globals.shift()
        this.#now = next.at
        this.#marketplace.setTime(next.at)
        await next.run()
        continue
      }
      if (nextPerson > this.#end) return
      const until = Math.min(nextPerson + WINDOW_MS, next?.at ?? Infinity)
      await this.#runWindow(until)
    }
  }

  async #runWindow(until: number): Promise<void> {
    let acting = this.#people.filter(({ nextAt }) => nextAt < until)
    while (acting.length > 0) {
      const isWaiting = await Promise.all(acting.map((person) => person.runUntil(until)))
      // Crashes are for one at a time, or the innocent would be hit.
      acting = acting.filter((_person, i) => isWaiting[i])
      for (const person of acting) await person.runAlone()
    }
  }

  /** Everybody's books against the database, whole. */
  async #compare(): Promise<void> {
    this.#options.onProgress?.(
      `${((this.#now - START) / HOUR).toFixed(2)} h, ${this.#marketplace.calls} calls, ${this.#records.length} visits over`,
    )
    for (const person of this.#people) {
      const state = await readState(this.#marketplace, person.userId)
      const difference = differenceOf(person.books.current, state, this.#now)
      if (difference !== undefined) {
        person.now = this.#now
        person.fail(difference)
      }
    }
  }

  async conclude(startedAt: number): Promise<SimulationResult> {
    // Two days later everything that ran is over, and swept.
    this.#now = this.#end + 48 * HOUR
    await this.#marketplace.sweep(this.#now)
    for (const person of this.#people) person.books.current.sweep(this.#now)
    await this.#background?.reconcile(this.#now)
    await this.#compare()
    const sessions = this.#people.flatMap(({ books }) => [...books.current.sessions.values()])
    const providerIds = this.#providers.map(({ id }) => id)
    await compareAccounts(this.#marketplace, providerIds, sessions)
    const { findings, transfers, wallets, openHolds } = await this.#marketplace.checkLedger()
    if (findings.length > 0)
      throw new SimulationFailure(
        `the ledger is wrong: ${findings.map((one) => JSON.stringify(one)).join('\n')}`,
      )
    const unlogged = await this.#marketplace.findUnlogged(this.#now)
    if (unlogged.length > 0)
      throw new SimulationFailure(
        `the log of time or of events is wrong: ${unlogged.map(({ id, said }) => `${id} ${said}`).join('\n')}`,
      )
    const earned = new Map(this.#providers.map(({ id }) => [id, { gross: 0, fee: 0 }]))
    for (const { providerId, charged } of sessions) {
      const one = earned.get(providerId)!
      one.gross += charged ?? 0
      one.fee += feeOf(charged ?? 0, FEE_BASIS_POINTS)
    }
    const wrong = (await this.#background?.conclude(this.#now, sessions, earned)) ?? []
    if (wrong.length > 0)
      throw new SimulationFailure(`jobs have left it wrong: ${wrong.slice(0, 20).join('\n')}`)
    const measured = this.#records.flatMap((record) => {
      const one = measure(record)
      return one ? [{ ...one, record }] : []
    })
    const explained = this.#options.explain === undefined ? [] : explain(measured, this.#options.explain)
    const rows = tabulate(
      measured,
      [...HONEST, ...EXCEPTIONS].map(({ name }) => name),
    )
    const cheats = tabulateCheats(
      measured,
      CHEATS.map(({ name }) => name),
    )
    const digest = createHash('sha256')
    for (const person of this.#people) digest.update(person.digest)
    return {
      digest: digest.digest('hex'),
      calls: this.#marketplace.calls,
      people: this.#people.length,
      sessions: this.#people.reduce((sum, { books }) => sum + books.current.sessions.size, 0),
      faults: this.#faults,
      seconds: (performance.now() - startedAt) / 1000,
      rows,
      cheats,
      // Two clocks make every stretch of a session that much longer or shorter: then only the books are judged.
      wrong: this.#marketplace.skewMs === 0 ? judge(rows, cheats, this.#options.isSdk ?? false) : [],
      skewMs: this.#marketplace.skewMs,
      explained,
      ledger: `${transfers} transfers, ${wallets} wallets, ${openHolds} open holds`,
    }
  }

  async stop(): Promise<void> {
    await this.#background?.stop()
  }
}
