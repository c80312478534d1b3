/**
 * What cleans up or looks after others costs what it finds, not what is kept. Each case names the indexes
 * that it relies on: nothing else would notice if one were dropped.
 *
 * @module
 */
import type { JobHelpers, Task } from 'graphile-worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSignedOut } from '../src/auth/signed-out.ts'
import type { Db, Tx } from '../src/db.ts'
import type { Deps } from '../src/deps.ts'
import { forgetOldRowsTask } from '../src/http/forget-old-rows.ts'
import { forgetInvitationsTask } from '../src/members/jobs.ts'
import { readFigures } from '../src/observability/figures.ts'
import { foldBeatsTask } from '../src/sessions/jobs.ts'
import { noticeLowBalancesTask } from '../src/tokens/jobs.ts'
import { forgetWebhookDeliveriesTask } from '../src/webhooks/jobs.ts'
import { explained } from './explained.ts'
import { fill } from './many-rows.ts'
import { type SessionMarket, startSessionMarket } from './session-market.ts'

let it: SessionMarket
beforeAll(async () => {
  it = await startSessionMarket()
  await fill(it)
})
afterAll(() => it.close())

/** All that is asked, in one transaction that is looked at. */
const within = (tx: Tx): Db => ({ ...it.api.deps.db, inBatch: (run) => run(tx), batch: tx })
const job = (task: (deps: Deps) => Task) => (tx: Tx) =>
  Promise.resolve(task({ ...it.api.deps, db: within(tx) })({}, {} as JobHelpers))

test.each<[string, (tx: Tx) => Promise<unknown>, string[]]>([
  [
    'old answers, sign-ins, links and allowances are forgotten',
    job(forgetOldRowsTask),
    [
      'idempotency_keys_by_age',
      'refresh_tokens_by_age',
      'refresh_tokens_by_family',
      'mailed_links_by_age',
      'unbilled_time_by_age',
      'unconfirmed_mails_by_age',
    ],
  ],
  [
    'beats are folded and forgotten',
    job(foldBeatsTask),
    ['beat_batches_by_age', 'session_beats_by_age', 'left_leases_by_age'],
  ],
  [
    'old invitations are forgotten',
    job(forgetInvitationsTask),
    ['invitation_mails_by_age', 'provider_invitations_by_age'],
  ],
  ['old deliveries are forgotten', job(forgetWebhookDeliveriesTask), ['webhook_deliveries_pkey']],
  ['low balances are noticed', job(noticeLowBalancesTask), ['spending_limits_with_notice']],
  [
    'the figures of the metrics',
    (tx) => readFigures(tx, it.api.clock.now()),
    [
      'sessions_not_over',
      'wallets_in_debt',
      'webhook_deliveries_due',
      'ledger_checks_clean',
      'stripe_events_refused',
      'stripe_events_unmatched',
      'stripe_refunds_failed',
    ],
  ],
  [
    'who was signed out everywhere',
    (tx) =>
      createSignedOut({ db: within(tx), clock: it.api.clock.now }).isVoid({
        userId: 'x',
        issuedAtSeconds: 0,
      }),
    ['users_signed_out'],
  ],
])('%s', async (_what, run, indexes) => {
  const found = await it.api.deps.db.inBatch((tx) => explained(tx, run))
  // What an index leaves out is no condition of its scan: that it is the right one is what its name says.
  expect(found.scans.filter((scan) => !scan.startsWith('Index'))).toEqual([])
  expect(found.indexes).toEqual(expect.arrayContaining(indexes))
})
