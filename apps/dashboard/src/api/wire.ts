/**
 * The shapes of the API, from its own route schemas: types alone, nothing of it is bundled.
 *
 * @module
 */
export type { Analytics, Interval } from '../../../api/src/analytics/analytics.ts'
export type { Experiments } from '../../../api/src/analytics/get-experiments.ts'
export type { Funnel } from '../../../api/src/analytics/get-funnel.ts'
export type { Retention } from '../../../api/src/analytics/get-retention.ts'
export type { ProviderSession } from '../../../api/src/dashboard/provider-session.ts'
export type { Theme } from '../../../api/src/dashboard/theme.ts'
export type { Earnings, Payout, Statement } from '../../../api/src/earnings/earnings.ts'
export type { ApiKey, IssuedApiKey, NewApiKey, Scope } from '../../../api/src/providers/api-key.ts'
export type { MemberRole } from '../../../api/src/providers/member-role.ts'
export type { NewProvider, OwnProvider, ProviderStatus } from '../../../api/src/providers/provider.ts'
export type { Delivery } from '../../../api/src/webhooks/delivery.ts'
export type { Endpoint, IssuedEndpoint } from '../../../api/src/webhooks/endpoint.ts'

import type { MemberRole } from '../../../api/src/providers/member-role.ts'
import type { OwnProvider } from '../../../api/src/providers/provider.ts'

/** An app that one is on the team of, and as what. */
export type TeamProvider = OwnProvider & { role: MemberRole }

export interface Profile {
  id: string
  email: string
  displayName: string | null
  createdAt: string
  roles: ('user' | 'provider' | 'operator')[]
}

export interface Launched {
  session: { id: string }
  launchUrl: string
  launchExpiresAt: string
}

/** What one build has to ask its installation. */
export interface Installation {
  publicUrl: string
  marketplaceUrl: string
  isProduction: boolean
  isReviewed: boolean
  platformFeeBasisPoints: number
}

export interface Member {
  userId: string
  email: string
  emailVerified: boolean
  displayName: string | null
  role: MemberRole
  isPrimary: boolean
  workingKeys: number
  joinedAt: string
}

export interface Invitation {
  id: string
  email: string
  role: MemberRole
  isExpired: boolean
  expiresAt: string
  lastSentAt: string | null
}

export interface EmailStatus {
  email: string
  emailVerified: boolean
  pendingEmail: string | null
}

export interface SignIn {
  id: string
  userAgent: string | null
  signedInAt: string
  lastUsedAt: string
}
