import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market, openSession, type Play, validateLaunch } from '../../test/play.ts'
import { findUnloggedTime } from '../../test/unlogged-time.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { foldBeats } from './fold-beats.ts'
import { listTime } from './list-time.ts'
import { sweepSessions } from './sweep-sessions.ts'

let api: TestApi
let market: Market
beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api)
})
afterAll(() => api.close())

// Every rule of gaps has its edge among these.
const gap = fc.oneof(
  fc.constantFrom(0, 1, 30_000, 45_000, 45_001, 130_000, 130_001),
  fc.integer({ min: 0, max: 200_000 }),
  fc.integer({ min: 1_700_000, max: 1_900_000 }),
)
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('beat' as const),
      afterMs: gap,
      activeMs: fc.option(fc.integer({ min: 0, max: 200_000 }), { nil: undefined }),
      final: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('late' as const, 'tab' as const), behind: fc.nat(3) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'pause' as const,
        'resume' as const,
        'marketPause' as const,
        'marketResume' as const,
        'sweep' as const,
        'fold' as const,
        'takeover' as const,
        'extend' as const,
        'look' as const,
        'return' as const,
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), afterMs: gap }) },
)

const sumOf = (parts: { countedMs: number | null }[]) =>
  parts.reduce((sum, { countedMs }) => sum + (countedMs ?? 0), 0)

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

/** The session's own number, which every beat that is applied moves. */
async function sequenceOf({ sessionId }: Play): Promise<number> {
  const [row] = await api.deps.db.batch.query<{ sequence: number }>(
    'select sequence from sessions where id = $1',
    [sessionId],
  )
  return row?.sequence ?? -1
}

/** The session, its receipt and its timeline at one instant, whatever is going on. */
async function expectOneStory(play: Play): Promise<void> {
  const { body: receipt } = await play.market('GET', '/receipt')
  const { body: timeline } = await play.market('GET', '/timeline')
  const { body: session } = await play.look()
  expect(sumOf(receipt.time) + receipt.unconfirmedMs).toBe(receipt.usedMs)
  expect(sumOf(timeline.entries)).toBe(timeline.usedMs)
  expect(timeline.usedMs + receipt.unconfirmedMs).toBe(receipt.usedMs)
  expect(session).toMatchObject({ usedMs: receipt.usedMs, tokensHeld: receipt.tokensHeld })
  expect(receipt.tokensCharged).toBe(Math.ceil((receipt.tokensPerMinute * receipt.usedMs) / 60_000))
  expect(receipt.tokensCharged + receipt.tokensReleased).toBe(receipt.tokensHeld)
  expect(receipt.holds.reduce((sum: number, { tokens }: { tokens: number }) => sum + tokens, 0)).toBe(
    receipt.tokensHeld,
  )
}

/** @returns how many beats were applied. */
async function playSteps(steps: Step[], minutes: number): Promise<{ play: Play; applied: number }> {
  const play = await openSession({ ...market, user: await addUser(api, { tokens: 100_000 }) }, { minutes })
  let applied = 0
  for (const one of steps) {
    const before = await sequenceOf(play)
    if ('afterMs' in one) api.clock.advance({ ms: one.afterMs })
    switch (one.do) {
      case 'beat': {
        await play.beat({
          final: one.final,
          ...(one.activeMs !== undefined && { activeMs: one.activeMs }),
        })
        if ((await sequenceOf(play)) > before) applied += 1
        break
      }
      case 'late':
      case 'tab': {
        // A number that was used before: a beat that was on its way for long, or a second tab that did not know.
        const last = play.sequence
        play.sequence = Math.max(0, last - 1 - one.behind)
        await play.beat(one.do === 'late' ? {} : { activeMs: 30_000 })
        play.sequence = Math.max(last, play.sequence)
        if ((await sequenceOf(play)) > before) applied += 1
        break
      }
      case 'pause':
      case 'resume':
        play.sequence += 1
        await play.call(one.do, { clientId: play.clientId, sequence: play.sequence })
        break
      case 'marketPause':
        await play.market('POST', '/pause')
        break
      case 'marketResume':
        await play.market('POST', '/resume')
        break
      case 'sweep':
        await sweepSessions(api.deps.db, {
          now: api.clock.now(),
          marketplaceUrl: api.deps.config.marketplaceUrl,
        })
        break
      case 'fold':
        await foldBeats(api.deps.db, { now: api.clock.now() })
        break
      case 'takeover':
      case 'return': {
        const relaunched = await play.market('POST', '/relaunch')
        if (relaunched.status !== 200) break
        play.launchJwt = relaunched.body.launchJwt
        if (one.do === 'takeover') play.clientId = `other_${play.clientId.slice(-20)}`.slice(0, 60)
        await validateLaunch(play)
        break
      }
      case 'extend':
        await play.market('POST', '/extend', { minutes: 1 })
        break
      case 'look':
        await expectOneStory(play)
        break
      case 'wait':
        break
    }
  }
  await expectOneStory(play)
  await play.call('complete', { clientId: play.clientId })
  return { play, applied }
}

test('whatever happens in a session, its log adds up to what it is charged for, before and after it is folded', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.integer({ min: 1, max: 90 }),
      async (steps, minutes) => {
        const { play, applied } = await playSteps(steps, minutes)
        const read = () => api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) => listTime(tx, play.sessionId))
        const unfolded = await read()
        api.clock.advance({ minutes: 11 })
        await foldBeats(api.deps.db, { now: api.clock.now() })
        const folded = await read()
        expect(folded).toEqual(unfolded)
        expect(folded.isComplete).toBe(true)
        expect(folded.rows.reduce((sum, { countedMs }) => sum + countedMs, 0)).toBe(folded.usedMs)
        // What is shown: the timeline's entries, and the stretches of a receipt.
        const { body: timeline } = await play.market('GET', '/timeline')
        expect(sumOf(timeline.entries)).toBe(folded.usedMs)
        expect(timeline.usedMs).toBe(folded.usedMs)
        const { body: receipt } = await play.market('GET', '/receipt')
        expect(sumOf(receipt.time) + receipt.unconfirmedMs).toBe(receipt.usedMs)
        expect((await play.look()).body).toMatchObject({
          usedMs: receipt.usedMs,
          ...(receipt.isFinal && { tokensCharged: receipt.tokensCharged }),
        })
        const beats = folded.rows.filter(({ kind }) => kind === 'beat')
        expect(beats).toHaveLength(applied)
      },
    ),
    { numRuns: Number(process.env.TIME_LOG_RUNS ?? 40), endOnFailure: false },
  )
  expect(await findUnloggedTime(api.deps.db.batch)).toEqual([])
}, 240_000)
