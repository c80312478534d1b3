import { expect, test } from 'vitest'
import { createFakeMarketplace, type OpenTab, settle } from './testing/index.ts'

const SEEDS = process.env.LONG === '1' ? 500 : 20

/** A repeatable die. */
function createDie(seed: number) {
  let state = seed
  return (sides: number) => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return Math.floor((state / 4_294_967_296) * sides)
  }
}

/** What the SDK may serve beyond the lease: its doubt after a jump of the clocks, and a tick of a hidden tab. */
const TOLERANCE_MS = 6_000

async function live(seed: number): Promise<void> {
  const roll = createDie(seed)
  const market = createFakeMarketplace()
  const { id, href } = market.launch({ duration: '40m' })
  const session = market.api.sessions.get(id)!
  let tabs: OpenTab[] = [await market.openTab({ href })]
  const story: string[] = []
  let isOnline = true
  let servedMs = 0
  let hasSlept = false
  let beatAtLie: number | undefined

  const pick = () => tabs[roll(tabs.length)]
  const say = (what: string) =>
    story.push(`${Math.round((market.now() - session.createdAt) / 1000)}s ${what}`)

  const inspect = () => {
    const context = () => `seed ${seed}: ${story.slice(-12).join(', ')}`
    for (const tab of tabs) {
      const { canServe, phase } = tab.session.getSnapshot()
      if (tab.leftTo && session.status !== 'ended') throw new Error(`left too early; ${context()}`)
      if (session.lastBeatAt !== beatAtLie) beatAtLie = undefined
      // A page opened offline under a clock that was set back cannot know how old its record is.
      if (canServe && !hasSlept && beatAtLie === undefined) {
        const isHeld = session.status === 'active' && session.leaseEnd !== null
        const lateMs = isHeld ? market.now() - session.leaseEnd! : 0
        if (lateMs > TOLERANCE_MS) throw new Error(`served ${lateMs} ms too long; ${context()}`)
      }
      if (phase === 'failed')
        throw new Error(`failed with ${tab.session.getSnapshot().error?.code}; ${context()}`)
    }
    // Nobody pays for time they did not get.
    if (session.usedMs > servedMs + TOLERANCE_MS)
      throw new Error(`billed ${session.usedMs} ms, served ${servedMs} ms; ${context()}`)
  }

  const advance = async (seconds: number) => {
    for (let second = 0; second < seconds && session.status !== 'ended'; second++) {
      const isServed = tabs.some((tab) => tab.session.getSnapshot().canServe)
      await market.advance('1s')
      if (isServed) servedMs += 1_000
      inspect()
    }
  }

  for (let step = 0; step < 60 && session.status !== 'ended'; step++) {
    tabs = tabs.filter((tab) => !tab.leftTo)
    hasSlept = false
    const tab = pick()
    const act = tab ? roll(12) : 4
    if (act === 0) {
      isOnline = !isOnline
      say(isOnline ? 'online' : 'offline')
      if (isOnline) await market.goOnline()
      else market.goOffline()
    } else if (act === 1) {
      const seconds = 1 + roll(600)
      say(`sleep ${seconds}`)
      hasSlept = true
      await market.sleepLaptop(seconds * 1000, roll(2) === 0)
      await market.advance('4s')
      // What the rules take for use: a gap this short cannot be told from a slow page.
      servedMs += 4_000 + Math.min(seconds * 1000, 65_000)
    } else if (act === 2) {
      const seconds = roll(7200) - 3600
      say(`clock moved ${seconds}`)
      market.skewClock(seconds * 1000)
      if (seconds < 0) beatAtLie = session.lastBeatAt
    } else if (act === 3 && tabs.length > 1) {
      say('close')
      tabs = tabs.filter((each) => each !== tab)
      tab!.close()
    } else if (act === 4 && tabs.length < 4) {
      say('open')
      tabs.push(await market.openTab({ href: 'https://app.test/' }))
    } else if (act === 5) {
      say('reload')
      tabs = tabs.filter((each) => each !== tab)
      tabs.push(await tab!.reload())
    } else if (act === 6 && tabs.length > 1) {
      say('crash')
      tabs = tabs.filter((each) => each !== tab)
      tab!.crash()
    } else if (act === 7) {
      say('pause or resume')
      const { phase } = tab!.session.getSnapshot()
      const done = phase === 'paused' ? tab!.session.resume() : tab!.session.pause()
      done.catch(() => {})
    } else if (act === 8) {
      say('hide or show')
      tab!.setVisible(roll(2) === 0)
    } else if (act === 9) {
      const status = [429, 500, 503][roll(3)]!
      say(`API ${status}`)
      market.api.failWith = { status, ...(status === 429 && { retryAfterSeconds: 5 }) }
      await advance(roll(60))
      market.api.failWith = undefined
    } else if (act === 10) {
      say('dispose and start')
      tab!.session.dispose()
      if (roll(2) === 0) await settle()
      tab!.session.start()
    }
    await settle()
    await advance(roll(90))
  }

  // In calm weather everything comes right.
  if (!isOnline) await market.goOnline()
  await market.advance('45s')
  // What the clock ended just now is heard with the next beat.
  if (session.status === 'ended') await market.advance('45s')
  for (const tab of tabs) {
    const snapshot = tab.session.getSnapshot()
    expect(snapshot.session?.status, `seed ${seed}`).toBe(session.status)
    if (session.status !== 'active') continue
    expect(snapshot, `seed ${seed}: ${story.slice(-12).join(', ')}`).toMatchObject({
      canServe: true,
      error: null,
    })
    const leftMs = session.durationMs - session.usedMs - (market.now() - session.lastBeatAt)
    const offSeconds = Math.abs(tab.session.secondsLeft.getSnapshot()! - leftMs / 1000)
    // Nobody sees the second of a hidden tab, so it ticks seldom.
    expect(offSeconds, `seed ${seed}`).toBeLessThanOrEqual(tab.ports.lifecycle.isVisible() ? 1 : 6)
  }
}

test.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
  'whatever happens to the laptop, nobody is served unpaid or billed unserved (seed %i)',
  live,
)
