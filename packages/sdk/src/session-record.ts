/**
 * What the tabs of one browser keep and tell each other about their session.
 *
 * @module
 */
import type { Ports } from './ports.ts'
import type { Session } from './wire.ts'

/** The use that a message tells of. */
export interface Use {
  clientId: string
  sequence: number
  activeMs: number
}

/** What a launch is traded for. */
export interface Validated {
  session: Session
  sessionJwt: string
}

/** Stored as JSON, and sent as it is to the other tabs. */
export interface SessionRecord {
  /** One per browser and provider: the tabs are one client to the server. */
  clientId: string
  /** The last sequence used by any tab; above what another tab knows where something was told since. */
  sequence: number
  /** What was told and not answered: it is told again as it was, by any tab, so that no use is told twice. */
  told?: Use | undefined
  /** The use that no answer has acknowledged, as the tab that wrote this saw it: also when it is hidden by one that opens. */
  activeMs?: number
  session?: Session | undefined
  sessionJwt?: string | undefined
  /** The server's time of the launch: the session launched last is the one that goes on, however old it is. */
  serverTime?: string
  /** This device's wall clock when `session.serverTime` was true. */
  wallAt: number
  isWarningDismissed?: boolean | undefined
  /** The session whose expired launch has sent the user back once; a second time would be a loop. */
  sentBack?: string | undefined
}

/** Reads what is kept, or begins anew. */
export function loadRecord({ storage, crypto }: Ports, key: string): SessionRecord {
  try {
    const record = JSON.parse(storage.get(key)!)
    if (record.clientId.match(/^[\w-]{8,64}$/)) return record
  } catch {
    // Nothing there, or not ours.
  }
  // 16 random bytes in decimal: 16 to 48 digits.
  const clientId = crypto.random(16).join('')
  return { clientId, sequence: 0, wallAt: 0 }
}

/** True if an answer tells of an earlier moment than another one. */
export const isOlder = (answer: Session, than: Session): boolean =>
  answer.serverTime < than.serverTime ||
  (answer.serverTime === than.serverTime && answer.sequence < than.sequence)
