import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { type EventType, emit } from '../events.ts'
import { PROVIDER_COLUMNS, type ProviderRow, presentOwnProvider } from './provider.ts'

/** Writes an event about a provider, numbered after the one before; resolves to the row with that number. */
export async function announceProvider(
  tx: Tx,
  { id }: ProviderRow,
  type: Extract<EventType, `provider.${string}`>,
  now: Date,
): Promise<ProviderRow> {
  const [row] = await tx.query<ProviderRow & { tenantId: string }>(numberEventSql, [id])
  assert(row, 'an announced provider exists')
  const { tenantId, ...provider } = row
  await emit(tx, [
    {
      tenantId,
      type,
      providerId: id,
      sessionId: null,
      sequence: provider.eventSequence,
      snapshot: presentOwnProvider(provider),
      now,
    },
  ])
  return provider
}

const numberEventSql = `
  update providers set event_sequence = event_sequence + 1 where id = $1
  returning tenant_id as "tenantId", ${PROVIDER_COLUMNS}`
