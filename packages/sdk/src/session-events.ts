/**
 * Who is told what. A listener that throws harms nobody else.
 *
 * @module
 */

import type { SessionEventFields, SessionEventType, Snapshot, Store } from './session.ts'
import { isLive } from './snapshot.ts'

type Listener = (event: never) => void

export function createListeners() {
  let entries: [type?: string, listener?: Listener][] = []

  return {
    on(type: string, listener: Listener): () => void {
      const added: (typeof entries)[0] = [type, listener]
      entries = [...entries, added]
      return () => {
        // Emptied, because it may be among those who are being told.
        added.length = 0
        entries = entries.filter((entry) => entry.length)
      }
    },
    notify(type: string, event?: object): void {
      for (const [wanted, listener] of entries)
        try {
          if (wanted === type) listener!(event as never)
        } catch (thrown) {
          console.error(thrown)
        }
    },
  }
}

export type Listeners = ReturnType<typeof createListeners>

/** Tells one kind of event. */
export function emit<Type extends SessionEventType>(
  listeners: Listeners,
  type: Type,
  snapshot: Snapshot,
  fields?: SessionEventFields[Type],
): void {
  listeners.notify(type, { type, snapshot, ...fields })
}

/** Tells what happened between two snapshots. */
export function announce(listeners: Listeners, last: Snapshot, next: Snapshot, leftMs: number): void {
  const { phase, canServe, session, error } = next
  const wasLive = isLive(last.phase)
  if (isLive(phase) && !wasLive) emit(listeners, 'start', next)
  if (phase !== last.phase) {
    if (phase === 'paused') emit(listeners, 'pause', next)
    if (phase === 'active' && wasLive) emit(listeners, 'resume', next)
    if (phase === 'ended') emit(listeners, 'end', next, { reason: session!.endReason! })
  } else if (phase === 'active' && canServe !== last.canServe)
    emit(listeners, canServe ? 'unblock' : 'block', next)
  const before = last.session
  const addedSeconds =
    session && session.id === before?.id && session.durationSeconds - before.durationSeconds
  if (addedSeconds) emit(listeners, 'extend', next, { addedSeconds })
  if (next.isEnding && !last.isEnding)
    emit(listeners, 'warning', next, { secondsLeft: Math.ceil(leftMs / 1000) })
  if (error && error !== last.error) {
    emit(listeners, 'error', next, { error })
    // The developer's to mend, a user's sentence tells nothing of them: config_invalid, origin_not_allowed,
    // launch_wrong_provider. And which origin it is.
    if (/^(con|or|launch_w)/.test(error.code))
      console.error(error, (globalThis as { origin?: string }).origin)
  }
  listeners.notify('')
}

/** Resolves once it is known whether there is a session. */
export const whenKnown = (session: Store<Snapshot>): Promise<Snapshot> =>
  new Promise((resolve) => {
    const stop = session.subscribe(check)
    function check(): void {
      const snapshot = session.getSnapshot()
      if (snapshot.phase === 'starting') return
      stop()
      resolve(snapshot)
    }
    check()
  })
