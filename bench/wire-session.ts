/**
 * A running session as the API shows it: what is answered to a beat, and the size of what an event keeps.
 *
 * @module
 */
export const SESSION = {
  id: 'ses_01k4w3t9x2qv5m8r7c6z1n0hbd',
  providerId: 'prv_01k4w3t9x2qv5m8r7c6z1n0hbd',
  status: 'active',
  endReason: null,
  userRef: 'ref_0123456789abcdef0123456789abcdef',
  durationSeconds: 28_800,
  usedMs: 432_000,
  remainingMs: 28_368_000,
  endsAt: '2026-03-01T20:00:00.000Z',
  serveUntil: '2026-03-01T12:02:10.000Z',
  sequence: 15,
  tokensPerMinute: 4,
  tokensHeld: 1920,
  tokensCharged: null,
  heartbeatIntervalSeconds: 30,
  warningSeconds: 300,
  returnUrl: 'http://localhost:4001/?session=ses_01k4w3t9x2qv5m8r7c6z1n0hbd',
  createdAt: '2026-03-01T12:00:00.000Z',
  startedAt: '2026-03-01T12:00:00.000Z',
  endedAt: null,
  serverTime: '2026-03-01T12:00:00.000Z',
}
