/**
 * After the crashes: is everything that was acknowledged still so, and was nothing done twice?
 *
 * @module
 */
import pg from 'pg'
import { findUnloggedTime } from '../unlogged-time.ts'
import { findUntoldEvents } from '../untold-events.ts'
import type { Load } from './clients.ts'

interface SessionState {
  id: string
  status: string
  sequence: number
  usedMs: number
  durationMs: number
  lastBeatAt: number
  held: number
  charged: number | null
}

/** An answer shows the time since the last beat as used: to a repetition whose first answer was lost that is more than none. */
function usedAt({ status, usedMs, durationMs, lastBeatAt }: SessionState, at: number): number {
  return status === 'active' ? Math.min(durationMs, usedMs + Math.max(0, at - lastBeatAt)) : usedMs
}

/** What is not as somebody was told; empty when all is well. */
export async function findBrokenPromises(databaseUrl: string, load: Load): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const broken: string[] = []
  try {
    for (const { email, bought, sessions } of load.clients) {
      const say = (what: string) => broken.push(`${email}: ${what}`)
      const { rows } = await client.query<SessionState>(
        `select s.id, s.status, s.sequence::int, s.used_ms::int as "usedMs", s.duration_ms::int as "durationMs",
           round(extract(epoch from s.last_beat_at) * 1000)::float as "lastBeatAt", s.tokens_held::int as held, s.tokens_charged::int as charged
         from sessions s join users u on u.tenant_id = s.tenant_id and u.id = s.user_id where u.email = $1`,
        [email],
      )
      const byId = new Map(rows.map((row) => [row.id, row]))
      // A key that is repeated opens one session, however often it was cut short.
      if (rows.length !== sessions.length) say(`${rows.length} sessions, ${sessions.length} were answered`)
      for (const told of sessions) {
        const row = byId.get(told.sessionId)
        if (!row) say(`${told.sessionId} is gone`)
        else if (row.sequence < told.sequence)
          say(`${row.id} was told #${told.sequence} and is at #${row.sequence}`)
        else if (row.held !== told.tokensHeld) say(`${row.id} holds ${row.held}, told ${told.tokensHeld}`)
        else if (told.tokensCharged !== null && row.charged !== told.tokensCharged)
          say(`${row.id} was charged ${row.charged}, told ${told.tokensCharged}`)
        else if (told.tokensCharged !== null && row.usedMs !== told.usedMs)
          say(`${row.id} used ${row.usedMs}, told ${told.usedMs}`)
        // Still open: its client was the last to say anything. Who has left is settled some two minutes later.
        else if (row.charged === null && row.status !== told.status)
          say(`${row.id} is ${row.status}, told ${told.status}`)
        else if (row.charged === null && usedAt(row, told.heardAt) !== told.usedMs)
          say(`${row.id} is open and used ${usedAt(row, told.heardAt)}, told ${told.usedMs}`)
      }
      const charged = rows.reduce((sum, row) => sum + (row.charged ?? 0), 0)
      const held = rows.reduce((sum, row) => sum + (row.charged === null ? row.held : 0), 0)
      const { rows: wallets } = await client.query<{ posted: number; held: number }>(
        `select w.posted::int, w.held::int from wallets w join users u on u.tenant_id = w.tenant_id and u.id = w.id
         where u.email = $1`,
        [email],
      )
      const wallet = wallets[0]
      if (wallet?.posted !== bought - charged)
        say(`has ${wallet?.posted}: bought ${bought}, charged ${charged}`)
      if (wallet?.held !== held) say(`holds ${wallet?.held}, its open sessions say ${held}`)
    }
    const log = { query: async <Row>(sql: string) => (await client.query(sql)).rows as Row[] }
    for (const find of [findUnloggedTime, findUntoldEvents])
      for (const { id, said } of await find(log)) broken.push(`${id}: ${said}`)
  } finally {
    await client.end()
  }
  return broken
}
