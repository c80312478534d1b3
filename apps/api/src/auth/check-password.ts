import type { Db } from '../db.ts'
import { Problem } from '../errors.ts'
import { getUser } from './get-user.ts'
import type { Passwords } from './password.ts'

/**
 * Asks for the password again, outside of any transaction because it takes a while.
 *
 * @returns the hash it was checked against: what follows is refused if that has changed by then.
 * @throws {Problem} `password_wrong`
 */
export async function checkPassword(
  { db, passwords }: { db: Db; passwords: Passwords },
  input: { tenantId: string; userId: string; password: string },
): Promise<string> {
  const { tenantId, userId, password } = input
  const { passwordHash } = await db.inTenant(tenantId, (tx) => getUser(tx, userId))
  if (!(await passwords.verify(passwordHash, password))) throw new Problem('password_wrong')
  return passwordHash
}
