/**
 * What a provider's server needs, on Node 20 and up and on edge runtimes.
 *
 * @module
 */
export type { EndReason, Session, SessionStatus } from '../wire.ts'
export { ServerError, type ServerErrorCode } from './server-error.ts'
export { createSessionGate, type GateOptions, type Served, type SessionGate } from './session-gate.ts'
export { createJwtVerifier, type SessionClaims, type VerifyOptions } from './verify-session-jwt.ts'
export { verifyWebhook, type WebhookRequest } from './verify-webhook.ts'
