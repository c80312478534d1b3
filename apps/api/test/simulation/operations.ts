/**
 * Every operation on a session or its money, as something one of two instances does to a scene.
 *
 * @module
 */
import { rollUpActivity, rollUpActivityAgain } from '../../src/analytics/roll-up-activity.ts'
import { rollUpOutcomes, rollUpOutcomesAgain } from '../../src/analytics/roll-up-outcomes.ts'
import type { Db } from '../../src/db.ts'
import { checkLedger } from '../../src/ledger/check-ledger.ts'
import { rollUpTask } from '../../src/ledger/jobs.ts'
import { foldBeats } from '../../src/sessions/fold-beats.ts'
import { sweepSessions } from '../../src/sessions/sweep-sessions.ts'
import {
  completed,
  disputeClosed,
  disputed,
  type EventBody,
  expired,
  refunded,
  refundTold,
  signatureOf,
} from '../stripe-events.ts'
import { PASSWORD, type Scene } from './scene.ts'
import type { Stage } from './stage.ts'

/** @returns the status of the answer; 200 for a job that ended well */
export type Operation = (which: number, scene: Scene, stage: Stage) => Promise<number>

function ask(
  stage: Stage,
  which: number,
  url: string,
  token: string,
  body: object | undefined = {},
  method: 'POST' | 'PUT' = 'POST',
): Promise<{ status: number; text: string }> {
  const payload = body && JSON.stringify(body)
  return stage.instances[which as 0 | 1].send(method, url, {
    token,
    ...(payload !== undefined && { payload }),
  })
}

const call = async (...asked: Parameters<typeof ask>): Promise<number> => (await ask(...asked)).status

async function validate(which: number, stage: Stage, launchJwt: string, clientId: string): Promise<number> {
  const status = await call(stage, which, '/api/v1/sessions/validate', '', { launchJwt, clientId })
  // A relaunch has made it void.
  return status === 401 ? 409 : status
}

const stripe =
  (eventOf: (scene: Scene) => EventBody): Operation =>
  async (which, scene, stage) => {
    const payload = JSON.stringify(eventOf(scene))
    const { config, clock } = stage.api.deps
    const signature = signatureOf(payload, config.stripeWebhookSecret, clock())
    const headers = { 'stripe-signature': signature }
    const sending = stage.instances[which as 0 | 1].send('POST', '/webhooks/stripe', { headers, payload })
    return (await sending).status
  }

/** A call of the app, under a sequence of its own. */
const said =
  (verb: string, more: object = {}): Operation =>
  (which, { play }, stage) =>
    call(stage, which, `/api/v1/sessions/${play.sessionId}/${verb}`, play.sessionJwt, {
      clientId: play.clientId,
      sequence: play.sequence + 1 + which,
      activeMs: 20_000,
      ...more,
    })

const market =
  (verb: string, body?: object): Operation =>
  (which, { play, token }, stage) =>
    call(stage, which, `/sessions/${play.sessionId}/${verb}`, token, body)

const operator =
  (urlOf: (scene: Scene) => string, body: object = {}): Operation =>
  (which, scene, stage) =>
    call(stage, which, urlOf(scene), scene.operatorToken, body)

const job =
  (run: (db: Db, now: Date, stage: Stage) => Promise<unknown>): Operation =>
  async (which, _scene, stage) => {
    await run(stage.instances[which as 0 | 1].db, stage.api.clock.now(), stage)
    return 200
  }

/** Of what was just written, too. */
const LATER_MS = 20 * 60_000

export const operations: Record<string, Operation> = {
  'opening another one': (which, { play, token }, stage) =>
    call(stage, which, '/sessions', token, { providerId: play.providerId, durationMinutes: 10 }),
  'opening a test session': (which, { play, ownerToken }, stage) =>
    call(stage, which, `/providers/${play.providerId}/test-sessions`, ownerToken),
  validating: (which, { play }, stage) => validate(which, stage, play.launchJwt, play.clientId),
  relaunching: market('relaunch'),
  'taking over in another browser': async (which, { play, token }, stage) => {
    const { status, text } = await ask(stage, which, `/sessions/${play.sessionId}/relaunch`, token)
    return status === 200 ? validate(which, stage, JSON.parse(text).launchJwt, `taker_00000${which}`) : status
  },
  'a beat': said('heartbeat'),
  'a last beat': said('heartbeat', { final: true }),
  'an exposure': (which, { play }, stage) =>
    call(stage, which, `/api/v1/sessions/${play.sessionId}/exposures`, play.sessionJwt, {
      experiment: 'race',
      variant: `v${which}`,
    }),
  'pausing in the app': said('pause'),
  'pausing in the marketplace': market('pause'),
  'resuming in the app': said('resume'),
  'resuming in the marketplace': market('resume'),
  'completing in the app': said('complete'),
  'completing in the marketplace': (which, { play, token }, stage) =>
    call(stage, which, `/api/v1/sessions/${play.sessionId}/complete`, token),
  extending: market('extend', { minutes: 5 }),
  'a sweep': job((db, now, { api }) =>
    sweepSessions(db, { now, marketplaceUrl: api.deps.config.marketplaceUrl }),
  ),
  'suspending the provider': operator(({ play }) => `/providers/${play.providerId}/suspend`, {
    reason: 'Raced.',
  }),
  'listing the provider': (which, { play, operatorToken }, stage) =>
    call(stage, which, `/providers/${play.providerId}/approve`, operatorToken),
  'beginning a purchase': (which, { token }, stage) =>
    call(stage, which, '/tokens/purchase', token, { tokens: 50 }),
  'a payment': stripe(({ due }) => completed(due)),
  'a payment that failed': stripe(({ due }) => expired(due)),
  'a refund': stripe(({ paid }) => refunded(paid, Math.floor(paid.amountCents / 2))),
  'a refund that fails': stripe(({ paid }) =>
    refundTold('refund.failed', paid, { amount: Math.floor(paid.amountCents / 2) }),
  ),
  'a refund by an operator': operator(({ paid }) => `/operators/purchases/${paid.purchaseId}/refund`, {
    reason: 'Raced.',
  }),
  'a dispute': stripe(({ paid }) => disputed(paid)),
  'a dispute that is won': stripe(({ paid }) => disputeClosed(paid, 'won')),
  'changing spending limits': (which, { token }, stage) =>
    call(
      stage,
      which,
      '/tokens/limits',
      token,
      { perDayTokens: 60, perProviderPerDayTokens: [], lowBalanceTokens: 100 + which },
      'PUT',
    ),
  'deleting the account': (which, { token, posted }, stage) =>
    call(stage, which, '/auth/account/delete', token, { currentPassword: PASSWORD, forfeitTokens: posted }),
  'creating a payout': operator(({ play }) => `/providers/${play.providerId}/payouts`, { amount: 3 }),
  'paying a payout': operator(
    ({ play, payoutId }) => `/providers/${play.providerId}/payouts/${payoutId}/pay`,
    {
      reference: 'Raced',
    },
  ),
  'cancelling a payout': (which, { play, payoutId, operatorToken }, stage) =>
    call(stage, which, `/providers/${play.providerId}/payouts/${payoutId}/cancel`, operatorToken),
  'rolling up accounts': job(async (db) => rollUpTask({ db })({}, undefined as never)),
  'rolling up figures': job(async (db, now) => {
    await rollUpActivity(db, { now })
    await rollUpActivityAgain(db)
  }),
  'rolling up outcomes': job(async (db, now) => {
    await rollUpOutcomes(db, { now })
    await rollUpOutcomesAgain(db)
  }),
  'folding beats': job((db, now) => foldBeats(db, { now: new Date(now.getTime() + LATER_MS) })),
  'checking the ledger': job((db) =>
    db.inBatch(async (tx) => {
      await tx.query('set transaction isolation level repeatable read')
      const { findings } = await checkLedger(tx)
      if (findings.length > 0) throw new Error(JSON.stringify(findings))
    }),
  ),
}

/** What needs a provider that has earned something. */
export const isAboutPayouts = (name: string) => name.includes('payout')

/** What nobody can do before the session was validated: it takes a session JWT. */
export const isOfTheApp = (name: string) =>
  name.endsWith(' in the app') || ['a beat', 'a last beat', 'an exposure'].includes(name)

/** What goes through all there is: too much for one in each scene at once. */
export const isOfEverybody = (name: string) => /^(rolling up|folding|checking) /.test(name)
