import type { Tx } from '../db.ts'
import type { Actor } from '../http/authenticate.ts'
import { KEY_ROLE, type MemberRole } from './member-role.ts'
import { PROVIDER_COLUMNS, type ProviderRow, type ProviderStatus } from './provider.ts'

/** Enough for any search a person types; each word costs a comparison per row. */
const WORDS_MAX = 8

/** Listed providers, newest first: every word of `q` stands somewhere in name, description or category. */
export function listProviders(
  tx: Tx,
  input: { q?: string; category?: string; after: string | undefined; limit: number },
): Promise<ProviderRow[]> {
  const { q = '', category, after = null } = input
  const words = q.split(/\s+/).filter(Boolean).slice(0, WORDS_MAX)
  const page = [after, category || null, input.limit + 1]
  return words.length === 0
    ? tx.query(listProvidersSql, page)
    : tx.query(searchProvidersSql, [...page, words])
}

// Walks the index of listed providers, or of their category, from the cursor on.
const listProvidersSql = `
  select ${PROVIDER_COLUMNS}
  from providers
  where status = 'listed'
    and ($1::text is null or id < $1)
    and ($2::text is null or category = $2)
  order by id desc
  limit $3`

// The function only names them: what is shown, row level security has let through.
const searchProvidersSql = `
  select ${PROVIDER_COLUMNS}
  from providers
  where status = 'listed' and id = any (array(select search_catalogue($4, $2, $1, $3)))
  order by id desc
  limit $3`

/** The providers somebody is on the team of, as what, drafts included, newest first; for a key the one it was made for. */
export function listOwnProviders(
  tx: Tx,
  input: { actor: Actor; after: string | undefined; limit: number },
): Promise<OwnRow[]> {
  const { actor, after = null, limit } = input
  const userId = actor.kind === 'user' ? actor.userId : null
  const providerId = actor.kind === 'key' ? actor.providerId : null
  return tx.query(listOwnProvidersSql, [userId, providerId, after, limit + 1])
}

export type OwnRow = ProviderRow & { role: MemberRole }

const listOwnProvidersSql = `
  select ${PROVIDER_COLUMNS}, mine.role
  from (
    select p.id as own_id, 'owner' as role from providers p
    where p.owner_id = $1 and ($3::text is null or p.id < $3)
    union all
    select m.provider_id, m.role from provider_members m join providers p on p.id = m.provider_id
    where m.user_id = $1 and p.owner_id <> $1 and ($3::text is null or m.provider_id < $3)
    union all
    select p.id, '${KEY_ROLE}' from providers p where p.id = $2 and ($3::text is null or p.id < $3)
  ) mine
  join providers on providers.id = mine.own_id
  order by id desc
  limit $4`

/** For operators: all providers of a status, the longest waiting first. */
export function listProvidersByStatus(
  tx: Tx,
  input: { status: ProviderStatus; after: string | undefined; limit: number },
): Promise<ProviderRow[]> {
  return tx.query(listProvidersByStatusSql, [input.status, input.after ?? null, input.limit + 1])
}

const listProvidersByStatusSql = `
  select ${PROVIDER_COLUMNS}
  from providers
  where status = $1 and ($2::text is null or id > $2)
  order by id
  limit $3`
