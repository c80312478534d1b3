/**
 * Nobody is billed for time in which the app was not allowed to show: what is billed is held against the answers that the
 * app heard, and against no rule of time, so that a rule that is wrong here and in the model is found as well.
 *
 * @module
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market, openSession, type Play, withNewUser } from '../../test/play.ts'
import { checkLedger } from '../ledger/check-ledger.ts'
import { sweepSessions } from './sweep-sessions.ts'

const RUNS = process.env.LONG === '1' ? 3_000 : 200
/** A page that comes back so soon after its last word has navigated: that is billed, though it showed nothing. */
const NAVIGATION_MS = 30_000

const GAPS_MS = [
  0, 1, 1_000, 29_000, 30_000, 30_001, 44_000, 45_000, 45_001, 100_000, 129_000, 130_000, 130_001, 200_000,
  1_800_001,
]
const STEPS = ['beat', 'beat', 'beat', 'final', 'pause', 'resume', 'complete'] as const
const ASIDE = ['pause there', 'resume there', 'extend', 'read', 'sweep', 'validate again', 'return'] as const
const steps = fc.array(
  fc.record({ gapMs: fc.constantFrom(...GAPS_MS), what: fc.constantFrom(...STEPS, ...ASIDE) }),
  { minLength: 4, maxLength: 24, size: 'max' },
)

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api, { tokens: 100_000 })
})
afterAll(() => api.close())

const now = () => api.clock.now().getTime()

/** One page of one session, which tells truly what it was allowed to show and for how long it did. */
function createPage(play: Play) {
  let openUntil = 0
  let untold = 0
  let finalAt: number | undefined
  const page = {
    shownMs: 0,
    navigatedMs: 0,
    isEnded: false,
    hear(answer: Answer): void {
      const { session } = answer.body
      if (answer.status !== 200 || !session) return
      const { serveUntil, serverTime, sequence, status } = session
      openUntil = serveUntil === null ? 0 : now() + Date.parse(serveUntil) - Date.parse(serverTime)
      play.sequence = Math.max(play.sequence, sequence)
      untold = 0
      page.isEnded = status === 'ended'
    },
    wait(ms: number): void {
      const shown = Math.max(0, Math.min(ms, openUntil - now()))
      page.shownMs += shown
      untold += shown
      api.clock.advance({ ms })
    },
    async say(verb: 'heartbeat' | 'pause' | 'resume' | 'complete', isFinal = false): Promise<void> {
      if (verb !== 'resume' && finalAt !== undefined && now() - finalAt <= NAVIGATION_MS)
        page.navigatedMs += now() - finalAt
      finalAt = isFinal ? now() : undefined
      play.sequence += 1
      const { sequence, clientId, sessionId, sessionJwt: token } = play
      const body = { clientId, sequence, activeMs: untold, ...(isFinal && { final: true }) }
      page.hear(await api.call('POST', `/api/v1/sessions/${sessionId}/${verb}`, { token, body }))
    },
    async validate(): Promise<void> {
      const { launchJwt, clientId } = play
      const answer = await api.call('POST', '/api/v1/sessions/validate', { body: { launchJwt, clientId } })
      page.hear(answer)
      if (answer.status !== 200) return
      finalAt = undefined
      play.sessionJwt = answer.body.sessionJwt
    },
  }
  return page
}

test('nobody is billed for what the app was not allowed to show', async () => {
  const opened = fc.record({ minutes: fc.constantFrom(1, 2, 3, 5, 30), steps })
  await fc.assert(
    fc.asyncProperty(opened, async ({ minutes, steps: told }) => {
      const play = await openSession(await withNewUser(market), { minutes, validate: false })
      const page = createPage(play)
      await page.validate()
      const perform: Record<(typeof STEPS)[number] | (typeof ASIDE)[number], () => Promise<unknown>> = {
        beat: () => page.say('heartbeat'),
        final: () => page.say('heartbeat', true),
        pause: () => page.say('pause'),
        resume: () => page.say('resume'),
        complete: () => page.say('complete'),
        'pause there': () => play.market('POST', '/pause'),
        'resume there': () => play.market('POST', '/resume'),
        extend: () => play.market('POST', '/extend', { minutes: 1 }),
        read: () => play.read(),
        sweep: () =>
          sweepSessions(api.deps.db, {
            now: api.clock.now(),
            marketplaceUrl: api.deps.config.marketplaceUrl,
          }),
        'validate again': () => page.validate(),
        return: async () => {
          const { body, status } = await play.market('POST', '/relaunch')
          if (status === 200) play.launchJwt = body.launchJwt
          await page.validate()
        },
      }
      for (const { gapMs, what } of told) {
        page.wait(gapMs)
        await perform[what]()
        if (page.isEnded) break
      }
      const { usedMs } = (await play.look()).body
      expect(usedMs).toBeLessThanOrEqual(page.shownMs + page.navigatedMs)
    }),
    { numRuns: RUNS, seed: 42, endOnFailure: process.env.LONG !== '1' },
  )
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
}, 900_000)
