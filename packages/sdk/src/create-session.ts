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
import type { Moment, Ports } from './ports.ts'
import type { MarketplaceSession, Phase, ReturnReason, SessionOptions, Snapshot } from './session.ts'
import { announce, createListeners, whenKnown } from './session-events.ts'
import { isOlder, loadRecord, type SessionRecord, type Use, type Validated } from './session-record.ts'
import { idle, isGoing, isLive, nextSnapshot } from './snapshot.ts'
import { createTabs, type Tabs } from './tabs.ts'
import { ACTION_RETRY_MS, ACTION_TRIES_MAX, countedMs, isLongSilent, SLOW_MS } from './telling.ts'
import { remainingMs } from './time-left.ts'
import { createTimekeeper, HIDDEN_TICK_MS, type Timekeeper } from './timekeeper.ts'
import type { Session } from './wire.ts'

/** Builds a session on the given ports, which are asked for at `start()` and so never on a server. */
export function createSession(options: SessionOptions, makePorts: () => Ports): MarketplaceSession {
  const { providerId, redirect = true, marketplaceUrl } = options
  const apiUrl = (options.apiUrl ?? '').replace(/\/+$/, '')
  const sessionsUrl = `${apiUrl}/api/v1/sessions`
  const storageKey = `tm:${providerId}`
  const mayGiveTime = options.onUnavailable === 'allow-until-paid'
  const events = createListeners()
  let ports: Ports
  let time: Timekeeper
  let record = {} as SessionRecord
  /** What an earlier launch left, while a new one is being validated. */
  let kept: SessionRecord | undefined
  let snapshot = idle
  let phase: Phase = 'idle'
  let error: MarketplaceError | null = null
  let secondsLeft: number | null = null
  let failures = 0
  let hiddenRefusals = 0
  let isRunning = false
  let isBeating = false
  let isBeatWanted = false
  let acceptedAt = 0
  let wayBack: WayBack
  let isReturnDue = false
  let isLate: unknown
  let beatTimer: unknown
  let tickTimer: unknown
  let tabs: Tabs
  let unlisten: (() => void) | undefined
  let view: Promise<unknown> | undefined
  let watch: typeof view
  const left = () => (record.session ? remainingMs(record.session, time.now(), mayGiveTime) : 0)
  function publish(): void {
    const last = snapshot
    const ms = left()
    snapshot = nextSnapshot(last, phase, error, record, ms, time, mayGiveTime, options)
    if (!snapshot.isEnding) record.isWarningDismissed = false
    const seconds = record.session ? Math.ceil(ms / 1000) : null
    if (seconds !== secondsLeft) {
      secondsLeft = seconds
      events.notify('second')
    }
    if (snapshot === last) return
    announce(events, last, snapshot, ms)
    if (isRunning && options.dialog !== false && (phase !== 'starting' || error))
      view ??= ports.view?.(self).catch(() => {
        view = undefined
      })
  }

  /** Ticks at every change of the second that is shown; seldom in a hidden tab. */
  function tick(): void {
    ports.timers.clear(tickTimer)
    if (time.tick(snapshot.canServe) && isLive(phase)) beat()
    publish()
    if (!isRunning || phase !== 'active') return
    // To the next second, or a whole one where the countdown stands still.
    const delayMs = (snapshot.canServe && left() % 1000) || 1000
    tickTimer = ports.timers.set(tick, ports.lifecycle.isVisible() ? delayMs : HIDDEN_TICK_MS)
  }

  const mayAsk = () => !isBeating && isGoing(phase) && tabs.isOpen()
  function beat(): void {
    isBeatWanted = isBeating
    if (!mayAsk()) return
    ports.timers.clear(beatTimer)
    isBeating = true
    const answered = phase === 'starting' ? validate() : exchange('heartbeat')
    answered.catch(onFailure.bind(null, time)).then(() => {
      // Armed from an answer and not from a timer, the next beat is not throttled in a hidden tab.
      isBeating = false
      publish()
      if (isBeatWanted) beat()
      else arm()
    })
  }

  function arm(): void {
    ports.timers.clear(beatTimer)
    if (!mayAsk()) return
    const { session } = record
    const delayMs =
      failures || !session
        ? retryDelayMs(failures, error?.retryAfterMs ?? 0, ports.crypto.random(1)[0]! / 256)
        : beatDelayMs(session, time.now(), tabs.isLeading(), left())
    beatTimer = ports.timers.set(beat, delayMs)
  }

  async function exchange(action: string): Promise<void> {
    adopt(loadRecord(ports.storage, storageKey, ports.crypto))
    // What has arrived must not be told again.
    if (record.told) await ask()
    else isLate = false
    if (!isLate) await ask(action)
  }

  /** Tells the use not yet acknowledged; without an action it only asks. */
  async function ask(action?: string): Promise<void> {
    const { id } = record.session!
    const url = `${sessionsUrl}/${id}${action ? `/${action}` : ''}`
    let use: Use | undefined
    if (action) {
      time.tick(snapshot.canServe)
      use = { clientId: record.clientId, sequence: ++record.sequence, activeMs: time.activeMs() }
      // What did not arrive keeps its sequence, in case it still does.
      if (record.told) use.sequence = record.told.sequence
      record.told = use
    }
    // The other tabs have to know how much of their use is in it.
    share()
    const askedAt = ports.clock.monotonic()
    const isInDoubt = () => !use || ports.clock.monotonic() - askedAt > SLOW_MS
    const asked = request<{ session: Session }>(ports, url, use, record.sessionJwt)
    const { session: next } = await asked.finally(() => {
      // Which copy arrived, and when, is not known now: it may have told what was used until now.
      if (use && isInDoubt()) {
        use.activeMs = time.activeMs()
        record.sequence++
        // Posted, not kept: another page may have gone on since.
        tabs.post(record)
      }
    })
    if (record.session!.id !== id) return
    const { told } = record
    if (told && told.sequence <= next.sequence) {
      // It has arrived: as it was told, or of a copy in doubt what was counted, where that is known.
      time.settle((isInDoubt() && countedMs(record.session!, next)) || told.activeMs)
      record.told = isLate = undefined
    }
    // A last word of the page before closes no gate here: the beat that follows would bill the wait for its answer.
    if (snapshot.canServe && !use && next.endsAt && !next.serveUntil) return
    // The lease was opened a while ago, and nothing was served since: the clock has to start now. Until that is heard.
    isLate = (isLate || !snapshot.canServe) && next.serveUntil && isInDoubt() && !isLongSilent(next)
    accept(next, askedAt)
    if (isLate) await ask('resume').catch(onFailure.bind(null, time)).then(arm)
  }

  async function validate(): Promise<void> {
    const { clientId, launchJwt } = record
    readLaunchJwt(launchJwt!, providerId)
    if (!(await isGenuine(launchJwt!, ports, apiUrl, `${storageKey}:keys`)))
      throw new MarketplaceError('launch_invalid')
    const sentAt = ports.clock.monotonic()
    const answer = await request<Validated>(ports, `${sessionsUrl}/validate`, { launchJwt, clientId })
    // Throws for what is not the API's answer: the launch is still good then. As is another one, started meanwhile.
    const { id, serverTime } = answer.session
    if (record.launchJwt !== launchJwt) return
    if (kept && kept.session!.id !== id) sendFinal(kept, 0)
    kept = undefined
    record = { clientId, sequence: 0, wallAt: 0, serverTime }
    accept(answer.session, sentAt, answer.sessionJwt)
    // The first beat opens the full lease, so it is sent at once.
    isBeatWanted = isRunning
  }

  async function onFailure(run: Timekeeper, cause: unknown): Promise<void> {
    if (run !== time) return
    const problem = cause instanceof MarketplaceError ? cause : new MarketplaceError('offline')
    const jwt = phase === 'starting' && record.launchJwt
    if (jwt ? problem.isTemporary : !/^(session_[eis]|or)/.test(problem.code)) {
      failures++
      // Too late to matter: it was disposed, or ended another way.
      if (!jwt && !isLive(phase)) return
      error = problem
      // Browsers hide that CORS refused. Where the key set, open to all, can be read each time, it is the origin.
      if (jwt && problem.code === 'offline' && (await loadKeys(ports, apiUrl)) && ++hiddenRefusals > 3)
        fail(new MarketplaceError('origin_not_allowed'))
      return
    }
    if (jwt && kept) {
      // A stale link does not take away the session that this browser holds.
      take(kept)
      kept = undefined
      error = problem
      isBeatWanted = true
      return
    }
    fail(problem)
    if (!(jwt && problem.code === 'launch_expired' && redirect && isRunning)) return
    const { sid } = readLaunchJwt(jwt, providerId)
    const url = problem.problem?.returnUrl ?? withQuery(marketplaceUrl, 'session', sid)
    if (!url || record.sentBack === sid) return
    record.sentBack = sid
    save()
    wayBack.leave(url, null, snapshot)
  }

  function accept(session: Session, sentAt: number, sessionJwt = record.sessionJwt): void {
    // Answers may overtake each other; the later one stands.
    if (acceptedAt > sentAt && record.session && isOlder(session, record.session)) return
    // The server told its time somewhere between question and answer.
    const wallAt = ports.clock.wall() - (ports.clock.monotonic() - sentAt) / 2
    take({ ...record, sequence: Math.max(record.sequence, session.sequence), session, sessionJwt, wallAt })
    share()
    takeLaunchJwt(ports.navigation)
  }

  /** Goes on from a record: an answer's, another tab's or the one kept. */
  function take(next: SessionRecord, isOtherTabs = false): void {
    const session = next.session!
    record = next
    failures = hiddenRefusals = 0
    error = null
    acceptedAt = ports.clock.monotonic()
    time.start(Date.parse(session.serverTime), next.wallAt)
    phase = session.status as Phase
    tick()
    arm()
    // Not for whoever disposed of it when told. Hidden tabs wait; else every tab would turn into a marketplace.
    isReturnDue = phase === 'ended' && redirect && isRunning
    if (isReturnDue && (!isOtherTabs || ports.lifecycle.isVisible())) leave()
  }

  /** Takes over what another tab knows, where it is newer. */
  function adopt(theirs: SessionRecord): void {
    // Counted while the gate is as it was: what another tab knows may close it.
    time.tick(snapshot.canServe)
    const { session: mine, told } = record
    const isNews = theirs.sequence > record.sequence
    if (isNews) record.sequence = theirs.sequence
    const other = theirs.session
    if (!other || phase === 'starting' || (!mine && other.status === 'ended')) return
    const isSame = mine?.id === other.id
    if (mine && (isSame ? !isOlder(mine, other) : !(record.serverTime! < theirs.serverTime!))) {
      if (isSame) {
        record.isWarningDismissed ||= theirs.isWarningDismissed
        if (theirs.told && isNews) record.told = { ...theirs.told, activeMs: time.activeMs() }
      }
      publish()
      return
    }
    // What the other tab told was acknowledged: what was used here until then is in it. A question told nothing.
    if (other.sequence !== mine?.sequence)
      time.settle(told?.sequence === other.sequence ? told.activeMs : time.activeMs())
    take({ ...theirs, sequence: record.sequence, told: undefined }, true)
  }

  function stopTimers(): void {
    ports.timers.clear(tickTimer)
    ports.timers.clear(beatTimer)
  }

  function fail(problem: MarketplaceError): void {
    phase = 'failed'
    error = problem
    stopTimers()
    // What an earlier launch left stays as it is.
    if (!kept && (record.session ?? record.launchJwt)) save()
    publish()
  }

  function save(): void {
    const { clientId, sequence, sentBack } = record
    record.activeMs = time.activeMs()
    ports.storage.set(storageKey, JSON.stringify(isGoing(phase) ? record : { clientId, sequence, sentBack }))
  }

  function share(hasLeft?: boolean): void {
    save()
    tabs.post({ ...record, hasLeft })
  }

  function sendFinal(left: SessionRecord, activeMs: number): void {
    const { clientId, sessionJwt } = left
    const body = { clientId, sequence: ++left.sequence, activeMs, final: true, sessionJwt }
    ports.beacon(`${sessionsUrl}/${left.session!.id}/heartbeat`, JSON.stringify(body))
  }

  function onMoment(moment: Moment): void {
    if (moment === 'hide') {
      if (phase === 'active' && tabs.isLeading()) {
        time.tick(snapshot.canServe)
        // Only what no beat has told, and nothing behind a closed gate. Before it stores: Firefox drops what a tab sends later.
        if (snapshot.canServe) sendFinal(record, time.activeMs() - (record.told?.activeMs || 0))
        share(true)
      }
      stopTimers()
      tabs.close()
    } else if (moment === 'show') {
      takeLaunchJwt(ports.navigation)
      tick()
      if (tabs.open()) beat()
    } else if (moment === 'online') beat()
    else if (isReturnDue) leave()
    else tick()
    if (moment === 'hidden' && isLive(phase) && tabs.isLeading()) save()
  }

  const returnUrl = () => record.session?.returnUrl ?? marketplaceUrl
  async function leave(): Promise<void> {
    isReturnDue = false
    return wayBack?.leave(returnUrl(), (record.session?.endReason ?? null) as ReturnReason | null, snapshot)
  }

  async function act(action: string, status: Session['status']): Promise<Snapshot> {
    for (let tries = ACTION_TRIES_MAX; record.session?.status !== status && tries--; ) {
      if (!isLive(phase)) throw new MarketplaceError('not_running')
      try {
        await exchange(action)
      } catch (cause) {
        if (!tries || !(cause as MarketplaceError).isTemporary) {
          await onFailure(time, cause)
          publish()
          throw error ?? cause // which is no MarketplaceError where somebody else answered
        }
        await new Promise<void>((resolve) => ports.timers.set(resolve, ACTION_RETRY_MS))
      }
    }
    return snapshot
  }

  function start(): Promise<Snapshot> {
    if (!isRunning) {
      isRunning = true
      ports ??= makePorts()
      time = createTimekeeper(ports.clock)
      // The tab that led is gone, and may have told the server so.
      tabs ??= createTabs(ports, storageKey, adopt, () => isBeating || beat())
      wayBack ??= createWayBack(ports, events, options)
      record = loadRecord(ports.storage, storageKey, ports.crypto)
      const launchJwt = takeLaunchJwt(ports.navigation) ?? record.launchJwt
      phase = 'starting'
      error = null
      unlisten = ports.lifecycle.listen(onMoment)
      if (options.pauseWhenHidden || options.pauseWhenIdle) watch = ports.watch?.(self).catch(() => {})
      tabs.open()
      if (!/^(https?:\/)?\//.test(apiUrl) || !providerId) fail(new MarketplaceError('config_invalid'))
      else if (launchJwt) {
        // Kept until it is answered: who reloads meanwhile, or signs in elsewhere first, has it no more in the address.
        record.launchJwt = launchJwt
        save()
        if (record.session) kept = { ...record, launchJwt: '' }
        record.session = undefined
        publish()
        beat()
      } else if (record.session) {
        // What the tabs before could not tell is told by this one, should it speak first.
        time.settle(-record.activeMs!)
        take(record)
        beat()
      } else fail(new MarketplaceError('launch_missing'))
    }
    return whenKnown(self)
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
      if (!isRunning) return
      record.isWarningDismissed = true
      share()
      publish()
    },
    getSessionJwt: () => record.sessionJwt,
    secondsLeft: { subscribe: (listener) => events.on('second', listener), getSnapshot: () => secondsLeft },
    subscribe: (listener) => events.on('', listener),
    getSnapshot: () => snapshot,
    on: (type, listener) => events.on(type, listener),
    dispose() {
      if (!isRunning) return
      isRunning = false
      stopTimers()
      unlisten?.()
      tabs.close()
      for (const part of [view, watch]) part?.then((detach) => (detach as (() => void) | undefined)?.())
      view = undefined
    },
  }
  return self
}
