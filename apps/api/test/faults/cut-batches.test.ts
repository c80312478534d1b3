/**
 * A connection that is cut under a batch which several people share, at every statement of it: all of them were served, or none, and
 * who asks again is served once.
 *
 * @module
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { checkLedger } from '../../src/ledger/check-ledger.ts'
import { type Answer, startTestApi, type TestApi } from '../harness.ts'
import { createMarket, type Market, openSession, type Play, validateLaunch, withNewUser } from '../play.ts'
import { type CutMode, withCut } from '../simulation/cut.ts'

const PEOPLE = 5

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api)
})
afterEach(async () => {
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
})
afterAll(() => api.close())

interface Verb {
  isValidated: boolean
  /** Of one batch, those of its transaction among them. */
  statements: number
  /** Half a minute later; the same words when it is said again. */
  say(play: Play): Promise<Answer>
  /** What stands in the table before it, and after it however often it was said. */
  before: object
  after: object
}

const VERBS: Record<string, Verb> = {
  validations: {
    isValidated: false,
    statements: 4,
    say: (play) => validateLaunch(play),
    before: { status: 'pending', usedMs: 0, charged: null },
    after: { status: 'active', usedMs: 0, charged: null },
  },
  beats: {
    isValidated: true,
    statements: 1,
    say({ sessionId, sessionJwt, clientId }) {
      const body = { clientId, sequence: 1, activeMs: 30_000 }
      return api.call('POST', `/api/v1/sessions/${sessionId}/heartbeat`, { token: sessionJwt, body })
    },
    before: { status: 'active', usedMs: 0, charged: null },
    after: { status: 'active', usedMs: 30_000, charged: null },
  },
  completions: {
    isValidated: true,
    statements: 5,
    say: (play) => play.call('complete'),
    before: { status: 'active', usedMs: 0, charged: null },
    after: { status: 'ended', usedMs: 30_000, charged: 2 },
  },
}

const everybody = <T>(one: T): T[] => Array.from({ length: PEOPLE }, () => one)

/** As they stand in the table, in which nothing is projected. */
const stored = (plays: Play[]) =>
  api.deps.db.batch.query(
    `select status, used_ms::float as "usedMs", tokens_charged::float as charged from sessions where id = any ($1)`,
    [plays.map(({ sessionId }) => sessionId)],
  )

test.each(
  Object.keys(VERBS).flatMap((name) =>
    (['before', 'after', 'killed'] as const).map((mode): [string, CutMode] => [name, mode]),
  ),
)(
  '%s that share a batch are done all or none, and once, at whatever statement it is cut (%s)',
  async (name, mode) => {
    const { isValidated, statements, say, before, after } = VERBS[name]!
    // Only a commit whose answer was lost is done without anybody having heard of it.
    const none = { statuses: everybody(503), stored: everybody(before), isCut: true }
    const cuts = Array.from({ length: statements }, () => none)
    if (mode === 'after') cuts[statements - 1] = { ...none, stored: everybody(after) }
    const uncut = { statuses: everybody(200), stored: everybody(after), isCut: false }
    const outcomes: object[] = []
    for (let statement = 1; statement <= statements + 1; statement += 1) {
      const plays = await Promise.all(
        everybody(market).map(async (one) => openSession(await withNewUser(one), { validate: isValidated })),
      )
      api.clock.advance({ seconds: 30 })
      const { result, cut } = await withCut({ statement, mode }, api.databaseUrl, () =>
        Promise.all(plays.map(say)),
      )
      const statuses = result.map(({ status }) => status)
      outcomes.push({ statuses, stored: await stored(plays), isCut: cut.hasFired })
      const again = await Promise.all(plays.map(say))
      expect(again.map(({ status }) => status)).toEqual(everybody(200))
      expect(await stored(plays)).toEqual(everybody(after))
    }
    expect(outcomes).toEqual([...cuts, uncut])
  },
  60_000,
)
