// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createBrowserPorts } from './browser-ports.ts'
import { type AwayOptions, pauseWhenAway } from './pause-when-away.ts'
import { createFakeMarketplace, settle } from './testing/index.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const phaseOf = ({ session }: Awaited<ReturnType<typeof openTab>>) => session.getSnapshot().phase
const openTab = () => createFakeMarketplace().openTab()

function look(isHidden: boolean, isTold = true): void {
  Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true })
  if (isTold) document.dispatchEvent(new Event('visibilitychange'))
}

/** Resolves when a tab has told the others that it was used last: this one listens since later than they do, and so hears it last. */
function hearLast(line: string): Promise<void> {
  const channel = new BroadcastChannel(line)
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      if (data !== 0) return
      channel.close()
      resolve()
    }
  })
}

async function pass(seconds: number): Promise<void> {
  vi.advanceTimersByTime(seconds * 1000)
  await settle()
}

test('a page hidden for a minute is paused, and goes on when it is looked at', async () => {
  const tab = await openTab()
  const stop = pauseWhenAway(tab.session, { hiddenSeconds: 60 })
  look(true)
  await pass(59)
  expect(phaseOf(tab)).toBe('active')
  await pass(1)
  expect(phaseOf(tab)).toBe('paused')
  look(false)
  await settle()
  expect(phaseOf(tab)).toBe('active')
  stop()
})

test('a page that was restored in the background, and that nobody has looked at, is paused, too', async () => {
  look(true, false)
  const tab = await openTab()
  const stop = pauseWhenAway(tab.session, { hiddenSeconds: 60 })
  await pass(60)
  expect(phaseOf(tab)).toBe('paused')
  stop()
  look(false)
})

test('a page that is looked at in time is not paused', async () => {
  const tab = await openTab()
  const stop = pauseWhenAway(tab.session, { hiddenSeconds: 60 })
  look(true)
  await pass(30)
  look(false)
  await pass(60)
  expect(phaseOf(tab)).toBe('active')
  stop()
})

test.each([
  { away: 'hidden', options: { hiddenSeconds: 60 }, back: 'active' },
  { away: 'idle', options: { idleSeconds: 60 }, back: 'paused' },
])('$away: a pause that the network lost is tried again, and ends like any other', async ({
  options,
  back,
}) => {
  const market = createFakeMarketplace()
  const tab = await market.openTab()
  const stop = pauseWhenAway(tab.session, options)
  look(true)
  market.goOffline()
  await pass(60)
  await market.advance('10s')
  expect(phaseOf(tab)).toBe('active')
  await market.goOnline()
  await pass(60)
  expect(phaseOf(tab)).toBe('paused')
  await pass(60)
  look(false)
  await settle()
  expect(phaseOf(tab)).toBe(back)
  stop()
})

test('a pause that the user made stays when the page is looked at again', async () => {
  const tab = await openTab()
  const stop = pauseWhenAway(tab.session, { hiddenSeconds: 60 })
  await tab.session.pause()
  look(true)
  await pass(90)
  look(false)
  await settle()
  expect(phaseOf(tab)).toBe('paused')
  stop()
})

test('idleness pauses, touches put it off, and the user resumes', async () => {
  const tab = await openTab()
  const stop = pauseWhenAway(tab.session, { idleSeconds: 300 })
  await pass(299)
  document.dispatchEvent(new Event('pointermove'))
  await pass(299)
  expect(phaseOf(tab)).toBe('active')
  await pass(1)
  expect(phaseOf(tab)).toBe('paused')
  document.dispatchEvent(new Event('pointermove'))
  await settle()
  expect(phaseOf(tab)).toBe('paused')
  stop()
})

test('nothing is watched any more once it is stopped', async () => {
  const tab = await openTab()
  pauseWhenAway(tab.session, { hiddenSeconds: 60, idleSeconds: 60 })()
  look(true)
  await pass(600)
  look(false)
  expect(phaseOf(tab)).toBe('active')
})

test('an option is enough, for as long as the session is not disposed of', async () => {
  const watch = createBrowserPorts().watch!
  const market = createFakeMarketplace()
  const tab = await market.openTab({ options: { pauseWhenHidden: 60, pauseWhenIdle: 300 }, ports: { watch } })
  await vi.dynamicImportSettled()
  look(true)
  await pass(60)
  expect(phaseOf(tab)).toBe('paused')
  look(false)
  await settle()
  expect(phaseOf(tab)).toBe('active')
  await pass(300)
  expect(phaseOf(tab)).toBe('paused')
  await tab.session.resume()
  tab.session.dispose()
  await settle()
  look(true)
  await pass(600)
  expect(tab.session.getSnapshot().phase).toBe('active')
  look(false)
})

test('without the options nothing is loaded that would watch', async () => {
  const watch = vi.fn()
  await createFakeMarketplace().openTab({ ports: { watch } })
  expect(watch).not.toHaveBeenCalled()
})

test('who comes back while the pause is on its way goes on', async () => {
  const tab = await openTab()
  const stop = pauseWhenAway(tab.session, { hiddenSeconds: 60 })
  const { fetch } = tab.ports
  let answer = () => {}
  tab.ports.fetch = async (url, init) => {
    const response = await fetch(url, init)
    await new Promise<void>((resolve) => {
      answer = resolve
    })
    return response
  }
  look(true)
  await pass(60)
  look(false)
  tab.ports.fetch = fetch
  answer()
  await settle()
  expect(phaseOf(tab)).toBe('active')
  stop()
})

test('a browser in which tabs cannot talk pauses all the same', async () => {
  vi.stubGlobal('BroadcastChannel', undefined)
  const tab = await openTab()
  const stop = pauseWhenAway(tab.session, { hiddenSeconds: 60 })
  look(true)
  await pass(60)
  await settle()
  expect(phaseOf(tab)).toBe('paused')
  stop()
  look(false)
  vi.unstubAllGlobals()
})

describe('of two tabs', () => {
  /** Two tabs of one browser; the second one is looked at and used. */
  async function openTwo(options: AwayOptions) {
    const market = createFakeMarketplace()
    const [first, second] = [await market.openTab(), await market.openTab({ href: 'https://app.test/' })]
    const stopFirst = pauseWhenAway(first.session, options)
    look(true)
    // The other document of this browser.
    look(false, false)
    const isTold = hearLast(first.session.options.providerId)
    const stopSecond = pauseWhenAway(second.session, options)
    await isTold
    return { first, second, stopFirst, stopSecond }
  }

  test('the one that was left for the other does not pause it', async () => {
    const { second, stopFirst, stopSecond } = await openTwo({ hiddenSeconds: 60, idleSeconds: 300 })
    await pass(299)
    expect(phaseOf(second)).toBe('active')
    stopFirst()
    stopSecond()
  })

  test('one that was opened in the background does not pause the one that is used', async () => {
    const market = createFakeMarketplace()
    const [first, second] = [await market.openTab(), await market.openTab({ href: 'https://app.test/' })]
    const stopFirst = pauseWhenAway(first.session, { hiddenSeconds: 60 })
    look(true, false)
    const stopSecond = pauseWhenAway(second.session, { hiddenSeconds: 60 })
    await hearLast(first.session.options.providerId)
    await pass(60)
    expect(phaseOf(second)).toBe('active')
    stopFirst()
    stopSecond()
    look(false)
  })

  test('the one that was used last pauses both', async () => {
    const { first, stopFirst, stopSecond } = await openTwo({ hiddenSeconds: 60 })
    stopFirst()
    look(true)
    await pass(60)
    await settle()
    expect(phaseOf(first)).toBe('paused')
    stopSecond()
    look(false)
  })
})
