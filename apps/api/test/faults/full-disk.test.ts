import { execFileSync, spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findAccount } from '../../src/embedded-postgres-binaries.ts'
import { createTestDatabase } from '../database.ts'
import { type ApiOn, ask, startApiOn } from './api-on.ts'

const SPACE = `space_${process.pid}`
const folder = mkdtempSync(join(tmpdir(), 'token-marketplace-full-'))
// A disk of three megabytes: only root can make one.
const hasDisk =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder]).status === 0

let database: Awaited<ReturnType<typeof createTestDatabase>>
let administrator: pg.Client
let api: ApiOn

beforeAll(async () => {
  if (!hasDisk) return
  const account = await findAccount()
  if (account) chownSync(folder, account.uid, account.gid)
  database = await createTestDatabase()
  administrator = new pg.Client({ connectionString: database.url })
  await administrator.connect()
  await administrator.query(`create tablespace ${SPACE} location '${folder}'`)
  await administrator.query(`alter table users set tablespace ${SPACE}`)
  await administrator.query(`create table filler (data text) tablespace ${SPACE}`)
  await administrator.query('alter table filler alter column data set storage plain')
  api = await startApiOn(database.url, { env: { RATE_LIMIT_FACTOR: '1000' } })
})
afterAll(async () => {
  if (hasDisk) {
    await api.close()
    await administrator.query('drop table if exists filler')
    await administrator.query('alter table users set tablespace pg_default')
    await administrator.query(`drop tablespace ${SPACE}`)
    await administrator.end()
    await database.drop()
    execFileSync('umount', [folder])
  }
  rmSync(folder, { recursive: true, force: true })
})

test.skipIf(!hasDisk)(
  hasDisk
    ? 'a full disk: what writes gets 503 and nothing half done, what reads goes on, and space is enough to recover'
    : 'a full disk was not tested: no small disk can be mounted here (that takes root on Linux)',
  async () => {
    const register = (i: number) =>
      api.app.inject({
        method: 'POST',
        url: '/auth/register',
        payload: { email: `full-${i}@example.com`, password: 'long enough to pass' },
      })
    await expect(
      administrator.query(`insert into filler select repeat('x', 7000) from generate_series(1, 1000)`),
    ).rejects.toThrow(/No space left/)
    // The failed statement leaves its pages behind, so the disk stays full; small rows fill what is left of them.
    let refused: Awaited<ReturnType<typeof register>> | undefined
    for (let i = 0; i < 200 && !refused; i += 1) {
      const answer = await register(i)
      if (answer.statusCode !== 201) refused = answer
    }
    expect([refused?.statusCode, refused?.json().code, refused?.headers['retry-after']]).toEqual([
      503,
      'unavailable',
      '1',
    ])
    expect(refused?.body).not.toMatch(/space|extend|pg_tblspc/)
    expect((await ask(api.app)).status).toBe(200)
    const { rows } = await administrator.query(
      'select (select count(*)::int from users) as users, (select count(*)::int from wallets) as wallets',
    )
    expect(rows[0].wallets).toBe(rows[0].users)

    await administrator.query('drop table filler')
    expect((await register(1_000)).statusCode).toBe(201)
  },
)
