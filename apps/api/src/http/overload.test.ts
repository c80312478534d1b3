import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startTestApi, type TestApi } from '../../test/harness.ts'

let api: TestApi
let port: number

beforeAll(async () => {
  // Six may be in flight.
  api = await startTestApi({ env: { RATE_LIMIT_FACTOR: '0.01' } })
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  port = (api.app.server.address() as AddressInfo).port
})
afterAll(() => api.close())

test('callers who go away before they are counted keep nobody’s place', async () => {
  const answers: ServerResponse[] = []
  const closed: Promise<unknown>[] = []
  api.app.server.on('request', (_request, answer: ServerResponse) => answers.push(answer))
  api.app.server.on('connection', (connection: Socket) => closed.push(once(connection, 'close')))
  // Their origin is being looked up when they go.
  const { batch } = api.deps.db
  let release = () => {}
  const held = new Promise<never[]>((resolve) => {
    release = () => resolve([])
  })
  const query = vi.spyOn(batch, 'query').mockReturnValue(held)
  for (let i = 1; i <= 6; i += 1) {
    const caller = connect(port, '127.0.0.1')
    caller.write(
      `GET /api/v1/sessions/ses_00000000000000000000000000 HTTP/1.1\r\nHost: a\r\nOrigin: https://app${i}.example\r\n\r\n`,
    )
    await vi.waitFor(() => expect(query).toHaveBeenCalledTimes(i))
    caller.destroy()
  }
  await Promise.all(closed)
  release()
  await vi.waitFor(() =>
    expect(answers.map(({ writableEnded }) => writableEnded)).toEqual(Array(6).fill(true)),
  )
  query.mockRestore()
  expect((await api.call('GET', '/providers')).status).toBe(200)
})
