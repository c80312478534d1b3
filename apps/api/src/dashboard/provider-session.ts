/**
 * A session as its provider's owner sees it.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Shape } from '../http/schema.ts'
import { presentSession, Session, type SessionRow } from '../sessions/session.ts'

export const ProviderSession = Shape({
  ...Session.properties,
  isTest: Type.Boolean({ description: 'Opened as a test: free, and in no statistics.', examples: [false] }),
})
export type ProviderSession = Static<typeof ProviderSession>

export function presentProviderSession(row: SessionRow, now: Date, marketplaceUrl: string): ProviderSession {
  return { ...presentSession(row, now, marketplaceUrl), isTest: row.isTest }
}
