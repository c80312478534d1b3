import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addUser, startTestApi, type TestApi } from '../harness.ts'
import { createMarket, openSession } from '../play.ts'

let api: TestApi
let port: number
const sockets: Socket[] = []

// The limits of production: nothing here is multiplied.
beforeAll(async () => {
  api = await startTestApi({ env: { RATE_LIMIT_FACTOR: '1' } })
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  port = (api.app.server.address() as AddressInfo).port
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  api.app.server.closeAllConnections()
  await api.close()
})

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${port}${path}`, { headers })

async function openSockets(count: number, bytes: string): Promise<Socket[]> {
  const opened = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      socket.write(bytes)
      return socket
    }),
  )
  sockets.push(...opened)
  return opened
}

describe('a burst of 200 calls from one client', () => {
  test('that read is served, every one', async () => {
    const { token } = await addUser(api, { tokens: 10 })
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => get('/tokens/balance', { authorization: `Bearer ${token}` })),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  })

  test('that open sessions is served, every one', async () => {
    const { user, providerId } = await createMarket(api, { tokens: 200 * 4 })
    const answers = await Promise.all(
      Array.from({ length: 200 }, () =>
        fetch(`http://127.0.0.1:${port}/sessions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
          body: JSON.stringify({ providerId, durationMinutes: 1 }),
        }),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
  })
})

describe('slow clients', () => {
  test('a thousand that never finish their headers keep nobody else waiting', async () => {
    await openSockets(1_000, 'GET /providers HTTP/1.1\r\nHost: a\r\nX-Slow: ')
    expect((await get('/providers')).status).toBe(200)
  })

  test('a thousand that never finish their bodies keep nobody else waiting', async () => {
    await openSockets(
      1_000,
      'POST /sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"providerId":"',
    )
    // All of them have arrived when a request that came after them is answered.
    expect((await get('/healthz')).status).toBe(200)
    expect((await get('/tokens/packages')).status).toBe(200)
  })

  test('one that never finishes its headers is told and hung up on, soon after its time', async () => {
    const { server } = api.app
    server.headersTimeout = 100
    const [socket] = await openSockets(1, 'GET /providers HTTP/1.1\r\nHost: a\r\nX-Slow: ')
    let answer = ''
    socket!.setEncoding('utf8').on('data', (chunk) => {
      answer += chunk
    })
    await once(socket!, 'close')
    server.headersTimeout = 15_000
    expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]+"code":"request_timeout"/)
  })

  test('a reader that takes nothing is given up without harm', async () => {
    const [reader] = await openSockets(1, 'GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n')
    reader?.pause()
    expect((await get('/openapi.json')).status).toBe(200)
    reader?.destroy()
    expect((await get('/healthz')).status).toBe(200)
  })
})

describe('when everything else is shed', () => {
  test('beats keep sessions alive', async () => {
    const play = await openSession(await createMarket(api))
    const { db } = api.deps
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const original = db.inTenant
    db.inTenant = async (tenantId, run) => {
      await gate
      return original.call(db, tenantId, run) as never
    }
    // 600 are let in and wait for a database that does not answer them.
    const waiting = Array.from({ length: 600 }, (_, i) =>
      api.call('GET', `/providers?limit=${(i % 100) + 1}`),
    )
    try {
      await expect.poll(async () => (await api.call('GET', '/providers')).status).toBe(503)
      const beat = await play.beat({ afterSeconds: 30 })
      expect([beat.status, beat.body.session.usedMs]).toEqual([200, 30_000])
      expect((await api.call('GET', '/healthz')).status).toBe(200)
    } finally {
      db.inTenant = original
      release()
      await Promise.all(waiting)
    }
    expect((await api.call('GET', '/tokens/packages')).status).toBe(200)
  })
})
