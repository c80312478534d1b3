import { ConfigError } from '../config.ts'
import type { Db } from '../db.ts'
import { tryToOpen } from '../seal.ts'
import { signingKeyPlace } from './key-ring.ts'

/**
 * For a process that signs, and for whoever adds a key: with another `KEY_ENCRYPTION_KEY` than the others have, each sign-in
 * and each launch would fail, at once or ten minutes later.
 *
 * Asked are the key that signs now and those that will. What only verifies is not opened.
 *
 * @throws {ConfigError} naming the key
 */
export async function refuseWrongKey(
  { batch }: Pick<Db, 'batch'>,
  { openingKeys, now }: { openingKeys: readonly Buffer[]; now: Date },
): Promise<void> {
  const rows = await batch.query<{ kid: string; sealed: Buffer }>(listKeysThatSignSql, [now])
  const closed = rows.find(
    ({ kid, sealed }) =>
      !openingKeys.some((key) => tryToOpen(key, sealed, signingKeyPlace(kid)) !== undefined),
  )
  if (closed)
    throw new ConfigError(
      `KEY_ENCRYPTION_KEY does not open the signing keys of this database: ${signingKeyPlace(closed.kid)} was sealed with another ` +
        'one. Give the one that the instances run with, or it as KEY_ENCRYPTION_KEY_ALSO: see docs/operations/changing-the-key.md.',
    )
}

const listKeysThatSignSql = `
  select kid, private_jwk_encrypted as sealed
  from signing_keys
  where (published_until is null or published_until > $1)
    and signs_from >= coalesce((
      select max(signs_from) from signing_keys
      where signs_from <= $1 and (published_until is null or published_until > $1)), '-infinity')
  order by kid`
