import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { extendChain } from './extend-chain.ts'
import { recordAction } from './record-action.ts'
import { verifyChain } from './verify-chain.ts'

let api: TestApi
let operator: TestUser
let owner: TestUser
let providerId: string
/** The tables' owner, as a thief with the database's password would be. */
let administrator: pg.Client

beforeAll(async () => {
  api = await startTestApi()
  operator = await addUser(api, { isOperator: true })
  owner = await addUser(api)
  providerId = await addProvider(api, { ownerId: owner.id })
  administrator = new pg.Client({ connectionString: api.databaseUrl })
  await administrator.connect()
})
afterAll(async () => {
  await administrator.end()
  await api.close()
})

const chain = () =>
  api.deps.db.inBatch((tx) => extendChain(tx, { sealing: api.deps.config, now: api.clock.now() }))
const verify = (known?: { sequence: number; hash: string }) =>
  api.deps.db.inBatch((tx) => verifyChain(tx, { sealing: api.deps.config, known, now: api.clock.now() }))
const read = async (query: string) =>
  (await api.call('GET', `/operators/audit?${query}`, { token: operator.token })).body.items

test('a suspension is on record: who, what, before, after, why, the request and the address', async () => {
  const reason = 'The launch page answers 404.'
  const answer = await api.call('POST', `/providers/${providerId}/suspend`, {
    token: operator.token,
    body: { reason },
  })
  expect(answer.status).toBe(200)
  const [entry] = await read(`subjectId=${providerId}`)
  expect(entry).toMatchObject({
    actorKind: 'operator',
    actorId: operator.id,
    action: 'provider.suspend',
    subjectId: providerId,
    before: { status: 'listed' },
    after: { status: 'suspended' },
    reason,
    requestId: answer.headers['x-request-id'],
    address: '127.0.0.1',
    createdAt: api.clock.now().toISOString(),
  })
})

test('of a change only what differs is kept', async () => {
  await api.call('PATCH', `/providers/${providerId}`, { token: owner.token, body: { tokensPerMinute: 7 } })
  const [entry] = await read('action=provider.change')
  expect([entry.actorKind, entry.before, entry.after]).toEqual([
    'owner',
    { tokensPerMinute: 4 },
    { tokensPerMinute: 7 },
  ])
})

test('what is rolled back was never done, and a refusal leaves no entry', async () => {
  const failing = api.deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
    await recordAction(tx, { by: { command: 'test' }, action: 'test.rolled_back', now: api.clock.now() })
    throw new Error('later')
  })
  await expect(failing).rejects.toThrow('later')
  expect(await read('action=test.rolled_back')).toEqual([])

  const refused = await api.call('POST', `/providers/${providerId}/reject`, {
    token: operator.token,
    body: { reason: 'No' },
  })
  expect(refused.status).toBe(409)
  expect(await read('action=provider.reject')).toEqual([])
})

test('a repeated request with one Idempotency-Key is on record once', async () => {
  const body = { name: 'Server', scopes: ['sessions:read'], mode: 'live' }
  const headers = { 'idempotency-key': 'audit-once' }
  for (let i = 0; i < 2; i += 1) {
    const { status } = await api.call('POST', `/providers/${providerId}/api-keys`, {
      token: owner.token,
      body,
      headers,
    })
    expect(status).toBe(201)
  }
  const entries = await read('action=api_key.issue')
  expect(entries.length).toBe(1)
  expect(JSON.stringify(entries)).not.toContain('tmk_')
})

test('neither of our roles changes or removes a line, and the tables’ owner is refused by a trigger', async () => {
  const { db } = api.deps
  for (const table of ['audit_entries', 'audit_links']) {
    for (const statement of [`update ${table} set tenant_id = 'x'`, `delete from ${table}`]) {
      await expect(db.inTenant(PUBLIC_TENANT_ID, (tx) => tx.query(statement))).rejects.toThrow(/permission/)
      await expect(db.inBatch((tx) => tx.query(statement))).rejects.toThrow(/permission/)
    }
  }
  await chain()
  for (const table of ['audit_entries', 'audit_links']) {
    await expect(administrator.query(`update ${table} set tenant_id = tenant_id`)).rejects.toThrow(
      /append-only/,
    )
    await expect(administrator.query(`delete from ${table}`)).rejects.toThrow(/append-only/)
    await expect(administrator.query(`truncate ${table}`)).rejects.toThrow(/append-only/)
  }
})

test('entries are chained once, by whichever instance comes first', async () => {
  for (let i = 0; i < 5; i += 1) await read('limit=1')
  await Promise.all([chain(), chain(), chain()])
  await chain()
  const report = await verify()
  expect(report.findings).toEqual([])
  const { rows } = await administrator.query(
    'select count(*)::int as entries, (select count(*)::int from audit_links) as links from audit_entries',
  )
  expect(rows[0].links).toBe(rows[0].entries)
  expect(report.links).toBe(rows[0].links)
})

/** What somebody does who may switch triggers off; undone afterwards, so that each test has its own forgery. */
async function forged(statements: string, check: () => Promise<void>): Promise<void> {
  const tables = ['audit_entries', 'audit_links']
  for (const table of tables)
    await administrator.query(`create table saved_${table} as select * from ${table}`)
  for (const table of tables) await administrator.query(`alter table ${table} disable trigger user`)
  try {
    await administrator.query(statements)
    await check()
  } finally {
    for (const table of tables) {
      await administrator.query(`delete from ${table}`)
      await administrator.query(`insert into ${table} select * from saved_${table}`)
      await administrator.query(`alter table ${table} enable trigger user`)
      await administrator.query(`drop table saved_${table}`)
    }
  }
}

test.each([
  [
    'a changed line',
    `update audit_entries set reason = 'nothing to see'
     where id = (select entry_id from audit_links where sequence = 2)`,
    /link 2: .* is not what was chained/,
  ],
  [
    'a removed line',
    'delete from audit_entries where id = (select entry_id from audit_links where sequence = 3)',
    /link 3: its entry .* is gone/,
  ],
  [
    'a removed line with its link',
    `delete from audit_entries where id = (select entry_id from audit_links where sequence = 3);
     delete from audit_links where sequence = 3`,
    /links 3 to 3 are missing/,
  ],
  [
    'a link made without the key',
    `update audit_links set hash = sha256('forged') where sequence = 1`,
    /link 1: .* is not what was chained/,
  ],
])('%s is found', async (_what, statement, finding) => {
  await forged(statement, async () => {
    expect((await verify()).findings.join('\n')).toMatch(finding)
  })
  expect((await verify()).findings).toEqual([])
})

test('an end that was cut off is found by whoever kept the head', async () => {
  const { head } = await verify()
  const cut = `delete from audit_entries where id = (select entry_id from audit_links where sequence = ${head.sequence});
    delete from audit_links where sequence = ${head.sequence}`
  await forged(cut, async () => {
    expect((await verify()).findings).toEqual([])
    expect((await verify(head)).findings).toEqual([
      `the chain once reached ${head.sequence}, now it ends at ${head.sequence - 1}`,
    ])
  })
})

test('npm run check-audit says it by its exit code, and where the chain ends', async () => {
  await chain()
  const { head } = await verify()
  const run = (...parameters: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, '../check-audit.ts'), ...parameters], {
      env: {
        ...process.env,
        DATABASE_URL: api.databaseUrl,
        KEY_ENCRYPTION_KEY: api.deps.config.keyEncryptionKey.toString('base64'),
        STRIPE_WEBHOOK_SECRET: 'whsec_test',
      },
      encoding: 'utf8',
    })
  const whole = run('--head', `${head.sequence}:${head.hash}`)
  expect([whole.status, whole.stdout]).toEqual([
    0,
    `the audit log is whole: ${head.sequence} links, head ${head.sequence}:${head.hash}\n`,
  ])
  expect(run('--head', 'nonsense').status).toBe(2)
  const change = `update audit_entries set reason = 'other'
    where id = (select entry_id from audit_links where sequence = 1)`
  await forged(change, async () => {
    const broken = run()
    expect([broken.status, broken.stdout]).toEqual([1, expect.stringMatching(/^WRONG {2}link 1: /)])
  })
})

test('a line that never gets its link is found', async () => {
  await read('limit=1')
  await administrator.query('delete from audit_unchained')
  api.clock.advance({ minutes: 31 })
  expect((await verify()).findings).toEqual([expect.stringMatching(/^aud_\w+ has no link$/)])
})
