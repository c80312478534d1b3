/**
 * Links in mails: each works once, for a while, and only for the address it was sent to.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'

export type LinkPurpose = 'verify_email' | 'reset_password'

export const LINK_TOKEN_CHARACTERS_MAX = 200
export const LINK_HOURS: Record<LinkPurpose, number> = { verify_email: 24, reset_password: 1 }
/** More messages of one kind in an hour are somebody filling a mailbox that may not be theirs. */
const LINKS_PER_HOUR_MAX = 3

export interface UsedLink {
  userId: string
  emailNormalized: string
}

/**
 * Makes a link's token. Only its hash is kept, so it is made where it is sent.
 *
 * @returns undefined where enough were sent to that account within the hour.
 */
export async function issueMailedLink(
  tx: Tx,
  input: { purpose: LinkPurpose; userId: string; emailNormalized: string; now: Date },
): Promise<string | undefined> {
  const { purpose, userId, emailNormalized, now } = input
  const token = `tml_${randomBytes(32).toString('base64url')}`
  const [issued] = await tx.query(issueSql, [
    hashOf(token),
    purpose,
    userId,
    emailNormalized,
    now,
    new Date(now.getTime() + LINK_HOURS[purpose] * 3_600_000),
    new Date(now.getTime() - 3_600_000),
    LINKS_PER_HOUR_MAX,
  ])
  return issued ? token : undefined
}

/** One that could not be sent: nobody will open it. */
export async function forgetMailedLink(tx: Tx, token: string): Promise<void> {
  await tx.query('delete from mailed_links where token_hash = $1', [hashOf(token)])
}

/** Whether it would work now: asked before work that a stranger's guess should not cost us. */
export async function checkMailedLink(
  tx: Tx,
  input: { token: string; purpose: LinkPurpose; now: Date },
): Promise<void> {
  const [link] = await tx.query(checkSql, [hashOf(input.token), input.purpose, input.now])
  if (!link) throw new Problem('link_invalid')
}

/**
 * Uses a link up, and locks its user: before the link, as whoever voids the links of a user that they have locked.
 *
 * @throws {Problem} `link_invalid` when it is unknown, used, expired or for something else; nobody learns which.
 */
export async function takeMailedLink(
  tx: Tx,
  input: { token: string; purpose: LinkPurpose; now: Date },
): Promise<UsedLink> {
  await tx.query(lockHolderSql, [hashOf(input.token)])
  const [link] = await tx.query<UsedLink>(takeSql, [hashOf(input.token), input.purpose, input.now])
  if (!link) throw new Problem('link_invalid')
  return link
}

/** Voids what was sent and not opened: after a password changed, an older link must not change it back. */
export async function voidMailedLinks(
  tx: Tx,
  input: { userId: string; purpose: LinkPurpose; now: Date },
): Promise<void> {
  await tx.query(voidSql, [input.userId, input.purpose, input.now])
}

const hashOf = (token: string) => createHash('sha256').update(token).digest()

const issueSql = `
  insert into mailed_links (token_hash, purpose, user_id, email_normalized, created_at, expires_at)
  select $1, $2, $3, $4, $5, $6
  where (select count(*) from mailed_links where user_id = $3 and purpose = $2 and created_at > $7) < $8
  returning token_hash`

const checkSql = `
  select from mailed_links where token_hash = $1 and purpose = $2 and used_at is null and expires_at > $3`

const lockHolderSql = `
  select from mailed_links l join users u on u.id = l.user_id where l.token_hash = $1 for update of u`

// The conditional update is the lock: of two that open one link at once, one uses it.
const takeSql = `
  update mailed_links set used_at = $3
  where token_hash = $1 and purpose = $2 and used_at is null and expires_at > $3
  returning user_id as "userId", email_normalized as "emailNormalized"`

const voidSql = `
  update mailed_links set used_at = $3 where user_id = $1 and purpose = $2 and used_at is null`
