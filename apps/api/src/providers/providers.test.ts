import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'

const app = {
  name: 'Typing test',
  description: 'Type faster.\nEvery day.',
  category: 'education',
  launchUrl: 'https://typing.example.com/start?lang=en',
  allowedOrigins: ['https://typing.example.com'],
  tokensPerMinute: 3,
}

let api: TestApi
let owner: TestUser
let stranger: TestUser

beforeAll(async () => {
  api = await startTestApi()
  owner = await addUser(api)
  stranger = await addUser(api)
})
afterAll(() => api.close())

const register = async (from: TestApi, token: string, change: object = {}) =>
  from.call('POST', '/providers', { token, body: { ...app, ...change } })

const eventsOf = (id: string) =>
  api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    tx.query<{ type: string; sequence: number; snapshot: { tokensPerMinute: number } }>(
      'select type, sequence, snapshot from events where provider_id = $1 order by sequence',
      [id],
    ),
  )

describe('registering', () => {
  test('lists at once where nobody reviews, and answers with the whole provider', async () => {
    const { status, body } = await register(api, owner.token)
    expect(status).toBe(201)
    expect(body).toMatchObject({
      ...app,
      id: expect.stringMatching(/^prv_/),
      iconUrl: null,
      launchInFragment: false,
      status: 'listed',
      reviewNote: null,
      createdAt: '2026-03-01T12:00:00.000Z',
    })
    const seen = await api.call('GET', `/providers/${body.id}`)
    expect(seen.status).toBe(200)
    expect(Object.keys(seen.body).sort()).toEqual(
      ['category', 'description', 'iconUrl', 'id', 'launchUrl', 'name', 'status', 'tokensPerMinute'].sort(),
    )
  })

  test('once per Idempotency-Key', async () => {
    const send = () =>
      api.call('POST', '/providers', {
        token: owner.token,
        body: app,
        headers: { 'idempotency-key': 'once' },
      })
    const first = await send()
    const second = await send()
    expect(second.text).toBe(first.text)
    expect(second.headers['idempotent-replayed']).toBe('true')
  })

  test('is refused without a user', async () => {
    expect((await api.call('POST', '/providers', { body: app })).status).toBe(401)
  })

  test.each([
    ['an empty name', { name: '' }, '/name'],
    ['a name of spaces', { name: '   ' }, '/name'],
    ['a name of 81 characters', { name: 'x'.repeat(81) }, '/name'],
    ['a line break in the name', { name: 'a\nb' }, '/name'],
    ['a NUL in the name', { name: 'a\u0000b' }, '/name'],
    ['a bidi override in the name', { name: 'a\u202eb' }, '/name'],
    ['a name of nothing to see', { name: '\u200b' }, '/name'],
    ['a name of fillers', { name: '\u3164\u3164' }, '/name'],
    ['a name of joiners', { name: '\u200d' }, '/name'],
    ['a name that ends invisibly', { name: 'Focus\u200e' }, '/name'],
    ['what nobody sees within a name', { name: 'Fo\u200bcus' }, '/name'],
    ['an escape sequence in the description', { description: '\u001b[31m' }, '/description'],
    ['a description of 2001 characters', { description: 'x'.repeat(2001) }, '/description'],
    ['a category with capitals', { category: 'Tools' }, '/category'],
    ['a category of 41 characters', { category: 'x'.repeat(41) }, '/category'],
    ['a category ending in a dash', { category: 'tools-' }, '/category'],
    ['a negative price', { tokensPerMinute: -1 }, '/tokensPerMinute'],
    ['a price above 10,000', { tokensPerMinute: 10_001 }, '/tokensPerMinute'],
    ['a price that is text', { tokensPerMinute: '4' }, '/tokensPerMinute'],
    ['a price with a fraction', { tokensPerMinute: 1.5 }, '/tokensPerMinute'],
    ['no origin', { allowedOrigins: [] }, '/allowedOrigins'],
    [
      '21 origins',
      { allowedOrigins: Array.from({ length: 21 }, (_, i) => `https://${i}.example.com`) },
      '/allowedOrigins',
    ],
    [
      'the same origin twice',
      { allowedOrigins: ['https://a.example', 'https://a.example'] },
      '/allowedOrigins',
    ],
    ['an origin with a path', { allowedOrigins: ['https://a.example/'] }, '/allowedOrigins/0'],
    ['an origin in capitals', { allowedOrigins: ['https://A.example'] }, '/allowedOrigins/0'],
    ['an origin with its default port', { allowedOrigins: ['https://a.example:443'] }, '/allowedOrigins/0'],
    ['any origin', { allowedOrigins: ['*'] }, '/allowedOrigins/0'],
    ['a wildcard origin', { allowedOrigins: ['https://*.example.com'] }, '/allowedOrigins/0'],
    ['an origin with credentials', { allowedOrigins: ['https://u:p@a.example'] }, '/allowedOrigins/0'],
    ['an http origin', { allowedOrigins: ['https://a.example', 'http://a.example'] }, '/allowedOrigins/1'],
    ['a script as launch address', { launchUrl: 'javascript:alert(1)' }, '/launchUrl'],
    ['a data launch address', { launchUrl: 'data:text/html,hi' }, '/launchUrl'],
    ['a file launch address', { launchUrl: 'file:///etc/passwd' }, '/launchUrl'],
    ['a relative launch address', { launchUrl: '/start' }, '/launchUrl'],
    ['a launch address without scheme', { launchUrl: '//a.example' }, '/launchUrl'],
    ['an http launch address', { launchUrl: 'http://a.example/' }, '/launchUrl'],
    [
      'a launch address that only begins like localhost',
      { launchUrl: 'http://localhost.evil.example/' },
      '/launchUrl',
    ],
    ['localhost as user name', { launchUrl: 'http://localhost@evil.example/' }, '/launchUrl'],
    ['a launch address with credentials', { launchUrl: 'https://u:p@a.example/' }, '/launchUrl'],
    ['a launch address with empty credentials', { launchUrl: 'https://@a.example/' }, '/launchUrl'],
    ['a launch address with a fragment', { launchUrl: 'https://a.example/#x' }, '/launchUrl'],
    ['a launch address with an empty fragment', { launchUrl: 'https://a.example/#' }, '/launchUrl'],
    ['a launch address with a backslash', { launchUrl: 'https:\\\\a.example' }, '/launchUrl'],
    ['a launch address with a tab', { launchUrl: 'https://a.exam\tple' }, '/launchUrl'],
    [
      'a launch address with a JWT of its own',
      { launchUrl: 'https://a.example/?launch_jwt=x' },
      '/launchUrl',
    ],
    ['an http icon', { iconUrl: 'http://localhost/icon.png' }, '/iconUrl'],
    ['a data icon', { iconUrl: 'data:image/svg+xml,<svg/>' }, '/iconUrl'],
    ['an icon that ends an attribute', { iconUrl: 'https://a.example/i.png"onerror=alert(1)' }, '/iconUrl'],
    ['an icon with a tag in it', { iconUrl: 'https://a.example/<script>' }, '/iconUrl'],
    ['an icon with credentials', { iconUrl: 'https://u:p@a.example/i.png' }, '/iconUrl'],
    ['an owner', { ownerId: 'usr_00000000000000000000000000' }, '/ownerId'],
    ['a status', { status: 'listed' }, '/status'],
  ])('refuses %s and names it', async (_what, change, path) => {
    const { status, body } = await register(api, owner.token, change)
    expect(status).toBe(400)
    expect(body.code).toBe('validation_failed')
    expect(body.errors.map((error: { path: string }) => error.path)).toContain(path)
  })

  test.each([
    [
      'http on localhost',
      { launchUrl: 'http://localhost:4002/app', allowedOrigins: ['http://localhost:4002'] },
    ],
    ['http on 127.0.0.1', { launchUrl: 'http://127.0.0.1:4002/', allowedOrigins: ['http://127.0.0.1:4002'] }],
    ['http on [::1]', { launchUrl: 'http://[::1]:4002/', allowedOrigins: ['http://[::1]:4002'] }],
    ['null where it is listed', { allowedOrigins: ['null'] }],
    ['an icon', { iconUrl: 'https://a.example/i.png' }],
    ['a price of nothing', { tokensPerMinute: 0 }],
    ['an empty description', { description: '' }],
    ['letters of every script', { name: '計時器 Ünïcødé 🦊' }],
    ['emoji that are joined', { name: 'Code 👩‍💻 ❤️' }],
    ['words that take a non-joiner', { name: 'می‌خواهم' }],
  ])('takes %s', async (_what, change) => {
    const { status, body } = await register(api, owner.token, change)
    expect(status).toBe(201)
    expect(body).toMatchObject(change)
  })

  test('says in words what a text must be, whatever its pattern', async () => {
    const { status, body } = await register(api, owner.token, {
      name: '',
      category: 'Two Words',
      tokensPerMinute: 1.5,
      launchUrl: 'https://typing.example.com/"start',
    })
    expect(status).toBe(400)
    expect(body.errors).toEqual([
      { path: '/name', message: 'must not be empty' },
      { path: '/category', message: 'must be small letters and digits, with single hyphens between them' },
      { path: '/launchUrl', message: 'must be an address of ASCII characters, without spaces and quotes' },
      { path: '/tokensPerMinute', message: 'must be a whole number' },
    ])
    const hidden = await register(api, owner.token, { name: ' Typing', description: 'Type\u200b faster.' })
    expect(hidden.body.errors).toEqual([
      { path: '/name', message: 'must be one line of what can be seen, without spaces at its ends' },
      { path: '/description', message: 'must not contain what nobody can see' },
    ])
    expect(JSON.stringify([body, hidden.body])).not.toContain('pattern')
  })

  test('bounds how many one account has', async () => {
    const busy = await addUser(api)
    for (let i = 0; i < 100; i += 1) await addProvider(api, { ownerId: busy.id, name: 'Crowd' })
    const { status, body } = await register(api, busy.token)
    expect([status, body.code]).toEqual([409, 'limit_reached'])
  })
})

describe('the catalogue', () => {
  const search = async (query: string) =>
    (await api.call('GET', `/providers?${query}`)).body.items.map((item: { name: string }) => item.name)

  test('finds every word, in any case, in name, category and description', async () => {
    await register(api, owner.token, {
      name: 'Zebra 100% Sketch',
      description: 'Drawing_pad',
      category: 'art-kit',
    })
    expect(await search('q=zebra')).toEqual(['Zebra 100% Sketch'])
    expect(await search('q=SKETCH%20drawing_PAD')).toEqual(['Zebra 100% Sketch'])
    expect(await search('q=zebra&category=art-kit')).toEqual(['Zebra 100% Sketch'])
    expect(await search('q=zebra&category=tools')).toEqual([])
    expect(await search('q=zebra&category=')).toEqual(['Zebra 100% Sketch'])
    expect(await search('q=zebra%20nothere')).toEqual([])
  })

  test('takes wildcards, quotes and backslashes for what they are', async () => {
    expect(await search('q=100%25')).toEqual(['Zebra 100% Sketch'])
    expect(await search('q=z%25a')).toEqual([])
    expect(await search('q=drawing_')).toEqual(['Zebra 100% Sketch'])
    expect(await search('q=zebr_')).toEqual([])
    expect(await search(`q=${encodeURIComponent(`zebra' or 1=1 --`)}`)).toEqual([])
    expect(await search('q=%5C')).toEqual([])
  })

  test('pages through everything once', async () => {
    const seen: string[] = []
    let cursor = ''
    do {
      const { body } = await api.call('GET', `/providers?limit=40${cursor && `&cursor=${cursor}`}`)
      seen.push(...body.items.map((item: { id: string }) => item.id))
      cursor = body.nextCursor ?? ''
    } while (cursor)
    expect(seen.length).toBeGreaterThan(100)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual([...seen].sort().reverse())
  })

  test.each([
    'q=%00',
    'q=a%0Ab',
    `q=${'x'.repeat(201)}`,
    'category=A',
    'limit=0',
    'limit=101',
    'limit=x',
    'cursor=abc',
    'sort=price',
  ])('refuses ?%s', async (query) => {
    const { status, body } = await api.call('GET', `/providers?${query}`)
    expect([status, body.code]).toEqual([400, 'validation_failed'])
  })

  test('is kept by whoever asks with its ETag, until something changes', async () => {
    api.clock.advance({ ms: 1 })
    const { body } = await register(api, owner.token)
    for (const url of ['/providers?limit=1', `/providers/${body.id}`]) {
      const first = await api.call('GET', url)
      expect(first.headers['cache-control']).toBe('public, no-cache')
      const etag = String(first.headers.etag)
      const again = (value: string) => api.call('GET', url, { headers: { 'if-none-match': value } })
      expect([(await again(etag)).status, (await again(etag)).text]).toEqual([304, ''])
      expect((await again(`"other", ${etag.slice(2)}`)).status).toBe(304)
      expect((await again('"other"')).status).toBe(200)
      const price = url.includes('limit') ? 7 : 8
      await api.call('PATCH', `/providers/${body.id}`, {
        token: owner.token,
        body: { tokensPerMinute: price },
      })
      expect((await again(etag)).status).toBe(200)
    }
  })

  test('an unknown and a malformed id differ in nothing that tells', async () => {
    for (const id of ['prv_00000000000000000000000000', '1']) {
      const { status, body } = await api.call('GET', `/providers/${id}`)
      expect([id, status, body.code]).toEqual([id, 404, 'provider_not_found'])
    }
  })
})

describe('changing', () => {
  test('touches only what is sent, and announces a new price once', async () => {
    const { body: created } = await register(api, owner.token)
    api.clock.advance({ minutes: 1 })
    const change = (body: object) =>
      api.call('PATCH', `/providers/${created.id}`, { token: owner.token, body })
    const dearer = await change({ tokensPerMinute: 9 })
    expect(dearer.status).toBe(200)
    expect(dearer.body).toEqual({
      ...created,
      tokensPerMinute: 9,
      updatedAt: api.clock.now().toISOString(),
    })
    await change({ tokensPerMinute: 9, name: 'Typing' })
    expect((await eventsOf(created.id)).map(({ type, sequence }) => [sequence, type])).toEqual([
      [1, 'provider.approved'],
      [2, 'provider.price_changed'],
    ])
    expect((await eventsOf(created.id))[1]?.snapshot.tokensPerMinute).toBe(9)
  })

  test('another user’s provider does not exist', async () => {
    const { body } = await register(api, owner.token)
    for (const id of [body.id, 'prv_00000000000000000000000000']) {
      const answer = await api.call('PATCH', `/providers/${id}`, {
        token: stranger.token,
        body: { name: 'Mine now' },
      })
      expect([answer.status, answer.body.code]).toEqual([404, 'provider_not_found'])
    }
  })

  test('holds every address to the rules again', async () => {
    const { body } = await register(api, owner.token)
    for (const change of [{ launchUrl: 'http://evil.example/' }, { allowedOrigins: ['https://x/y'] }, {}]) {
      const answer = await api.call('PATCH', `/providers/${body.id}`, { token: owner.token, body: change })
      expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed'])
    }
  })

  test.each(['listed', 'suspended'])('an owner cannot make it %s', async (status) => {
    const { body } = await register(api, owner.token)
    const answer = await api.call('PATCH', `/providers/${body.id}`, { token: owner.token, body: { status } })
    expect(answer.status).toBe(400)
  })

  test('the owner’s list holds their own and nobody else’s', async () => {
    const other = await addUser(api)
    await register(api, other.token, { name: 'Only mine' })
    const { body } = await api.call('GET', '/providers/mine', { token: other.token })
    expect(body.items.map((item: { name: string }) => item.name)).toEqual(['Only mine'])
    expect(body.nextCursor).toBe(null)
  })
})
