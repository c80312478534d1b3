// Runs in a Hermes VM: the SDK on a phone's ports, against its own fake marketplace. Prints what happened
// as one line of JSON.
import './world.js'
import { createMarketplaceSession } from '@token-marketplace/sdk'
import { createReactNativePorts } from '@token-marketplace/sdk/react-native'
import { createFakeApi, createVirtualTime, FAKE_PROVIDER_ID, settle } from '@token-marketplace/sdk/testing'

const time = createVirtualTime(Date.UTC(2030, 0, 1))
Date.now = time.now
globalThis.setTimeout = (callback, delayMs) => time.set(callback, delayMs, () => false)
globalThis.clearTimeout = time.clear

const api = createFakeApi(time.now)
globalThis.fetch = async (url, { body, headers }) => api.handle(url, body ?? null, headers?.authorization)

const stored = new Map()
const opened = []
let changeState = () => {}
const appState = {
  currentState: 'active',
  addEventListener(_, listener) {
    changeState = listener
    return { remove() {} }
  },
}
const storage = {
  getItem: async (key) => stored.get(key) ?? null,
  setItem: async (key, value) => stored.set(key, value),
}

async function openApp(url) {
  const linking = {
    getInitialURL: async () => url,
    addEventListener: () => ({ remove() {} }),
    openURL: async (to) => opened.push(to),
  }
  const ports = await createReactNativePorts({ providerId: FAKE_PROVIDER_ID, appState, linking, storage })
  const session = createMarketplaceSession({
    apiUrl: 'https://api.marketplace.test',
    providerId: FAKE_PROVIDER_ID,
    ports,
  })
  session.start()
  await settle()
  return session
}

async function main() {
  const seen = {}
  const first = await openApp(`takt://open?launch_jwt=${api.launch({ duration: '30m' }).launchJwt}`)
  seen.opened = { phase: first.getSnapshot().phase, secondsLeft: first.secondsLeft.getSnapshot() }

  await time.advance('10m')
  seen.afterTenMinutes = first.secondsLeft.getSnapshot()
  changeState('background')
  await time.advance('20m')
  seen.usedAfterTwentyInTheBackground = Math.round(api.sessions.get('ses_1').usedMs / 1000)
  first.dispose()

  const second = await openApp(null)
  seen.reopened = { phase: second.getSnapshot().phase, id: second.getSnapshot().session?.id }
  await time.advance('21m')
  seen.ended = { phase: second.getSnapshot().phase, reason: api.sessions.get('ses_1').endReason }
  seen.openedUrls = opened
  print(`RESULT ${JSON.stringify(seen)}`)
}

main().catch((error) => print(`FAILED ${error.stack ?? error}`))
