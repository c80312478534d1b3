import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, openSession, type Play } from '../../test/play.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const open = async (): Promise<Play> => {
  const play = await openSession(await createMarket(api, { tokens: 100_000 }), { minutes: 480 })
  await play.beat()
  return play
}

const leaseMs = ({ body }: Answer) =>
  Date.parse(body.session.serveUntil) - Date.parse(body.session.serverTime)

test('the beat that uses up the allowance already says that the lease is short', async () => {
  const play = await open()
  const leases = []
  for (let i = 0; i < 5; i += 1) leases.push(leaseMs(await play.beat({ afterSeconds: 131, activeMs: 0 })))
  expect(leases).toEqual([130_000, 130_000, 130_000, 130_000, 45_000])
})

test('pausing and resuming in the marketplace instead of beating is no free ride', async () => {
  const play = await open()
  const leases = []
  for (let i = 0; i < 6; i += 1) {
    api.clock.advance({ seconds: 125 })
    await play.market('POST', '/pause')
    leases.push(leaseMs(await play.market('POST', '/resume')))
  }
  expect(leases).toEqual([130_000, 130_000, 130_000, 130_000, 45_000, 45_000])
})

test('an app that pauses and says activeMs 0 is no free ride either', async () => {
  const play = await open()
  for (let i = 0; i < 5; i += 1) {
    api.clock.advance({ seconds: 125 })
    await play.call('pause', { activeMs: 0 })
    await play.call('resume')
  }
  api.clock.advance({ seconds: 125 })
  expect((await play.call('pause', { activeMs: 0 })).body.session.usedMs).toBe(45_000)
})
