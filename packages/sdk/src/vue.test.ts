// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest'
import { createApp as createClientApp, createSSRApp, h, nextTick, onMounted, ref } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { createMarketplaceSession } from './index.ts'
import { createFakeMarketplace, FAKE_API_URL, FAKE_PROVIDER_ID } from './testing/index.ts'
import { marketplaceSession, SessionGate, useMarketplaceSession } from './vue.ts'

const State = {
  setup() {
    const { snapshot, secondsLeft, pause } = useMarketplaceSession()
    return () => h('button', { onClick: pause }, `${snapshot.value.phase} ${secondsLeft.value}`)
  },
}

function createApp(market: ReturnType<typeof createFakeMarketplace>) {
  const tab = market.openBrowser().open(market.launch().href)
  const options = { apiUrl: FAKE_API_URL, providerId: FAKE_PROVIDER_ID, redirect: false, ports: tab.ports }
  const Root = {
    render: () => [
      h(State),
      h(SessionGate, null, { default: () => h('p', 'open'), fallback: () => h('p', 'closed') }),
    ],
  }
  return createSSRApp(Root).use(marketplaceSession, options)
}

test('a server renders it idle, a page hydrates, runs, pauses and unmounts it', async () => {
  const market = createFakeMarketplace()
  const element = document.createElement('div')
  element.innerHTML = await renderToString(createApp(market))
  expect(element.textContent).toBe('idle nullclosed')
  expect(market.api.requests).toEqual([])

  const complaints: unknown[] = []
  const app = createApp(market)
  app.config.warnHandler = (message) => complaints.push(message)
  app.mount(element)
  await market.advance('2s')
  expect(element.textContent).toBe('active 1798open')

  element.querySelector('button')?.click()
  await market.advance('1s')
  await nextTick()
  expect(element.textContent).toBe('paused 1798closed')
  app.unmount()
  expect(complaints).toEqual([])
  const asked = market.api.requests.length
  await market.advance('5m')
  expect(market.api.requests).toHaveLength(asked)
})

test('a gate that is mounted while the session runs is open at once: what stands in for it is not mounted', async () => {
  const market = createFakeMarketplace()
  const { ports } = market.openBrowser().open(market.launch().href)
  const mounted: string[] = []
  const part = (name: string) => ({
    setup() {
      onMounted(() => mounted.push(name))
      return () => h('p', name)
    },
  })
  const [Open, Closed] = [part('open'), part('closed')]
  const slots = { default: () => h(Open), fallback: () => h(Closed) }
  const route = ref('first')
  const app = createClientApp({ render: () => h(SessionGate, { key: route.value }, slots) })
  app.use(marketplaceSession, { apiUrl: FAKE_API_URL, providerId: FAKE_PROVIDER_ID, ports })
  app.mount(document.createElement('div'))
  await market.advance('2s')
  expect(mounted.splice(0)).toEqual(['closed', 'open'])
  route.value = 'second'
  await nextTick()
  expect(mounted).toEqual(['open'])
  app.unmount()
})

test('the apps of one page share the session, and the last one that goes disposes of it', async () => {
  const options = { apiUrl: FAKE_API_URL, providerId: 'prv_shared', dialog: false }
  const session = createMarketplaceSession(options)
  session.dispose = vi.fn(session.dispose)
  const apps = [0, 1].map(() => createSSRApp(State).use(marketplaceSession, options))
  for (const app of apps) app.mount(document.createElement('div'))
  apps[0]?.unmount()
  apps[0]?.unmount()
  await nextTick()
  expect(session.dispose).not.toHaveBeenCalled()
  apps[1]?.unmount()
  await nextTick()
  expect(session.dispose).toHaveBeenCalledOnce()
})
