import { once } from 'node:events'
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { brotliDecompressSync } from 'node:zlib'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market, openSession } from '../../test/play.ts'
import { registerPages } from './pages.ts'
import { createWatches } from './watch.ts'

let api: TestApi
let market: Market
let ownerToken: string

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api)
  const owner = await addUser(api)
  await api.deps.db.inTenant('ten_00000000000000000000000000', (tx) =>
    tx.query('update providers set owner_id = $2 where id = $1', [market.providerId, owner.id]),
  )
  ownerToken = owner.token
})
afterAll(() => api.close())

describe('a provider’s sessions', () => {
  test('are listed for the owner, newest first, and for nobody else', async () => {
    const first = await openSession(market)
    const second = await openSession(market, { validate: false })
    const path = `/providers/${market.providerId}/sessions`
    const listed = await api.call('GET', `${path}?limit=2`, { token: ownerToken })
    expect(listed.body.items.map(({ id }: { id: string }) => id).sort()).toEqual(
      [first.sessionId, second.sessionId].sort(),
    )
    expect(listed.body.items[0].isTest).toBe(false)
    const active = await api.call('GET', `${path}?status=active`, { token: ownerToken })
    expect(active.body.items).toHaveLength(1)
    expect((await api.call('GET', `${path}?test=true`, { token: ownerToken })).body.items).toEqual([])
    expect((await api.call('GET', path, { token: market.user.token })).status).toBe(404)
    await first.call('complete')
  })

  test('stream as they change, and only to the owner', async () => {
    const url = await api.app.listen({ port: 0, host: '127.0.0.1' })
    const path = `${url}/providers/${market.providerId}/sessions/live`
    const stranger = await fetch(path, { headers: { authorization: `Bearer ${market.user.token}` } })
    expect([stranger.status, ((await stranger.json()) as { code: string }).code]).toEqual([
      404,
      'provider_not_found',
    ])

    const stopped = new AbortController()
    const answer = await fetch(path, {
      headers: { authorization: `Bearer ${ownerToken}` },
      signal: stopped.signal,
    })
    expect(answer.headers.get('content-type')).toContain('text/event-stream')
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    let heard = ''
    const hear = async (what: string | RegExp) => {
      while (heard.search(what) < 0) heard += (await reader.read()).value ?? ''
    }
    await hear('event: sessions')
    const play = await openSession(market)
    await hear(play.sessionId)
    heard = ''
    await play.beat()
    await hear('"sequence":1')
    stopped.abort()
  })
})

describe('the dialog’s theme', () => {
  const path = () => `/providers/${market.providerId}/theme`
  const plain = { accent: null, background: null, color: null, radiusPx: 16 }
  const sdk = () => api.call('GET', `/api/v1${path()}`, { headers: { origin: 'https://anywhere.example' } })

  test('is plain until the owner saves one, and then what the SDK gets', async () => {
    expect((await api.call('GET', path(), { token: ownerToken })).body).toEqual(plain)
    expect((await sdk()).body).toEqual({ properties: {} })
    const theme = { ...plain, accent: '#4338ca', radiusPx: 4 }
    expect((await api.call('PUT', path(), { token: ownerToken, body: theme })).body).toEqual(theme)
    const delivered = await sdk()
    expect(delivered.body).toEqual({
      properties: { '--tm-accent': '#4338ca', '--tm-on-accent': '#ffffff', '--tm-radius': '4px' },
    })
    expect(delivered.headers['access-control-allow-origin']).toBe('*')
  })

  test('holds colours and nothing else', async () => {
    for (const accent of ['red', '#4338CA', '#fff;} body{display:none', 'url(https://x.example)']) {
      const refused = await api.call('PUT', path(), { token: ownerToken, body: { ...plain, accent } })
      expect([accent, refused.status]).toEqual([accent, 400])
    }
  })

  test('is the owner’s to change', async () => {
    const stranger = await api.call('PUT', path(), { token: market.user.token, body: plain })
    expect(stranger.body.code).toBe('provider_not_found')
  })
})

describe('streams', () => {
  const look = async () => ({ shown: {}, mark: '' })
  const end = async (stream: Readable) => {
    const closed = once(stream, 'close')
    stream.destroy()
    await closed
  }

  test('are bounded per viewer, and a closed one makes room', async () => {
    const watches = createWatches()
    const viewer = { id: 'usr_a', address: '192.0.2.1' }
    const open = Array.from({ length: 7 }, () => watches.open(viewer, 'x', look))
    expect(open.map(Boolean)).toEqual([true, true, true, true, true, true, false])
    expect(watches.open({ ...viewer, id: 'usr_b' }, 'x', look)).toBeDefined()
    await end(open[0]!)
    expect(watches.open(viewer, 'x', look)).toBeDefined()
    watches.end()
  })

  test('are bounded per address: many accounts of one leave room for others', () => {
    const watches = createWatches()
    const from = (address: string, n: number) =>
      Array.from({ length: n }, (_, i) => watches.open({ id: `usr_${i}`, address }, 'x', look)).filter(
        Boolean,
      )
    expect(from('192.0.2.1', 300)).toHaveLength(60)
    expect(from('192.0.2.2', 5)).toHaveLength(5)
    watches.end()
  })

  test('end when the server does, and not when their reader goes on', async () => {
    const server = await startTestApi()
    const owner = await addUser(server)
    const id = await addProvider(server, { ownerId: owner.id })
    const url = await server.app.listen({ port: 0, host: '127.0.0.1' })
    const { body } = await fetch(`${url}/providers/${id}/sessions/live`, {
      headers: { authorization: `Bearer ${owner.token}` },
    })
    const reader = body!.getReader()
    await reader.read()
    const rest = (async () => {
      while (!(await reader.read()).done);
    })().catch(() => 'cut off')
    await Promise.all([server.close(), rest])
  })

  test('are not waited for by a stop, nor is a connection that a browser opened ahead of need', async () => {
    const server = await startTestApi()
    const url = await server.app.listen({ port: 0, host: '127.0.0.1' })
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    await once(server.app.server, 'connection')
    await Promise.all([server.close(), once(socket, 'close')])
  })

  test('are not left open by who asks for the head alone', async () => {
    const url = `/providers/${market.providerId}/sessions/live`
    const headers = { authorization: `Bearer ${ownerToken}` }
    const statuses: number[] = []
    for (let i = 0; i < 8; i += 1)
      statuses.push((await api.app.inject({ method: 'HEAD', url, headers })).statusCode)
    expect(statuses).toEqual(Array.from({ length: 8 }, () => 200))
  })

  test('count as reading, each opening once', async () => {
    const reader = await addUser(api)
    const id = await addProvider(api, { ownerId: reader.id })
    const remaining = async () => {
      const { headers } = await api.app.inject({
        method: 'HEAD',
        url: `/providers/${id}/sessions/live`,
        headers: { authorization: `Bearer ${reader.token}` },
      })
      return Number(/^"read";r=(\d+)/.exec(String(headers.ratelimit))?.[1])
    }
    const first = await remaining()
    expect(first).toBeGreaterThan(0)
    expect(await remaining()).toBe(first - 1)
  })

  test('tell an error of their look by ending', async () => {
    const stream = createWatches().open({ id: 'usr_a', address: '192.0.2.1' }, 'x', () =>
      Promise.reject(new Error('no database')),
    )!
    const [error] = (await once(stream, 'error')) as [Error]
    expect(error.message).toBe('no database')
  })
})

describe('the pages', () => {
  const build = async (dist: string, name: string) => {
    await mkdir(join(dist, 'assets'), { recursive: true })
    await writeFile(join(dist, 'assets', `${name}-abc123.js`), `// ${name}`)
    await writeFile(join(dist, 'index.html'), `<title>${name}</title>`)
  }

  test('say how to build them, are then served, and follow the next build', async () => {
    const dist = await mkdtemp(join(tmpdir(), 'dashboard-'))
    const app = Fastify()
    registerPages(app as never, api.deps, dist)
    const get = (url: string, headers = {}) => app.inject({ url, headers })

    const missing = await get('/dashboard')
    expect(missing.statusCode).toBe(503)
    expect(missing.body).toContain('npm run build --workspace apps/dashboard')

    await build(dist, 'one')
    const page = await get('/dashboard/providers/prv_x')
    expect([page.statusCode, page.body]).toEqual([200, '<title>one</title>'])
    expect(page.headers['content-security-policy']).toContain("script-src 'self'")
    expect(page.headers['content-security-policy']).not.toContain('unsafe')
    expect(page.headers['cache-control']).toBe('no-cache')
    const again = await get('/dashboard', { 'if-none-match': page.headers.etag })
    expect(again.statusCode).toBe(304)
    const script = await get('/dashboard/assets/one-abc123.js', { 'accept-encoding': 'gzip, br' })
    expect(script.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect(brotliDecompressSync(script.rawPayload).toString()).toBe('// one')
    const zipped = await get('/dashboard/assets/one-abc123.js', { 'accept-encoding': 'br;q=0, GZIP' })
    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect((await get('/dashboard/assets/two-abc123.js')).statusCode).not.toBe(200)
    expect((await get('/dashboard/..%2f..%2fpackage.json')).statusCode).not.toBe(200)

    await build(dist, 'two')
    await utimes(join(dist, 'index.html'), new Date(), new Date(Date.now() + 5_000))
    expect((await get('/dashboard')).body).toBe('<title>two</title>')
    await app.close()
    await rm(dist, { recursive: true })
  })
})
