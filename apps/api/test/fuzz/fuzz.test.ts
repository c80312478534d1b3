import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkLedger } from '../../src/ledger/check-ledger.ts'
import { listOperations, type Operation, readDocument } from '../contract/operations.ts'
import { addApiKey, addProvider, addUser, startTestApi, type TestApi } from '../harness.ts'
import { openSession } from '../play.ts'
import { beginPurchase, completed, paymentOf, sendEvent } from '../stripe-events.ts'
import { type FuzzedRequest, requestsOf } from './generate.ts'

/** `npm run fuzz` takes minutes and other requests every time; the seed of a failure is printed and can be given back. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 25)
const SEED = process.env.FUZZ_SEED ?? (process.env.FUZZ_RUNS === undefined ? '42' : undefined)
const ANSWER_MS_MAX = 5_000
/** What only we may know. */
const LEAK =
  /node_modules|\.ts:\d|\bat [\w.<>]+ \(|postgres|pg_|relation "|column "|syntax error|violates|select .+ from |insert into|ECONN|TypeError|undefined is not|Cannot read|BrokenAssumption/i

let api: TestApi
let operations: Operation[]
let credentials: Record<string, string>
const ids: Record<string, string> = {}
/** Operations that did what they are for at least once: the fuzz goes deeper than the schema. */
const reached = new Set<string>()

beforeAll(async () => {
  api = await startTestApi()
  const document = await readDocument(api)
  // Streams last as long as somebody listens.
  operations = listOperations(document)
    .filter(({ path }) => !path.endsWith('/live'))
    .sort((a, b) => endingsIn(a) - endingsIn(b))
  // One person who owns what there is and has tokens to spend, so that requests get as far as they can.
  const user = await addUser(api, { tokens: 1_000_000 })
  const providerId = await addProvider(api, { ownerId: user.id })
  const play = await openSession({ api, user, providerId })
  const operator = await addUser(api, { isOperator: true })
  const key = await addApiKey(api, { providerId, token: user.token, name: 'Fuzz' })
  const as = { token: user.token }
  const purchase = await beginPurchase(api, user.token, 100_000)
  await sendEvent(api, completed(paymentOf(purchase)))
  const endpoint = await api.call('POST', `/providers/${providerId}/webhook-endpoints`, {
    ...as,
    body: { url: 'https://hooks.example.com/', events: ['*'] },
  })
  const path = `/providers/${providerId}/webhook-endpoints/${endpoint.body.id}`
  const delivery = await api.call('POST', `${path}/test`, as)
  const invitation = await api.call('POST', `/providers/${providerId}/invitations`, {
    ...as,
    body: { email: 'guest@example.com', role: 'viewer' },
  })
  Object.assign(ids, {
    usr: user.id,
    prv: providerId,
    ses: play.sessionId,
    pur: purchase.id,
    key: key.id,
    whe: endpoint.body.id,
    dlv: delivery.body.id,
    inv: invitation.body.id,
  })
  credentials = {
    user: user.token,
    operator: operator.token,
    session: play.sessionJwt,
    key: key.secret,
  }
})
afterAll(() => api.close())

/** What ends things comes last: a suspended provider and a removed endpoint are of no use to others. */
function endingsIn({ name, object }: Operation): number {
  if (object['x-callers'].includes('operator')) return 2
  return name.startsWith('DELETE') || name.endsWith('/complete') ? 1 : 0
}

async function send({ operation, url, body, contentType, headers }: FuzzedRequest): Promise<void> {
  const { method } = operation
  const callers = operation.object['x-callers']
  const caller = ['operator', 'session', 'user', 'key'].find((kind) => callers.includes(kind))
  const sent = method === 'GET' ? undefined : body
  const began = performance.now()
  const answer = await api.call(method, url, {
    ...(caller && { token: credentials[caller]! }),
    ...(sent !== undefined && { text: sent }),
    headers: { ...(sent !== undefined && contentType && { 'content-type': contentType }), ...headers },
  })
  const took = performance.now() - began
  const what = `${method} ${url} ${sent ?? ''}`
  const isPage = String(answer.headers['content-type'] ?? '').startsWith('text/html')
  if (answer.status >= 500 && answer.body?.code !== 'payment_unavailable')
    throw new Error(`${answer.status} for ${what}: ${answer.text}`)
  if (took > ANSWER_MS_MAX) throw new Error(`${Math.round(took)} ms for ${what}`)
  if (answer.status < 300) reached.add(operation.name)
  if (answer.status < 400) return
  if (!String(answer.headers['content-type']).startsWith('application/problem+json'))
    throw new Error(`${answer.status} without problem details for ${what}: ${answer.text}`)
  // What the caller sent may be in `instance`; everything else is ours.
  const { instance, errors, ...rest } = answer.body
  const named = (errors ?? []).map((error: { message: string }) => error.message)
  if (!isPage && LEAK.test(JSON.stringify([rest, named])))
    throw new Error(`an internal leaks for ${what}: ${answer.text}`)
  // A replayed refusal is the first one's, byte for byte.
  if (answer.headers['idempotent-replayed']) return
  if (answer.body.requestId !== answer.headers['x-request-id']) throw new Error(`no request id for ${what}`)
}

test(
  'whatever is sent to any route: no 5xx, no hang, no internals, always problem details',
  { timeout: 120_000 + RUNS * 5_000 },
  async () => {
    let sent = 0
    for (const operation of operations) {
      await fc.assert(
        fc.asyncProperty(requestsOf(operation, ids), async (request) => {
          sent += 1
          await send(request)
        }),
        {
          // Counted, not timed: a slow machine tries the same requests.
          numRuns: RUNS,
          ...(SEED === undefined ? {} : { seed: Number(SEED) }),
        },
      )
    }
    expect(sent).toBeGreaterThan(operations.length * 3)
    const missed = operations.filter(({ name }) => !reached.has(name)).map(({ name }) => name)
    expect([missed, missed.length < operations.length / 2]).toEqual([missed, true])
    expect(({} as { isOperator?: boolean }).isOperator).toBeUndefined()
    const { findings } = await api.deps.db.inBatch((tx) => checkLedger(tx))
    expect(findings).toEqual([])
  },
)
