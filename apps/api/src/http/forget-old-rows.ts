import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { IDEMPOTENCY_HOURS } from './idempotency.ts'

const DAY_MS = 86_400_000

/** Deletes what nobody may ask for any more: answers kept for a day, sign-ins and links that ended, allowances of past days. */
export const forgetOldRowsTask =
  ({ db, clock }: Deps): Task =>
  async () => {
    const now = clock().getTime()
    await db.batch.query('delete from idempotency_keys where created_at < $1', [
      new Date(now - IDEMPOTENCY_HOURS * 3_600_000),
    ])
    await db.batch.query(forgetRefreshTokensSql, [new Date(now - 7 * DAY_MS)])
    await db.batch.query('delete from mailed_links where expires_at < $1', [new Date(now - 7 * DAY_MS)])
    await db.batch.query('delete from unbilled_time where hour < $1', [new Date(now - 7 * DAY_MS)])
  }

// By a revoked token its whole family is dead, also a successor that was written while the revocation ran: it goes last.
const forgetRefreshTokensSql = `
  delete from refresh_tokens t
  where t.expires_at < $1 and (t.revoked_at is null or not exists (
    select from refresh_tokens f
    where f.tenant_id = t.tenant_id and f.family_id = t.family_id and f.expires_at >= $1
  ))`
