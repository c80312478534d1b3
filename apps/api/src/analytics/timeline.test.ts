import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addProvider, addUser } from '../../test/harness.ts'
import { openSession, type Play, validateLaunch } from '../../test/play.ts'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { foldBeats } from '../sessions/fold-beats.ts'
import { ENTRIES_MAX } from './get-timeline.ts'
import type { Entry, Timeline } from './timeline.ts'

let it: SessionMarket
beforeAll(async () => {
  it = await startSessionMarket({ env: { TRUST_PROXY: '1' } })
})
afterAll(() => it.close())

async function begin({ minutes = 60 } = {}): Promise<Play> {
  const { api, providerId } = it
  return openSession({ api, providerId, user: await addUser(api, { tokens: 10_000 }) }, { minutes })
}

/** A beat from some address and browser. */
async function beatFrom(play: Play, address: string, browser: string) {
  it.api.clock.advance({ seconds: 30 })
  play.sequence += 1
  const { status } = await it.api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
    token: play.sessionJwt,
    body: { clientId: play.clientId, sequence: play.sequence },
    headers: { 'x-forwarded-for': address, 'user-agent': browser },
  })
  expect(status).toBe(200)
}

const ofProvider = async ({ sessionId }: Play, query = ''): Promise<Timeline> => {
  const path = `/providers/${it.providerId}/sessions/${sessionId}/timeline${query}`
  const { status, body, text } = await it.as(it.owner, 'GET', path)
  if (status !== 200) throw new Error(text)
  return body
}
const beatsOf = ({ entries }: Timeline) => entries.filter(({ what }) => what === 'beat')
const marksOf = (entries: Entry[]) => entries.map(({ marks }) => marks)

test('every beat is there with what it counted, and what a pause and the end counted stands with them', async () => {
  const play = await begin()
  await play.beat({ afterSeconds: 10 })
  await play.beat({ afterSeconds: 30, activeMs: 29_990 })
  it.api.clock.advance({ seconds: 5 })
  await play.call('pause', { clientId: play.clientId, sequence: 3, activeMs: 5_000 })
  it.api.clock.advance({ seconds: 60 })
  await play.call('resume', { clientId: play.clientId, sequence: 4 })
  play.sequence = 4
  await play.beat({ afterSeconds: 30 })
  await play.beat({ final: true })
  it.api.clock.advance({ seconds: 8 })
  await play.call('complete')
  const timeline = await ofProvider(play)
  const figures = timeline.entries.map(({ what, sequence, countedMs, usedMs, activeMs, marks }) => [
    what,
    sequence,
    countedMs,
    usedMs,
    activeMs,
    marks.join(),
  ])
  expect(figures).toEqual([
    ['opened', null, null, 0, null, ''],
    ['started', 1, null, 0, null, ''],
    ['beat', 1, 10_000, 10_000, null, ''],
    ['beat', 2, 30_000, 40_000, 29_990, ''],
    ['paused', 2, 5_000, 45_000, 5_000, ''],
    ['resumed', 3, null, 45_000, null, ''],
    ['beat', 5, 30_000, 75_000, null, ''],
    ['beat', 6, 0, 75_000, null, 'page_left'],
    ['completed', 4, 8_000, 83_000, null, ''],
    ['charge', null, null, null, null, ''],
    ['fee', null, null, null, null, ''],
  ])
  expect(timeline).toMatchObject({ usedMs: 83_000, beats: 4, isComplete: true, nextAfter: null })
})

describe('marks', () => {
  test('a change of address or browser is marked, and neither is told', async () => {
    const play = await begin()
    await beatFrom(play, '203.0.113.9', 'Firefox/128')
    await beatFrom(play, '203.0.113.9', 'Firefox/128')
    await beatFrom(play, '198.51.100.7', 'Firefox/128')
    await beatFrom(play, '198.51.100.7', 'Chrome/126')
    await beatFrom(play, '203.0.113.9', 'Firefox/128')
    const timeline = await ofProvider(play)
    expect(marksOf(beatsOf(timeline))).toEqual([
      [],
      [],
      ['address_changed'],
      ['browser_changed'],
      ['address_changed', 'browser_changed'],
    ])
    expect(timeline.marks).toEqual([
      { mark: 'address_changed', count: 2, ms: null },
      { mark: 'browser_changed', count: 2, ms: null },
    ])
    const rows = await it.api.deps.db.batch.query('select * from beat_batches')
    expect(rows.length).toBeGreaterThan(0)
    expect(JSON.stringify([timeline, rows])).not.toMatch(/203\.0|198\.51|Firefox|Chrome/)
  })

  test('another address of the same IPv6 network is no change: browsers change theirs by the hour', async () => {
    const play = await begin()
    await beatFrom(play, '2001:db8:1:2::1', 'Firefox/128')
    await beatFrom(play, '2001:db8:1:2:ffff::9', 'Firefox/128')
    await beatFrom(play, '2001:db8:1:3::1', 'Firefox/128')
    expect(marksOf(beatsOf(await ofProvider(play)))).toEqual([[], [], ['address_changed']])
  })

  test('served-but-unbilled time is marked where it was served, and summed', async () => {
    const play = await begin()
    await play.beat()
    await play.beat({ afterSeconds: 100, activeMs: 40_000 })
    await play.beat({ afterSeconds: 131, activeMs: 0 })
    const timeline = await ofProvider(play)
    expect(beatsOf(timeline).map(({ countedMs, unbilledMs }) => [countedMs, unbilledMs])).toEqual([
      [0, 0],
      [40_000, 60_000],
      [0, 130_000],
    ])
    expect(timeline.marks).toEqual([{ mark: 'unbilled', count: 2, ms: 190_000 }])
    expect(timeline.unbilledMs).toBe(190_000)
  })

  test('a takeover by another browser is an entry of its own, coming back with the same one is none', async () => {
    const play = await begin()
    await play.beat({ afterSeconds: 10 })
    const back = async (clientId: string) => {
      it.api.clock.advance({ seconds: 20 })
      play.launchJwt = (await play.market('POST', '/relaunch')).body.launchJwt
      play.clientId = clientId
      expect((await validateLaunch(play)).status).toBe(200)
    }
    await back(play.clientId)
    await back('another_browser')
    const { entries, marks } = await ofProvider(play)
    const seen = entries.slice(3).map(({ what, countedMs, marks }) => [what, countedMs, marks.join()])
    expect(seen).toEqual([
      ['returned', 20_000, ''],
      ['taken_over', 20_000, 'taken_over'],
    ])
    expect(marks).toEqual([{ mark: 'taken_over', count: 1, ms: null }])
  })

  test.each([
    { seconds: 9, marks: ['completed_instantly'] },
    { seconds: 10, marks: [] },
  ])('completed after $seconds s of use: $marks', async ({ seconds, marks }) => {
    const play = await begin()
    it.api.clock.advance({ seconds })
    await play.call('complete')
    const { entries } = await ofProvider(play)
    expect(entries.find(({ what }) => what === 'completed')?.marks).toEqual(marks)
  })
})

describe('who may look', () => {
  test('the user, the provider and operators see the same; the look of an operator is on record', async () => {
    const { api } = it
    const play = await begin()
    await play.beat({ afterSeconds: 100, activeMs: 0 })
    const theirs = await ofProvider(play)
    expect((await play.market('GET', '/timeline')).body).toEqual(theirs)
    const operator = await addUser(api, { isOperator: true })
    const looked = await api.call('GET', `/operators/sessions/${play.sessionId}/timeline`, {
      token: operator.token,
    })
    expect(looked.body).toEqual(theirs)
    const audit = await api.deps.db.batch.query(
      'select actor_id as "actorId", action from audit_entries where subject_id = $1',
      [play.sessionId],
    )
    expect(audit).toEqual([{ actorId: operator.id, action: 'session.timeline.look' }])
  })

  test('to anybody else it does not exist', async () => {
    const { api } = it
    const play = await begin()
    const stranger = await addUser(api)
    const missing = '/sessions/ses_00000000000000000000000000/timeline'
    for (const path of [`/sessions/${play.sessionId}/timeline`, missing]) {
      const { status, body } = await it.as(stranger, 'GET', path)
      expect([status, body.code]).toEqual([404, 'session_not_found'])
    }
    const asOperator = await it.as(stranger, 'GET', `/operators/sessions/${play.sessionId}/timeline`)
    expect(asOperator.status).toBe(404)
    const providerId = await addProvider(api, { ownerId: stranger.id })
    const across = await it.as(
      stranger,
      'GET',
      `/providers/${providerId}/sessions/${play.sessionId}/timeline`,
    )
    expect(across.body.code).toBe('session_not_found')
  })
})

test('a long session is listed a thousand entries at a time, with all its marks on each page', async () => {
  const play = await begin({ minutes: 480 })
  await play.beat({ afterSeconds: 10, final: true })
  // As the statement of a beat writes them.
  await it.api.deps.db.batch.query(
    `select log_time($1, 'beat', $2, $3::timestamptz + n * interval '1 second', n + 1, 1000, 0, 0)
     from generate_series(1, ${ENTRIES_MAX + 19}) n`,
    [PUBLIC_TENANT_ID, play.sessionId, it.api.clock.now()],
  )
  it.api.clock.advance({ minutes: 20 })
  expect(await foldBeats(it.api.deps.db, { now: it.api.clock.now() })).toBeGreaterThan(500)
  const first = await ofProvider(play)
  expect(first.entries).toHaveLength(ENTRIES_MAX)
  const second = await ofProvider(play, `?after=${first.nextAfter}`)
  expect([second.entries.length, second.nextAfter]).toEqual([22, null])
  expect(second.marks).toEqual(first.marks)
  const all = [...first.entries, ...second.entries]
  expect(all.filter(({ what }) => what === 'beat').map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: ENTRIES_MAX + 20 }, (_, i) => i + 1),
  )
  expect(all.reduce((sum, { countedMs }) => sum + (countedMs ?? 0), 0)).toBe(second.usedMs)
})

test.each(['-1', '1.5', 'x', '1e9', '%00'])('after=%s is refused', async (after) => {
  const play = await begin()
  const { status, body } = await play.market('GET', `/timeline?after=${after}`)
  expect([status, body.code]).toEqual([400, 'validation_failed'])
})
