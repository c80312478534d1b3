import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startCapturedApp } from '../../test/captured-log.ts'
import { addProvider, addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'

let api: TestApi
let user: TestUser

beforeAll(async () => {
  api = await startTestApi()
  user = await addUser(api)
})
afterAll(() => api.close())

test('bytes that are no request end a connection, and never stand inside the answer before', async () => {
  const providerId = await addProvider(api, { ownerId: user.id })
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((api.app.server.address() as AddressInfo).port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk
  })
  socket.write(
    `GET /providers/${providerId}/sessions/live HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${user.token}\r\n\r\n`,
  )
  await vi.waitFor(() => expect(answer).toContain('event: sessions'))
  socket.write('noise\r\n\r\n')
  await once(socket, 'close')
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200'])
})

test('who goes away in the middle of a body is no failure of ours', async () => {
  const { app, logged } = await startCapturedApp(api)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(
    'POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  )
  await once(app.server, 'request')
  socket.destroy()
  await vi.waitFor(() => expect(logged()).toMatch(/request (refused|failed)/))
  expect(logged()).not.toContain('"level":"error"')
  await app.close()
})
