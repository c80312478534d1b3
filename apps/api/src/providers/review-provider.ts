import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import type { Actor } from '../http/authenticate.ts'
import { announceProvider } from './announce-provider.ts'
import { getProviderToChange } from './get-provider.ts'
import { PROVIDER_COLUMNS, type ProviderRow, type ProviderStatus } from './provider.ts'
import { enqueueProviderMail } from './provider-mail.ts'

/** What becomes of what runs with a suspended provider. Sessions bring it; providers know none. */
export interface Suspending {
  /** In the transaction that suspends: sees to it that it ends. */
  onSuspended(tx: Tx, provider: { tenantId: string; providerId: string }): Promise<void>
  /** After its commit: ends it at once. */
  afterSuspended(provider: { tenantId: string; providerId: string }): Promise<void>
}

interface Review {
  id: string
  actor: Actor
  now: Date
}

/**
 * Lists a provider, from wherever it is: a draft, in review, or suspended before. Repeating it changes nothing. Its
 * owners and developers are told by mail.
 *
 * @param review `seenAt` is the provider's `updatedAt` as the operator saw it, where they say so
 * @throws {Problem} `provider_not_found`, `listing_change_gone`
 */
export async function approveProvider(
  tx: Tx,
  { id, actor, now, seenAt }: Review & { seenAt?: Date | undefined },
): Promise<ProviderRow> {
  const before = await getProviderToChange(tx, id, actor)
  // Owners may change what waits: an operator lists what they looked at and nothing else.
  if (seenAt && before.updatedAt.getTime() !== seenAt.getTime()) throw new Problem('listing_change_gone')
  if (before.status === 'listed') return before
  const listed = await setStatus(tx, id, 'listed', null, now)
  await enqueueProviderMail(tx, { kind: 'approved', tenantId: actor.tenantId, providerId: id })
  return announceProvider(tx, listed, 'provider.approved', now)
}

/**
 * Takes a provider out of the catalogue, whatever it was; what runs with it ends. Its owners and developers
 * are told by mail.
 *
 * @throws {Problem} `provider_not_found`
 */
export async function suspendProvider(
  tx: Tx,
  { id, actor, now, reason, onSuspended }: Review & { reason: string } & Pick<Suspending, 'onSuspended'>,
): Promise<ProviderRow> {
  const before = await getProviderToChange(tx, id, actor)
  if (before.status === 'suspended') return before
  const suspended = await setStatus(tx, id, 'suspended', reason, now)
  await onSuspended(tx, { tenantId: actor.tenantId, providerId: id })
  await enqueueProviderMail(tx, { kind: 'suspended', tenantId: actor.tenantId, providerId: id })
  return announceProvider(tx, suspended, 'provider.suspended', now)
}

/**
 * Sends a provider in review back to its owner as a draft, saying why. Its owners and developers are told by mail.
 *
 * @throws {Problem} `provider_not_found`, `provider_status_invalid`
 */
export async function rejectProvider(
  tx: Tx,
  { id, actor, now, reason }: Review & { reason: string },
): Promise<ProviderRow> {
  const before = await getProviderToChange(tx, id, actor)
  if (before.status !== 'in_review') throw new Problem('provider_status_invalid')
  const rejected = await setStatus(tx, id, 'draft', reason, now)
  await enqueueProviderMail(tx, { kind: 'rejected', tenantId: actor.tenantId, providerId: id })
  return rejected
}

async function setStatus(
  tx: Tx,
  id: string,
  status: ProviderStatus,
  note: string | null,
  now: Date,
): Promise<ProviderRow> {
  const [row] = await tx.query<ProviderRow>(setStatusSql, [id, status, note, now])
  assert(row, 'a locked provider is still there')
  return row
}

const setStatusSql = `
  update providers set status = $2, review_note = $3, updated_at = $4 where id = $1
  returning ${PROVIDER_COLUMNS}`
