// @vitest-environment happy-dom
import { act, StrictMode } from 'react'
import { createRoot, hydrateRoot } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import { beforeEach, expect, test, vi } from 'vitest'
import { createMarketplaceSession } from './index.ts'
import { MarketplaceSessionProvider, SessionGate, useMarketplaceSession, useSecondsLeft } from './react.ts'
import { createFakeMarketplace, FAKE_API_URL, FAKE_PROVIDER_ID } from './testing/index.ts'

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })

const market = () => createFakeMarketplace()
type Market = ReturnType<typeof market>

let renders = 0
beforeEach(() => {
  renders = 0
})

function State() {
  const { phase, pause, session } = useMarketplaceSession()
  renders++
  return (
    <button type="button" onClick={() => pause()}>
      {phase} {session?.id ?? 'none'}
    </button>
  )
}

const Seconds = () => <i>{useSecondsLeft() ?? 'unknown'}</i>

function createApp(marketplace: Market) {
  const tab = marketplace.openBrowser().open(marketplace.launch().href)
  return (
    <StrictMode>
      <MarketplaceSessionProvider
        apiUrl={FAKE_API_URL}
        providerId={FAKE_PROVIDER_ID}
        redirect={false}
        ports={tab.ports}
      >
        <State />
        <Seconds />
        <SessionGate fallback={<p>closed</p>}>
          <p>open</p>
        </SessionGate>
      </MarketplaceSessionProvider>
    </StrictMode>
  )
}

test('StrictMode renders one session, its seconds and its gate', async () => {
  const marketplace = market()
  const element = document.createElement('div')
  const root = createRoot(element)
  await act(async () => root.render(createApp(marketplace)))
  await act(() => marketplace.advance('1s'))
  expect(element.innerHTML).toBe('<button type="button">active ses_1</button><i>1799</i><p>open</p>')
  expect(marketplace.api.requests.filter(({ path }) => path.endsWith('/validate'))).toHaveLength(1)

  const before = renders
  await act(() => marketplace.advance('20s'))
  expect(element.querySelector('i')?.textContent).toBe('1779')
  expect(renders).toBe(before)

  element.querySelector('button')?.click()
  await act(() => marketplace.advance('1s'))
  expect(element.textContent).toContain('paused ses_1')
  expect(element.textContent).toContain('closed')

  await act(async () => root.unmount())
  const beats = marketplace.api.requests.length
  await marketplace.advance('5m')
  expect(marketplace.api.requests).toHaveLength(beats)
})

test('StrictMode, which mounts twice, loads one dialog, says no last word and beats once', async () => {
  const marketplace = market()
  const browser = marketplace.openBrowser()
  const before = await marketplace.openTab({ browser })
  before.close()
  const asked = marketplace.api.requests.length
  const view = vi.fn(async () => () => {})
  const { ports } = browser.open('https://app.test/', { view })
  const root = createRoot(document.createElement('div'))
  const options = { apiUrl: FAKE_API_URL, providerId: FAKE_PROVIDER_ID, ports }
  await act(async () =>
    root.render(
      <StrictMode>
        <MarketplaceSessionProvider {...options}>{null}</MarketplaceSessionProvider>
      </StrictMode>,
    ),
  )
  await act(() => marketplace.advance('1s'))
  expect(view).toHaveBeenCalledOnce()
  expect(marketplace.api.requests.slice(asked).map(({ path, body }) => [path, body.final])).toEqual([
    ['/sessions/ses_1/heartbeat', undefined],
  ])
  await act(async () => root.unmount())
})

test('a server renders it idle, and hydration finds the same', async () => {
  const marketplace = market()
  const app = createApp(marketplace)
  const html = renderToString(app)
  expect(html).toContain('closed')
  const element = document.createElement('div')
  element.innerHTML = html
  const complaints: unknown[] = []
  await act(async () => {
    hydrateRoot(element, app, { onRecoverableError: (error) => complaints.push(error) })
  })
  await act(() => marketplace.advance('1s'))
  expect(complaints).toEqual([])
  expect(element.textContent).toContain('active ses_1')
})

test('what is saved on the way back is what the last rendering knows', async () => {
  const marketplace = market()
  const tab = marketplace.openBrowser().open(marketplace.launch().href)
  const saved: string[] = []
  const render = (draft: string) => (
    <MarketplaceSessionProvider
      apiUrl={FAKE_API_URL}
      providerId={FAKE_PROVIDER_ID}
      ports={tab.ports}
      onBeforeRedirect={() => saved.push(draft)}
    />
  )
  const root = createRoot(document.createElement('div'))
  await act(async () => root.render(render('')))
  await act(() => marketplace.advance('1m'))
  await act(async () => root.render(render('a page of text')))
  await act(() => marketplace.advance('31m'))
  expect(tab.leftTo).toContain('reason=expired')
  expect(saved).toEqual(['a page of text'])
})

test('the providers of one page share the session, and the last one that goes disposes of it', async () => {
  const options = { apiUrl: FAKE_API_URL, providerId: 'prv_shared', dialog: false }
  const session = createMarketplaceSession(options)
  session.dispose = vi.fn(session.dispose)
  const roots = [0, 1].map(() => createRoot(document.createElement('div')))
  for (const root of roots)
    await act(async () =>
      root.render(<MarketplaceSessionProvider {...options}>{null}</MarketplaceSessionProvider>),
    )
  await act(async () => roots[0]?.unmount())
  expect(session.dispose).not.toHaveBeenCalled()
  await act(async () => roots[1]?.unmount())
  expect(session.dispose).toHaveBeenCalledOnce()
})

test('a hook outside of the provider says what is missing', () => {
  expect(() => renderToString(<State />)).toThrow('MarketplaceSessionProvider')
})
