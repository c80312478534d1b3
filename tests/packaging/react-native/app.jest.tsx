// Run by Jest with React Native's own preset, in the installed example.
import { createFakeApi, settle } from '@token-marketplace/sdk/testing'
import { AppState, Linking, Text } from 'react-native'
import { act, create, type ReactTestRenderer } from 'react-test-renderer'
import { Root } from './src/root'

const api = createFakeApi(() => Date.now())
const stored = new Map<string, string>()
const storage = {
  getItem: async (key: string) => stored.get(key) ?? null,
  setItem: async (key: string, value: string) => stored.set(key, value),
}
let openLink = (_: { url: string }) => {}
let app: ReactTestRenderer

beforeEach(() => {
  stored.clear()
  globalThis.fetch = async (url, init) =>
    api.handle(
      String(url),
      (init?.body as string) ?? null,
      new Headers(init?.headers).get('authorization') ?? undefined,
    )
  jest.spyOn(Linking, 'addEventListener').mockImplementation(((_: 'url', listener: typeof openLink) => {
    openLink = listener
    return { remove() {} }
  }) as never)
  jest.spyOn(Linking, 'openURL').mockResolvedValue(undefined as never)
  AppState.currentState = 'active'
})
afterEach(() => act(() => app.unmount()))

const toLink = () => `takt://open?launch_jwt=${api.launch({ duration: '30m' }).launchJwt}`
const words = () =>
  app.root
    .findAllByType(Text)
    .map(({ props }) => [props.children].flat().join(''))
    .join('\n')
const press = (title: string) =>
  act(async () => {
    const isIt = ({ props }: { props: Record<string, unknown> }) => props.title === title && 'act' in props
    app.root.find(isIt).props.act()
    await settle()
  })

async function open(url: string | null) {
  jest.spyOn(Linking, 'getInitialURL').mockResolvedValue(url)
  await act(async () => {
    app = create(<Root storage={storage} />)
    await settle()
  })
  await act(settle)
}

test('a link opens the session, and the tool with it', async () => {
  await open(toLink())
  expect(words()).toMatch(/(30:00|29:59) left/)
  expect(words()).toContain('Tap the beat')
})

test('a pause closes the tool, and resuming opens it', async () => {
  await open(toLink())
  await press('Pause')
  expect(words()).toContain('Paused.')
  expect(words()).not.toContain('Tap the beat')
  await press('Resume')
  expect(words()).toContain('Tap the beat')
})

test('the end leads back to the marketplace', async () => {
  await open(toLink())
  await press('Finish')
  expect(Linking.openURL).toHaveBeenCalledWith(expect.stringContaining('reason=completed'))
  expect(words()).toContain('That was your session')
})

test('an app opened without a link says what is missing', async () => {
  await open(null)
  expect(words()).toContain('marketplace')
  expect(words()).not.toContain('Tap the beat')
})

test('a further launch replaces the session', async () => {
  await open(toLink())
  const before = api.sessions.size
  await act(async () => {
    openLink({ url: toLink() })
    await settle()
  })
  await act(settle)
  expect(api.sessions.size).toBe(before + 1)
  expect(api.sessions.get(`ses_${before + 1}`)?.status).toBe('active')
  expect(words()).toContain('Tap the beat')
})
