import type { Tx } from '../db.ts'
import { idFloor } from '../id.ts'
import { AUDIT_COLUMNS, type AuditRow } from './audit-entry.ts'

export interface AuditFilter {
  actorId?: string | undefined
  subjectId?: string | undefined
  action?: string | undefined
  from?: Date | undefined
  to?: Date | undefined
}

/** The tenant's entries, newest first, before the given id. */
export async function listAudit(
  tx: Tx,
  { filter, before, limit }: { filter: AuditFilter; before: string | undefined; limit: number },
): Promise<AuditRow[]> {
  const { actorId, subjectId, action, from, to } = filter
  return tx.query<AuditRow>(listSql, [
    actorId ?? null,
    subjectId ?? null,
    action ?? null,
    from ? idFloor('aud', from) : null,
    to ? idFloor('aud', to) : null,
    before ?? null,
    limit,
  ])
}

const listSql = `
  select ${AUDIT_COLUMNS}
  from audit_entries e left join audit_links l on l.tenant_id = e.tenant_id and l.entry_id = e.id
  where ($1::text is null or e.actor_id = $1) and ($2::text is null or e.subject_id = $2)
    and ($3::text is null or e.action = $3) and ($4::text is null or e.id >= $4)
    and ($5::text is null or e.id < $5) and ($6::text is null or e.id < $6)
  order by e.id desc
  limit $7`
