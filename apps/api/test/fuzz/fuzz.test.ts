import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PUBLIC_TENANT_ID } from '../../src/id.ts'
import { checkLedger } from '../../src/ledger/check-ledger.ts'
import { SCOPES, type Scope } from '../../src/providers/api-key.ts'
import { issueApiKey } from '../../src/providers/issue-api-key.ts'
import { listOperations, type Operation, readDocument } from '../contract/operations.ts'
import { addUser, startTestApi, type TestApi } from '../harness.ts'
import { createMarket, openSession } from '../play.ts'
import { type FuzzedRequest, requestsOf } from './generate.ts'

/** `npm run fuzz` takes minutes; the seed of a failure is printed and can be given back. */
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 15)
const SEED = process.env.FUZZ_SEED === undefined ? undefined : Number(process.env.FUZZ_SEED)
const ANSWER_MS_MAX = 5_000
/** What only we may know. */
const LEAK =
  /node_modules|\.ts:\d|\bat [\w.<>]+ \(|postgres|pg_|relation "|column "|syntax error|violates|select .+ from |insert into|ECONN|TypeError|undefined is not|Cannot read|BrokenAssumption/i

let api: TestApi
let operations: Operation[]
let credentials: Record<string, string>
const ids: Record<string, string> = {}

beforeAll(async () => {
  api = await startTestApi()
  const document = await readDocument(api)
  // Streams last as long as somebody listens.
  operations = listOperations(document).filter(({ path }) => !path.endsWith('/live'))
  const market = await createMarket(api, { tokens: 1_000_000 })
  const play = await openSession(market)
  const operator = await addUser(api, { isOperator: true })
  const owner = await api.deps.db.batch.query<{ ownerId: string }>(
    'select owner_id as "ownerId" from providers where id = $1',
    [market.providerId],
  )
  const key = await api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    issueApiKey(tx, {
      providerId: market.providerId,
      createdBy: owner[0]!.ownerId,
      key: { name: 'Fuzz', scopes: Object.keys(SCOPES) as Scope[], mode: 'live' },
      now: api.clock.now(),
    }),
  )
  const { body } = await api.call('POST', '/tokens/purchase', {
    token: market.user.token,
    body: { tokens: 100 },
  })
  Object.assign(ids, {
    usr: market.user.id,
    prv: market.providerId,
    ses: play.sessionId,
    pur: body.purchase.id,
    key: key.id,
  })
  credentials = {
    user: market.user.token,
    operator: operator.token,
    session: play.sessionJwt,
    key: key.secret,
  }
})
afterAll(() => api.close())

async function send({ operation, url, body, contentType, headers }: FuzzedRequest): Promise<void> {
  const { method } = operation
  const callers = operation.object['x-callers']
  const caller = ['operator', 'key', 'session', 'user'].find((kind) => callers.includes(kind))
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
  { timeout: SECONDS * 1_000 + 60_000 },
  async () => {
    const each = (SECONDS * 1_000) / operations.length
    let sent = 0
    for (const operation of operations) {
      await fc.assert(
        fc.asyncProperty(requestsOf(operation, ids), async (request) => {
          sent += 1
          await send(request)
        }),
        {
          numRuns: 100_000,
          interruptAfterTimeLimit: each,
          markInterruptAsFailure: false,
          ...(SEED === undefined ? {} : { seed: SEED }),
        },
      )
    }
    expect(sent).toBeGreaterThan(operations.length * 3)
    expect(({} as { isOperator?: boolean }).isOperator).toBeUndefined()
    const { findings } = await api.deps.db.inBatch((tx) => checkLedger(tx))
    expect(findings).toEqual([])
  },
)
