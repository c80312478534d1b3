import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkLedger } from '../../src/ledger/check-ledger.ts'
import { type Answer, accessTokenOf, startTestApi, type TestApi } from '../harness.ts'
import { createMarket, type Market, openSession, type Play } from '../play.ts'
import { beginPurchase, completed, paymentOf, sendEvent } from '../stripe-events.ts'
import { findUnloggedTime } from '../unlogged-time.ts'
import { hasSmallDisk, mountSmallDisk, type SmallDisk } from './small-disk.ts'

let api: TestApi
let market: Market
let disk: SmallDisk

beforeAll(async () => {
  if (!hasSmallDisk) return
  api = await startTestApi()
  market = await createMarket(api, { tokens: 1_000_000 })
  disk = await mountSmallDisk(api.databaseUrl)
  await disk.moveThere(['transfers', 'holds', 'sessions', 'beat_batches'])
})
afterAll(async () => {
  if (!hasSmallDisk) return
  await disk.unmount()
  await api.close()
})

/** Small rows fill what is left of the pages; then it is refused, in words that give nothing away. */
async function untilRefused(name: string, run: () => Promise<Answer>): Promise<void> {
  for (let i = 0; i < 400; i += 1) {
    const { status, body, headers, text } = await run()
    if (status < 300) continue
    expect([name, status, body.code, headers['retry-after']]).toEqual([name, 503, 'unavailable', '1'])
    expect(text).not.toMatch(/space|extend|pg_tblspc/)
    return
  }
  throw new Error(`${name} was never refused`)
}

async function expectRightBooks(): Promise<void> {
  const { db } = api.deps
  expect((await db.inBatch(checkLedger)).findings).toEqual([])
  expect(await findUnloggedTime(db.batch)).toEqual([])
}

test.skipIf(!hasSmallDisk)(
  hasSmallDisk
    ? 'a full disk under the books: money and time are refused whole, and go on where they were when there is space'
    : 'a full disk under the books was not tested: no small disk can be mounted here (that takes root on Linux)',
  async () => {
    const plays: Play[] = []
    for (let i = 0; i < 40; i += 1) {
      const play = await openSession(market, { minutes: 10 })
      await play.use(30)
      plays.push(play)
    }
    await disk.fill()
    const token = await accessTokenOf(api, market.user.id)
    await untilRefused('opening', () =>
      api.call('POST', '/sessions', {
        token,
        body: { providerId: market.providerId, durationMinutes: 10 },
      }),
    )
    await expectRightBooks()
    let beat = 0
    const heard = new Map<Play, number>()
    await untilRefused('a beat', async () => {
      const play = plays[beat++ % plays.length]!
      const answer = await play.beat({ afterSeconds: 1, activeMs: 1_000 })
      if (answer.status === 200) heard.set(play, answer.body.session.usedMs)
      return answer
    })
    await expectRightBooks()
    await untilRefused('a payment', async () => {
      const fresh = await accessTokenOf(api, market.user.id)
      return sendEvent(api, completed(paymentOf(await beginPurchase(api, fresh, 50))))
    })
    await expectRightBooks()
    const ended: Play[] = []
    await untilRefused('completing', async () => {
      const play = plays[ended.length]!
      const answer = await play.call('complete')
      if (answer.status === 200) ended.push(play)
      return answer
    })
    await expectRightBooks()
    // What reads goes on, and shows nothing of what was refused.
    const refused = plays[ended.length]!
    expect((await refused.look()).body).toMatchObject({ status: 'active', tokensCharged: null })

    await disk.free()
    for (const play of plays) {
      const answer = await play.call('complete')
      expect(answer.status).toBe(200)
      const { usedMs, tokensCharged } = answer.body.session
      expect(usedMs).toBeGreaterThanOrEqual(heard.get(play) ?? 30_000)
      expect(tokensCharged).toBe(Math.ceil((usedMs * 4) / 60_000))
    }
    const due = paymentOf(await beginPurchase(api, await accessTokenOf(api, market.user.id), 50))
    expect((await sendEvent(api, completed(due))).status).toBe(200)
    expect((await (await openSession(market)).call('complete')).status).toBe(200)
    await expectRightBooks()
  },
  60_000,
)
