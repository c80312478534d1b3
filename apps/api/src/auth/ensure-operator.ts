import { recordAction } from '../audit/record-action.ts'
import { ConfigError } from '../config.ts'
import type { Deps } from '../deps.ts'
import { normalizeEmail } from '../email.ts'
import { Problem } from '../errors.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { createUser } from './create-user.ts'
import { findUserByEmail } from './find-user-by-email.ts'
import { createPasswords } from './password.ts'

const AT_START = { command: 'start' }

/**
 * Makes the first operator from `ADMIN_EMAIL` and `ADMIN_PASSWORD`, at start, once.
 *
 * An account that exists keeps its password. It is promoted only when `ADMIN_PASSWORD` opens it: otherwise whoever
 * registered that address first would become the operator.
 *
 * @throws {ConfigError} when `ADMIN_EMAIL` is none.
 */
export async function ensureOperator({ config, db, clock, log }: Deps): Promise<void> {
  const { adminEmail, adminPassword } = config
  if (adminEmail === undefined || adminPassword === undefined) return
  const email = normalizeEmail(adminEmail)
  if (!email) throw new ConfigError('ADMIN_EMAIL is not an e-mail address')
  const passwords = createPasswords()
  const find = () => db.inTenant(PUBLIC_TENANT_ID, (tx) => findUserByEmail(tx, email))

  let existing = await find()
  if (!existing) {
    const passwordHash = await passwords.hash(adminPassword)
    const now = clock()
    try {
      const { id } = await db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
        const made = await createUser(tx, {
          email,
          passwordHash,
          displayName: 'Operator',
          isOperator: true,
          now,
        })
        await recordAction(tx, { by: AT_START, action: 'operator.create', subjectId: made.id, now })
        return made
      })
      log.info({ userId: id }, 'first operator account made')
      return
    } catch (error) {
      // Another instance started at the same moment.
      if (!(error instanceof Problem)) throw error
      existing = await find()
    }
  }
  if (!existing || existing.isOperator) return
  const userId = existing.id
  if (!(await passwords.verify(existing.passwordHash, adminPassword))) {
    log.error(
      { userId },
      'ADMIN_EMAIL has an account that ADMIN_PASSWORD does not open: it is not made an operator',
    )
    return
  }
  await db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
    await tx.query('update users set is_operator = true where id = $1', [userId])
    await recordAction(tx, { by: AT_START, action: 'operator.promote', subjectId: userId, now: clock() })
  })
  log.warn({ userId }, 'the account of ADMIN_EMAIL is an operator now')
}
