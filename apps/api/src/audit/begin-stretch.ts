import type { Tx } from '../db.ts'
import { tryToOpen } from '../seal.ts'
import { CHAIN_LOCK } from './chain.ts'
import { addChainKey, chainKeyPlace, deriveFirstKey, listChainKeys, type Sealing } from './chain-keys.ts'

/**
 * Gives the chain a new key from its next link on, where one of its keys was sealed with another `KEY_ENCRYPTION_KEY`:
 * who knew that one knows the chain's key, and must not be able to forge what comes.
 *
 * Comes before the old keys are sealed anew. Stopped in between, the next run finds them and begins a stretch again.
 * Begins none where a key opens with nothing we have: until that is mended the chain gets no link.
 */
export async function beginStretch(
  tx: Tx,
  { sealing, now }: { sealing: Sealing; now: Date },
): Promise<{ firstSequence: number } | undefined> {
  await tx.query('select pg_advisory_xact_lock($1)', [CHAIN_LOCK])
  const rows = await listChainKeys(tx)
  const isOpenedBy =
    (key: Buffer) =>
    ({ firstSequence, keySealed }: (typeof rows)[number]) =>
      tryToOpen(key, keySealed, chainKeyPlace(firstSequence)) !== undefined
  if (!rows.every((row) => sealing.openingKeys.some((key) => isOpenedBy(key)(row)))) return undefined
  const isForeign = !rows.every(isOpenedBy(sealing.keyEncryptionKey))
  const isUnkept = rows.length === 0 && sealing.openingKeys.length > 1
  if (!isForeign && !isUnkept) return undefined
  if (isUnkept)
    await addChainKey(tx, { firstSequence: 1, key: await deriveFirstKey(tx, sealing), sealing, now })
  const [last] = await tx.query<{ sequence: number }>(
    'select coalesce(max(sequence), 0) as sequence from audit_links',
  )
  const firstSequence = (last?.sequence ?? 0) + 1
  await addChainKey(tx, { firstSequence, sealing, now })
  return { firstSequence }
}
