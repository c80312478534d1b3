import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectAs } from '../test/database.ts'
import { addProvider, addUser, startTestApi, type TestApi, type TestUser } from '../test/harness.ts'
import { createApp } from './app.ts'
import { addChainKey } from './audit/chain-keys.ts'
import { extendChain } from './audit/extend-chain.ts'
import { verifyChain } from './audit/verify-chain.ts'
import { type Config, readConfig } from './config.ts'
import { createDeps } from './create-deps.ts'
import { resealColumn, SEALED_COLUMNS } from './reseal-columns.ts'
import { unsealSecret } from './webhooks/endpoint.ts'

const text = (byte: number) => Buffer.alloc(32, byte).toString('base64')
const [OLD, NEW, FOREIGN] = [text(7), text(9), text(11)]

let api: TestApi
let owner: TestUser
let providerId: string

beforeAll(async () => {
  api = await startTestApi({ env: { KEY_ENCRYPTION_KEY: OLD } })
  owner = await addUser(api, { tokens: 10_000 })
  providerId = await addProvider(api, { ownerId: owner.id })
})
afterAll(() => api.close())

const configOf = (KEY_ENCRYPTION_KEY: string, KEY_ENCRYPTION_KEY_ALSO?: string): Config => ({
  ...api.deps.config,
  ...(({ keyEncryptionKey, openingKeys }) => ({ keyEncryptionKey, openingKeys }))(
    readConfig({ STRIPE_WEBHOOK_SECRET: 'whsec_test', KEY_ENCRYPTION_KEY, KEY_ENCRYPTION_KEY_ALSO }),
  ),
})

/** Another instance on the same database, with these keys. */
async function startBeside(config: Config) {
  const { db, clock } = api.deps
  const deps = await createDeps({ config, db, clock, log: pino({ level: 'silent' }) })
  const app = await createApp(deps)
  await app.ready()
  return {
    deps,
    close: () => app.close(),
    call: (method: 'GET' | 'POST', url: string, headers: Record<string, string>, body?: object) =>
      app.inject({
        method,
        url,
        headers: { authorization: `Bearer ${owner.token}`, ...headers },
        ...(body && { payload: body }),
      }),
  }
}

const reseal = (env: Record<string, string>) => run('reseal.ts', env)

function run(
  command: string,
  env: Record<string, string>,
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, command)], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: api.databaseUrl,
      STRIPE_WEBHOOK_SECRET: 'whsec_test',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

const addEndpoint = async () => {
  const { status, body } = await api.call('POST', `/providers/${providerId}/webhook-endpoints`, {
    token: owner.token,
    body: { url: 'https://hooks.example.com/', events: ['*'] },
  })
  expect(status).toBe(201)
  return body as { id: string; secret: string }
}
const sealedSecretOf = async ({ id }: { id: string }) => {
  const [row] = await api.deps.db.batch.query<{ sealed: Buffer }>(
    'select secret_sealed as sealed from webhook_endpoints where id = $1',
    [id],
  )
  return row?.sealed ?? Buffer.alloc(0)
}
const chain = (config: Config) =>
  api.deps.db.inBatch((tx) => extendChain(tx, { sealing: config, now: api.clock.now() }))
const verify = (config: Config) =>
  api.deps.db.inBatch((tx) => verifyChain(tx, { sealing: config, now: api.clock.now() }))

test('every column whose name says that it is sealed is sealed anew', async () => {
  const rows = await api.deps.db.batch.query<{ name: string }>(
    `select table_name || '.' || column_name as name from information_schema.columns
     where table_schema = 'public' and column_name ~ '(sealed|encrypted)$'`,
  )
  expect(SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).sort()).toEqual(
    rows.map(({ name }) => name).sort(),
  )
})

test('the key changes while an instance runs that knows both, and nothing is lost with the old one', async () => {
  const headers = { 'idempotency-key': 'before-the-change' }
  const path = `/providers/${providerId}/api-keys`
  const body = { name: 'K', scopes: ['sessions:read'], mode: 'live' }
  const first = await api.call('POST', path, { token: owner.token, headers, body })
  expect(first.status).toBe(201)
  const endpoint = await addEndpoint()
  await chain(configOf(OLD))
  const { nextCursor } = (await api.call('GET', '/providers/mine?limit=1', { token: owner.token })).body
  expect(nextCursor).toBeNull()
  await addProvider(api, { ownerId: owner.id })
  const page = (await api.call('GET', '/providers/mine?limit=1', { token: owner.token })).body

  // Still seals with the old key, and meets what was sealed with the new one.
  const meanwhile = await startBeside(configOf(OLD, NEW))
  const changed = await reseal({ KEY_ENCRYPTION_KEY: NEW, KEY_ENCRYPTION_KEY_ALSO: OLD })
  expect([changed.code, changed.err]).toEqual([0, ''])
  expect(changed.out).toMatch(/^signing_keys.private_jwk_encrypted: 1 open, 1 sealed anew$/m)
  expect(changed.out).toMatch(/^everything opens with KEY_ENCRYPTION_KEY alone$/m)
  expect((await meanwhile.call('POST', path, headers, body)).body).toBe(first.text)
  expect(await meanwhile.deps.keys.sign('at+jwt', { sub: 'x' })).toMatch(/^ey/)
  await meanwhile.close()

  // Only the new key from here on.
  const after = await startBeside(configOf(NEW))
  const again = await after.call('POST', path, headers, body)
  expect([again.body, again.headers['idempotent-replayed']]).toEqual([first.text, 'true'])
  expect(await after.deps.keys.sign('at+jwt', { sub: 'x' })).toMatch(/^ey/)
  const { openingKeys } = after.deps.config
  expect(unsealSecret(openingKeys, endpoint.id, await sealedSecretOf(endpoint))).toBe(endpoint.secret)
  await chain(configOf(NEW))
  const report = await verify(configOf(NEW))
  expect([report.findings, report.links > 0]).toEqual([[], true])
  await after.close()

  // A list that was begun before goes on where both are known.
  const both = await startBeside(configOf(NEW, OLD))
  const next = await both.call('GET', `/providers/mine?limit=1&cursor=${page.nextCursor}`, {})
  expect([next.statusCode, next.json().items.length]).toEqual([200, 1])
  await both.close()

  const [entry] = await api.deps.db.batch.query<{ action: string; actorId: string }>(
    `select action, actor_id as "actorId" from audit_entries where action = 'encryption_key.change'`,
  )
  expect(entry?.actorId).toBe('reseal')
})

test('whoever knew the old key cannot make links that follow the change', async () => {
  const keys = await api.deps.db.batch.query<{ firstSequence: number }>(
    'select first_sequence as "firstSequence" from audit_chain_keys order by 1',
  )
  expect(keys.map(({ firstSequence }) => firstSequence)).toEqual([1, expect.any(Number)])
  await expect(chain(configOf(OLD))).rejects.toThrow('does not open with KEY_ENCRYPTION_KEY')
})

test('stopped in the middle and run again, it ends where it would have ended', async () => {
  for (let i = 0; i < 3; i += 1) await addEndpoint()
  const { db } = api.deps
  const dying = {
    ...db,
    batch: {
      query: (sql: string, values?: readonly unknown[]) =>
        sql.includes('update webhook_endpoints')
          ? Promise.reject(new Error('killed'))
          : db.batch.query(sql, values),
    },
  } as typeof db
  const config = configOf(NEW, OLD)
  const [signing, secrets] = SEALED_COLUMNS
  expect((await resealColumn(dying, signing!, config)).resealed).toBe(0)
  await expect(resealColumn(dying, secrets!, config)).rejects.toThrow('killed')
  const again = await resealColumn(db, secrets!, config)
  expect([again.resealed, again.unreadable]).toEqual([3, []])
  expect(await resealColumn(db, secrets!, configOf(NEW))).toMatchObject({ resealed: 0, unreadable: [] })
})

test('a secret that is rotated meanwhile stays rotated', async () => {
  const endpoint = await addEndpoint()
  const { db } = api.deps
  let rotated = ''
  const racing = {
    ...db,
    batch: {
      async query(sql: string, values?: readonly unknown[]) {
        if (sql.includes('update webhook_endpoints') && rotated === '') {
          const path = `/providers/${providerId}/webhook-endpoints/${endpoint.id}/rotate-secret`
          const { body } = await api.call('POST', path, { token: owner.token, body: {} })
          rotated = body.secret
        }
        return db.batch.query(sql, values)
      },
    },
  } as typeof db
  await resealColumn(racing, SEALED_COLUMNS[1]!, configOf(NEW, OLD))
  expect(rotated).toMatch(/^whsec_/)
  const { openingKeys } = configOf(NEW, OLD)
  expect(unsealSecret(openingKeys, endpoint.id, await sealedSecretOf(endpoint))).toBe(rotated)
})

test('what opens with neither key is named, and left as it is', async () => {
  const endpoint = await addEndpoint()
  const before = await sealedSecretOf(endpoint)
  const { code, out } = await reseal({ KEY_ENCRYPTION_KEY: NEW, KEY_ENCRYPTION_KEY_ALSO: FOREIGN })
  expect(code).toBe(1)
  expect(out).toContain(`WRONG  webhook_endpoints/${endpoint.id} opens with no key`)
  expect(await sealedSecretOf(endpoint)).toEqual(before)
})

test('with a wrong key nothing is written, and the audit chain goes on', async () => {
  const keys = () => api.deps.db.batch.query('select * from audit_chain_keys order by first_sequence')
  const before = await keys()
  for (const env of [
    { KEY_ENCRYPTION_KEY: FOREIGN },
    { KEY_ENCRYPTION_KEY: FOREIGN, KEY_ENCRYPTION_KEY_ALSO: OLD },
  ]) {
    const { code, out, err } = await reseal(env)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/^KEY_ENCRYPTION_KEY does not open the signing keys of this database: [^\n]+\n$/)
  }
  expect(await keys()).toEqual(before)
  await addEndpoint()
  await chain(configOf(NEW))
  expect((await verify(configOf(NEW))).findings).toEqual([])
})

test('a chain that got a key nobody can open is told in one line, and mended as the page says', async () => {
  const { db, clock } = api.deps
  const links = (await verify(configOf(NEW))).links
  const lost = `audit_chain_keys/${links + 1}`
  await db.inBatch((tx) =>
    addChainKey(tx, { firstSequence: links + 1, sealing: configOf(FOREIGN), now: clock() }),
  )
  await addEndpoint()
  await expect(chain(configOf(NEW))).rejects.toThrow(`${lost} does not open with KEY_ENCRYPTION_KEY`)
  const checked = await run('check-audit.ts', { KEY_ENCRYPTION_KEY: NEW })
  expect([checked.code, checked.out]).toEqual([2, ''])
  expect(checked.err).toMatch(new RegExp(`^${lost} does not open with KEY_ENCRYPTION_KEY[^\\n]+\\n$`))
  // Told, and made no worse: no further key is added behind one that cannot be opened.
  const told = await reseal({ KEY_ENCRYPTION_KEY: NEW, KEY_ENCRYPTION_KEY_ALSO: OLD })
  expect([told.code, told.out]).toEqual([1, expect.stringContaining(`WRONG  ${lost} opens with no key`)])

  const page = readFileSync(join(import.meta.dirname, '../../../docs/operations/changing-the-key.md'), 'utf8')
  const [, cure = ''] = /```sql\n\s*(delete from audit_chain_keys[^`]+)```/.exec(page) ?? []
  const owner = await connectAs(api.databaseUrl)
  const mend = (sequence: number) => owner.query(cure.replace('SEQUENCE', String(sequence)))
  // A key that links were made with stays, whoever asks.
  await mend(1)
  await mend(links + 1)
  await owner.end()
  await chain(configOf(NEW))
  const report = await verify(configOf(NEW))
  expect([report.findings, report.links > links]).toEqual([[], true])
})

test('a chain’s key that was sealed with a mistyped key is sealed anew where that one is known', async () => {
  const { db, clock } = api.deps
  const { links } = await verify(configOf(NEW))
  await db.inBatch((tx) =>
    addChainKey(tx, { firstSequence: links + 1, sealing: configOf(FOREIGN), now: clock() }),
  )
  const { out } = await reseal({ KEY_ENCRYPTION_KEY: NEW, KEY_ENCRYPTION_KEY_ALSO: FOREIGN })
  expect(out).toMatch(/^audit_chain_keys.key_sealed: \d+ open, 1 sealed anew$/m)
  await chain(configOf(NEW))
  const report = await verify(configOf(NEW))
  expect([report.findings, report.links > links]).toEqual([[], true])
})

test('a wrong environment is one clear line', async () => {
  const wrong = await reseal({ KEY_ENCRYPTION_KEY: NEW, KEY_ENCRYPTION_KEY_ALSO: 'short' })
  expect([wrong.code, wrong.err]).toEqual([2, 'KEY_ENCRYPTION_KEY_ALSO must be 32 bytes in base64 or hex\n'])
})
