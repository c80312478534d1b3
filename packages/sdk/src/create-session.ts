/**
 * The session itself: one loop of beats, one loop of ticks, and what follows from an answer.
 *
 * @module
 */
import { request } from './api.ts'
import { beatDelayMs, retryDelayMs } from './beat-delay.ts'
import { MarketplaceError } from './errors.ts'
import { createWayBack, type WayBack, withQuery } from './go-back.ts'
import { isGenuine, loadKeys } from './key-set.ts'
import { readLaunchJwt, takeLaunchJwt } from './launch-jwt.ts'
import type { Channel, Moment, Ports } from './ports.ts'
import type { MarketplaceSession, Phase, SessionOptions, Snapshot } from './session.ts'
import { announce, createListeners, emit } from './session-events.ts'
import { isOlder, loadRecord, type SessionRecord } from './session-record.ts'
import { leaseEnd, remainingMs } from './time-left.ts'
import { createTimekeeper, type Timekeeper } from './timekeeper.ts'
import type { Session } from './wire.ts'

const ACTION_TRIES_MAX = 3
const HIDDEN_TICK_MS = 5_000
const STALE_MS = 15_000

const idle: Snapshot = {
  phase: 'idle',
  canServe: false,
  isEnding: false,
  isWarningDismissed: false,
  session: null,
  error: null,
}

/** Builds a session on the given ports, which are asked for at `start()` and so never on a server. */
export function createSession(options: SessionOptions, makePorts: () => Ports): MarketplaceSession {
  const { providerId, redirect = true } = options
  const apiUrl = String(options.apiUrl ?? '').replace(/\/+$/, '')
  const sessionsUrl = `${apiUrl}/api/v1/sessions`
  const storageKey = `tm:${providerId}`
  const mayGiveTime = options.onUnavailable === 'allow-until-paid'
  const events = createListeners()
  const watchers = createListeners()

  let ports: Ports
  let time: Timekeeper
  let record: SessionRecord
  /** What an earlier launch left, while a new one is being validated. */
  let kept: SessionRecord | undefined
  let launchJwt: string | undefined
  let snapshot = idle
  let phase: Phase = 'idle'
  let error: MarketplaceError | null = null
  let secondsLeft: number | null = null
  let failures = 0
  let isRunning = false
  let isLeading = false
  let isBeating = false
  let isBeatWanted = false
  let acceptedAt = 0
  let wayBack: WayBack
  let isReturnDue = false
  let beatTimer: unknown
  let tickTimer: unknown
  let channel: Channel | undefined
  let release: (() => void) | undefined
  let unlisten: (() => void) | undefined
  let view: Promise<unknown> | undefined

  const isLive = () => phase === 'active' || phase === 'paused'
  const left = () => (record.session ? remainingMs(record.session, time.serverNow(), mayGiveTime) : 0)

  // What others see.

  function publish(): void {
    const last = snapshot
    const session = record.session ?? null
    const ms = left()
    const canServe =
      phase === 'active' &&
      (time.isInDoubt() ? last.canServe : ms > 0 && (mayGiveTime || time.serverNow() < leaseEnd(session!)))
    const warning = session
      ? Math.min(options.warningSeconds ?? session.warningSeconds, session.durationSeconds / 2)
      : 0
    const isEnding = isLive() && ms <= warning * 1000
    if (!isEnding) record.isWarningDismissed = false
    const isWarningDismissed = !!record.isWarningDismissed
    const next: Snapshot = { phase, canServe, isEnding, isWarningDismissed, session, error }

    const seconds = session && Math.ceil(ms / 1000)
    if (seconds !== secondsLeft) {
      secondsLeft = seconds
      watchers.notify('')
    }
    if (Object.keys(next).every((key) => next[key as keyof Snapshot] === last[key as keyof Snapshot])) return
    snapshot = next

    announce(events, last, next, seconds ?? 0)
    if (isRunning && options.dialog !== false && (phase !== 'starting' || error))
      view ??= ports.view?.(self).catch(() => {
        view = undefined
      })
  }

  /** Ticks at every change of the second that is shown; seldom in a hidden tab. */
  function tick(): void {
    ports.timers.clear(tickTimer)
    if (time.tick(snapshot.canServe) && isLive()) beat()
    publish()
    if (isRunning && phase === 'active')
      tickTimer = ports.timers.set(tick, ports.lifecycle.isVisible() ? left() % 1000 || 1000 : HIDDEN_TICK_MS)
  }

  // Asking the server.

  function beat(): void {
    ports.timers.clear(beatTimer)
    isBeatWanted = isBeating
    if (isBeating || !isRunning || !(launchJwt || isLive())) return
    isBeating = true
    const answered = launchJwt ? validate(launchJwt) : exchange('heartbeat')
    answered.catch(onFailure).then(() => {
      // Armed from an answer and not from a timer, the next beat is not throttled in a hidden tab.
      isBeating = false
      publish()
      if (isBeatWanted) beat()
      else arm()
    })
  }

  function arm(): void {
    ports.timers.clear(beatTimer)
    if (isBeating || !isRunning || !(launchJwt || isLive())) return
    const { session } = record
    const delayMs =
      failures || !session
        ? retryDelayMs(failures, error?.retryAfterMs ?? 0, ports.crypto.random(1)[0]! / 256)
        : beatDelayMs(
            session.heartbeatIntervalSeconds * 1000,
            time.serverNow() - Date.parse(session.serverTime),
            isLeading,
            phase === 'active' ? left() : Infinity,
          )
    beatTimer = ports.timers.set(beat, delayMs)
  }

  async function exchange(action: string): Promise<void> {
    if (!isLive()) throw new MarketplaceError('not_running')
    const use = takeUse()
    const sentAt = ports.clock.monotonic()
    const { session, sessionJwt } = record
    const answer = await request<{ session: Session }>(
      ports,
      `${sessionsUrl}/${session!.id}/${action}`,
      use,
      sessionJwt,
    )
    if (record.session!.id !== session!.id) return
    time.acknowledge(use.activeMs)
    // A higher sequence came first, so this message changed nothing.
    if (answer.session.sequence > use.sequence) isBeatWanted = true
    accept(answer.session, sentAt, sessionJwt)
  }

  /** The use not yet acknowledged, under the next sequence of all tabs. */
  function takeUse() {
    time.tick(snapshot.canServe)
    adopt(loadRecord(ports.storage, storageKey, ports.crypto))
    record.sequence++
    save()
    return { clientId: record.clientId, sequence: record.sequence, activeMs: time.activeMs() }
  }

  async function validate(jwt: string): Promise<void> {
    readLaunchJwt(jwt, providerId)
    if (!(await isGenuine(jwt, ports, apiUrl, `${storageKey}:keys`)))
      throw new MarketplaceError('launch_invalid')
    const sentAt = ports.clock.monotonic()
    const { clientId } = record
    const body = { launchJwt: jwt, clientId }
    const answer = await request<{ session: Session; sessionJwt: string }>(
      ports,
      `${sessionsUrl}/validate`,
      body,
    )
    launchJwt = undefined
    if (kept && kept.session?.id !== answer.session.id) sendFinal(kept)
    kept = undefined
    record = { clientId, sequence: answer.session.sequence, wallAt: 0 }
    accept(answer.session, sentAt, answer.sessionJwt)
    // The first beat opens the full lease, so it is sent at once.
    isBeatWanted = isRunning
  }

  async function onFailure(cause: unknown): Promise<void> {
    const problem = cause instanceof MarketplaceError ? cause : new MarketplaceError('offline')
    // A tab that was disposed meanwhile, or another way that ended it first.
    if (problem.code === 'not_running') return
    if (problem.isTemporary || (problem.code === 'request_refused' && !launchJwt)) {
      failures++
      error = problem
      // Browsers hide that CORS refused. Where the key set, open to all, can be read, it is the origin.
      if (launchJwt && problem.code === 'offline' && failures > 1)
        await loadKeys(ports, apiUrl).then(
          () => fail(new MarketplaceError('origin_not_allowed')),
          () => {},
        )
      return
    }
    const jwt = launchJwt
    launchJwt = undefined
    if (jwt && kept) {
      // A stale link does not take away the session that this browser holds.
      const running = kept
      kept = undefined
      error = problem
      take(running)
      isBeatWanted = true
      return
    }
    fail(problem)
    if (jwt && problem.code === 'launch_expired') sendBackOnce(readLaunchJwt(jwt, providerId).sid)
  }

  // What an answer changes.

  function accept(session: Session, sentAt: number, sessionJwt?: string): void {
    // Answers may overtake each other; the later one stands.
    if (acceptedAt > sentAt && record.session && isOlder(session, record.session)) return
    acceptedAt = ports.clock.monotonic()
    failures = 0
    error = null
    // The server told its time somewhere between question and answer.
    const latencyMs = Math.min(5000, ports.clock.monotonic() - sentAt) / 2
    const sequence = Math.max(record.sequence, session.sequence)
    take({ ...record, sequence, session, sessionJwt, wallAt: ports.clock.wall() - latencyMs })
    share()
    takeLaunchJwt(ports.navigation)
  }

  /** Goes on from a record: an answer's, another tab's or the one kept. */
  function take(next: SessionRecord, isOtherTabs = false): void {
    const session = next.session!
    record = next
    time.setAnchor({ serverTime: Date.parse(session.serverTime), wallAt: next.wallAt })
    phase = session.status as Phase
    tick()
    arm()
    if (phase !== 'ended') return
    save()
    if (!redirect) return
    // Hidden tabs wait until they are looked at; else every tab would turn into a marketplace.
    if (isOtherTabs && !ports.lifecycle.isVisible()) isReturnDue = true
    else leave()
  }

  /** Takes over what another tab knows, where it is newer. */
  function adopt(theirs: SessionRecord): void {
    const mine = record.session
    if (theirs.clientId === record.clientId) record.sequence = Math.max(record.sequence, theirs.sequence)
    if (!theirs.session || phase === 'starting') return
    const isSame = mine?.id === theirs.session.id
    if (mine && (isSame ? !isOlder(mine, theirs.session) : mine.createdAt >= theirs.session.createdAt)) {
      if (isSame && theirs.isWarningDismissed) record.isWarningDismissed = true
      publish()
      return
    }
    failures = 0
    error = null
    // The other tab's beat was acknowledged: what was used here until then is in it.
    time.acknowledge(time.activeMs())
    take({ ...theirs, sequence: Math.max(record.sequence, theirs.sequence) }, true)
  }

  function fail(problem: MarketplaceError): void {
    phase = 'failed'
    error = problem
    launchJwt = undefined
    ports.timers.clear(tickTimer)
    ports.timers.clear(beatTimer)
    if (record.session) save()
    publish()
  }

  function save(): void {
    const { clientId, sequence, sentBack } = record
    const isOver = phase === 'ended' || phase === 'failed'
    ports.storage.set(storageKey, JSON.stringify(isOver ? { clientId, sequence, sentBack } : record))
  }

  function share(hasLeft?: boolean): void {
    save()
    channel?.post(JSON.stringify({ ...record, hasLeft }))
  }

  // Coming and going.

  function open(): void {
    channel = ports.channel(storageKey, (message) => {
      const theirs = JSON.parse(message)
      adopt(theirs)
      if (theirs.hasLeft) beat()
    })
    isLeading = false
    release = ports.lead(storageKey, () => {
      isLeading = true
      if (!failures) arm()
    })
    isLeading ||= !release
  }

  function close(): void {
    release?.()
    channel?.close()
    channel = undefined
  }

  function sendFinal(of: SessionRecord): void {
    const { clientId, sequence, session, sessionJwt } = of
    const body = { clientId, sequence: sequence + 1, activeMs: time.activeMs(), final: true, sessionJwt }
    ports.beacon(`${sessionsUrl}/${session!.id}/heartbeat`, JSON.stringify(body))
  }

  function onMoment(moment: Moment): void {
    if (moment === 'hide') {
      if (phase === 'active' && isLeading) {
        takeUse()
        sendFinal(record)
        record.sequence++
        share(true)
      }
      close()
    } else if (moment === 'show') {
      wayBack.reset()
      takeLaunchJwt(ports.navigation)
      if (!channel) {
        open()
        beat()
      }
    } else if (moment === 'online') beat()
    else if (moment === 'visible') {
      if (isReturnDue) leave()
      if (!isLive()) return
      tick()
      if (time.serverNow() - Date.parse(record.session!.serverTime) > STALE_MS) beat()
    }
  }

  function sendBackOnce(sid: string): void {
    const url = error?.problem?.returnUrl ?? withQuery(options.marketplaceUrl, 'session', sid)
    if (!url || !redirect || record.sentBack === sid) return
    record.sentBack = sid
    save()
    wayBack.leave(url, null, snapshot)
  }

  const returnUrl = () => record?.session?.returnUrl ?? options.marketplaceUrl

  async function leave(): Promise<void> {
    isReturnDue = false
    const reason = (phase === 'ended' && record.session!.endReason) || null
    await wayBack?.leave(returnUrl(), reason === 'cancelled' ? null : reason, snapshot)
  }

  // Pause, resume, complete: a person waits for the outcome, so the tries are few.

  async function act(action: string, status: Session['status']): Promise<Snapshot> {
    for (let tries = 1; record?.session?.status !== status; tries++) {
      try {
        await exchange(action)
        if (tries >= ACTION_TRIES_MAX) break
      } catch (cause) {
        const problem = cause as MarketplaceError
        if (problem.isTemporary && tries < ACTION_TRIES_MAX) {
          await new Promise<void>((resolve) => ports.timers.set(resolve, 1000 * tries))
          continue
        }
        if (problem.code.startsWith('session')) fail(problem)
        else if (isLive()) {
          error = problem
          publish()
        }
        throw problem
      }
    }
    if (isBeatWanted) beat()
    return snapshot
  }

  function start(): Promise<Snapshot> {
    if (!isRunning) {
      isRunning = true
      ports ??= makePorts()
      time ??= createTimekeeper(ports.clock)
      wayBack ??= createWayBack(ports, options.onBeforeRedirect, ({ url, reason }) =>
        emit(events, 'redirect', snapshot, { url, reason }),
      )
      record = loadRecord(ports.storage, storageKey, ports.crypto)
      launchJwt = takeLaunchJwt(ports.navigation) ?? launchJwt
      phase = 'starting'
      error = null
      unlisten = ports.lifecycle.listen(onMoment)
      open()
      if (!apiUrl || !providerId) fail(new MarketplaceError('config_invalid'))
      else if (launchJwt) {
        const { clientId, sequence, sentBack } = record
        if (record.session) kept = record
        else save()
        record = { clientId, sequence, sentBack, wallAt: 0 }
        publish()
        beat()
      } else if (record.session) {
        take(record)
        beat()
      } else fail(new MarketplaceError('launch_missing'))
    }
    return new Promise((resolve) => {
      const check = () => {
        if (snapshot.phase === 'starting') return
        stop()
        resolve(snapshot)
      }
      const stop = events.on('', check)
      check()
    })
  }

  const self: MarketplaceSession = {
    options,
    start,
    pause: () => act('pause', 'paused'),
    resume: () => act('resume', 'active'),
    complete: () => act('complete', 'ended'),
    extend: async () => wayBack?.leave(returnUrl(), 'extend', snapshot, true),
    leave,
    refresh: beat,
    dismissWarning() {
      record.isWarningDismissed = true
      share()
      publish()
    },
    secondsLeft: {
      subscribe: (listener) => watchers.on('', listener),
      getSnapshot: () => secondsLeft,
    },
    subscribe: (listener) => events.on('', listener),
    getSnapshot: () => snapshot,
    on: (type, listener) => events.on(type, listener),
    dispose() {
      if (!isRunning) return
      isRunning = false
      ports.timers.clear(tickTimer)
      ports.timers.clear(beatTimer)
      unlisten?.()
      close()
      view?.then((detach) => (detach as (() => void) | undefined)?.())
      view = undefined
    },
  }
  return self
}
