import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkApplied } from './applied.ts'
import { withClient } from './bulk.ts'
import { type Call, keepCalls, type LoadResult, runLoads } from './load.ts'
import { clientId, createSigner, noteBeats, seedMarket, sessionClaims, sessionId } from './seed.ts'
import { type Database, type Server, startApi, startDatabase } from './stack.ts'

const LIVE = 20

let database: Database
let api: Server
let tokens: string[]

beforeAll(async () => {
  database = await startDatabase()
  await seedMarket(database.url, { users: LIVE, live: LIVE, all: LIVE })
  const signer = await createSigner(database.url)
  tokens = Array.from({ length: LIVE }, (_, i) => signer('session+jwt', sessionClaims(sessionId(i + 1))))
  api = await startApi(database.url)
}, 60_000)

afterAll(async () => {
  await api?.stop()
  await database?.stop()
})

/** Every session called so often, one call after another. */
async function call(verb: string, body: object, times = 1): Promise<LoadResult[]> {
  const calls = tokens.map(
    (token, i): Call => ({
      path: `/api/v1/sessions/${sessionId(i + 1)}/${verb}`,
      token,
      body: JSON.stringify(body),
    }),
  )
  const kept = keepCalls(calls)
  try {
    const order = { url: api.url, calls: kept.file, connections: 1, seconds: 1, amount: LIVE * times }
    return await runLoads([order])
  } finally {
    kept.drop()
  }
}

const beat = (sequence: number | '@seq') => call('heartbeat', { clientId, sequence, activeMs: 30_000 })

test('beats of one run after another are all applied', async () => {
  await checkApplied(database.url, 'beat', await beat('@seq'))
  await checkApplied(database.url, 'beat', await beat('@seq'))
})

test('beats that come late are answered, and fail the bench', async () => {
  const late = checkApplied(database.url, 'beat', await beat(1))
  await expect(late).rejects.toThrow(
    '20 calls (beat) were answered with success, but the database has applied 0',
  )
})

test('all that live are noted as having beaten just now', async () => {
  await withClient(database.url, (client) =>
    client.query("update sessions set last_beat_at = now() - interval '1 hour'"),
  )
  await noteBeats(database.url, LIVE)
  const { rows } = await withClient(database.url, (client) =>
    client.query("select count(*)::int from sessions where last_beat_at > now() - interval '1 minute'"),
  )
  expect(rows).toEqual([{ count: LIVE }])
})

test('a completion counts once, however often it is answered', async () => {
  const twice = checkApplied(database.url, 'complete', await call('complete', {}, 2))
  await expect(twice).rejects.toThrow(
    '40 calls (complete) were answered with success, but the database has applied 20',
  )
})

test('where nobody lives there is nobody to be noted as having beaten, which fails the bench', async () => {
  await expect(noteBeats(database.url, LIVE)).rejects.toThrow('no session was noted as having beaten')
})
