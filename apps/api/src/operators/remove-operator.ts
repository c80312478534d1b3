import type { Acting } from '../audit/audit-entry.ts'
import { recordAction } from '../audit/record-action.ts'
import { ConfigError } from '../config.ts'
import type { Tx } from '../db.ts'
import { normalizeEmail } from '../email.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'

export interface OperatorRow {
  id: string
  email: string
}

/** Oldest first. */
export const listOperators = (tx: Tx) => tx.query<OperatorRow>(listOperatorsSql, [PUBLIC_TENANT_ID])

/**
 * Makes an operator an ordinary user. What an access token may do is looked up with each call, so it counts at once.
 *
 * @throws {ConfigError} where there is no such operator, and for the last one: nobody could list an app or give money back.
 */
export async function removeOperator(
  tx: Tx,
  input: { email: string; by: Acting; reason?: string | undefined; now: Date },
): Promise<OperatorRow> {
  const { email, by, reason, now } = input
  // All of them are locked, in the order of their ids: of two that remove each other the second sees what the first left.
  const operators = await tx.query<OperatorRow & { normalized: string }>(lockOperatorsSql, [PUBLIC_TENANT_ID])
  const wanted = normalizeEmail(email)?.normalized
  const operator = operators.find(({ normalized }) => normalized === wanted)
  if (!operator) throw new ConfigError(`${email} is no operator`)
  if (operators.length === 1)
    throw new ConfigError(`${operator.email} is the last operator: make another one first, with ADMIN_EMAIL`)
  await tx.query('update users set is_operator = false where tenant_id = $1 and id = $2', [
    PUBLIC_TENANT_ID,
    operator.id,
  ])
  await recordAction(tx, {
    by,
    action: 'operator.remove',
    subjectId: operator.id,
    before: { isOperator: true },
    after: { isOperator: false },
    ...(reason !== undefined && { reason }),
    now,
  })
  return operator
}

const listOperatorsSql = `
  select id, email from users where tenant_id = $1 and is_operator and deleted_at is null order by id`

const lockOperatorsSql = `
  select id, email, email_normalized as normalized
  from users where tenant_id = $1 and is_operator and deleted_at is null
  order by id for no key update`
