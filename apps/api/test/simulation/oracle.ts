/**
 * One user's books as they must be: wallet, purchases, sessions, allowance. Every operation says what the real
 * marketplace has to answer, and changes the model as the marketplace has to change.
 *
 * @module
 */
import {
  type AllowanceModel,
  billedOfLeft,
  emptyAllowance,
  hear,
  isOverAllowance,
  leaveLease,
  noteUnbilled,
  takeBack,
} from './oracle-allowance.ts'
import {
  chargeOf,
  count,
  countedMs,
  knownOf,
  lastBeatAfter,
  launchEndOf,
  leaseOf,
  leftMs,
  lifeEndOf,
  overReason,
  remainingOf,
  restartedMs,
  type SessionModel,
  servedMs,
  unvouchedMs,
} from './oracle-session.ts'
import {
  hold,
  learnOfDispute,
  type PurchaseModel,
  type StripeFactModel,
  settleHold,
  settlePurchase,
  type WalletModel,
} from './oracle-wallet.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** What the marketplace has to answer. */
export interface Expected {
  status: number
  code?: string
  session?: SessionModel
}

interface Said {
  clientId: string
  sequence?: number
  activeMs?: number
}

const refusal = (status: number, code: string): Expected => ({ status, code })

export class Books {
  wallet: WalletModel = { posted: 0, held: 0, debt: 0 }
  sessions = new Map<string, SessionModel>()
  purchases = new Map<string, PurchaseModel>()
  allowance: AllowanceModel = emptyAllowance()

  clone(): Books {
    const copy = new Books()
    Object.assign(copy, structuredClone({ ...this }))
    return copy
  }

  get(sessionId: string): SessionModel {
    const session = this.sessions.get(sessionId)
    if (!session) throw new Error(`the model knows no session ${sessionId}`)
    return session
  }

  #note = (s: SessionModel, ms: number, at: number) => noteUnbilled(this.allowance, s, ms, at)

  /** Over the allowance: leases are short from here on. */
  #isOver = (s: SessionModel, at: number) => isOverAllowance(this.allowance, s, at, this.sessions.values())

  end(s: SessionModel, reason: string, at: number, counted = 0): void {
    this.#note(s, servedMs(s, Math.min(at, lifeEndOf(s))) - counted, at)
    count(s, reason, at, counted)
    s.charged = chargeOf(s)
    s.status = 'ended'
    s.endReason = reason
    s.endedAt = at
    settleHold(this.wallet, s.held, s.charged)
  }

  #endIfOver(s: SessionModel, at: number): void {
    const reason = overReason(s, at)
    if (reason) this.#endByTime(s, reason, at)
  }

  /** Charged to what was confirmed; beyond the allowance every gap counts, also the last. */
  #endByTime(s: SessionModel, reason: string, at: number): void {
    this.end(s, reason, at, s.isLeaseShort ? unvouchedMs(s, Math.min(at, lifeEndOf(s))) : 0)
  }

  /** What a beat has used up, and the process died before it settled that: the sweeper finds it within the lease. */
  unsettled(at: number): string[] {
    const isUnsettled = (s: SessionModel) =>
      s.status === 'active' && remainingOf(s) <= 0 && at - s.lastBeat <= leaseOf(s)
    return [...this.sessions.values()].filter(isUnsettled).map(({ id }) => id)
  }

  /** @param left of what was not settled, what this sweep has not come to yet */
  sweep(at: number, left: readonly string[] = []): void {
    for (const s of this.sessions.values()) if (!left.includes(s.id)) this.#endIfOver(s, at)
  }

  /** A suspended provider: pending ones are cancelled, running ones revoked and charged to the last beat. */
  suspend(providerId: string, at: number): void {
    for (const s of this.sessions.values()) {
      if (s.providerId !== providerId || s.status === 'ended') continue
      const over = overReason(s, at)
      if (over) this.#endByTime(s, over, at)
      else this.end(s, s.status === 'pending' ? 'cancelled' : 'revoked', at)
    }
  }

  open(
    input: { id: string; jti: string; providerId: string; minutes: number; tokensPerMinute: number },
    isListed: boolean,
    at: number,
  ): Expected {
    if (!isListed) return refusal(404, 'provider_not_found')
    const price = input.minutes * input.tokensPerMinute
    if (!hold(this.wallet, price)) return refusal(402, 'insufficient_tokens')
    const session: SessionModel = {
      id: input.id,
      providerId: input.providerId,
      status: 'pending',
      endReason: null,
      durationMs: input.minutes * MINUTE,
      usedMs: 0,
      toldMs: null,
      isResumedThere: false,
      tokensPerMinute: input.tokensPerMinute,
      held: price,
      charged: null,
      jti: input.jti,
      launchExpiresAt: launchEndOf(at),
      launchSpentBy: null,
      heldJti: null,
      clientId: null,
      sequence: 0,
      lastBeat: 0,
      isFirstBeatDue: false,
      isFinal: false,
      isLeaseShort: false,
      pausedAt: 0,
      pausedMs: 0,
      isPausedByUser: false,
      createdAt: at,
      startedAt: null,
      endedAt: null,
      gaps: [],
    }
    this.sessions.set(input.id, session)
    return { status: 201, session }
  }

  relaunch(sessionId: string, jti: string, isSuspended: boolean, at: number): Expected {
    const s = this.get(sessionId)
    this.#endIfOver(s, at)
    if (s.status === 'ended' || isSuspended) return refusal(409, 'session_ended')
    s.jti = jti
    s.launchExpiresAt = launchEndOf(at)
    s.launchSpentBy = null
    return { status: 200, session: s }
  }

  validate(
    launch: { sessionId: string; jti: string; expiresAt: number; clientId: string },
    at: number,
  ): Expected {
    const s = this.get(launch.sessionId)
    if (at >= launch.expiresAt) return refusal(401, 'launch_expired')
    this.#endIfOver(s, at)
    if (s.status === 'ended') return refusal(409, 'session_ended')
    if (s.jti !== launch.jti && s.heldJti !== launch.jti) return refusal(401, 'launch_invalid')
    if (s.jti !== launch.jti)
      return s.clientId === launch.clientId
        ? { status: 200, session: s }
        : refusal(409, 'launch_already_used')
    const isAgain = s.launchSpentBy === launch.clientId
    if (isAgain && (s.status !== 'active' || !s.isFirstBeatDue || s.isLeaseShort))
      return { status: 200, session: s }
    if (s.launchSpentBy !== null && !isAgain) return refusal(409, 'launch_already_used')
    // Asked again before the first beat: the answer was lost, the clock starts now.
    const isTakeover = s.clientId !== null && s.clientId !== launch.clientId
    if (isTakeover) takeBack(this.allowance, s, launch.clientId, at)
    const ahead = isTakeover ? leaveLease(this.allowance, s, at) : 0
    const counted = isAgain ? 0 : unvouchedMs(s, at) + ahead
    this.#note(s, servedMs(s, at) - counted, at)
    count(s, isAgain ? 'again' : 'takeover', at, counted)
    s.launchSpentBy = launch.clientId
    s.heldJti = launch.jti
    if (s.clientId !== launch.clientId) s.sequence = 0
    s.clientId = launch.clientId
    if (s.status === 'pending') s.status = 'active'
    s.startedAt ??= at
    if (s.status !== 'paused') {
      s.lastBeat = lastBeatAfter(s, at) + ahead
      s.isFirstBeatDue = true
    }
    s.isFinal = false
    s.toldMs = null
    s.isLeaseShort ||= this.#isOver(s, at)
    return { status: 200, session: s }
  }

  /**
   * A beat commits with what was served for nothing, then shortens leases, then settles what it used up.
   *
   * @param steps how many of these a crash in between left done.
   */
  beat(
    sessionId: string,
    said: Said & { sequence: number; final?: boolean },
    at: number,
    steps = 3,
  ): Expected {
    const s = this.get(sessionId)
    hear(this.allowance, s, said.clientId, at)
    if (s.status === 'ended') return { status: 200, session: s }
    if (s.clientId !== said.clientId) return refusal(409, 'session_superseded')
    let unbilled = 0
    // Its page was closed, for a part of the gap, and that was no navigation.
    const isClosed = s.status === 'active' && at - s.lastBeat > Math.max(30_000, servedMs(s, at))
    const isReopened = isClosed && !s.isLeaseShort
    let isAsked = false
    if (said.sequence > s.sequence && overReason(s, at) === null) {
      const counted = countedMs(s, at, said.activeMs ?? null)
      unbilled = Math.max(0, servedMs(s, at) - counted)
      count(s, `beat #${said.sequence}`, at, counted)
      isAsked = unbilled > 0 || isReopened
      s.sequence = said.sequence
      s.toldMs = null
      if (s.status === 'active') {
        s.lastBeat = lastBeatAfter(s, at)
        s.isFirstBeatDue = false
        s.isFinal = said.final ?? false
      }
    }
    this.#note(s, unbilled, at)
    if (steps < 2) return { status: 200, session: s }
    if (isAsked && s.tokensPerMinute > 0 && this.#isOver(s, at)) this.#shortenLeases(s.providerId)
    if (steps > 2) this.#endIfOver(s, at)
    return { status: 200, session: s }
  }

  #shortenLeases(providerId: string): void {
    for (const s of this.sessions.values()) {
      if (s.providerId === providerId && ['active', 'paused'].includes(s.status)) s.isLeaseShort = true
    }
  }

  pause(sessionId: string, said: Said | 'user', at: number): Expected {
    const s = this.get(sessionId)
    const refused = this.#enter(s, said, at)
    if (refused) return refused
    if (s.status === 'paused' && said === 'user') s.isPausedByUser = true
    if (s.status === 'paused' && said !== 'user') this.#hearOfPause(s, at)
    if (s.status !== 'active' || isLate(s, said)) return { status: 200, session: s }
    // The app shows it until it hears of the pause, or its lease ends.
    const left = leftMs(s, at)
    const [isShort, billed] = [s.isLeaseShort, billedOfLeft(s, at)]
    const counted = said === 'user' ? unvouchedMs(s, at) + billed : countedMs(s, at, said.activeMs ?? null)
    this.#lose(s, servedMs(s, at) - counted, at)
    count(s, 'pause', at, counted)
    const lastBeat = lastBeatAfter(s, at) + (said === 'user' ? billed : 0)
    Object.assign(s, { status: 'paused', pausedAt: at, lastBeat, isFinal: false })
    s.toldMs = said === 'user' ? s.usedMs + (isShort ? 0 : left) : null
    s.isPausedByUser = said === 'user'
    if (said !== 'user') s.sequence = said.sequence ?? s.sequence
    this.#endIfOver(s, at)
    return { status: 200, session: s }
  }

  resume(sessionId: string, said: Said | 'user', at: number): Expected {
    const s = this.get(sessionId)
    const refused = this.#enter(s, said, at)
    if (refused) return refused
    if (said !== 'user' && s.status === 'active' && !s.isLeaseShort && (said.sequence ?? 0) > s.sequence) {
      // Resuming what runs: the answer was lost, the clock starts now.
      const counted = restartedMs(s, at, said.activeMs ?? 0)
      this.#lose(s, Math.max(0, servedMs(s, at) - counted), at)
      count(s, 'resume again', at, counted)
      s.isLeaseShort ||= s.tokensPerMinute > 0 && this.#isOver(s, at)
      const { sequence = s.sequence } = said
      Object.assign(s, { lastBeat: lastBeatAfter(s, at), isFinal: false, toldMs: null, sequence })
      this.#endIfOver(s, at)
      return { status: 200, session: s }
    }
    if (s.status !== 'paused' || isLate(s, said)) return { status: 200, session: s }
    if (s.isPausedByUser && said !== 'user') return refusal(409, 'session_paused_by_user')
    const stillShownMs = Math.max(0, knownOf(s) - Math.max(0, at - s.pausedAt))
    this.#hearOfPause(s, at)
    // The app goes on with the lease it has: none, if it has heard of the pause.
    if (said === 'user') s.toldMs = s.usedMs + stillShownMs
    s.isResumedThere = said === 'user'
    s.isLeaseShort ||= s.tokensPerMinute > 0 && this.#isOver(s, at)
    s.pausedMs += Math.max(0, at - s.pausedAt)
    const lastBeat = lastBeatAfter(s, at)
    Object.assign(s, { status: 'active', lastBeat, isFirstBeatDue: false, isPausedByUser: false })
    if (said !== 'user') s.sequence = said.sequence ?? s.sequence
    return { status: 200, session: s }
  }

  /** Until here it went on to show what nobody pays for. */
  #hearOfPause(s: SessionModel, at: number): void {
    this.#lose(s, servedMs(s, at), at)
    s.toldMs = null
  }

  #lose(s: SessionModel, ms: number, at: number): void {
    this.#note(s, ms, at)
    s.isLeaseShort ||= ms > 0 && this.#isOver(s, at)
  }

  complete(sessionId: string, said: Said | 'user', at: number): Expected {
    const s = this.get(sessionId)
    if (said !== 'user') hear(this.allowance, s, said.clientId, at)
    const isTold = s.status !== 'ended' && said !== 'user' && s.clientId === said.clientId
    this.#endIfOver(s, at)
    if (isTold) s.sequence = Math.max(s.sequence, said.sequence ?? 0)
    if (s.status === 'ended') return { status: 200, session: s }
    if (said !== 'user' && s.clientId !== said.clientId) return refusal(409, 'session_superseded')
    const counted =
      said === 'user'
        ? unvouchedMs(s, at) + leaveLease(this.allowance, s, at)
        : countedMs(s, at, said.activeMs ?? null)
    this.end(s, s.status === 'pending' ? 'cancelled' : 'completed', at, counted)
    return { status: 200, session: s }
  }

  extend(sessionId: string, minutes: number, at: number): Expected {
    const s = this.get(sessionId)
    this.#endIfOver(s, at)
    if (s.status === 'ended') return refusal(409, 'session_ended')
    if (at + s.durationMs - s.usedMs + minutes * MINUTE > s.createdAt + DAY)
      return refusal(409, 'session_too_long')
    const price = minutes * s.tokensPerMinute
    if (!hold(this.wallet, price)) return refusal(402, 'insufficient_tokens')
    s.isResumedThere &&= s.toldMs !== null
    if (s.status === 'active') s.toldMs ??= s.durationMs
    s.held += price
    s.durationMs += minutes * MINUTE
    return { status: 200, session: s }
  }

  /** @param clientId of a page that asks; of the marketplace nothing is heard */
  read(sessionId: string, at: number, clientId?: string): Expected {
    const s = this.get(sessionId)
    this.#endIfOver(s, at)
    if (clientId === undefined) return { status: 200, session: s }
    hear(this.allowance, s, clientId, at)
    return s.status === 'ended' || s.clientId === clientId
      ? { status: 200, session: s }
      : refusal(409, 'session_superseded')
  }

  learn(purchaseId: string, fact: StripeFactModel): void {
    const purchase = this.purchases.get(purchaseId)
    if (!purchase) throw new Error(`the model knows no purchase ${purchaseId}`)
    const wasPaid = purchase.isPaid
    if (fact.kind === 'paid') purchase.isPaid = true
    else if (fact.kind === 'refunded')
      purchase.refundedCents = Math.max(purchase.refundedCents, fact.refundedCents)
    else if (fact.kind === 'refundFailed') purchase.failedCents[fact.refundId] = fact.cents
    else learnOfDispute(purchase.disputes, fact)
    settlePurchase(this.wallet, purchase, wasPaid)
  }

  /** What every call of a speaker meets first: settlement of what is over, then refusals. */
  #enter(s: SessionModel, said: Said | 'user', at: number): Expected | undefined {
    this.#endIfOver(s, at)
    if (said !== 'user') hear(this.allowance, s, said.clientId, at)
    if (s.status === 'ended') return { status: 200, session: s }
    if (said === 'user') return s.status === 'pending' ? refusal(409, 'session_not_started') : undefined
    return s.clientId === said.clientId ? undefined : refusal(409, 'session_superseded')
  }
}

/** Overtaken by a newer call of the same client. */
function isLate(s: SessionModel, said: Said | 'user'): boolean {
  return said !== 'user' && said.sequence !== undefined && said.sequence <= s.sequence
}
