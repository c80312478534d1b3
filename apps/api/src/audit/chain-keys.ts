/**
 * The keys of the chain: one for every stretch of it. A change of `KEY_ENCRYPTION_KEY` begins a new stretch, and because a
 * link covers the one before, the new key also guards everything that is older.
 *
 * @module
 */
import { createHmac, randomBytes } from 'node:crypto'
import { type Config, ConfigError } from '../config.ts'
import type { Tx } from '../db.ts'
import { seal, tryToOpen } from '../seal.ts'
import { CHAIN_START, linkHash } from './chain.ts'

export type Sealing = Pick<Config, 'keyEncryptionKey' | 'openingKeys'>

/** Of the link with this sequence. */
export type ChainKeyAt = (sequence: number) => Buffer

export const chainKeyPlace = (firstSequence: number) => `audit_chain_keys/${firstSequence}`

export const listChainKeys = (tx: Tx) => tx.query<{ firstSequence: number; keySealed: Buffer }>(listSql)

/** @throws {ConfigError} where a key was sealed with none of the keys that we open with. */
export async function findChainKeys(tx: Tx, { openingKeys }: Sealing): Promise<ChainKeyAt | undefined> {
  const rows = await listChainKeys(tx)
  if (rows.length === 0) return undefined
  const stretches = rows.map(({ firstSequence, keySealed }) => ({
    firstSequence,
    key: openChainKey(openingKeys, keySealed, firstSequence),
  }))
  const [oldest = CHAIN_START] = stretches.map(({ key }) => key)
  return (sequence) => stretches.findLast(({ firstSequence }) => firstSequence <= sequence)?.key ?? oldest
}

function openChainKey(openingKeys: readonly Buffer[], sealed: Buffer, firstSequence: number): Buffer {
  const place = chainKeyPlace(firstSequence)
  for (const key of openingKeys) {
    const text = tryToOpen(key, sealed, place)
    if (text !== undefined) return Buffer.from(text, 'base64')
  }
  throw new ConfigError(
    `${place} does not open with KEY_ENCRYPTION_KEY: see docs/operations/changing-the-key.md, "A chain that cannot be opened".`,
  )
}

/** The key of links that were made before keys were kept: derived from the one that seals. */
export async function deriveFirstKey(tx: Tx, { keyEncryptionKey, openingKeys }: Sealing): Promise<Buffer> {
  const derive = (key: Buffer) => createHmac('sha256', key).update('audit chain').digest()
  const [first] = await tx.query<{ hash: Buffer; text: string }>(firstLinkSql)
  const made =
    first &&
    openingKeys
      .map(derive)
      .find((key) => linkHash(key, { before: CHAIN_START, sequence: 1, text: first.text }).equals(first.hash))
  return made ?? derive(keyEncryptionKey)
}

/** Whoever calls it holds the chain's lock. */
export async function addChainKey(
  tx: Tx,
  input: { firstSequence: number; key?: Buffer; sealing: Sealing; now: Date },
): Promise<void> {
  const { firstSequence, key = randomBytes(32), sealing, now } = input
  const sealed = seal(sealing.keyEncryptionKey, key.toString('base64'), chainKeyPlace(firstSequence))
  await tx.query(addSql, [firstSequence, sealed, now])
}

const listSql = `
  select first_sequence as "firstSequence", key_sealed as "keySealed" from audit_chain_keys order by first_sequence`

const firstLinkSql = `
  select l.hash, audit_text(e) as text
  from audit_links l join audit_entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id
  where l.sequence = 1`

// A stretch that never got a link has its key already.
const addSql = `
  insert into audit_chain_keys (first_sequence, key_sealed, created_at) values ($1, $2, $3)
  on conflict (first_sequence) do nothing`
