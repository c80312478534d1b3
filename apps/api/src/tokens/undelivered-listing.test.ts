/**
 * How Stripe's list of what it could not deliver is read: in pieces, however long it is and wherever reading ends.
 *
 * @module
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { captureLog } from '../../test/captured-log.ts'
import { type StripeBuyers, startStripeBuyers } from '../../test/stripe-buyers.ts'
import { completed, refunded } from '../../test/stripe-events.ts'
import { sendJson } from '../../test/stripe-server.ts'

const REFUSED = 'Stripe did not list what it could not deliver'

let it: StripeBuyers
beforeAll(async () => {
  it = await startStripeBuyers()
})
beforeEach(() => it.reset())
afterAll(() => it.close())

const count = (text: string, of: string) => text.split(of).length - 1

/** The windows it was asked for since, in hours from now. */
function takeWindows(): [from: number, to: number][] {
  const now = it.api.clock.now().getTime() / 1000
  const hours = (url: string | undefined, name: string) =>
    (Number(new URL(url!, it.stripe.url).searchParams.get(name)) - now) / 3_600
  const windows = it.stripe.requests
    .filter(({ url }) => url?.startsWith('/v1/events'))
    .map(({ url }): [number, number] => [hours(url, 'created[gte]'), hours(url, 'created[lt]')])
  it.stripe.requests = []
  return windows
}

/** Events of others that we have, spread over the last thirty days, as Stripe lists them forever. */
async function listKnown(events: number): Promise<void> {
  const ids = Array.from({ length: events }, (_, i) => `evt_known_${i}`)
  await it.api.deps.db.batch.query(
    `insert into stripe_events (id, type, outcome, payload, received_at)
     select id, 'charge.refunded', 'unmatched', '{}', now() from unnest($1::text[]) id on conflict (id) do nothing`,
    [ids],
  )
  ids.forEach((id, i) => {
    it.lose(2_590_000 - Math.floor((i * 2_588_000) / events), { id, type: 'charge.refunded' })
  })
}

test('where nothing is listed a run asks once, for thirty days at first and for what is new from then on', async () => {
  const look = it.startLooking()
  await look()
  expect(takeWindows()).toEqual([[-720 - 5 / 60, -5 / 60]])
  it.api.clock.advance({ minutes: 15 })
  await look()
  expect(takeWindows()).toEqual([[-1 - 20 / 60, -5 / 60]])
})

test('of tens of thousands that we have a run reads a part and the next one goes on, so that what we have not is found', async () => {
  const bought = await it.buy()
  // Stripe takes whole seconds only.
  it.api.clock.advance({ ms: 700 })
  await listKnown(20_000)
  it.lose(1_000, completed(bought.payment))
  const look = it.startLooking()
  const asked: number[] = []
  const froms: number[] = []
  for (let run = 0; run < 6; run += 1) {
    await look()
    const windows = takeWindows()
    asked.push(windows.length)
    froms.push(windows[0]![0])
  }
  expect(await it.standing(bought)).toEqual(['paid', 1_000])
  expect(asked.slice(0, 2)).toEqual([100, 100])
  expect(asked.at(-1)).toBe(1)
  expect(froms).toEqual([...froms].sort((a, b) => a - b))
})

test('one that can never be taken is tried by each run, and what lies after thousands behind it is found', async () => {
  const [bought, broken] = [await it.buy(), await it.buy()]
  it.lose(2_589_000, { ...completed(broken.payment), id: 'evt_never' })
  await listKnown(20_000)
  it.lose(1_000, completed(bought.payment))
  await it.asOwner(`alter table stripe_events add constraint never check (id <> 'evt_never')`, [])
  const { log, logged } = captureLog()
  const look = it.startLooking({ log })
  let runs = 0
  do {
    await look()
    runs += 1
  } while (takeWindows().length === 100)
  expect(await it.standing(bought)).toEqual(['paid', 1_000])
  const untaken = '"msg":"an event that Stripe could not deliver was not taken"'
  expect([runs, count(logged(), untaken)]).toEqual([expect.toSatisfy((n) => n > 1), runs])
  // After thirty days Stripe lists it no more, and nobody tries.
  it.api.clock.advance({ hours: 24 })
  await it.asOwner(`alter table stripe_events drop constraint never`, [])
  await look()
  expect(await it.standing(broken)).toEqual(['pending', 0])
})

test('where none of them can be taken a run goes no further, and none is lost', async () => {
  const shop = { purchaseId: '', amountCents: 1, paymentIntentId: 'pi_of_a_failure' }
  const events = Array.from({ length: 250 }, () => refunded(shop, 1))
  events.forEach((event, i) => {
    it.lose(2_500_000 - i * 9_000, event)
  })
  await it.asOwner(
    `alter table stripe_events add constraint never check (payment_intent_id <> 'pi_of_a_failure')`,
    [],
  )
  const { log, logged } = captureLog()
  const look = it.startLooking({ log })
  await look()
  expect(count(logged(), '"msg":"an event that Stripe could not deliver was not taken"')).toBeLessThan(250)
  await it.asOwner(`alter table stripe_events drop constraint never`, [])
  await look()
  const taken = await it.api.deps.db.batch.query('select from stripe_events where id = any($1)', [
    events.map(({ id }) => id),
  ])
  expect(taken).toHaveLength(250)
})

test('a crowd of one hour is read in small pieces, and the days after it in large ones', async () => {
  const shop = { purchaseId: '', amountCents: 1, paymentIntentId: 'pi_of_a_crowd' }
  for (let i = 0; i < 1_000; i += 1) it.lose(2_500_000 + i * 3, refunded(shop, 1))
  const look = it.startLooking()
  await look()
  expect(takeWindows().length).toBeLessThan(60)
  await look()
  expect(takeWindows()).toHaveLength(1)
})

test('Stripe away in the middle ends the run, with what was taken, and the next one goes on', async () => {
  const bought = await it.buy()
  await listKnown(500)
  it.lose(1_000, completed(bought.payment))
  const { log, logged } = captureLog()
  const look = it.startLooking({ log })
  it.stripe.answerWith = (request, response) => {
    if (it.stripe.requests.length <= 8) it.stripe.answer(request, response)
    else sendJson(response, 500, { error: { type: 'api_error' } })
  }
  await look()
  const last = takeWindows().at(-1)!
  expect(last[0]).toBeGreaterThan(-700)
  expect(count(logged(), REFUSED)).toBe(1)
  expect(await it.standing(bought)).toEqual(['pending', 0])
  it.stripe.answerWith = it.stripe.answer
  await look()
  expect(takeWindows()[0]![0]).toBe(last[0])
  expect(await it.standing(bought)).toEqual(['paid', 1_000])
})

test.each([
  ['403, as to a restricted key', 403, { error: { type: 'invalid_request_error', message: 'no rights' } }],
  ['500', 500, { error: { type: 'api_error' } }],
  ['401', 401, { error: { type: 'invalid_request_error' } }],
  ['429', 429, { error: { type: 'rate_limit_error' } }],
  ['400', 400, { error: { type: 'invalid_request_error' } }],
  ['no list', 200, { object: 'list' }],
  ['nothing', 200, null],
])('while Stripe answers %s a run says so in a line and asks no more', async (_, status, body) => {
  const bought = await it.pay()
  it.lose(600, refunded(bought.payment, 475, { metadata: { purchaseId: bought.payment.purchaseId } }))
  const { log, logged } = captureLog()
  it.stripe.answerWith = (request, response) => {
    if (request.url?.startsWith('/v1/events')) sendJson(response, status, body)
    else it.stripe.answer(request, response)
  }
  const look = it.startLooking({ log })
  it.stripe.requests = []
  await look()
  expect([it.stripe.requests.length, count(logged(), REFUSED), count(logged(), '"level":"error"')]).toEqual([
    1, 1, 1,
  ])
  it.api.clock.advance({ minutes: 10 })
  await it.reconcile()
  expect(await it.standing(bought)).toEqual(['paid', 1_000])
  it.stripe.answerWith = it.stripe.answer
  await look()
  expect(await it.standing(bought)).toEqual(['paid', 500])
})

test('a list that has always more ends', async () => {
  it.stripe.answerWith = (_request, response) => {
    const data = Array.from({ length: 100 }, (_, i) => ({ id: `evt_endless_${i}`, type: 'charge.refunded' }))
    sendJson(response, 200, { object: 'list', data, has_more: true })
  }
  await it.startLooking()()
  expect(it.stripe.requests.length).toBeGreaterThan(100)
  expect(it.stripe.requests.length).toBeLessThanOrEqual(1_000)
})

test('a run that is to stop takes no further event and asks no more; the next one takes the rest', async () => {
  const all = [await it.pay(), await it.pay()]
  it.lose(7_200, ...all.map(({ payment }) => completed(payment)))
  const stopping = new AbortController()
  const { log, logged } = captureLog()
  const look = it.startLooking({ log: Object.assign(log, { info: () => stopping.abort() }) })
  await look(stopping.signal)
  expect((await Promise.all(all.map(it.standing))).sort()).toEqual([
    ['paid', 1_000],
    ['pending', 0],
  ])
  await look()
  expect(await Promise.all(all.map(it.standing))).toEqual([
    ['paid', 1_000],
    ['paid', 1_000],
  ])
  expect(count(logged(), 'could not deliver')).toBe(2)
})

test('a run that is to stop asks no more', async () => {
  await listKnown(500)
  const stopping = new AbortController()
  it.stripe.answerWith = (request, response) => {
    stopping.abort()
    it.stripe.answer(request, response)
  }
  await it.startLooking()(stopping.signal)
  expect(it.stripe.requests).toHaveLength(1)
})
