import type { Tx } from '../db.ts'
import { INVITATION_COLUMNS, type InvitationRow } from './invitation.ts'

/** A provider's invitations that nobody answered yet, newest first. */
export function listInvitations(
  tx: Tx,
  input: { providerId: string; before?: string | undefined; limit: number },
): Promise<InvitationRow[]> {
  return tx.query<InvitationRow>(listSql, [input.providerId, input.before ?? null, input.limit])
}

const listSql = `
  select ${INVITATION_COLUMNS} from provider_invitations
  where provider_id = $1 and ($2::text is null or id < $2)
  order by id desc
  limit $3`
