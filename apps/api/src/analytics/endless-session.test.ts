import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, openSession, type Play } from '../../test/play.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { listTime } from '../sessions/list-time.ts'
import type { Entry } from './timeline.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

async function begin(): Promise<Play> {
  const play = await openSession(await createMarket(api), { minutes: 60 })
  await play.use(60)
  return play
}

const sumOf = (parts: { countedMs: number | null }[]) =>
  parts.reduce((sum, { countedMs }) => sum + (countedMs ?? 0), 0)

/** Beats that counted nothing and pauses of no length, a millisecond after one another, as if the calls had been made. */
async function fill({ sessionId }: Play, { beats, pauses }: { beats: number; pauses: number }) {
  await api.deps.db.batch.query(fillBeatsSql, [sessionId, beats])
  await api.deps.db.batch.query(fillPausesSql, [sessionId, pauses])
}

test('a session of very many beats and pauses has a timeline and a receipt of some size, and they add up', async () => {
  const play = await begin()
  await fill(play, { beats: 30_000, pauses: 20_000 })
  await play.call('complete')
  const receipt = await play.market('GET', '/receipt')
  expect(receipt.text.length).toBeLessThan(300_000)
  expect(receipt.body).toMatchObject({ usedMs: 60_000, isTimeComplete: true })
  expect(sumOf(receipt.body.time)).toBe(60_000)
  expect(receipt.body.time.reduce((sum: number, { beats }: { beats: number }) => sum + beats, 0)).toBe(30_002)
  expect(receipt.body.timeline.at(-1)).toMatchObject({ event: 'session.completed' })

  const first = (await play.market('GET', '/timeline')).body
  expect(first).toMatchObject({ usedMs: 60_000, beats: 30_002, isComplete: true, nextAfter: 1_000 })
  const { entries, nextAfter } = (await play.market('GET', '/timeline?after=9500')).body
  expect(nextAfter).toBe(null)
  expect(entries.map(({ what, countedMs, times }: Entry) => [what, countedMs, times]).slice(-5)).toEqual([
    ['beat', 30_000, 30_001],
    ['beat', 30_000, undefined],
    ['completed', null, undefined],
    ['charge', null, undefined],
    ['fee', null, undefined],
  ])
})

test('what is added up by the minute has the sums, the order and the kinds of what it stands for', async () => {
  const play = await begin()
  await play.beat({ afterSeconds: 100, activeMs: 40_000 })
  await play.call('pause')
  await play.call('resume')
  play.sequence += 1
  await play.use(60)
  const read = (rowsMax?: number) =>
    api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) => listTime(tx, play.sessionId, rowsMax))
  const each = await read()
  const { rows, ...figures } = await read(1)
  expect({ ...figures, rows: each.rows }).toEqual(each)
  expect(each.rows.map(({ times }) => times)).toEqual(each.rows.map(() => 1))
  expect(rows.length).toBeLessThan(each.rows.length)
  expect(rows.reduce((sum, { times }) => sum + times, 0)).toBe(each.rows.length)
  expect(rows.map(({ at }) => at.getTime())).toEqual(rows.map(({ at }) => at.getTime()).sort((a, b) => a - b))
})

const fillBeatsSql = `
  insert into session_beats (tenant_id, session_id, kind, last_at, ats, sequences, active_ms, counted_ms, unbilled_ms, finals,
    origins)
  select s.tenant_id, s.id, 'beat', max(x.at), array_agg(x.at), array_agg(x.i), array_agg(0), array_agg(0), array_agg(0),
    array_agg(false), array_agg(0)
  from sessions s
  cross join lateral (
    select i, s.started_at + i * interval '1 millisecond' as at from generate_series(1, $2::int) i
  ) x
  where s.id = $1 group by s.tenant_id, s.id`

const fillPausesSql = `
  with paused as (
    insert into events (tenant_id, id, type, provider_id, session_id, sequence, snapshot, created_at)
    select e.tenant_id, e.id || i, 'session.paused', e.provider_id, e.session_id, 1 + i, e.snapshot,
      e.created_at + i * interval '1 millisecond'
    from events e cross join generate_series(1, $2::int) i
    where e.session_id = $1 and e.type = 'session.started'
  )
  update sessions set event_sequence = event_sequence + $2 where id = $1`
