import type { Tx } from '../db.ts'
import { CHAIN_START, linkHash } from './chain.ts'
import { deriveFirstKey, findChainKeys, type Sealing } from './chain-keys.ts'
import type { Head } from './extend-chain.ts'

const PAGE = 1_000
const FINDINGS_MAX = 100
/** Chaining runs every minute; an entry that waits this long was taken out of the queue, or nobody chains. */
const UNCHAINED_MINUTES_MAX = 30

export interface ChainReport {
  links: number
  head: Head
  findings: string[]
}

/**
 * Computes every link again from its entry. Says of each what does not fit: an entry that was changed or removed, a
 * link that is missing, an entry that never got one.
 *
 * Whoever removes the newest links and their entries leaves a chain that fits. Give the `known` head of an earlier
 * run or of the log, kept elsewhere, and that is found, too.
 */
export async function verifyChain(
  tx: Tx,
  { sealing, known, now }: { sealing: Sealing; known?: Head | undefined; now: Date },
): Promise<ChainReport> {
  const firstKey = await deriveFirstKey(tx, sealing)
  const keyAt = (await findChainKeys(tx, sealing)) ?? (() => firstKey)
  const findings: string[] = []
  let before: Uint8Array = CHAIN_START
  let sequence = 0
  let isKnownSeen = known === undefined
  for (;;) {
    const rows = await tx.query<{
      sequence: number
      entryId: string
      hash: Buffer
      text: string | null
    }>(linksSql, [sequence, PAGE])
    for (const row of rows) {
      if (row.sequence !== sequence + 1)
        findings.push(`links ${sequence + 1} to ${row.sequence - 1} are missing`)
      const { text } = row
      if (text === null) findings.push(`link ${row.sequence}: its entry ${row.entryId} is gone`)
      else if (!linkHash(keyAt(row.sequence), { before, sequence: row.sequence, text }).equals(row.hash))
        findings.push(`link ${row.sequence}: ${row.entryId} is not what was chained`)
      if (known?.sequence === row.sequence) {
        isKnownSeen = true
        if (row.hash.toString('hex') !== known.hash)
          findings.push(`link ${row.sequence} does not have the hash it once had`)
      }
      ;({ sequence } = row)
      before = row.hash
    }
    if (rows.length < PAGE || findings.length >= FINDINGS_MAX) break
  }
  if (!isKnownSeen) findings.push(`the chain once reached ${known?.sequence}, now it ends at ${sequence}`)
  const left = await tx.query<{ id: string }>(unchainedSql, [
    new Date(now.getTime() - UNCHAINED_MINUTES_MAX * 60_000),
    FINDINGS_MAX,
  ])
  findings.push(...left.map(({ id }) => `${id} has no link`))
  const head = { sequence, hash: Buffer.from(before).toString('hex') }
  return { links: sequence, head, findings: findings.slice(0, FINDINGS_MAX) }
}

const linksSql = `
  select l.sequence, l.entry_id as "entryId", l.hash, case when e.id is not null then audit_text(e) end as text
  from audit_links l left join audit_entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id
  where l.sequence > $1
  order by l.sequence
  limit $2`

const unchainedSql = `
  select e.id from audit_entries e
  where e.created_at < $1
    and not exists (select from audit_links l where l.tenant_id = e.tenant_id and l.entry_id = e.id)
  order by e.id limit $2`
