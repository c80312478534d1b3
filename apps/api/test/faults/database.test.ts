import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isDatabaseAway } from '../../src/database-away.ts'
import { startEmbeddedPostgres } from '../../src/embedded-postgres.ts'
import { PUBLIC_TENANT_ID } from '../../src/id.ts'
import { migrate } from '../../src/migrate.ts'
import { createTestDatabase } from '../database.ts'
import type { Instance } from '../instance.ts'
import { ask, startApiOn, UNAVAILABLE } from './api-on.ts'
import { type BreakableProxy, startBreakableProxy } from './breakable-proxy.ts'
import { startStandby } from './standby.ts'

describe('a database of its own', () => {
  const folders: string[] = []
  let postgres: Awaited<ReturnType<typeof startEmbeddedPostgres>>
  let proxy: BreakableProxy
  let api: Instance

  beforeAll(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'token-marketplace-faults-'))
    folders.push(dataDir)
    postgres = await startEmbeddedPostgres({ dataDir })
    await migrate(postgres.url)
    proxy = await startBreakableProxy(postgres.url)
    api = await startApiOn(proxy.url)
  })
  afterAll(async () => {
    await api?.close()
    await proxy?.close()
    await postgres?.stop()
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  })

  const register = (email: string) =>
    api.app.inject({
      method: 'POST',
      url: '/auth/register',
      payload: { email, password: 'long enough to pass' },
    })

  test('that is restarted: 503 with Retry-After at once, then served again by the same process', async () => {
    expect((await register('before@example.com')).statusCode).toBe(201)
    await postgres.stop()
    const began = performance.now()
    const during = await Promise.all([ask(api.app), ask(api.app), ask(api.app, '/readyz')])
    expect(during).toEqual([UNAVAILABLE, UNAVAILABLE, UNAVAILABLE])
    expect(performance.now() - began).toBeLessThan(3_000)
    expect((await ask(api.app, '/healthz')).status).toBe(200)
    expect((await ask(api.app, '/metrics')).status).toBe(200)

    postgres = await startEmbeddedPostgres({ dataDir: folders[0]! })
    proxy.leadTo(postgres.url)
    await expect.poll(() => ask(api.app, '/readyz'), { timeout: 10_000 }).toMatchObject({ status: 200 })
    expect((await ask(api.app)).status).toBe(200)
    expect((await register('before@example.com')).json().code).toBe('email_taken')
  })

  test('that fails over to another address: what was acknowledged is there, and the process goes on', async () => {
    expect((await register('acknowledged@example.com')).statusCode).toBe(201)
    await postgres.stop()
    expect(await ask(api.app)).toEqual(UNAVAILABLE)
    // The standby of this test: a copy of the files, on another port.
    const standby = await mkdtemp(join(tmpdir(), 'token-marketplace-standby-'))
    folders.push(standby)
    execFileSync('cp', ['-a', `${folders[0]}/.`, standby])
    postgres = await startEmbeddedPostgres({ dataDir: standby })
    proxy.leadTo(postgres.url)
    await expect.poll(() => ask(api.app), { timeout: 10_000 }).toMatchObject({ status: 200 })
    expect((await register('acknowledged@example.com')).json().code).toBe('email_taken')
    expect((await register('after@example.com')).statusCode).toBe(201)
  })

  test('that takes no writes any more: 503, and its connections are given up, so that its successor serves', async () => {
    await postgres.stop()
    const successor = await mkdtemp(join(tmpdir(), 'token-marketplace-successor-'))
    const demoted = folders.at(-1)!
    folders.push(successor)
    execFileSync('cp', ['-a', `${demoted}/.`, successor])
    const standby = await startStandby(demoted, postgres.url)
    try {
      proxy.leadTo(standby.url)
      const refused = await Promise.all(['a', 'b', 'c'].map((name) => register(`${name}@example.com`)))
      for (const { statusCode, headers } of refused)
        expect([statusCode, headers['retry-after']]).toEqual([503, '1'])
      // A statement that is a transaction of its own.
      const alone = api.deps.db.batch.query('update users set email = email').catch((error: unknown) => error)
      expect(isDatabaseAway(await alone)).toBe(true)

      postgres = await startEmbeddedPostgres({ dataDir: successor })
      // What leads to the standby stays open.
      proxy.leadTo(postgres.url, { isKeeping: true })
      expect((await register('successor@example.com')).statusCode).toBe(201)
    } finally {
      await standby.stop()
    }
  })
})

describe('connections', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>
  let proxy: BreakableProxy
  let api: Instance
  let administrator: pg.Client

  beforeAll(async () => {
    database = await createTestDatabase()
    proxy = await startBreakableProxy(database.url)
    api = await startApiOn(proxy.url, { poolSize: 2, statementTimeoutMs: 500 })
    administrator = new pg.Client({ connectionString: database.url })
    await administrator.connect()
  })
  afterAll(async () => {
    await api.close()
    await administrator.end()
    await proxy.close()
    await database.drop()
  })

  test('that are cut under running requests: each fails by itself, and the next is served', async () => {
    expect((await ask(api.app)).status).toBe(200)
    const held = api.deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
      proxy.cut()
      return tx.query('select 1')
    })
    await expect(held).rejects.toThrow()
    expect(await ask(api.app)).toEqual(UNAVAILABLE)
    proxy.leadTo(database.url)
    await expect.poll(() => ask(api.app)).toMatchObject({ status: 200 })
  })

  test('that are all taken: 503 after a bounded wait, and service when one is given back', async () => {
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const taken = [0, 1].map(() => api.deps.db.inTenant(PUBLIC_TENANT_ID, () => gate))
    const began = performance.now()
    expect(await ask(api.app)).toEqual(UNAVAILABLE)
    expect(performance.now() - began).toBeLessThan(7_000)
    release()
    await Promise.all(taken)
    expect((await ask(api.app)).status).toBe(200)
  })

  test('whose statement hangs on a lock: 503 after the statement’s time, and service when it is free', async () => {
    await administrator.query('begin')
    await administrator.query('lock table providers in access exclusive mode')
    expect(await ask(api.app)).toEqual(UNAVAILABLE)
    await administrator.query('rollback')
    expect((await ask(api.app)).status).toBe(200)
  })

  test('that lead into silence: 503 after a bounded wait, and service when the network is back', async () => {
    expect((await ask(api.app)).status).toBe(200)
    proxy.silence()
    const began = performance.now()
    expect(await ask(api.app)).toEqual(UNAVAILABLE)
    expect(performance.now() - began).toBeLessThan(8_000)
    proxy.leadTo(database.url)
    await expect.poll(() => ask(api.app), { timeout: 10_000 }).toMatchObject({ status: 200 })
  })
})
