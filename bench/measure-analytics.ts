/**
 * How long a provider's analytics page waits for its figures: 30 days by the day with the totals, the funnel, the
 * experiments and 12 weeks of cohorts, all asked at once over HTTP, as the dashboard asks.
 *
 * @module
 */
import { PUBLIC_TENANT_ID } from '../apps/api/src/id.ts'
import { atMost, type Results, shown } from './results.ts'
import { accessClaims, createSigner } from './seed.ts'
import { LARGEST_ID, rollUp, seedAnalytics } from './seed-analytics.ts'
import { startApi, startDatabase } from './stack.ts'

/** A round. */
const LOADS = 100
const DAY_MS = 86_400_000

/** @param scale with a `dataDir` rows stay in it, and are used as they are the next time */
export async function measureAnalytics(
  results: Results,
  { rounds, all, dataDir }: { rounds: number; all: number; dataDir: string | undefined },
): Promise<void> {
  const begun = new Date()
  const database = await startDatabase({
    dataDir,
    seed: async (url) => {
      await seedAnalytics(url, { all, now: begun })
      await rollUp(url, { now: begun })
    },
  })
  try {
    const signer = await createSigner(database.url)
    const headers = {
      authorization: `Bearer ${signer('at+jwt', { ...accessClaims(1), tid: PUBLIC_TENANT_ID })}`,
    }
    const api = await startApi(database.url)
    try {
      const now = new Date()
      const [to, from] = [now.toISOString(), new Date(now.getTime() - 30 * DAY_MS).toISOString()]
      const range = new URLSearchParams({ from, to, timeZone: 'Asia/Kolkata' })
      const base = `${api.url}/providers/${LARGEST_ID}/analytics`
      const parts = {
        figures: `${base}?${range}&interval=day`,
        funnel: `${base}/funnel?${range}`,
        experiments: `${base}/experiments?${range}`,
        cohorts: `${base}/retention?timeZone=Asia/Kolkata`,
      }
      const months = `${base}/retention?timeZone=Asia/Kolkata&interval=month`
      const ask = async (url: string) => {
        const answer = await fetch(url, { headers })
        const text = await answer.text()
        if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${text}`)
        return JSON.parse(text)
      }
      const figures = await ask(parts.figures)
      // One in seven sessions is the largest provider's, and one in twelve of the last month.
      if (figures.totals.opened < all / 150) throw new Error('the page is empty: its time would mean nothing')
      const of = `${all.toLocaleString('en')} sessions`
      for (let round = 0; round < rounds; round += 1) {
        await results.inRound('analytics', round, async () => {
          const page = await times(() => Promise.all(Object.values(parts).map(ask)))
          results.add(`analytics page, 30 days, ${of}: half within`, page.medianMs, shown, 'ms')
          results.add(`analytics page, 30 days, ${of}: 95 of 100 within`, page.p95Ms, atMost(100), 'ms')
          for (const [name, url] of Object.entries(parts)) {
            const { medianMs } = await times(() => ask(url))
            results.add(`its ${name} alone`, medianMs, shown, 'ms')
          }
          // Everybody who came in a year, and each month in which they did.
          const year = await times(() => ask(months), 20)
          results.add('cohorts of 12 months, on no page until asked for', year.medianMs, shown, 'ms')
        })
      }
    } finally {
      await api.stop()
    }
  } finally {
    await database.stop()
  }
}

/** One after the other, as a person opens pages. The first ones fill caches and connections. */
async function times(
  run: () => Promise<unknown>,
  loads = LOADS,
): Promise<{ medianMs: number; p95Ms: number }> {
  const all: number[] = []
  for (let load = 0; load < loads + 10; load += 1) {
    const started = performance.now()
    await run()
    if (load >= 10) all.push(performance.now() - started)
  }
  all.sort((a, b) => a - b)
  return { medianMs: all[Math.floor(loads / 2)] ?? 0, p95Ms: all[Math.floor(loads * 0.95)] ?? 0 }
}
