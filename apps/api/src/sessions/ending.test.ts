import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { connectAs } from '../../test/database.ts'
import { accessTokenOf, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import {
  createMarket,
  type Market,
  openSession,
  type Play,
  validateLaunch,
  withNewUser,
} from '../../test/play.ts'
import { connect } from '../db.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { checkLedger } from '../ledger/check-ledger.ts'
import { completeSession } from './complete-session.ts'
import { sweepSessions } from './sweep-sessions.ts'

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api, { tokens: 1_000_000 })
})
afterEach(async () => {
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
})
afterAll(() => api.close())

const sweep = () =>
  sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl: api.deps.config.marketplaceUrl })
const freshMarket = (tokens = 10_000) => withNewUser(market, { tokens })
const wallet = async ({ user }: { user: { id: string } }) =>
  (
    await api.deps.db.batch.query<{ posted: number; held: number }>(
      'select posted, held from wallets where id = $1',
      [user.id],
    )
  )[0]
const transfersOf = ({ sessionId }: Play) =>
  api.deps.db.batch.query<{ kind: string; amount: number }>(
    'select kind, amount from transfers where session_id = $1 order by kind',
    [sessionId],
  )

test('the sweeper comes back at once to a session whose wallet somebody else has locked, and raises no alarm', async () => {
  const play = await openSession(await freshMarket(), { minutes: 2 })
  await play.use(90)
  api.clock.advance({ minutes: 31 })
  const impatient = connect({ databaseUrl: api.databaseUrl, poolSize: 2, statementTimeoutMs: 500 })
  const failed: string[] = []
  const sweepThere = () =>
    sweepSessions(impatient, {
      now: api.clock.now(),
      marketplaceUrl: api.deps.config.marketplaceUrl,
      onFailure: (sessionId) => failed.push(sessionId),
    })
  await api.deps.db.inBatch(async (tx) => {
    await tx.query('select from wallets where id = $1 for update', [play.user.id])
    expect(await sweepThere()).toBe(0)
  })
  expect(failed).toEqual([])
  expect(await sweepThere()).toBe(1)
  await impatient.end()
})

test('a completion with a key that its client takes the session over for at that moment is told to come again', async () => {
  const { sessionId, providerId } = await openSession(await freshMarket())
  const clientId = 'second_client'
  const { db, config } = api.deps
  const completing = db.inTenant(PUBLIC_TENANT_ID, (tx) => {
    const query: typeof tx.query = async <Row>(sql: string, values?: readonly unknown[]) => {
      const rows = await tx.query<Row>(sql, values)
      await db.batch.query('update sessions set client_id = $2 where id = $1', [sessionId, clientId])
      return rows
    }
    return completeSession(
      { ...tx, query },
      {
        tenantId: PUBLIC_TENANT_ID,
        sessionId,
        speaker: { kind: 'client', clientId, providerId, sequence: null, activeMs: null },
        now: api.clock.now(),
      },
      config.marketplaceUrl,
    )
  })
  await expect(completing).rejects.toMatchObject({ code: 'unavailable' })
})

describe('expiry', () => {
  test('the SDK’s beat at zero ends it and charges everything', async () => {
    const play = await openSession(await freshMarket(), { minutes: 2 })
    const answer = await play.use(120)
    expect(answer.body.session).toMatchObject({
      status: 'ended',
      endReason: 'expired',
      usedMs: 120_000,
      tokensCharged: 8,
    })
    expect(await wallet(play)).toEqual({ posted: 9_992, held: 0 })
  })

  test('at zero the gate closes; settlement waits for the beat, then charges what was confirmed', async () => {
    const play = await openSession(await freshMarket(), { minutes: 2 })
    await play.use(90)
    api.clock.advance({ seconds: 31 })
    await sweep()
    expect((await play.look()).body).toMatchObject({ status: 'active', remainingMs: 0, serveUntil: null })
    api.clock.advance({ seconds: 100 })
    await sweep()
    expect((await play.look()).body).toMatchObject({
      status: 'ended',
      endReason: 'expired',
      usedMs: 90_000,
      tokensCharged: 6,
    })
  })

  test('a late beat still in the lease is counted to the end, one after it finds the session over', async () => {
    const inTime = await openSession(await freshMarket(), { minutes: 2 })
    await inTime.use(90)
    const counted = await inTime.beat({ afterSeconds: 129, activeMs: 30_000 })
    expect(counted.body.session).toMatchObject({ status: 'ended', endReason: 'expired', usedMs: 120_000 })
    const late = await openSession(await freshMarket(), { minutes: 2 })
    await late.use(90)
    const over = await late.beat({ afterSeconds: 131, activeMs: 30_000 })
    expect(over.status).toBe(200)
    expect(over.body.session).toMatchObject({ status: 'ended', endReason: 'expired', usedMs: 90_000 })
  })
})

describe('silence', () => {
  test('30 minutes without a beat end it as abandoned, charged to what was confirmed', async () => {
    const play = await openSession(await freshMarket(), { minutes: 60 })
    await play.use(300)
    api.clock.advance({ minutes: 30 })
    await sweep()
    expect((await play.look()).body.status).toBe('active')
    api.clock.advance({ seconds: 1 })
    expect(await sweep()).toBeGreaterThanOrEqual(1)
    expect((await play.look()).body).toMatchObject({
      endReason: 'abandoned',
      usedMs: 300_000,
      tokensCharged: 20,
    })
  })

  test('a beat after it is not applied: conditions that end a session come first', async () => {
    const play = await openSession(await freshMarket(), { minutes: 60 })
    await play.use(60)
    const late = await play.beat({ afterSeconds: 1_801, activeMs: 60_000 })
    expect(late.body.session).toMatchObject({ status: 'ended', endReason: 'abandoned', usedMs: 60_000 })
  })

  test('30 minutes of pause in total end it, however they are cut', async () => {
    const play = await openSession(await freshMarket(), { minutes: 60 })
    await play.use(60)
    for (let i = 0; i < 2; i += 1) {
      await play.call('pause')
      api.clock.advance({ minutes: 14 })
      await play.call('resume')
      await play.use(30)
    }
    await play.call('pause')
    api.clock.advance({ minutes: 2 })
    await sweep()
    expect((await play.look()).body.status).toBe('paused')
    api.clock.advance({ seconds: 1 })
    await sweep()
    expect((await play.look()).body).toMatchObject({ endReason: 'abandoned', usedMs: 120_000 })
  })

  test('never validated: cancelled and released 5 minutes after its last launch JWT died', async () => {
    const play = await openSession(await freshMarket(), { validate: false })
    expect(await wallet(play)).toEqual({ posted: 10_000, held: 120 })
    api.clock.advance({ minutes: 6 })
    expect((await play.market('POST', '/relaunch')).status).toBe(200)
    api.clock.advance({ minutes: 6, seconds: 59 })
    await sweep()
    expect((await play.look()).body.status).toBe('pending')
    api.clock.advance({ seconds: 1 })
    await sweep()
    expect((await play.look()).body).toMatchObject({
      endReason: 'cancelled',
      tokensCharged: 0,
      startedAt: null,
    })
    expect(await wallet(play)).toEqual({ posted: 10_000, held: 0 })
    expect(await transfersOf(play)).toEqual([])
  })

  test('whoever reads a session that is over settles it, without the sweeper', async () => {
    const play = await openSession(await freshMarket(), { minutes: 60 })
    await play.use(60)
    api.clock.advance({ minutes: 31 })
    expect((await play.look()).body).toMatchObject({ status: 'ended', endReason: 'abandoned' })
    expect(await wallet(play)).toEqual({ posted: 9_996, held: 0 })
  })

  test('a day after creation it is over', async () => {
    const play = await openSession(await freshMarket(10_000), { minutes: 480 })
    // Used a minute out of every 29, so that neither silence nor its end comes first.
    for (let minutes = 0; minutes < 24 * 60 - 29; minutes += 29) {
      await play.beat({ afterSeconds: 29 * 60 - 30 })
      await play.beat({ afterSeconds: 30 })
    }
    api.clock.advance({ minutes: 29 })
    await sweep()
    expect((await play.look()).body).toMatchObject({ status: 'ended', endReason: 'expired' })
  })

  test.each([
    { status: 'pending', endReason: 'cancelled' },
    { status: 'active', endReason: 'expired' },
    { status: 'paused', endReason: 'expired' },
  ])('a $status session is over a day after creation, and not a second before', async ({
    status,
    endReason,
  }) => {
    const play = await openSession(await freshMarket(), { validate: status !== 'pending' })
    if (status === 'paused') await play.call('pause')
    const createdAt = new Date(api.clock.now().getTime() - 86_399_000)
    const owner = await connectAs(api.databaseUrl)
    await owner.query('update sessions set created_at = $2 where id = $1', [play.sessionId, createdAt])
    await owner.end()
    expect((await play.look()).body.status).toBe(status)
    api.clock.advance({ seconds: 1 })
    expect((await play.look()).body).toMatchObject({ status: 'ended', endReason, tokensCharged: 0 })
  })
})

describe('completion', () => {
  test('rounds up to whole tokens, and a second one changes nothing', async () => {
    const play = await openSession(await freshMarket(), { minutes: 10 })
    await play.beat()
    api.clock.advance({ ms: 15_001 })
    const first = await play.call('complete', { clientId: play.clientId, sequence: 2, activeMs: 15_001 })
    expect(first.body).toMatchObject({
      session: { status: 'ended', endReason: 'completed', usedMs: 15_001, tokensCharged: 2, sequence: 2 },
      returnUrl: `http://localhost:4001/?session=${play.sessionId}`,
    })
    api.clock.advance({ minutes: 5 })
    for (const verb of ['pause', 'resume', 'complete'] as const) {
      const other = await play.call(verb, { clientId: 'another_client', sequence: 9 })
      expect([other.status, other.body.session]).toEqual([
        200,
        { ...first.body.session, serverTime: expect.any(String) },
      ])
    }
    const again = await play.call('complete')
    expect(again.status).toBe(200)
    expect(again.body.session).toMatchObject({
      usedMs: 15_001,
      tokensCharged: 2,
      endedAt: first.body.session.endedAt,
    })
  })

  test('from the marketplace the last gap counts up to 45 s and no further', async () => {
    const near = await openSession(await freshMarket(), { minutes: 10 })
    await near.beat()
    api.clock.advance({ seconds: 45 })
    expect((await completeByUser(near)).body.session.usedMs).toBe(45_000)
    const far = await openSession(await freshMarket(), { minutes: 10 })
    await far.beat()
    api.clock.advance({ seconds: 46 })
    expect((await completeByUser(far)).body.session.usedMs).toBe(0)
  })

  test('a pending session is cancelled by its user, at no charge', async () => {
    const play = await openSession(await freshMarket(), { validate: false })
    expect((await completeByUser(play)).body.session).toMatchObject({
      endReason: 'cancelled',
      tokensCharged: 0,
    })
    expect((await validateLaunch(play)).body.code).toBe('session_ended')
  })

  test('on an ended session heartbeat, pause and resume answer 200 with it and change nothing', async () => {
    const play = await openSession(await freshMarket(), { minutes: 10 })
    await play.use(60)
    const { body } = await play.call('complete')
    for (const answer of [
      await play.beat({ afterSeconds: 30 }),
      await play.call('pause'),
      await play.call('resume'),
    ]) {
      expect(answer.status).toBe(200)
      expect(answer.body.session).toMatchObject({ status: 'ended', usedMs: body.session.usedMs, sequence: 2 })
    }
  })

  test('50 racing completions settle once', async () => {
    const play = await openSession(await freshMarket(), { minutes: 10 })
    await play.use(90)
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => (i % 2 ? play.call('complete') : completeByUser(play))),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ body }) => body.session.tokensCharged))).toEqual(new Set([6]))
    expect(await transfersOf(play)).toEqual([
      { kind: 'charge', amount: 6 },
      { kind: 'fee', amount: 1 },
    ])
  })

  test('completion, beat, extension, pause and the sweeper race: one ending, one charge', async () => {
    for (let round = 0; round < 10; round += 1) {
      const play = await openSession(await freshMarket(), { minutes: 2 })
      await play.use(90)
      api.clock.advance({ seconds: 30 + round * 12 })
      await Promise.all([
        play.call('complete'),
        play.beat(),
        sweep(),
        completeByUser(play),
        play.market('POST', '/extend', { minutes: 1 }),
        play.call('pause'),
        sweep(),
      ])
      const { body } = await play.look()
      expect(body.status).toBe('ended')
      expect(await transfersOf(play)).toHaveLength(2)
      expect((await wallet(play))?.held).toBe(0)
    }
  })

  test('price 0: no hold, no ledger line, held and charged are 0', async () => {
    const free = await createMarket(api, { tokens: 0, tokensPerMinute: 0 })
    const play = await openSession({ ...free, user: await addUser(api) }, { minutes: 10 })
    await play.use(60)
    expect((await play.call('complete')).body.session).toMatchObject({
      tokensHeld: 0,
      tokensCharged: 0,
      usedMs: 60_000,
    })
    expect(await transfersOf(play)).toEqual([])
  })

  async function completeByUser(play: Play) {
    return api.call('POST', `/api/v1/sessions/${play.sessionId}/complete`, {
      token: await accessTokenOf(api, play.user.id),
      body: {},
    })
  }
})

test('the platform’s fee is rounded half up, and provider and platform get what the user paid', async () => {
  // 20 % of 3 is 0.6, of 2 is 0.4, of 8 is 1.6.
  for (const [seconds, charge, fee] of [
    [45, 3, 1],
    [30, 2, 0],
    [120, 8, 2],
  ] as const) {
    const play = await openSession(await freshMarket(), { minutes: 10 })
    await play.use(seconds)
    await play.call('complete')
    const amounts = Object.fromEntries((await transfersOf(play)).map(({ kind, amount }) => [kind, amount]))
    expect(amounts).toEqual({ charge, ...(fee > 0 && { fee }) })
  }
})
