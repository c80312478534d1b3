import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { LIMITS, ORIGINS, REFUSED } from './rate-limit.ts'

// Small factors make small limits: open and read 1200 → 12, write 400 → 4, auth 300 → 3 at 0.01.
let api: TestApi | undefined
const start = async (factor: string, config: object = {}) => {
  api = await startTestApi({ env: { RATE_LIMIT_FACTOR: factor }, config })
  return api
}
afterEach(async () => {
  vi.useRealTimers()
  await api?.close()
  api = undefined
})

describe('headers', () => {
  test('say the policy and what is left, in the draft’s syntax', async () => {
    const { headers } = await (await start('1')).call('GET', '/providers')
    expect(headers['ratelimit-policy']).toBe('"open";q=1200;w=60')
    expect(headers.ratelimit).toBe('"open";r=1199;t=60')
  })

  test('stand on refusals, too', async () => {
    const { call } = await start('1')
    expect((await call('GET', '/providers?limit=0')).headers.ratelimit).toBe('"open";r=1199;t=60')
    expect((await call('GET', '/providers/mine')).headers.ratelimit).toBe('"refused";r=299;t=60')
  })

  test('are absent where nothing is limited', async () => {
    const { call } = await start('1')
    for (const url of ['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs/', '/docs/errors']) {
      const { status, headers } = await call('GET', url)
      expect([url, status, headers.ratelimit, headers['ratelimit-policy']]).toEqual([
        url,
        200,
        undefined,
        undefined,
      ])
    }
  })
})

test('one call too many gets 429 with the seconds to wait, and the next window is open again', async () => {
  const { call } = await start('0.01')
  vi.useFakeTimers({ toFake: ['Date'] })
  for (let i = 0; i < 12; i += 1) expect((await call('GET', '/providers')).status).toBe(200)
  const { status, headers, body } = await call('GET', '/providers')
  expect([status, body.code]).toEqual([429, 'rate_limited'])
  expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60)
  expect(headers.ratelimit).toMatch(/^"open";r=0;t=\d+$/)
  expect(headers['x-request-id']).toBe(body.requestId)
  vi.setSystemTime(Date.now() + 60_001)
  expect((await call('GET', '/providers')).status).toBe(200)
})

test.each(
  Object.entries(LIMITS),
)('%s leaves room for a burst of 200 beside what came before', (_name, limit) => {
  expect(limit.calls / (limit.windowSeconds / 60)).toBeGreaterThanOrEqual(240)
})

test('200 calls at once from one client are served', async () => {
  const { call } = await start('1')
  const answers = await Promise.all(Array.from({ length: 200 }, () => call('GET', '/providers')))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
})

test('callers that are known are counted by who they are, not by where they sit', async () => {
  const running = await start('0.01')
  const [one, other] = [await addUser(running), await addUser(running)]
  for (let i = 0; i < 12; i += 1) await running.call('GET', '/providers/mine', { token: one.token })
  expect((await running.call('GET', '/providers/mine', { token: one.token })).status).toBe(429)
  expect((await running.call('GET', '/providers/mine', { token: other.token })).status).toBe(200)
})

test('what costs the hash of a password is counted by address, whoever is signed in', async () => {
  const running = await start('0.01', { trustProxy: 1 })
  const guess = async (address: string) =>
    running.call('POST', '/auth/password', {
      token: (await addUser(running)).token,
      body: { currentPassword: 'a guess', newPassword: 'another password' },
      headers: { 'x-forwarded-for': address },
    })
  for (let i = 0; i < 3; i += 1) expect((await guess('192.0.2.1')).status).toBe(403)
  const refused = await guess('192.0.2.1')
  expect([refused.status, refused.headers.ratelimit]).toEqual([429, expect.stringMatching(/^"auth";r=0/)])
  expect((await guess('192.0.2.2')).status).toBe(403)
})

test('wrong credentials are counted by address and leave those with right ones alone', async () => {
  const running = await start('0.01')
  const user = await addUser(running)
  for (let i = 0; i < 3; i += 1) {
    expect((await running.call('GET', '/providers/mine', { token: `wrong${i}` })).status).toBe(401)
  }
  expect((await running.call('GET', '/providers/mine', { token: 'wrong' })).status).toBe(429)
  expect((await running.call('GET', '/providers/mine', { token: user.token })).status).toBe(200)
})

test('bodies that cannot be read are counted by address, whoever sends them', async () => {
  const { call } = await start('0.01')
  const unreadable = [
    { text: '{"providerId":' },
    { text: '<a/>', headers: { 'content-type': 'text/xml' } },
    { text: JSON.stringify({ a: 'x'.repeat(70_000) }) },
  ]
  const answers = []
  for (const body of unreadable) answers.push(await call('POST', '/sessions', body))
  expect(answers.map(({ status }) => status)).toEqual([400, 415, 413])
  expect(answers.map(({ headers }) => headers.ratelimit)).toEqual([
    '"refused";r=2;t=60',
    '"refused";r=1;t=60',
    '"refused";r=0;t=60',
  ])
  const next = await call('POST', '/sessions', unreadable[0])
  expect([next.status, next.body.code, Number(next.headers['retry-after'])]).toEqual([
    429,
    'rate_limited',
    60,
  ])
})

test('callers that are known and may not are counted like those who may', async () => {
  const running = await start('0.01')
  const user = await addUser(running)
  const providerId = await addProvider(running, { ownerId: user.id })
  const { body: key } = await running.call('POST', `/providers/${providerId}/api-keys`, {
    token: user.token,
    body: { name: 'Reads', scopes: ['sessions:read'], mode: 'live' },
  })
  const patch = () =>
    running.call('PATCH', `/providers/${providerId}`, { token: key.secret, body: { name: 'x' } })
  const look = () => running.call('GET', '/operators/users', { token: user.token })
  for (let i = 0; i < 4; i += 1) expect((await patch()).status).toBe(403)
  for (let i = 0; i < 12; i += 1) expect((await look()).status).toBe(404)
  expect([(await patch()).status, (await look()).status]).toEqual([429, 429])
})

test('looking for addresses that do not exist is counted', async () => {
  const { call } = await start('0.01')
  for (let i = 0; i < 12; i += 1) expect((await call('GET', `/wp-admin/${i}`)).status).toBe(404)
  expect((await call('GET', '/wp-admin/12')).status).toBe(429)
})

test('a forwarded address counts only when a proxy is trusted', async () => {
  const from = (n: number) => ({ headers: { 'x-forwarded-for': `203.0.113.${n}` } })
  const direct = await start('0.01')
  for (let i = 0; i < 12; i += 1) await direct.call('GET', '/providers', from(i))
  expect((await direct.call('GET', '/providers', from(99))).status).toBe(429)
  await direct.close()
  const proxied = await start('0.01', { trustProxy: 1 })
  for (let i = 0; i < 24; i += 1) {
    expect((await proxied.call('GET', '/providers', from(i))).status).toBe(200)
  }
})

test('an IPv6 customer is one caller, whichever of their addresses they use', async () => {
  const { call } = await start('0.01', { trustProxy: 1 })
  const from = (address: string) => call('GET', '/providers', { headers: { 'x-forwarded-for': address } })
  for (let i = 0; i < 12; i += 1) await from(`2001:db8:1:2::${i.toString(16)}`)
  expect((await from('2001:db8:1:2:ffff::1')).status).toBe(429)
  expect((await from('2001:db8:1:3::1')).status).toBe(200)
})

test('a proxy that names the port, too, does not make a new caller of every connection', async () => {
  const { call } = await start('0.01', { trustProxy: 1 })
  const from = (address: string) => call('GET', '/providers', { headers: { 'x-forwarded-for': address } })
  for (let i = 0; i < 12; i += 1) await from(`203.0.113.7:${50_000 + i}`)
  expect((await from('203.0.113.7')).status).toBe(429)
  for (let i = 0; i < 12; i += 1) await from(`[2001:db8:1:2::1]:${50_000 + i}`)
  expect((await from('2001:db8:1:2::1')).status).toBe(429)
  // What is no address is the proxy's own.
  for (let i = 0; i < 12; i += 1) await from(`unknown${i}`)
  expect((await from('_hidden')).status).toBe(429)
})

test('the documented table is the table in the code', async () => {
  const page = await readFile(new URL('../../../../docs/api/rate-limits.md', import.meta.url), 'utf8')
  const all = { ...LIMITS, refused: REFUSED, origins: ORIGINS }
  for (const [name, { calls, windowSeconds }] of Object.entries(all)) {
    expect(page).toContain(`| \`${name}\` | ${calls.toLocaleString('en-US')} | ${windowSeconds} |`)
  }
})

describe('signing in', () => {
  const password = 'correct horse battery'
  const signIn = (running: TestApi, email: string, given: string, address: string) =>
    running.call('POST', '/auth/login', {
      body: { email, password: given },
      headers: { 'x-forwarded-for': address },
    })

  // At 0.1: 2 failures per address and account, 10 per account, 30 calls per address.
  const prepare = async () => {
    const running = await start('0.1', { trustProxy: 1 })
    const email = 'victim@example.com'
    await running.call('POST', '/auth/register', {
      body: { email, password },
      headers: { 'x-forwarded-for': '198.51.100.1' },
    })
    return { running, email }
  }

  test('guesses at one account from one address run out, in whatever spelling and for the right one, too', async () => {
    const { running, email } = await prepare()
    expect((await signIn(running, email, 'wrong-password', '203.0.113.1')).status).toBe(401)
    expect((await signIn(running, ' VICTIM@example.com', 'wrong-password', '203.0.113.1')).status).not.toBe(
      429,
    )
    const { status, headers } = await signIn(running, email, 'wrong-password', '203.0.113.1')
    expect(status).toBe(429)
    expect(headers['ratelimit-policy']).toContain('"sign-in";q=2;w=900')
    expect((await signIn(running, email, password, '203.0.113.1')).status).toBe(429)
    expect((await signIn(running, 'other@example.com', 'wrong-password', '203.0.113.1')).status).toBe(401)
  })

  test('many guesses at once are not all the first', async () => {
    const { running, email } = await prepare()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => signIn(running, email, 'wrong-password', '203.0.113.1')),
    )
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(2)
  })

  test('an attack from everywhere slows strangers and never the owner at their usual place', async () => {
    const { running, email } = await prepare()
    let refused = 0
    for (let i = 0; i < 14; i += 1) {
      const { status } = await signIn(running, email, 'wrong-password', `203.0.113.${i}`)
      if (status === 429) refused += 1
    }
    expect(refused).toBe(4)
    expect((await signIn(running, email, password, '203.0.113.200')).status).toBe(429)
    expect((await signIn(running, email, password, '198.51.100.1')).status).toBe(200)
  })

  test('those who know their password are never slowed', async () => {
    const { running, email } = await prepare()
    for (let i = 0; i < 8; i += 1) {
      expect((await signIn(running, email, password, '198.51.100.1')).status).toBe(200)
    }
  })

  test('an unknown account is guarded like a known one, so that the guard tells nothing', async () => {
    const { running, email } = await prepare()
    const statuses = async (account: string, address: string) => {
      const seen: number[] = []
      for (let i = 0; i < 4; i += 1) {
        seen.push((await signIn(running, account, 'wrong-password', address)).status)
      }
      return seen
    }
    expect(await statuses(email, '203.0.113.1')).toEqual(await statuses('nobody@example.com', '203.0.113.2'))
  })
})

test('made-up origins are counted where they have to be looked up, and one that pages use goes on', async () => {
  const started = await start('0.01')
  const used = 'https://app.example'
  const provider = { ownerId: (await addUser(started)).id, origin: used }
  await addProvider(started, provider)
  const preflight = async (origin: string) => {
    const { status, headers } = await started.call('OPTIONS', '/api/v1/sessions/validate', {
      headers: { origin, 'access-control-request-method': 'POST' },
    })
    return [status, headers['access-control-allow-origin']]
  }
  // What was looked up is kept for two seconds, which a busy machine may take.
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  expect(await preflight(used)).toEqual([204, used])
  for (let i = 0; i < 11; i += 1) expect(await preflight(`https://${i}.example`)).toEqual([204, undefined])
  expect(await preflight('https://twelfth.example')).toEqual([429, undefined])
  expect(await preflight(used)).toEqual([204, used])
  // Nobody's, so that nothing is looked up or kept.
  expect(await preflight(`https://${'a'.repeat(300)}.example`)).toEqual([204, undefined])
})
