import type { Tx } from '../db.ts'
import { tidyDisplayName } from './user.ts'

/** Changes what is given; null takes the name away. */
export async function changeProfile(
  tx: Tx,
  input: { userId: string; displayName?: string | null },
): Promise<void> {
  const { userId, displayName } = input
  if (displayName === undefined) return
  await tx.query('update users set display_name = $2 where id = $1 and deleted_at is null', [
    userId,
    displayName === null ? null : tidyDisplayName(displayName),
  ])
}
