import { Webhook } from 'standardwebhooks'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createFakeApi, FAKE_API_URL, FAKE_PROVIDER_ID } from '../testing/index.ts'
import { createSessionGate, verifyWebhook } from './index.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

async function createSigner(kid: string) {
  const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  return {
    publicKey: { kty: kty!, crv: crv!, x: x!, y: y!, kid },
    async sign(claims: object, header: object = {}) {
      const signed = `${encode({ alg: 'ES256', typ: 'session+jwt', kid, ...header })}.${encode(claims)}`
      const bytes = await crypto.subtle.sign(algorithm, pair.privateKey, new TextEncoder().encode(signed))
      return `${signed}.${Buffer.from(bytes).toString('base64url')}`
    },
  }
}

/** A marketplace with real keys, and a clock. */
async function createWorld() {
  const world = {
    nowMs: Date.UTC(2030, 0, 1),
    isDown: false,
    asked: [] as string[],
    /** What the next request gets in place of its answer. */
    instead: undefined as (() => Response | Promise<Response>) | undefined,
  }
  const api = createFakeApi(() => world.nowMs)
  const signer = await createSigner('one')
  const keys = [signer.publicKey]
  const { session, launchJwt } = api.launch()
  const post = (path: string, body: object) =>
    api.handle(`${FAKE_API_URL}/api/v1${path}`, JSON.stringify(body))
  const validated = await post('/sessions/validate', { launchJwt, clientId: 'client-01' }).json()
  let sequence = 0
  const beat = (final = false) =>
    post(`/sessions/${session.id}/heartbeat`, {
      clientId: 'client-01',
      sequence: ++sequence,
      final,
      sessionJwt: validated.sessionJwt,
    })
  const gate = createSessionGate({
    apiUrl: `${FAKE_API_URL}/`,
    providerId: FAKE_PROVIDER_ID,
    now: () => world.nowMs,
    fetch: async (url) => {
      world.asked.push(String(url))
      const { instead } = world
      world.instead = undefined
      if (instead) return instead()
      if (world.isDown) throw new TypeError('fetch failed')
      if (String(url).endsWith('/keys/public')) return Response.json({ keys })
      return api.handle(String(url), null, validated.sessionJwt)
    },
  })
  const claims = {
    iss: FAKE_API_URL,
    aud: FAKE_PROVIDER_ID,
    sub: 'user',
    sid: session.id,
    cid: 'client-01',
    iat: world.nowMs / 1000,
    exp: world.nowMs / 1000 + 86_400,
  }
  return { world, gate, signer, keys, claims, session, beat, jwt: await signer.sign(claims) }
}

describe('the gate', () => {
  test('serves a running session, and asks for its state once in ten seconds', async () => {
    const { world, gate, jwt } = await createWorld()
    const served = await Promise.all([gate.check(`Bearer ${jwt}`), gate.check(jwt)])
    expect(served[0]).toMatchObject({ claims: { sub: 'user' }, session: { status: 'active' } })
    world.nowMs += 9_000
    await gate.check(jwt)
    expect(world.asked).toHaveLength(2)
    world.nowMs += 2_000
    await gate.check(jwt)
    expect(world.asked).toHaveLength(3)
  })

  test('closes past the lease, and opens with the next beat', async () => {
    const { world, gate, jwt, beat } = await createWorld()
    world.nowMs += 46_000
    await expect(gate.check(jwt)).rejects.toMatchObject({ code: 'session_not_served', status: 402 })
    beat()
    world.nowMs += 11_000
    await expect(gate.check(jwt)).resolves.toBeDefined()
  })

  test('serves through an outage of the marketplace to the end of the last lease', async () => {
    const { world, gate, jwt, beat } = await createWorld()
    beat()
    await gate.check(jwt)
    world.isDown = true
    world.nowMs += 129_000
    await expect(gate.check(jwt)).resolves.toBeDefined()
    world.nowMs += 2_000
    await expect(gate.check(jwt)).rejects.toMatchObject({ code: 'session_not_served' })
  })

  test('serves a page that was reloaded from its first beat on, and one that goes on after a pause', async () => {
    const { world, gate, jwt, beat, session } = await createWorld()
    beat()
    await gate.check(jwt)
    world.nowMs += 15_000
    beat(true)
    await expect(gate.check(jwt)).rejects.toMatchObject({ code: 'session_not_served' })
    beat()
    world.nowMs += 1_000
    await expect(gate.check(jwt)).resolves.toBeDefined()

    world.nowMs += 15_000
    session.status = 'paused'
    await expect(gate.check(jwt)).rejects.toMatchObject({ code: 'session_not_served' })
    session.status = 'active'
    world.nowMs += 1_000
    await expect(gate.check(jwt)).resolves.toBeDefined()
  })

  test('asks a marketplace that answers nothing once in ten seconds, so that not every request waits for it', async () => {
    const { world, gate, jwt, beat } = await createWorld()
    beat()
    await gate.check(jwt)
    world.nowMs += 11_000
    world.isDown = true
    world.asked.length = 0
    for (let requests = 0; requests < 10; requests++) {
      await gate.check(jwt)
      world.nowMs += 900
    }
    expect(world.asked).toHaveLength(1)
  })

  test.each([
    'the keys',
    'the state',
  ])('waits five seconds for %s, also where `fetch` heeds no signal', async (what) => {
    const { world, gate, jwt } = await createWorld()
    if (what === 'the state') await gate.verify(jwt)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    world.instead = () => new Promise(() => {})
    const outcome = gate.check(jwt).catch(({ code }) => code)
    // What is awaited before takes threads, not timers.
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1))
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await outcome).toBe('marketplace_unavailable')
  })

  test('does not serve what it never knew while the marketplace is down', async () => {
    const { world, gate, jwt } = await createWorld()
    world.isDown = true
    await expect(gate.check(jwt)).rejects.toMatchObject({ code: 'marketplace_unavailable', status: 503 })
  })

  test.each(['paused', 'ended'] as const)('does not serve a session that is %s', async (status) => {
    const { gate, jwt, session } = await createWorld()
    session.status = status
    session.leaseEnd = null
    const refusal = await gate.check(jwt).catch((error) => error)
    expect(refusal.code).toBe('session_not_served')
    expect(refusal.toResponse().status).toBe(402)
  })

  test('asks for the credential that is missing', async () => {
    const { gate } = await createWorld()
    for (const nothing of [null, undefined, '', 'Bearer '])
      await expect(gate.check(nothing)).rejects.toMatchObject({ code: 'session_jwt_missing' })
  })

  test('takes up a new signing key, and does not ask all day for unknown ones', async () => {
    const { world, gate, keys, claims, jwt } = await createWorld()
    await gate.verify(jwt)
    const next = await createSigner('two')
    const newer = await next.sign(claims)
    await expect(gate.verify(newer)).rejects.toMatchObject({ code: 'session_jwt_invalid' })
    expect(world.asked).toHaveLength(1)
    keys.push(next.publicKey)
    world.nowMs += 31_000
    await expect(gate.verify(newer)).resolves.toMatchObject({ sid: claims.sid })
  })

  test.each([{}, { keys: null }, null])('forgets no key for a key set of %j', async (answer) => {
    const { world, gate, jwt } = await createWorld()
    world.instead = () => Response.json(answer)
    await expect(gate.verify(jwt)).rejects.toMatchObject({ code: 'marketplace_unavailable' })
    await expect(gate.verify(jwt)).resolves.toBeDefined()
    world.nowMs += 11 * 60_000
    world.instead = () => Response.json(answer)
    await expect(gate.verify(jwt)).resolves.toBeDefined()
    expect(world.instead).toBeUndefined()
  })

  test('takes no answer without a session for one', async () => {
    const { world, gate, jwt, beat } = await createWorld()
    await gate.verify(jwt)
    world.instead = () => Response.json({})
    await expect(gate.check(jwt)).rejects.toMatchObject({ code: 'marketplace_unavailable' })
    beat()
    await expect(gate.check(jwt)).resolves.toBeDefined()
    world.nowMs += 11_000
    world.instead = () => Response.json({})
    await expect(gate.check(jwt)).resolves.toBeDefined()
    expect(world.instead).toBeUndefined()
  })

  test('asks again where its clock was set back, for states and for keys', async () => {
    const { world, gate, jwt, keys, claims, session } = await createWorld()
    await gate.check(jwt)
    const next = await createSigner('two')
    keys.push(next.publicKey)
    session.status = 'paused'
    world.nowMs -= 3_600_000
    await expect(gate.check(jwt)).rejects.toMatchObject({ code: 'session_not_served' })
    await expect(gate.verify(await next.sign(claims))).resolves.toBeDefined()
  })
})

test('a gate made before fetch and Date were replaced, as tests and tracers do it, goes by the new ones', async () => {
  const gate = createSessionGate({ apiUrl: FAKE_API_URL, providerId: FAKE_PROVIDER_ID })
  const { jwt, keys, claims } = await createWorld()
  vi.stubGlobal('fetch', async () => Response.json({ keys }))
  vi.useFakeTimers({ toFake: ['Date'], now: (claims.exp - 1) * 1000 })
  await expect(gate.verify(jwt)).resolves.toEqual(claims)
  vi.setSystemTime((claims.exp + 31) * 1000)
  await expect(gate.verify(jwt)).rejects.toMatchObject({ code: 'session_jwt_invalid' })
})

describe('the gate in a worker', () => {
  /** There, what a request that was cancelled waited for never comes, and those of others cannot wait for it. */
  test.each([
    ['the keys', false],
    ['the state', true],
  ])('waits for no answer that another request asked for: %s', async (_, hasKeys) => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
    const { world, gate, jwt } = await createWorld()
    if (hasKeys) await gate.verify(jwt)
    await new Promise<void>((isAsked) => {
      world.instead = () => {
        isAsked()
        return new Promise(() => {})
      }
      void gate.check(jwt)
    })
    await expect(gate.check(jwt)).resolves.toBeDefined()
  })
})

describe('a session JWT', async () => {
  const { gate, signer, claims, jwt } = await createWorld()
  const stranger = await createSigner('one')
  const [header, body, signature] = jwt.split('.') as [string, string, string]

  test.each([
    ['rubbish', 'rubbish'],
    ['three parts of rubbish', 'a.b.c'],
    ['null for a header', 'bnVsbA.bnVsbA.AA'],
    ['other claims under its signature', `${header}.${encode({ ...claims, sub: 'other' })}.${signature}`],
    ['no signature', `${header}.${body}.`],
    ['a stranger’s signature', await stranger.sign(claims)],
    ['an unsigned header', await signer.sign(claims, { alg: 'none' })],
    ['a shared secret', await signer.sign(claims, { alg: 'HS256' })],
    ['a launch JWT', await signer.sign(claims, { typ: 'launch+jwt' })],
    ['critical extensions', await signer.sign(claims, { crit: ['b64'] })],
    ['another provider', await signer.sign({ ...claims, aud: 'prv_other' })],
    ['another issuer', await signer.sign({ ...claims, iss: 'https://evil.test' })],
    ['an end that has passed', await signer.sign({ ...claims, exp: claims.iat - 60 })],
    ['no end', await signer.sign({ ...claims, exp: undefined })],
  ])('with %s is refused', async (_, forged) => {
    await expect(gate.verify(forged)).rejects.toMatchObject({ code: 'session_jwt_invalid', status: 401 })
  })
})

describe('a webhook', () => {
  const secret = `whsec_${Buffer.from('a secret of at least 24 bytes').toString('base64')}`
  const body = JSON.stringify({ type: 'session.completed' })
  const at = new Date()
  const headers = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign('evt_1', at, body),
  }

  test('signed by the marketplace is taken, also while its secret is being replaced', async () => {
    expect(await verifyWebhook({ body, headers, secret })).toEqual({ type: 'session.completed' })
    const other = `whsec_${Buffer.from('another secret, for a while').toString('base64')}`
    await verifyWebhook({ body, headers: new Headers(headers), secret: [other, secret] })
    await verifyWebhook({ body, headers, secret: [undefined, 'not base64!', secret] })
  })

  test.each([
    ['another body', { body: '{}' }],
    ['another id', { headers: { ...headers, 'webhook-id': 'evt_2' } }],
    ['no signature', { headers: { ...headers, 'webhook-signature': '' } }],
    ['a broken signature', { headers: { ...headers, 'webhook-signature': 'v1,%%%' } }],
    ['no timestamp', { headers: { ...headers, 'webhook-timestamp': undefined } }],
    ['a secret that is not set', { secret: undefined }],
    ['an empty secret, which anybody could sign with', { secret: '' }],
    ['a list of no secrets', { secret: [] }],
    ['a secret that is none', { secret: 'not base64!' }],
    ['an age of six minutes', { now: () => at.getTime() + 360_000 }],
  ])('with %s is refused', async (_, change) => {
    await expect(verifyWebhook({ body, headers, secret, ...change })).rejects.toMatchObject({
      code: 'webhook_invalid',
    })
  })
})
