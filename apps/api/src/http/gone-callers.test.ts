import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startCapturedApp } from '../../test/captured-log.ts'
import { startTestApi, type TestApi } from '../../test/harness.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('who goes away before the answer is on record, as slow answers are what people leave for', async () => {
  const { app, logged } = await startCapturedApp(api)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  let release = () => {}
  const held = new Promise<never[]>((resolve) => {
    release = () => resolve([])
  })
  const query = vi.spyOn(api.deps.db, 'inTenant').mockReturnValue(held)
  const whole = connect(port, '127.0.0.1')
  whole.write('GET /providers?q=secret HTTP/1.1\r\nHost: a\r\n\r\n')
  await vi.waitFor(() => expect(query).toHaveBeenCalled())
  whole.destroy()
  await vi.waitFor(() => expect(logged()).toContain('"msg":"caller went away"'))
  release()
  query.mockRestore()

  // Who never finishes asking was not kept waiting by us.
  const half = connect(port, '127.0.0.1')
  half.write(
    'POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  )
  await once(app.server, 'request')
  half.destroy()
  await vi.waitFor(() => expect(logged()).toContain('request refused'))

  const gone = logged().match(/^.*"caller went away".*$/gm) ?? []
  expect(gone.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({
      method: 'GET',
      path: '/providers',
      route: '/providers',
      ms: expect.any(Number),
    }),
  ])
  const { body } = await app.inject('/metrics')
  expect(body.match(/^http_request_duration_seconds_count.*status="499".*$/gm)).toEqual([
    'http_request_duration_seconds_count{method="GET",route="/providers",status="499"} 1',
  ])
  await app.close()
})
