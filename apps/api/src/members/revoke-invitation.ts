import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'

/** Its link works no more, and its address is forgotten. @throws {Problem} `invitation_not_found` */
export async function revokeInvitation(
  tx: Tx,
  { providerId, id }: { providerId: string; id: string },
): Promise<void> {
  const rows = await tx.query(
    'delete from provider_invitations where id = $1 and provider_id = $2 returning id',
    [id, providerId],
  )
  if (rows.length === 0) throw new Problem('invitation_not_found')
}
