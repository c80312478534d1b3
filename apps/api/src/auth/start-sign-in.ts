import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { issueRefreshToken } from './issue-refresh-token.ts'

/**
 * Starts a sign-in with the password that was just checked.
 *
 * Checking takes a while. A password that changed meanwhile must not leave a sign-in behind that the change ended: the
 * shared lock makes one wait for the other, and whoever comes second sees what the first did.
 *
 * @throws {Problem} `invalid_credentials`
 */
export async function startSignIn(
  tx: Tx,
  input: { userId: string; passwordHash: string; userAgent: string | undefined; now: Date },
): Promise<{ refreshToken: string; signedOutAt: Date | null }> {
  const [user] = await tx.query<{ signedOutAt: Date | null }>(lockPasswordSql, [
    input.userId,
    input.passwordHash,
  ])
  if (!user) throw new Problem('invalid_credentials', {}, 'the password changed while it was checked')
  return { refreshToken: await issueRefreshToken(tx, input), signedOutAt: user.signedOutAt }
}

const lockPasswordSql = `
  select signed_out_at as "signedOutAt" from users where id = $1 and password_hash = $2 and deleted_at is null for share`
