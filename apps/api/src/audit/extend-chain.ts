import type { Tx } from '../db.ts'
import { CHAIN_LOCK, CHAIN_START, linkHash } from './chain.ts'
import { addChainKey, deriveFirstKey, findChainKeys, type Sealing } from './chain-keys.ts'

const BATCH_MAX = 500

export interface Head {
  sequence: number
  hash: string
}

/**
 * Links entries that were committed since the last time. One instance at a time; the others leave it to the one that
 * holds the lock.
 *
 * @returns how many were linked and the new end of the chain, or undefined where another instance is at it.
 */
export async function extendChain(
  tx: Tx,
  { sealing, now }: { sealing: Sealing; now: Date },
): Promise<{ linked: number; head: Head } | undefined> {
  const [lock] = await tx.query<{ isFree: boolean }>('select pg_try_advisory_xact_lock($1) as "isFree"', [
    CHAIN_LOCK,
  ])
  if (!lock?.isFree) return undefined
  const keyAt = (await findChainKeys(tx, sealing)) ?? (await keepFirstKey(tx, { sealing, now }))
  const [last] = await tx.query<{ sequence: number; hash: Buffer }>(
    'select sequence, hash from audit_links order by sequence desc limit 1',
  )
  let sequence = last?.sequence ?? 0
  let hash = last?.hash ?? CHAIN_START
  const waiting = await tx.query<{ tenantId: string; id: string; text: string }>(waitingSql, [BATCH_MAX])
  const links = waiting.map(({ tenantId, id, text }) => {
    sequence += 1
    hash = linkHash(keyAt(sequence), { before: hash, sequence, text })
    return { sequence, tenantId, id, hash }
  })
  if (links.length > 0) {
    await tx.query(linkSql, [
      links.map((link) => link.sequence),
      links.map((link) => link.tenantId),
      links.map((link) => link.id),
      links.map((link) => link.hash),
      now,
    ])
  }
  return { linked: links.length, head: { sequence, hash: hash.toString('hex') } }
}

async function keepFirstKey(tx: Tx, { sealing, now }: { sealing: Sealing; now: Date }) {
  const key = await deriveFirstKey(tx, sealing)
  await addChainKey(tx, { firstSequence: 1, key, sealing, now })
  return () => key
}

// Only committed rows are seen, whatever order their transactions began in: the chain's order is that of chaining.
const waitingSql = `
  select u.tenant_id as "tenantId", u.entry_id as id, audit_text(e) as text
  from audit_unchained u join audit_entries e on e.tenant_id = u.tenant_id and e.id = u.entry_id
  order by u.entry_id, u.tenant_id
  limit $1`

const linkSql = `
  with linked as (
    insert into audit_links (sequence, tenant_id, entry_id, hash, chained_at)
    select l.sequence, l.tenant_id, l.entry_id, l.hash, $5
    from unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[]) as l (sequence, tenant_id, entry_id, hash)
    returning tenant_id, entry_id
  )
  delete from audit_unchained u using linked l where u.tenant_id = l.tenant_id and u.entry_id = l.entry_id`
