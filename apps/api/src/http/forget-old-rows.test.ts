import type { JobHelpers } from 'graphile-worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../test/harness.ts'
import type { Db, Queryable } from '../db.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { FORGET_MAX, forgetOldRowsTask } from './forget-old-rows.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const forget = (query: Queryable['query']) =>
  forgetOldRowsTask({ ...api.deps, db: { ...api.deps.db, batch: { query } } satisfies Db })(
    {},
    {} as JobHelpers,
  )

test('what piled up while nobody forgot goes in portions: one deletion of all would never end in time', async () => {
  const { batch } = api.deps.db
  await batch.query(
    `insert into idempotency_keys (tenant_id, caller, route, key, request_hash, created_at)
     select $1, 'x', 'x', 'key-' || n, '', $2::timestamptz - interval '25 hours' from generate_series(1, $3::int) n`,
    [PUBLIC_TENANT_ID, api.clock.now(), 2 * FORGET_MAX + 1],
  )
  const count = async () => {
    const [kept] = await batch.query<{ rows: number }>('select count(*) as rows from idempotency_keys')
    return kept!.rows
  }
  const left: number[] = []
  await forget(async (sql, values) => {
    const answer = await batch.query(sql, values)
    if (sql.includes('idempotency_keys')) left.push(await count())
    return answer as never
  })
  expect(left).toEqual([FORGET_MAX + 1, 1, 0])
})

test('what cannot be forgotten keeps nothing else from it, and fails the job', async () => {
  const { batch } = api.deps.db
  const asked: string[] = []
  const forgotten = forget(async (sql, values) => {
    const table = /delete from (\w+)/.exec(sql)?.[1] ?? ''
    asked.push(table)
    if (['idempotency_keys', 'mailed_links'].includes(table)) throw new Error(`${table} is locked`)
    return (await batch.query(sql, values)) as never
  })
  await expect(forgotten).rejects.toThrow('idempotency_keys is locked; mailed_links is locked')
  expect(asked).toEqual([
    'idempotency_keys',
    'refresh_tokens',
    'mailed_links',
    'unbilled_time',
    'unconfirmed_mails',
  ])
})
