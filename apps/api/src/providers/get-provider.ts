import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import type { Actor } from '../http/authenticate.ts'
import { KEY_ROLE, type MemberRole, mayAct } from './member-role.ts'
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
 * @param needed the role that a member must have at least
 * @throws {Problem} `provider_not_found`, also for somebody else's; `forbidden` for a member of a lesser role
 */
export async function getProviderToChange(
  tx: Tx,
  id: string,
  actor: Actor,
  needed: MemberRole = 'developer',
): Promise<ProviderRow> {
  // Read by a statement of its own: one that waits for the lock goes on with what it saw of the team before.
  await tx.query(lockProviderSql, [id])
  return getProviderToRead(tx, id, actor, needed)
}

/**
 * A provider for whoever may look at it, to read what belongs to it. Locks nothing.
 *
 * @param needed the role that a member must have at least
 * @throws {Problem} `provider_not_found`, also for somebody else's; `forbidden` for a member of a lesser role
 */
export async function getProviderToRead(
  tx: Tx,
  id: string,
  actor: Actor,
  needed: MemberRole = 'viewer',
): Promise<ProviderRow> {
  const [row] = await tx.query<FoundRow>(findProviderSql, [id, userIdOf(actor)])
  return admit(row, actor, needed)
}

interface FoundRow extends ProviderRow {
  /** The caller's; null for whoever is not on the team. */
  role: MemberRole | null
}

const userIdOf = (actor: Actor) => (actor.kind === 'user' ? actor.userId : null)

/**
 * The one place that says who may act for a provider: an operator; a key made for this very provider, within its
 * scopes; a member whose role is enough. It is asked in every request, so a membership that ended has ended.
 */
function admit(row: FoundRow | undefined, actor: Actor, needed: MemberRole): ProviderRow {
  if (!row) throw new Problem('provider_not_found')
  const { role, ...provider } = row
  if (actor.kind === 'user' && actor.isOperator) return provider
  if (actor.kind === 'key' && actor.providerId === provider.id) {
    if (!mayAct(KEY_ROLE, needed))
      throw new Problem('forbidden', { detail: 'A key does not decide who is on the team.' })
    return provider
  }
  if (actor.kind !== 'user' || role === null) throw new Problem('provider_not_found')
  if (mayAct(role, needed)) return provider
  throw new Problem('forbidden', { detail: `This takes the role ${needed}; yours is ${role}.` })
}

// The primary owner is one by the provider's own row, the others by theirs.
const findProviderSql = `
  select ${PROVIDER_COLUMNS},
    case when owner_id = $2 then 'owner' else (
      select m.role from provider_members m where m.provider_id = providers.id and m.user_id = $2
    ) end as role
  from providers where id = $1`

const lockProviderSql = 'select from providers where id = $1 for no key update'
