import { expect, test, vi } from 'vitest'
import type { AnalyticsSink } from './analytics.ts'
import { experiment } from './experiment.ts'
import { createFakeMarketplace, type FakeMarketplace, settle } from './testing/index.ts'

function createSink() {
  const seen: [string, Record<string, unknown>][] = []
  const sink: AnalyticsSink = { track: (name, properties) => seen.push([name, properties]) }
  return { sink, seen }
}

const told = ({ api }: FakeMarketplace) => api.requests.filter(({ path }) => path.endsWith('/exposures'))
const recorded = ({ api }: FakeMarketplace) => Object.fromEntries(api.sessions.get('ses_1')!.exposures)

test('a user gets the same variant every time, and its exposure is told once', async () => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab()
  const { sink, seen } = createSink()
  const variant = experiment(session, 'toolbar', ['top', 'side'], sink)
  for (let tries = 0; tries < 5; tries++)
    expect(experiment(session, 'toolbar', ['top', 'side'], sink)).toBe(variant)
  expect(seen).toEqual([['experiment_exposure', expect.objectContaining({ experiment: 'toolbar', variant })]])
})

test('experiments spread over their variants independently of each other', async () => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab()
  const counts = { a: 0, b: 0, c: 0 }
  for (let index = 0; index < 3000; index++)
    counts[experiment(session, `experiment-${index}`, ['a', 'b', 'c'])]++
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(900)
})

test('without a session everybody gets the first variant and nobody is counted', async () => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab({ href: 'https://app.test/' })
  const { sink, seen } = createSink()
  expect(experiment(session, 'toolbar', ['top', 'side'], sink)).toBe('top')
  expect(seen).toEqual([])
})

test('the marketplace is told once which variant a session was shown', async () => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab()
  const variant = experiment(session, 'toolbar', ['top', 'side'])
  experiment(session, 'toolbar', ['top', 'side'])
  await settle()
  expect(recorded(market)).toEqual({ toolbar: variant })
  expect(told(market).map(({ body }) => body)).toEqual([{ experiment: 'toolbar', variant }])
})

test('an exposure waits for the network, tries again ever more seldom and then leaves it', async () => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab()
  market.api.failWith = { status: 503 }
  experiment(session, 'toolbar', ['top', 'side'])
  await market.advance('2m')
  expect(told(market)).toHaveLength(6)
  const [, ...gaps] = told(market).map(({ at }, index, all) => at - (all[index - 1]?.at ?? at))
  expect(gaps.at(-1)).toBeGreaterThan(gaps[0]! * 4)
  market.api.failWith = undefined
  await market.advance('5s')
  const variant = experiment(session, 'toolbar', ['top', 'side'])
  await settle()
  expect(recorded(market)).toEqual({ toolbar: variant })
})

test('an exposure that fails at first arrives as soon as it can', async () => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab()
  market.goOffline()
  const variant = experiment(session, 'toolbar', ['top', 'side'])
  await market.advance('5s')
  await market.goOnline()
  await market.advance('10s')
  expect(recorded(market)).toEqual({ toolbar: variant })
})

test('a name that the marketplace refuses is said in the console and asked for once', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const market = createFakeMarketplace()
  const { session } = await market.openTab()
  expect(['top', 'side']).toContain(experiment(session, 'a name with spaces', ['top', 'side']))
  experiment(session, 'a name with spaces', ['top', 'side'])
  await market.advance('2m')
  expect(told(market)).toHaveLength(1)
  expect(warn).toHaveBeenCalledOnce()
  warn.mockRestore()
})

test('a session tells of twenty experiments and no more, and of none once it is over', async () => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab({ options: { redirect: false } })
  for (let index = 0; index < 30; index++) experiment(session, `experiment-${index}`, ['a', 'b'])
  await settle()
  expect(told(market)).toHaveLength(20)
  const other = createFakeMarketplace()
  const { session: ended } = await other.openTab({ options: { redirect: false } })
  await ended.complete()
  experiment(ended, 'toolbar', ['top', 'side'])
  await settle()
  expect(told(other)).toEqual([])
})

test('a sink that throws harms nobody, and one that asks again is not told twice', async () => {
  const complain = vi.spyOn(console, 'error').mockImplementation(() => {})
  const market = createFakeMarketplace()
  const { session } = await market.openTab()
  let calls = 0
  const ask = (): string =>
    experiment(session, 'toolbar', ['top', 'side'], {
      track() {
        calls++
        ask()
        throw new Error('the sink is broken')
      },
    })
  expect(['top', 'side']).toContain(ask())
  expect(calls).toBe(1)
  expect(complain).toHaveBeenCalledOnce()
  complain.mockRestore()
})
