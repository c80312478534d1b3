import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import type { Actor } from '../http/authenticate.ts'
import { PROVIDER_COLUMNS, type ProviderRow } from './provider.ts'

/** @throws {Problem} `provider_not_found`, also for one that is not listed. */
export async function getListedProvider(tx: Tx, id: string): Promise<ProviderRow> {
  const [row] = await tx.query<ProviderRow>(
    `select ${PROVIDER_COLUMNS} from providers where id = $1 and status = 'listed'`,
    [id],
  )
  if (!row) throw new Problem('provider_not_found')
  return row
}

/**
 * A provider for whoever may change it, locked until the end of the transaction. The lock leaves sessions that
 * refer to it alone.
 *
 * @throws {Problem} `provider_not_found`, also for somebody else's.
 */
export async function getProviderToChange(tx: Tx, id: string, actor: Actor): Promise<ProviderRow> {
  const [row] = await tx.query<ProviderRow>(
    `select ${PROVIDER_COLUMNS} from providers where id = $1 for no key update`,
    [id],
  )
  if (!row || !mayManage(actor, row)) throw new Problem('provider_not_found')
  return row
}

/**
 * A provider for whoever may manage it, to read what belongs to it. Locks nothing.
 *
 * @throws {Problem} `provider_not_found`, also for somebody else's.
 */
export async function getProviderToRead(tx: Tx, id: string, actor: Actor): Promise<ProviderRow> {
  const [row] = await tx.query<ProviderRow>(`select ${PROVIDER_COLUMNS} from providers where id = $1`, [id])
  if (!row || !mayManage(actor, row)) throw new Problem('provider_not_found')
  return row
}

/** The owner, an operator, or a key made for this very provider. */
function mayManage(actor: Actor, { id, ownerId }: ProviderRow): boolean {
  if (actor.kind === 'key') return actor.providerId === id
  return actor.kind === 'user' && (actor.userId === ownerId || actor.isOperator)
}
