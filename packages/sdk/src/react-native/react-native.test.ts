import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createSession } from '../create-session.ts'
import { createFakeApi, FAKE_API_URL, FAKE_PROVIDER_ID, settle } from '../testing/index.ts'
import { createReactNativePorts, type ReactNativePorts } from './index.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    vi.advanceTimersByTime(1000)
    await settle()
  }
}

/** A phone: storage that answers later, app state and links under the test's control. */
function createPhone() {
  const api = createFakeApi(() => Date.now())
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) =>
    api.handle(url, init.body as string, (init.headers as Record<string, string>).authorization),
  )
  const stored = new Map<string, string>()
  const opened: string[] = []
  const phone = {
    api,
    ports: undefined as ReactNativePorts | undefined,
    stored,
    opened,
    initialUrl: null as string | null,
    changeState: (_: string) => {},
    openLink: (_: string) => {},
    async openApp() {
      const appState = {
        currentState: 'active',
        addEventListener(_: 'change', listener: (state: string) => void) {
          phone.changeState = listener
          return { remove() {} }
        },
      }
      const linking = {
        getInitialURL: async () => phone.initialUrl,
        addEventListener(_: 'url', listener: (event: { url: string }) => void) {
          phone.openLink = (url) => listener({ url })
          return { remove() {} }
        },
        openURL: async (url: string) => opened.push(url),
      }
      const storage = {
        getItem: async (key: string) => stored.get(key) ?? null,
        setItem: async (key: string, value: string) => stored.set(key, value),
      }
      const ports = await createReactNativePorts({ providerId: FAKE_PROVIDER_ID, appState, linking, storage })
      const session = createSession({ apiUrl: FAKE_API_URL, providerId: FAKE_PROVIDER_ID }, () => ports)
      ports.onLaunch(() => {
        session.dispose()
        session.start()
      })
      await session.start()
      await settle()
      phone.ports = ports
      return session
    },
  }
  return phone
}

const toLink = (launchJwt: string) => `focus://open?launch_jwt=${launchJwt}`

test('a deep link opens the session, and its end leads back to the marketplace', async () => {
  const phone = createPhone()
  phone.initialUrl = toLink(phone.api.launch({ duration: '1m' }).launchJwt)
  const session = await phone.openApp()
  expect(session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
  await pass(62)
  expect(phone.opened).toEqual(['https://marketplace.test/?session=ses_1&reason=expired'])
})

test('an app in the background stops its time, and goes on when it is opened', async () => {
  const phone = createPhone()
  phone.initialUrl = toLink(phone.api.launch().launchJwt)
  const session = await phone.openApp()
  await pass(20)
  phone.changeState('background')
  await pass(600)
  expect(phone.api.sessions.get('ses_1')?.usedMs).toBe(20_000)
  phone.changeState('active')
  await settle()
  expect(session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
  await pass(31)
  expect(phone.api.sessions.get('ses_1')?.usedMs).toBeLessThan(52_000)
})

test('an app that goes to the background while a beat is on its way stops its time all the same', async () => {
  const phone = createPhone()
  phone.initialUrl = toLink(phone.api.launch().launchJwt)
  const session = await phone.openApp()
  await pass(20)
  const { fetch } = globalThis
  let answer = () => {}
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const response = await fetch(url, init)
    await new Promise<void>((resolve) => {
      answer = resolve
    })
    return response
  })
  session.refresh()
  await settle()
  phone.changeState('background')
  vi.stubGlobal('fetch', fetch)
  answer()
  await pass(600)
  expect(phone.api.sessions.get('ses_1')?.usedMs).toBe(20_000)
  phone.changeState('active')
  await settle()
  expect(session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
})

test('an app that was ended finds its session in the storage', async () => {
  const phone = createPhone()
  phone.initialUrl = toLink(phone.api.launch().launchJwt)
  const first = await phone.openApp()
  await pass(5)
  phone.changeState('background')
  first.dispose()
  phone.initialUrl = null
  const second = await phone.openApp()
  expect(second.getSnapshot()).toMatchObject({ phase: 'active', session: { id: 'ses_1' } })
  expect([...phone.stored.keys()].every((key) => /^[\w.-]+$/.test(key))).toBe(true)
})

test('a launch that was not answered before the app was ended is validated by the next one', async () => {
  const phone = createPhone()
  phone.initialUrl = toLink(phone.api.launch().launchJwt)
  const { fetch } = globalThis
  vi.stubGlobal('fetch', () => new Promise(() => {}))
  void phone.openApp()
  await settle()
  vi.stubGlobal('fetch', fetch)
  phone.initialUrl = null
  const second = await phone.openApp()
  expect(second.getSnapshot()).toMatchObject({ phase: 'active', session: { id: 'ses_1' } })
})

test('a further launch while the app runs replaces the session', async () => {
  const phone = createPhone()
  phone.initialUrl = toLink(phone.api.launch().launchJwt)
  const session = await phone.openApp()
  phone.openLink('focus://settings')
  phone.openLink(toLink(phone.api.launch().launchJwt))
  await settle()
  expect(session.getSnapshot()).toMatchObject({ phase: 'active', session: { id: 'ses_2' } })
})

test('a launch that brings the app to the front is there for the session of the next rendering', async () => {
  const phone = createPhone()
  phone.initialUrl = toLink(phone.api.launch().launchJwt)
  const first = await phone.openApp()
  const renderings: (() => void)[] = []
  const ports = phone.ports!
  // As a provider with a new key does it: later, and with a session of its own.
  const second = createSession({ apiUrl: FAKE_API_URL, providerId: FAKE_PROVIDER_ID }, () => ports)
  ports.onLaunch(() =>
    renderings.push(() => {
      first.dispose()
      second.start()
    }),
  )
  phone.changeState('background')
  phone.openLink(toLink(phone.api.launch().launchJwt))
  phone.changeState('active')
  await settle()
  for (const render of renderings) render()
  await settle()
  expect(second.getSnapshot()).toMatchObject({ phase: 'active', session: { id: 'ses_2' } })
})
