import { describe, expect, test } from 'vitest'
import { createFakeMarketplace, type FakeMarketplace, type OpenTab, settle } from './testing/index.ts'

const told = ({ api }: FakeMarketplace) =>
  api.requests
    .filter(({ path }) => path.endsWith('/heartbeat'))
    .map(({ body }) => ({ sequence: body.sequence, activeMs: body.activeMs }))

/** Requests arrive and their answers are lost, or neither, loudly or in silence; gives the way back. */
function breakNetwork(tab: OpenTab, isHeard: boolean, isSilent = false): () => void {
  const { fetch } = tab.ports
  let isBroken = true
  tab.ports.fetch = (url, init) => {
    if (!isBroken) return fetch(url, init)
    if (isHeard) void fetch(url, init)
    return new Promise((_, reject) => {
      if (isSilent) init.signal!.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
      else reject(new TypeError('Failed to fetch'))
    })
  }
  return () => {
    isBroken = false
  }
}

async function open() {
  const market = createFakeMarketplace()
  const tab = await market.openTab({ href: market.launch({ duration: '2h' }).href })
  return { market, tab, session: market.api.sessions.get('ses_1')! }
}

test('a beat that failed is asked for, and where it was heard only the rest follows, at once', async () => {
  const { market, tab } = await open()
  await market.advance('29s')
  const mend = breakNetwork(tab, true)
  await market.advance('2s')
  mend()
  await market.advance('5s')
  expect(told(market).filter(({ sequence }) => sequence === 2)).toEqual([{ sequence: 2, activeMs: 30_000 }])
  expect(told(market).find(({ sequence }) => sequence === 3)?.activeMs).toBeLessThan(6_000)
})

test('a beat that was not heard is told as it is now, under its own sequence', async () => {
  const { market, tab } = await open()
  await market.advance('29s')
  const mend = breakNetwork(tab, false)
  await market.advance('2s')
  mend()
  await market.advance('5s')
  const beats = told(market).slice(1)
  expect(beats).toEqual([{ sequence: 2, activeMs: expect.any(Number) }])
  expect(beats[0]!.activeMs).toBeGreaterThan(31_000)
})

test('a beat in silence is sent a second time after three seconds, under its own sequence', async () => {
  const { market, tab, session } = await open()
  await market.advance('29s')
  const mend = breakNetwork(tab, false, true)
  await market.advance('2s')
  mend()
  await market.advance('3s')
  expect(session.sequence).toBe(2)
  expect(tab.session.getSnapshot()).toMatchObject({ canServe: true, error: null })
})

/** As many requests as given arrive, and nothing is ever answered. */
function fallSilent(tab: OpenTab, heard: number): () => void {
  const { fetch } = tab.ports
  let isSilent = true
  tab.ports.fetch = (url, init) => {
    if (!isSilent) return fetch(url, init)
    if (heard-- > 0) void fetch(url, init)
    return new Promise((_, reject) => {
      init.signal!.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
    })
  }
  return () => {
    isSilent = false
  }
}

/** Lets time pass and gives how much of it was served. */
async function use(market: FakeMarketplace, tab: OpenTab, seconds: number): Promise<number> {
  let servedMs = 0
  for (let tenths = 0; tenths < seconds * 10; tenths++) {
    if (tab.session.getSnapshot().canServe) servedMs += 100
    await market.advance('100ms')
  }
  return servedMs
}

describe('an answer is lost as the network goes', () => {
  test.each([
    40, 80, 126, 300,
  ])('and the use after the beat that was heard is told after an outage of %i s', async (seconds) => {
    const { market, tab, session } = await open()
    let servedMs = await use(market, tab, 29)
    const mend = fallSilent(tab, 1)
    servedMs += await use(market, tab, seconds)
    expect(session).toMatchObject({ sequence: 2, usedMs: 30_000 })
    mend()
    servedMs += await use(market, tab, 60)
    expect(Math.abs(market.read('ses_1').usedMs - servedMs)).toBeLessThanOrEqual(1_000)
  })

  test('and a sleep after it is not billed, whichever copy was heard', async () => {
    const { market, tab, session } = await open()
    await market.advance('29s')
    const { fetch } = tab.ports
    const lose = fallSilent(tab, 0)
    await market.advance('2s')
    lose()
    tab.ports.fetch = fetch
    const mend = fallSilent(tab, 1)
    await market.advance('5s')
    expect(session).toMatchObject({ sequence: 2, usedMs: 33_000 })
    await market.sleepLaptop('100s')
    mend()
    const servedMs = await use(market, tab, 60)
    expect(Math.abs(market.read('ses_1').usedMs - 36_000 - servedMs)).toBeLessThanOrEqual(1_000)
  })

  test('and the time a provider gives away is not told a second time', async () => {
    const market = createFakeMarketplace()
    const { href } = market.launch({ duration: '2h' })
    const tab = await market.openTab({ href, options: { onUnavailable: 'allow-until-paid' } })
    const session = market.api.sessions.get('ses_1')!
    await market.advance('29s')
    const lose = fallSilent(tab, 0)
    await market.advance('300s')
    lose()
    const mend = fallSilent(tab, 2)
    tab.tell('online')
    await market.advance('60s')
    mend()
    await market.advance('40s')
    const before = market.read('ses_1').usedMs
    await market.sleepLaptop('100s')
    await market.advance('1s')
    expect(session.usedMs - before).toBeLessThanOrEqual(2_000)
  })

  test('and nothing is told a second time where the end of the paid time cuts the lease short', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab({ href: market.launch({ duration: '170s' }).href })
    const session = market.api.sessions.get('ses_1')!
    await market.advance('59s')
    const mend = fallSilent(tab, 1)
    await market.advance('5s')
    expect(session.sequence).toBe(3)
    await market.sleepLaptop('60s')
    mend()
    const servedMs = await use(market, tab, 20)
    expect(market.read('ses_1').usedMs - 64_000 - servedMs).toBeLessThanOrEqual(1_000)
  })
})

test('the next beat is due one interval after the one that was heard, not after its answer', async () => {
  const { market, tab } = await open()
  await market.advance('29s')
  const mend = fallSilent(tab, 1)
  await market.advance('1s')
  mend()
  await market.advance('35s')
  const heardAt = market.api.requests.find(({ body }) => body.sequence === 2)!.at
  const next = market.api.requests.find(({ body }) => Number(body.sequence) > 2)!
  expect(next.at - heardAt).toBeLessThanOrEqual(30_000)
})

test('use that was heard before a sleep, its answer lost, is not told again after it', async () => {
  const { market, tab, session } = await open()
  await market.advance('29s')
  const mend = breakNetwork(tab, true)
  await market.advance('1s')
  await market.sleepLaptop('90s')
  mend()
  tab.tell('online')
  await market.advance('1s')
  expect(session.usedMs).toBeGreaterThanOrEqual(30_000)
  expect(session.usedMs).toBeLessThanOrEqual(32_000)
})

test('use that was not heard before an outage is told whole after it', async () => {
  const { market, tab } = await open()
  await market.advance('29s')
  const mend = breakNetwork(tab, false)
  await market.advance('80s')
  mend()
  await market.advance('30s')
  expect(market.read('ses_1').usedMs).toBe(139_000)
  expect(tab.session.getSnapshot().canServe).toBe(true)
})

test('an outage whose first beat was heard counts once', async () => {
  const { market, tab, session } = await open()
  await market.advance('29s')
  const mend = breakNetwork(tab, true)
  await market.advance('1s')
  mend()
  const mendAgain = breakNetwork(tab, false)
  await market.advance('80s')
  mendAgain()
  await market.advance('30s')
  expect(market.read('ses_1').usedMs).toBeCloseTo(140_000, -2)
  expect(session.status).toBe('active')
})

test.each([
  'fails',
  'is never heard of',
])('the closed gate after a sleep is not billed where the answer that opens it %s', async (how) => {
  const { market, tab, session } = await open()
  await market.advance('29s')
  const mend = breakNetwork(tab, true, how !== 'fails')
  await market.sleepLaptop('10m')
  await market.advance('100ms')
  const before = session.usedMs
  // The clocks are doubted for three seconds, and the gate stays as it was.
  const inDoubtMs = await use(market, tab, 5)
  expect(tab.session.getSnapshot().canServe).toBe(false)
  mend()
  const servedMs = inDoubtMs + (await use(market, tab, 40))
  expect(servedMs).toBeGreaterThan(30_000)
  const billedMs = market.read('ses_1').usedMs - before
  expect(Math.abs(billedMs - servedMs)).toBeLessThanOrEqual(1_000)
})

test('a page that is closed behind its closed gate says no last word, which would bill the wait', async () => {
  const { market, tab, session } = await open()
  await market.advance('29s')
  breakNetwork(tab, true)
  await market.sleepLaptop('10m')
  await market.advance('1s')
  const before = session.usedMs
  await market.advance('14s')
  expect(tab.session.getSnapshot().canServe).toBe(false)
  tab.close()
  // The clocks were doubted for three seconds, and the gate stayed as it was.
  expect(session.usedMs - before).toBeLessThanOrEqual(1_000)
})

describe('a page is reloaded in an outage', () => {
  /** 29 s with a network, then 60 s without, in which a beat and the last word are heard, or not. */
  async function reload(isBeatHeard: boolean, isLastWordHeard: boolean) {
    const { market, tab } = await open()
    await market.advance('29s')
    const mend = breakNetwork(tab, isBeatHeard)
    await market.advance('2s')
    mend()
    breakNetwork(tab, false)
    await market.advance('58s')
    if (!isLastWordHeard) tab.ports.beacon = () => {}
    tab.close()
    return market
  }

  test.each([
    { isBeatHeard: false, isLastWordHeard: false },
    { isBeatHeard: true, isLastWordHeard: false },
    { isBeatHeard: true, isLastWordHeard: true },
  ])('and what was not heard is told by the page after it, once: $isBeatHeard, $isLastWordHeard', async ({
    isBeatHeard,
    isLastWordHeard,
  }) => {
    const market = await reload(isBeatHeard, isLastWordHeard)
    await market.openTab({ href: 'https://app.test/' })
    await market.advance('1s')
    expect(market.read('ses_1').usedMs).toBe(90_000)
  })

  test.each([
    { isBeatHeard: false, isLastWordHeard: false, billedMs: 89_000 },
    { isBeatHeard: true, isLastWordHeard: false, billedMs: 89_000 },
    { isBeatHeard: true, isLastWordHeard: true, billedMs: 89_000 },
    // The last word told only what the beat did not.
    { isBeatHeard: false, isLastWordHeard: true, billedMs: 59_000 },
  ])('and the time until it is opened again is nobody’s: $isBeatHeard, $isLastWordHeard', async ({
    isBeatHeard,
    isLastWordHeard,
    billedMs,
  }) => {
    const market = await reload(isBeatHeard, isLastWordHeard)
    await market.advance('10m')
    await market.openTab({ href: 'https://app.test/' })
    await market.advance('40s')
    expect(market.read('ses_1').usedMs).toBe(billedMs + 40_000)
  })
})

test('the gate stays open between the last word of a page and the beat of the one after it, which bills that', async () => {
  const { market, tab, session } = await open()
  await market.advance('29s')
  breakNetwork(tab, true)
  await market.advance('5s')
  tab.close()
  expect(session).toMatchObject({ sequence: 3, hasLeft: true })
  let isLost = false
  const fetch: typeof tab.ports.fetch = (url, { body, headers }: RequestInit = {}) => {
    const { authorization } = headers as Record<string, string>
    if (isLost || !url.endsWith('/heartbeat'))
      return Promise.resolve(market.api.handle(url, (body as string) ?? null, authorization))
    isLost = true
    return new Promise(() => {})
  }
  const before = session.usedMs
  const again = await market.openTab({ href: 'https://app.test/', ports: { fetch } })
  expect(await use(market, again, 5)).toBe(5_000)
  expect(market.read('ses_1').usedMs - before).toBe(5_000)
})

test('what a page has told and not heard of survives its reload', async () => {
  const { market, tab, session } = await open()
  await market.advance('29s')
  breakNetwork(tab, true)
  await market.advance('1s')
  expect(session.sequence).toBe(2)
  // Its last word is lost.
  tab.ports.beacon = () => {}
  tab.crash()
  const again = await market.openTab({ href: 'https://app.test/' })
  await settle()
  expect(told(market).at(-1)).toMatchObject({ sequence: 3, activeMs: 0 })
  await market.advance('30s')
  expect(market.read('ses_1').usedMs).toBe(60_000)
  expect(again.session.getSnapshot().canServe).toBe(true)
})

test('a last word says only what the unanswered beat before it did not', async () => {
  const { market, tab } = await open()
  await market.advance('29s')
  breakNetwork(tab, true)
  await market.advance('4s')
  tab.close()
  expect(told(market).at(-1)).toMatchObject({ sequence: 3, activeMs: 3_000 })
})

test('another tab goes on with what the one that led had told', async () => {
  const { market, tab } = await open()
  await market.advance('10s')
  const other = await market.openTab({ href: 'https://app.test/' })
  await market.advance('20s')
  const next = told(market).at(-1)!.sequence as number
  breakNetwork(tab, true)
  await market.advance('30s')
  tab.crash()
  await market.advance('15s')
  const repeated = told(market).filter(({ sequence }) => sequence === next + 1)
  expect(new Set(repeated.map(({ activeMs }) => activeMs)).size).toBe(1)
  expect(other.session.getSnapshot()).toMatchObject({ canServe: true, error: null })
})

test('what the second copy of a beat told is not told again by another tab, after a sleep', async () => {
  const { market, tab, session } = await open()
  await market.advance('5s')
  const other = await market.openTab({ href: 'https://app.test/' })
  await market.advance('29s')
  const mend = fallSilent(tab, 0)
  await market.advance('2s')
  mend()
  await market.advance('4s')
  expect(session.usedMs).toBe(38_000)
  const mendOther = breakNetwork(other, false)
  tab.crash()
  await market.sleepLaptop('100s')
  mendOther()
  other.tell('online')
  await settle()
  // The two seconds since the copy was heard.
  expect(session.usedMs).toBeLessThanOrEqual(40_500)
})

test('a pause whose beat before was not answered stops the clock all the same', async () => {
  const { market, tab, session } = await open()
  await market.advance('29s')
  const mend = breakNetwork(tab, true)
  await market.advance('1s')
  mend()
  await tab.session.pause()
  expect(session.status).toBe('paused')
  expect(tab.session.getSnapshot().phase).toBe('paused')
})

test.each<[string, boolean, number]>([
  ['that stays in sight', false, 24_000],
  ['it hides', true, 1_000],
])('a tab that is opened after an outage from one %s tells its use', async (_which, isHidden, mostLostMs) => {
  const { market, tab } = await open()
  await market.advance('29s')
  breakNetwork(tab, false)
  await market.advance('80s')
  if (isHidden) tab.setVisible(false)
  const other = await market.openTab({ href: 'https://app.test/' })
  await settle()
  expect(other.session.getSnapshot()).toMatchObject({ canServe: true, error: null })
  expect(109_000 - market.read('ses_1').usedMs).toSatisfy((lost) => lost >= 0 && lost < mostLostMs)
})
