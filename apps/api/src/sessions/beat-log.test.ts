import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market, openSession, type Play } from '../../test/play.ts'
import { findUnloggedTime } from '../../test/unlogged-time.ts'
import { createApp } from '../app.ts'
import { createDeps } from '../create-deps.ts'
import { connect, type Db } from '../db.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { createFingerprint } from './fingerprint.ts'
import { BEATS_DAYS, foldBeats, forgetBeats } from './fold-beats.ts'
import { createHeartbeat } from './heartbeat.ts'
import { listTime } from './list-time.ts'

let api: TestApi
let market: Market
beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api, { tokens: 1_000_000 })
})
afterAll(() => api.close())

const fold = () => foldBeats(api.deps.db, { now: api.clock.now() })
const read = ({ sessionId }: Play) => api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) => listTime(tx, sessionId))
const count = async (table: 'beat_batches' | 'session_beats') => {
  const [row] = await api.deps.db.batch.query<{ n: number }>(`select count(*) as n from ${table}`)
  return row?.n ?? -1
}

/** The application once more on the same database, as another process would be. */
async function startSecond() {
  const db = connect({ databaseUrl: api.databaseUrl })
  const deps = await createDeps({ ...api.deps, db })
  const app = await createApp(deps)
  await app.ready()
  return { app, db, close: () => app.close().then(() => db.end()) }
}

describe('a beat is in the log if and only if it was applied', () => {
  test('two processes, one number each: the one that wins is there once, and folding on both sides moves it once', async () => {
    const second = await startSecond()
    const plays = await Promise.all(Array.from({ length: 8 }, () => openSession(market, { minutes: 480 })))
    for (let sequence = 1; sequence <= 6; sequence += 1) {
      api.clock.advance({ seconds: 70 })
      const beat = (app: typeof api.app, play: Play) =>
        app.inject({
          method: 'POST',
          url: `/api/v1/sessions/${play.sessionId}/heartbeat`,
          headers: { authorization: `Bearer ${play.sessionJwt}` },
          payload: { clientId: play.clientId, sequence },
        })
      await Promise.all([
        ...plays.flatMap((play) => [beat(api.app, play), beat(second.app, play), beat(api.app, play)]),
        fold(),
        foldBeats(second.db, { now: api.clock.now() }),
      ])
    }
    api.clock.advance({ minutes: 11 })
    await Promise.all([fold(), foldBeats(second.db, { now: api.clock.now() }), fold()])
    for (const play of plays) {
      const { rows, isComplete, usedMs } = await read(play)
      expect(rows.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6])
      expect([isComplete, usedMs]).toEqual([true, 45_000 + 5 * 70_000])
    }
    expect(await findUnloggedTime(api.deps.db.batch)).toEqual([])
    expect(await count('beat_batches')).toBe(0)
    await second.close()
  })

  test('a repeated beat, one of a browser that lost the session and one after the end are not there', async () => {
    const play = await openSession(market)
    await play.beat({ afterSeconds: 10 })
    play.sequence -= 1
    await play.beat({ afterSeconds: 10 })
    await api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
      token: play.sessionJwt,
      body: { clientId: 'somebody_else', sequence: 9 },
    })
    await play.call('complete')
    await play.beat({ afterSeconds: 10 })
    expect((await read(play)).rows.map(({ kind, countedMs }) => [kind, countedMs])).toEqual([
      ['beat', 10_000],
      ['end', 10_000],
    ])
  })

  test('for another tenant it is not there before it is folded, either', async () => {
    const play = await openSession(market)
    await play.beat()
    const lookAs = (tenantId: string) =>
      api.deps.db.inTenant(tenantId, (tx) => tx.query('select * from unfolded_beats($1)', [play.sessionId]))
    expect(await lookAs(PUBLIC_TENANT_ID)).toHaveLength(1)
    expect(await lookAs('ten_0000000000000000000000000z')).toEqual([])
  })

  test('where the statement fails neither is there, and what was unbilled is not noted', async () => {
    const play = await openSession({ ...market, user: await addUser(api, { tokens: 10_000 }) })
    await play.beat()
    const owner = connectAsOwner()
    await owner.batch.query(
      `alter table beat_batches add constraint refused check (kind <> 'beat') not valid`,
    )
    const refused = await play.beat({ afterSeconds: 131, activeMs: 0 })
    await owner.batch.query('alter table beat_batches drop constraint refused')
    expect(refused.status).toBe(500)
    const { rows, unbilledMs } = await read(play)
    expect([rows.length, unbilledMs]).toEqual([1, 0])
    expect(await notedOf(play)).toBe(0)
    await play.beat({ activeMs: 0 })
    expect(await notedOf(play)).toBe(130_000)
    await owner.end()
  })
})

/** The role that owns the tables: neither of the two may change one. */
function connectAsOwner(): Db {
  const url = new URL(api.databaseUrl)
  const db = connect({ databaseUrl: url.href, poolSize: 1 })
  return {
    ...db,
    batch: {
      query: async (sql, values) =>
        db.inBatch(async (tx) => {
          await tx.query('set local role none')
          return tx.query(sql, values)
        }),
    },
  }
}

async function notedOf({ user }: Play): Promise<number> {
  const [row] = await api.deps.db.batch.query<{ ms: number }>(
    'select coalesce(sum(unbilled_ms), 0) as ms from unbilled_time where user_id = $1',
    [user.id],
  )
  return row?.ms ?? -1
}

test('what a beat leaves unbilled is noted with it: a process that ends before its answer forgets nothing', async () => {
  const play = await openSession({ ...market, user: await addUser(api, { tokens: 10_000 }) })
  await play.beat()
  api.clock.advance({ seconds: 131 })
  // The database answers the beat and then no more, as to a process that is gone.
  const { db } = api.deps
  let asked = 0
  const dying: Db = {
    ...db,
    batch: {
      query: (sql, values) => {
        asked += 1
        return asked === 1 ? db.batch.query(sql, values) : Promise.reject(new Error('gone'))
      },
    },
  }
  const { providerId, sessionId, clientId } = play
  const whose = { tenantId: PUBLIC_TENANT_ID, providerId, sessionId, clientId }
  const sign = { sequence: 2, activeMs: 0, isFinal: false, origin: null }
  const beat = createHeartbeat(dying, 'http://localhost:4001')
  await expect(beat({ ...whose, at: api.clock.now(), ...sign })).rejects.toThrow('gone')
  expect(await notedOf(play)).toBe(130_000)
})

describe('folding', () => {
  test('a session has a row per ten minutes, and reads the same before and after', async () => {
    const play = await openSession(market, { minutes: 60 })
    await play.use(900)
    const before = await read(play)
    expect(before.rows).toHaveLength(30)
    api.clock.advance({ minutes: 10 })
    await fold()
    expect(await read(play)).toEqual(before)
    const rows = await api.deps.db.batch.query('select 1 from session_beats where session_id = $1', [
      play.sessionId,
    ])
    expect(rows.length).toBeLessThanOrEqual(3)
    expect(await fold()).toBe(0)
  })

  test('what runs is not looked at until its span is over, and a batch that commits late is still moved', async () => {
    await fold()
    const play = await openSession(market)
    await play.beat()
    const lateAt = new Date(api.clock.now().getTime() - 3_600_000)
    await api.deps.db.batch.query('select log_time($1, $2, $3, $4, null, null, 0, 0)', [
      PUBLIC_TENANT_ID,
      'return',
      play.sessionId,
      lateAt,
    ])
    expect(await fold()).toBe(1)
    expect((await read(play)).rows.map(({ kind }) => kind)).toEqual(['return', 'beat'])
  })

  test(`forgets after ${BEATS_DAYS} days, and the timeline says that it is not whole`, async () => {
    const play = await openSession(market)
    await play.use(60)
    await play.call('complete')
    api.clock.advance({ hours: 24 * (BEATS_DAYS - 1) })
    await fold()
    await forgetBeats(api.deps.db, { now: api.clock.now() })
    expect(await read(play)).toMatchObject({ isComplete: true, rows: [{}, {}] })
    api.clock.advance({ hours: 25 })
    await forgetBeats(api.deps.db, { now: api.clock.now() })
    expect(await read(play)).toMatchObject({ isComplete: false, rows: [], usedMs: 60_000 })
  })
})

test('the log of another tenant does not exist', async () => {
  const play = await openSession(market)
  await play.beat()
  const other = 'ten_00000000000000000000000009'
  const [batches, beats] = await api.deps.db.inTenant(other, async (tx) => [
    await tx.query('select 1 from beat_batches'),
    await tx.query('select 1 from session_beats'),
  ])
  expect([batches, beats]).toEqual([[], []])
  const foreign = api.deps.db.inTenant(other, (tx) =>
    tx.query(`select log_time($1, 'pause', $2, $3, null, null, 0, 0)`, [
      PUBLIC_TENANT_ID,
      play.sessionId,
      api.clock.now(),
    ]),
  )
  await expect(foreign).rejects.toThrow(/row-level security/)
})

test('a fingerprint is 16 bits for each, keyed and of one session: it cannot be matched across sessions', () => {
  const fingerprint = createFingerprint(Buffer.alloc(32, 1))
  const origin = { address: '203.0.113.9', browser: 'Firefox/128' }
  const ofOne = fingerprint('ses_1', origin)
  expect(fingerprint('ses_1', origin)).toBe(ofOne)
  expect(fingerprint('ses_1', { ...origin, browser: 'Chrome/126' }) >> 16).toBe(ofOne >> 16)
  expect(fingerprint('ses_1', { ...origin, address: '203.0.113.10' }) & 0xffff).toBe(ofOne & 0xffff)
  const all = Array.from({ length: 500 }, (_, i) => fingerprint(`ses_${i}`, origin))
  for (const half of [all.map((one) => one >> 16), all.map((one) => one & 0xffff)])
    expect(new Set(half).size).toBeGreaterThan(480)
  expect(all.every((one) => Number.isInteger(one) && one >= -(2 ** 31) && one < 2 ** 31)).toBe(true)
  expect(createFingerprint(Buffer.alloc(32, 2))('ses_1', origin)).not.toBe(ofOne)
})
