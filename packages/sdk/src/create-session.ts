/**
 * The session itself: one loop of beats, one loop of ticks, and what follows from an answer.
 *
 * @module
 */
import { REQUEST_TIMEOUT_MS, request } from './api.ts'
import { ACTION_RETRY_MS, ACTION_TRIES_MAX, beatDelayMs, retryDelayMs } from './beat-delay.ts'
import { MarketplaceError } from './errors.ts'
import { createWayBack, type WayBack, withQuery } from './go-back.ts'
import { checkLaunch, loadKeys } from './key-set.ts'
import { readLaunchJwt, takeLaunchJwt } from './launch-jwt.ts'
import type { Moment, Ports } from './ports.ts'
import type { MarketplaceSession, Phase, ReturnReason, SessionOptions, Snapshot } from './session.ts'
import { announce, createListeners, whenKnown } from './session-events.ts'
import { isOlder, loadRecord, type SessionRecord, type Use, type Validated } from './session-record.ts'
import { idle, isGoing, isLive, nextSnapshot } from './snapshot.ts'
import { createTabs, type Tabs } from './tabs.ts'
import { countedMs, isLongSilent, SLOW_MS, sendFinal } from './telling.ts'
import { remainingMs } from './time-left.ts'
import { createTimekeeper, HIDDEN_TICK_MS, type Timekeeper } from './timekeeper.ts'
import type { Session } from './wire.ts'

/** Builds a session on its options' ports, or else on the given ones, which are made at `start()`: never on a server. */
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
  /** The launch JWT that no answer has settled yet, and what an earlier one left. */
  let launch: string | null | undefined
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
  let unlisten: () => void
  /** What was loaded for the page. Each gives the way to take it away, and stays where the session is started again at once. */
  const parts: Record<string, Promise<unknown> | undefined> = {}
  const left = () => (record.session ? remainingMs(record.session, time.now(), mayGiveTime) : 0)
  function publish(): void {
    const last = snapshot
    const ms = left()
    snapshot = nextSnapshot(last, phase, error, record, ms, time, mayGiveTime, options)
    record.isWarningDismissed &&= snapshot.isEnding
    const seconds = record.session ? Math.ceil(ms / 1000) : null
    if (seconds !== secondsLeft) {
      secondsLeft = seconds
      events.notify('second')
    }
    if (snapshot === last) return
    announce(events, last, snapshot, ms)
    if (isRunning && options.dialog !== false && (phase !== 'starting' || error))
      parts.view ??= ports.view?.(self).catch(() => void delete parts.view)
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
    adopt(loadRecord(ports, storageKey))
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
    const { clientId } = record
    const launchJwt = launch!
    await checkLaunch(launchJwt, providerId, ports, apiUrl, `${storageKey}:keys`)
    const sentAt = ports.clock.monotonic()
    const answer = await request<Validated>(ports, `${sessionsUrl}/validate`, { launchJwt, clientId })
    // Throws for what is not the API's answer: the launch is still good then. As is another one, started meanwhile.
    const { id, serverTime } = answer.session
    if (launch !== launchJwt) return
    keepLaunch('')
    if (kept && kept.session!.id !== id) sendFinal(ports, sessionsUrl, kept, time.activeMs())
    kept = undefined
    time.settle(Infinity)
    record = { clientId, sequence: 0, wallAt: 0, serverTime }
    accept(answer.session, sentAt, answer.sessionJwt)
    // The first beat opens the full lease, so it is sent at once.
    isBeatWanted = isRunning
  }

  async function onFailure(run: Timekeeper, cause: unknown): Promise<void> {
    if (run !== time) return
    const problem = cause instanceof MarketplaceError ? cause : new MarketplaceError('offline')
    const jwt = phase === 'starting' && launch
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
    if (jwt) keepLaunch('')
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
    wayBack(url, null, snapshot)
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
  function take(next: SessionRecord, isOtherTabs?: boolean): void {
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

  function fail(problem: MarketplaceError): void {
    phase = 'failed'
    error = problem
    // What an earlier launch left stays as it is.
    if (!kept && record.session) save()
    publish()
  }

  /** For who reloads before it is answered, or signs in elsewhere first. Beside the record, which is every tab's. */
  function keepLaunch(jwt: string): void {
    launch = jwt
    ports.storage.set(`${storageKey}:launch`, jwt)
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

  function onMoment(moment: Moment): void {
    if (moment === 'hide') {
      if (phase === 'active' && tabs.isLeading()) {
        time.tick(snapshot.canServe)
        // Nothing behind a closed gate. Before it stores: Firefox drops what a tab sends later.
        if (snapshot.canServe) sendFinal(ports, sessionsUrl, record, time.activeMs())
        share(true)
      }
      ports.timers.clear(tickTimer)
      tabs.close()
      arm() // nothing, without tabs
    } else if (moment === 'show') {
      takeLaunchJwt(ports.navigation)
      tick()
      if (tabs.open()) beat()
    } else if (moment === 'online') beat()
    else if (isReturnDue) leave()
    else tick()
    if (moment === 'hidden' && isLive(phase) && tabs.isLeading()) save()
  }

  async function goBack(reason: ReturnReason | null, keepsHistory?: boolean): Promise<void> {
    isReturnDue = false
    return wayBack?.(record.session?.returnUrl ?? marketplaceUrl, reason, snapshot, keepsHistory)
  }
  const leave = () => goBack((record.session?.endReason ?? null) as ReturnReason | null)

  async function act(action: string, status: Session['status']): Promise<Snapshot> {
    const run = time
    for (let tries = ACTION_TRIES_MAX; record.session?.status !== status && tries--; ) {
      if (!isLive(phase)) throw new MarketplaceError('not_running')
      try {
        await exchange(action)
      } catch (cause) {
        const { isTemporary, retryAfterMs } = cause as MarketplaceError
        if (!tries || !isTemporary || retryAfterMs > REQUEST_TIMEOUT_MS) {
          await onFailure(run, cause)
          publish()
          throw error ?? cause // which is no MarketplaceError where somebody else answered
        }
        await new Promise<void>((go) => ports.timers.set(go, Math.max(ACTION_RETRY_MS, retryAfterMs)))
      }
    }
    return snapshot
  }

  function start(): Promise<Snapshot> {
    if (!isRunning) {
      isRunning = true
      ports ??= options.ports ?? makePorts()
      time = createTimekeeper(ports.clock)
      // The tab that led is gone, and may have told the server so.
      tabs ??= createTabs(ports, storageKey, adopt, () => isBeating || beat())
      wayBack ??= createWayBack(ports, events, options, () => isRunning && time)
      record = loadRecord(ports, storageKey)
      // What the tabs before could not tell is told by this one, should it speak first.
      time.settle(-record.activeMs! || 0)
      launch = takeLaunchJwt(ports.navigation) || ports.storage.get(`${storageKey}:launch`)
      phase = 'starting'
      error = null
      unlisten = ports.lifecycle.listen(onMoment)
      if (options.pauseWhenHidden || options.pauseWhenIdle)
        parts.watch ??= ports.watch?.(self).catch(() => {})
      tabs.open()
      if (!/^(https?:\/)?\//.test(apiUrl) || !providerId) fail(new MarketplaceError('config_invalid'))
      else if (launch) {
        keepLaunch(launch)
        save()
        kept = record.session && { ...record }
        record.session = undefined
        publish()
        beat()
      } else if (record.session) {
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
    extend: () => goBack('extend', true),
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
    on: events.on,
    dispose() {
      if (!isRunning) return
      isRunning = false
      unlisten()
      onMoment('hide')
      for (const name in parts)
        parts[name]?.then((detach) => {
          if (!isRunning) parts[name] = (detach as () => undefined)?.()
        })
    },
  }
  return self
}
