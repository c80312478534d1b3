/**
 * What operators look up and list costs what it shows, not what there is: it is asked for at the worst of times.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listAudit } from '../src/audit/list-audit.ts'
import type { Tx } from '../src/db.ts'
import { listPayouts } from '../src/earnings/list-payouts.ts'
import { PUBLIC_TENANT_ID } from '../src/id.ts'
import {
  listFoundPurchases,
  listFoundSessions,
  listFoundTransfers,
  listFoundUsers,
} from '../src/operators/list-found.ts'
import { listProvidersByStatus } from '../src/providers/list-providers.ts'
import { listListingChanges } from '../src/providers/review-listing-change.ts'
import { explained } from './explained.ts'
import { fill, ROWS } from './many-rows.ts'
import { type SessionMarket, startSessionMarket } from './session-market.ts'

const ROWS_READ_MAX = 100
const page = { before: undefined, limit: 20 }

let it: SessionMarket
let user: { id: string }
let sessionId: string

beforeAll(async () => {
  it = await startSessionMarket()
  user = it.users[1]!
  sessionId = await it.play({ user: it.users[1]!, minutes: 2 })
  await fill(it)
})
afterAll(() => it.close())

const now = () => it.api.clock.now()

test.each<[string, (tx: Tx) => Promise<unknown[]>, number, string]>([
  [
    'transfers of a user: what was given, held and charged',
    (tx) => listFoundTransfers(tx, { filter: { accountId: user.id }, ...page }),
    2,
    'transfers_out_of_wallet',
  ],
  [
    'transfers of a provider',
    (tx) => listFoundTransfers(tx, { filter: { accountId: it.providerId }, ...page }),
    2,
    'transfers_crediting',
  ],
  [
    'transfers of an account that has none',
    (tx) => listFoundTransfers(tx, { filter: { accountId: 'refunds' }, ...page }),
    0,
    'transfers_debiting',
  ],
  [
    'transfers of a session',
    (tx) => listFoundTransfers(tx, { filter: { sessionId }, ...page }),
    2,
    'transfers_by_session',
  ],
  [
    'transfers of a purchase',
    (tx) => listFoundTransfers(tx, { filter: { purchaseId: 'pur_x' }, ...page }),
    0,
    'transfers_by_purchase',
  ],
  [
    'sessions of a user',
    (tx) => listFoundSessions(tx, { filter: { userId: user.id }, now: now(), ...page }),
    1,
    'sessions_by_user',
  ],
  [
    'purchases of a user',
    (tx) => listFoundPurchases(tx, { userId: user.id, ...page }),
    0,
    'purchases_by_user',
  ],
  [
    'somebody by their address',
    (tx) => listFoundUsers(tx, { emailNormalized: '7@example.com', ...page }),
    1,
    'email_is_unique',
  ],
  [
    'what somebody did',
    (tx) => listAudit(tx, { filter: { actorId: user.id }, ...page }),
    0,
    'audit_entries_by_actor',
  ],
  [
    'what was done to somebody',
    (tx) => listAudit(tx, { filter: { subjectId: user.id }, ...page }),
    0,
    'audit_entries_by_subject',
  ],
  [
    'payouts that wait',
    (tx) => listPayouts(tx, { providerId: undefined, status: 'pending', ...page }),
    0,
    'payouts_pending',
  ],
  [
    'payouts of a provider',
    (tx) => listPayouts(tx, { providerId: it.providerId, status: undefined, ...page }),
    0,
    'payouts_by_provider',
  ],
  [
    'providers that wait for review',
    (tx) => listProvidersByStatus(tx, { status: 'in_review', after: undefined, limit: 20 }),
    0,
    'providers_awaiting_review',
  ],
  [
    'listings that were changed',
    (tx) => listListingChanges(tx, { after: undefined, limit: 20 }),
    0,
    'providers_changed',
  ],
])('%s', async (_what, list, count, index) => {
  const found = await it.api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    explained(tx, async (watched) => expect(await list(watched)).toHaveLength(count)),
  )
  expect(found.scans.filter((scan) => !scan.startsWith('Index'))).toEqual([])
  expect(found.indexes).toContain(index)
  expect(found.rows).toBeLessThanOrEqual(ROWS_READ_MAX)
})

// What changes in a session's life is in no index, so it is looked for among all that run.
test.each([
  'pending',
  'paused',
])('sessions that are %s are not looked for among those that ended', async (status) => {
  const found = await it.api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    explained(tx, (watched) => listFoundSessions(watched, { filter: { status }, now: now(), ...page })),
  )
  expect(found.rows).toBeLessThanOrEqual(ROWS + ROWS_READ_MAX)
})
