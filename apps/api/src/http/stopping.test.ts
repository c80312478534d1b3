/**
 * What a stop does to connections: nobody loses an answer by it, and nobody keeps it waiting.
 *
 * @module
 */
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test, vi } from 'vitest'
import { startTestApi } from '../../test/harness.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** The API on a port, with an answer that the test gives when it wants to. */
async function startSlowApi() {
  const api = await startTestApi()
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const { deps } = api
  const inTenant = deps.db.inTenant.bind(deps.db)
  deps.db.inTenant = (async (...given: Parameters<typeof inTenant>) => {
    await answered
    return inTenant(...given)
  }) as typeof deps.db.inTenant
  const url = await api.app.listen({ port: 0, host: '127.0.0.1' })
  return { api, url, port: Number(new URL(url).port), answer }
}

test('a request in flight is answered, and its connection is not waited for afterwards', async () => {
  const { api, url, answer } = await startSlowApi()
  const agent = new Agent({ keepAlive: true })
  const asking = once(get(`${url}/providers`, { agent }), 'response')
  await once(api.app.server, 'request')
  const stopping = api.close()
  answer()
  const [response] = await asking
  expect([response.statusCode, response.headers.connection]).toEqual([200, 'close'])
  await text(response)
  await stopping
  agent.destroy()
})

test('a request that is on its way when the stop begins is answered', async () => {
  const { api, port, answer } = await startSlowApi()
  answer()
  const socket = connect(port, '127.0.0.1')
  await once(api.app.server, 'connection')
  const stopping = api.close()
  socket.write('GET /providers HTTP/1.1\r\nHost: here\r\n\r\n')
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  await stopping
})

test('a request that never ends keeps nothing waiting longer than ten seconds', async () => {
  const { api, port } = await startSlowApi()
  const socket = connect(port, '127.0.0.1')
  socket.write(
    'POST /auth/login HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  )
  await once(api.app.server, 'request')
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const serverStops = vi.spyOn(api.app.server, 'close')
  const stopping = api.close()
  await vi.waitFor(() => expect(serverStops).toHaveBeenCalled())
  vi.advanceTimersByTime(10_000)
  await stopping
  expect(await text(socket)).toBe('')
})
