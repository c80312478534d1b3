import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { type EventType, emit } from '../events.ts'
import { isOverAllowance, noteUnbilled } from './allowance.ts'
import { endIfOver } from './end-sessions.ts'
import { judgeUnvouchedGap, type LockedSession, lockSession } from './lock-session.ts'
import { logTime } from './log-time.ts'
import { lastBeatSql, presentSession, projectLease, type SessionRow, sessionColumns } from './session.ts'

/** Who speaks: the client that holds the session, or its user in the marketplace. */
export type Speaker = Client | { kind: 'user'; userId: string }

interface Client {
  kind: 'client'
  clientId: string
  providerId: string
  sequence: number | null
  activeMs: number | null
}

interface Input {
  sessionId: string
  speaker: Speaker
  now: Date
  marketplaceUrl: string
}

/**
 * Stops the clock. What passed since the last beat counts as a beat would; while paused nothing is served and nothing
 * counts. Pausing what is paused, or has ended, changes nothing; what uses up the paid time ends the session.
 *
 * @throws {Problem} `session_not_found`, `session_not_started`, `session_superseded`
 */
export async function pauseSession(tx: Tx, input: Input): Promise<SessionRow> {
  const { speaker, now } = input
  const session = await lockForSpeaker(tx, input)
  if (session.status === 'paused' && speaker.kind === 'user' && !session.isPausedByUser) {
    // The user's pause is the stronger one: from now on only the marketplace resumes.
    return change(tx, claimPauseSql, [session.id, now])
  }
  if (session.status === 'paused' && speaker.kind === 'client' && session.toldMs !== null) {
    // The marketplace had paused, and this answer is how the app hears of it.
    await noteShownInPause(tx, session, 'pause', now)
    const isShort = session.servedMs > 0 && (await isOverAllowance(tx, { ...session, now }))
    return change(tx, hearPauseSql, [session.id, now, session.servedMs, isShort])
  }
  if (session.status !== 'active' || isLate(session, speaker)) return session
  // Beyond the allowance what the app still shows is billed with the pause, like every gap.
  const leftMs = speaker.kind === 'user' ? leftToShowMs(session, now) : 0
  const billedMs = session.isLeaseShort ? Math.max(0, leftMs - aheadMs(session, now)) : 0
  const countedMs = speaker.kind === 'user' ? judgeUnvouchedGap(session, now) + billedMs : session.countedMs
  const unbilledMs = Math.max(0, session.servedMs - countedMs)
  await noteUnbilled(tx, { ...session, unbilledMs, now })
  const { activeMs = null } = speaker.kind === 'client' ? speaker : {}
  const told = { sequence: sequenceOf(speaker), activeMs }
  await logTime(tx, { kind: 'pause', sessionId: session.id, at: now, ...told, countedMs, unbilledMs })
  // Resuming gives a new lease without a beat, so whoever is over the allowance gets a short one.
  const isShort = unbilledMs > 0 && (await isOverAllowance(tx, { ...session, now }))
  const paused = await change(tx, pauseSql, [
    session.id,
    now,
    countedMs,
    unbilledMs,
    speaker.kind === 'user',
    sequenceOf(speaker),
    isShort,
    speaker.kind === 'user' && !session.isLeaseShort ? leftMs : 0,
    billedMs,
  ])
  await tell(tx, 'session.paused', paused, input)
  // What passed since the last beat may have been the rest of the paid time.
  return endIfOver(tx, paused, now, input.marketplaceUrl)
}

/**
 * Lets the clock run again: from now where the app asks, from its next beat where the marketplace does, for the app is
 * closed until it hears of it. A pause that the user made in the marketplace is resumed only there.
 *
 * @throws {Problem} `session_not_found`, `session_not_started`, `session_superseded`, `session_paused_by_user`
 */
export async function resumeSession(tx: Tx, input: Input): Promise<SessionRow> {
  const { speaker, now } = input
  const session = await lockForSpeaker(tx, input)
  if (session.status !== 'paused' || isLate(session, speaker)) {
    const isRestarted = speaker.kind === 'client' && isRepeated(session, speaker)
    return isRestarted ? restart(tx, session, speaker, input) : session
  }
  if (session.isPausedByUser && speaker.kind === 'client') throw new Problem('session_paused_by_user')
  await noteShownInPause(tx, session, 'resume', now)
  // A lease is opened, whether anything was unbilled or not.
  const isShort = session.tokensPerMinute > 0 && (await isOverAllowance(tx, { ...session, now }))
  const resumed = await change(tx, resumeSql, [
    session.id,
    now,
    sequenceOf(speaker),
    session.servedMs,
    speaker.kind === 'user',
    isShort,
  ])
  await tell(tx, 'session.resumed', resumed, input)
  return resumed
}

/**
 * The clock starts now, because an answer was lost: of what passed only that was served which the page tells of its use,
 * and nothing after its last word. The rest goes on the allowance.
 */
async function restart(
  tx: Tx,
  session: LockedSession,
  { sequence, activeMs }: Client,
  { now, marketplaceUrl }: Input,
): Promise<SessionRow> {
  const countedMs = session.isFinal ? 0 : Math.min(session.countedMs, activeMs ?? 0)
  const unbilledMs = Math.max(0, session.servedMs - countedMs)
  await noteUnbilled(tx, { ...session, unbilledMs, now })
  const told = { sequence, activeMs, countedMs, unbilledMs }
  await logTime(tx, { kind: 'resume', sessionId: session.id, at: now, ...told })
  const isShort = session.tokensPerMinute > 0 && (await isOverAllowance(tx, { ...session, now }))
  const values = [session.id, now, countedMs, unbilledMs, sequence, isShort]
  return endIfOver(tx, await change(tx, restartSql, values), now, marketplaceUrl)
}

/** An app that has not heard that the marketplace paused shows on what nobody pays for. */
async function noteShownInPause(
  tx: Tx,
  session: LockedSession,
  kind: 'pause' | 'resume',
  now: Date,
): Promise<void> {
  const { id: sessionId, servedMs: unbilledMs } = session
  if (unbilledMs === 0) return
  await noteUnbilled(tx, { ...session, unbilledMs, now })
  const told = { sequence: null, activeMs: null, countedMs: 0, unbilledMs }
  await logTime(tx, { kind, sessionId, at: now, ...told })
}

/** The app shows it until it hears of the pause, or its lease ends. */
const leftToShowMs = (session: LockedSession, now: Date): number =>
  Math.max(0, (projectLease(session, now).serveUntil ?? 0) - now.getTime())

/** Where the last beat is still to come, until then it is billed already. */
const aheadMs = ({ lastBeatAt }: LockedSession, now: Date): number =>
  Math.max(0, (lastBeatAt?.getTime() ?? 0) - now.getTime())

/** Locks the session for whoever speaks, and refuses those whose it is not. */
async function lockForSpeaker(tx: Tx, input: Input): Promise<LockedSession> {
  const { sessionId, speaker, now, marketplaceUrl } = input
  const activeMs = speaker.kind === 'client' ? speaker.activeMs : null
  const session = await lockSession(tx, { sessionId, activeMs, now, marketplaceUrl })
  if (speaker.kind === 'user' && session.userId !== speaker.userId) throw new Problem('session_not_found')
  if (speaker.kind === 'client' && session.providerId !== speaker.providerId)
    throw new Problem('session_not_found')
  if (session.status === 'ended') return session
  if (speaker.kind === 'client' && session.clientId !== speaker.clientId)
    throw new Problem('session_superseded')
  if (session.status === 'pending') throw new Problem('session_not_started')
  return session
}

const sequenceOf = (speaker: Speaker) => (speaker.kind === 'client' ? speaker.sequence : null)

/** Overtaken by a newer call of the same client: it changes nothing. */
function isLate(session: SessionRow, speaker: Speaker): boolean {
  const sequence = sequenceOf(speaker)
  return sequence !== null && sequence <= session.sequence
}

/**
 * A client that resumes what runs believes it paused: it never got the answer that let it go on. It asks under a new
 * sequence; a copy that the network made has the old one.
 */
function isRepeated(session: SessionRow, speaker: Speaker): speaker is Extract<Speaker, { kind: 'client' }> {
  const sequence = sequenceOf(speaker)
  return (
    session.status === 'active' && !session.isLeaseShort && sequence !== null && sequence > session.sequence
  )
}

async function change(tx: Tx, sql: string, values: unknown[]): Promise<SessionRow> {
  const [session] = await tx.query<SessionRow>(sql, values)
  if (!session) throw new Problem('session_not_found')
  return session
}

function tell(tx: Tx, type: EventType, session: SessionRow, { now, marketplaceUrl }: Input): Promise<void> {
  const { tenantId, providerId, id: sessionId, eventSequence: sequence } = session
  const snapshot = presentSession(session, now, marketplaceUrl)
  return emit(tx, [{ tenantId, type, providerId, sessionId, sequence, snapshot, now }])
}

const claimPauseSql = `
  update sessions s set is_paused_by_user = true where s.id = $1 returning ${sessionColumns('$2')}`

const pauseSql = `
  update sessions s set
    status = 'paused', paused_at = $2, is_paused_by_user = $5, is_final = false,
    is_lease_short = s.is_lease_short or $7,
    used_ms = s.used_ms + $3, unbilled_ms = s.unbilled_ms + $4,
    last_beat_at = ${lastBeatSql('$2')} + $9 * interval '1 millisecond',
    told_ms = case when $5 then s.used_ms + $3 + $8 end,
    sequence = coalesce($6, s.sequence), event_sequence = s.event_sequence + 1,
    sweep_at = least(s.sweep_at, $2::timestamptz + (1800001 - s.paused_ms) * interval '1 millisecond')
  where s.id = $1
  returning ${sessionColumns('$2')}`

const hearPauseSql = `
  update sessions s set told_ms = null, unbilled_ms = s.unbilled_ms + $3, is_lease_short = s.is_lease_short or $4
  where s.id = $1
  returning ${sessionColumns('$2')}`

const restartSql = `
  update sessions s set
    used_ms = s.used_ms + $3, last_beat_at = ${lastBeatSql('$2')}, unbilled_ms = s.unbilled_ms + $4, sequence = $5,
    is_final = false, is_lease_short = s.is_lease_short or $6, told_ms = null
  where s.id = $1
  returning ${sessionColumns('$2')}`

// What is billed ahead is not billed again: the clock goes on from there. Where the marketplace resumes, the app goes on with the lease it has: none, if it has heard of the pause.
const resumeSql = `
  update sessions s set
    status = 'active', paused_ms = s.paused_ms + greatest(0, ms_between(s.paused_at, $2)), paused_at = null,
    unbilled_ms = s.unbilled_ms + $4, is_lease_short = s.is_lease_short or $6,
    told_ms = case when $5 then greatest(s.used_ms, s.told_ms - greatest(0, ms_between(s.paused_at, $2))) end,
    is_resumed_there = $5, is_paused_by_user = false, is_first_beat_due = false, last_beat_at = ${lastBeatSql('$2')},
    sequence = coalesce($3, s.sequence), event_sequence = s.event_sequence + 1,
    sweep_at = least(s.sweep_at, running_sweep_at($2, s.duration_ms - s.used_ms))
  where s.id = $1
  returning ${sessionColumns('$2')}`
