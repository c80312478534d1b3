import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, openSession, validateLaunch } from '../../test/play.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('a launch that holds the session is good until a later one is shown, not until it is made', async () => {
  const market = await createMarket(api)
  const play = await openSession(market, { validate: false })
  const first = play.launchJwt
  expect((await validateLaunch(play, { launchJwt: first })).status).toBe(200)
  await play.beat({ afterSeconds: 30 })
  const second = (await play.market('POST', '/relaunch')).body.launchJwt
  const again = await validateLaunch(play, { launchJwt: first })
  expect([again.status, again.body.session?.usedMs, again.body.session?.sequence]).toEqual([200, 30_000, 1])
  expect((await validateLaunch(play, { launchJwt: first, clientId: 'another_one' })).body.code).toBe(
    'launch_already_used',
  )
  const third = (await play.market('POST', '/relaunch')).body.launchJwt
  expect((await validateLaunch(play, { launchJwt: second })).body.code).toBe('launch_invalid')
  // Which spends nothing of the later one.
  expect((await validateLaunch(play, { launchJwt: first })).status).toBe(200)
  expect((await validateLaunch(play, { launchJwt: third, clientId: 'another_one' })).status).toBe(200)
  expect((await validateLaunch(play, { launchJwt: first })).body.code).toBe('launch_invalid')
})
