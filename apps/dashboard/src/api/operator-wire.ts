/**
 * What operators are answered, from the API's own route schemas.
 *
 * @module
 */
import type { Static } from '@fastify/type-provider-typebox'
import type { AuditEntry as AuditEntryShape } from '../../../api/src/audit/audit-entry.ts'
import type {
  FoundPurchase as FoundPurchaseShape,
  FoundSession as FoundSessionShape,
  FoundTransfer as FoundTransferShape,
  FoundUser as FoundUserShape,
  PurchaseFile as PurchaseFileShape,
} from '../../../api/src/operators/looking-up.ts'

export type { ListingChange } from '../../../api/src/providers/listing-change.ts'
export type AuditEntry = Static<typeof AuditEntryShape>
export type FoundUser = Static<typeof FoundUserShape>
export type FoundSession = Static<typeof FoundSessionShape>
export type FoundPurchase = Static<typeof FoundPurchaseShape>
export type FoundTransfer = Static<typeof FoundTransferShape>
export type PurchaseFile = Static<typeof PurchaseFileShape>

export interface PlatformHealth {
  status: 'ok' | 'attention'
  concerns: string[]
  sessions: { pending: number; active: number; paused: number }
  tokensHeld: number
  settlementLagSeconds: number
  jobs: { due: number; failed: number; lagSeconds: number }
  ledger: { checkedAt: string | null; cleanAt: string | null; findings: number | null }
  debts: { tokens: number; wallets: number }
  stripe: { refused: number; unmatched: number }
  webhooks: { backlog: number; lagSeconds: number }
}

export interface UnusualProviders {
  lookedAt: string | null
  items: {
    id: string
    name: string
    ended: number
    instantlyCompleted: number
    share: number
    usualShare: number
  }[]
}
