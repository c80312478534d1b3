import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../database.ts'
import type { Instance } from '../instance.ts'
import { ask, startApiOn } from './api-on.ts'
import { hasSmallDisk, mountSmallDisk, type SmallDisk } from './small-disk.ts'

let database: Awaited<ReturnType<typeof createTestDatabase>>
let disk: SmallDisk
let api: Instance

beforeAll(async () => {
  if (!hasSmallDisk) return
  database = await createTestDatabase()
  disk = await mountSmallDisk(database.url)
  await disk.moveThere(['users'])
  api = await startApiOn(database.url, { env: { RATE_LIMIT_FACTOR: '1000' } })
})
afterAll(async () => {
  if (!hasSmallDisk) return
  await api.close()
  await disk.unmount()
  await database.drop()
})

test.skipIf(!hasSmallDisk)(
  hasSmallDisk
    ? 'a full disk: what writes gets 503 and nothing half done, what reads goes on, and space is enough to recover'
    : 'a full disk was not tested: no small disk can be mounted here (that takes root on Linux)',
  async () => {
    const register = (i: number) =>
      api.app.inject({
        method: 'POST',
        url: '/auth/register',
        payload: { email: `full-${i}@example.com`, password: 'long enough to pass' },
      })
    await disk.fill()
    // Small rows fill what is left of the pages.
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
    const [counts] = await disk.query<{ users: number; wallets: number }>(
      'select (select count(*)::int from users) as users, (select count(*)::int from wallets) as wallets',
    )
    expect(counts?.wallets).toBe(counts?.users)

    await disk.free()
    expect((await register(1_000)).statusCode).toBe(201)
  },
)
