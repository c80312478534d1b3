/**
 * Who is told what. A listener that throws harms nobody else.
 *
 * @module
 */
import type { SessionEventFields, SessionEventType, Snapshot } from './session.ts'

type Listener = (event: never) => void

export function createListeners() {
  const listeners = new Set<readonly [type: string, listener: Listener]>()

  return {
    on(type: string, listener: Listener): () => void {
      const entry = [type, listener] as const
      listeners.add(entry)
      return () => listeners.delete(entry)
    },
    notify(type: string, event?: object): void {
      for (const [wanted, listener] of [...listeners]) {
        if (wanted !== type) continue
        try {
          listener(event as never)
        } catch (thrown) {
          console.error(thrown)
        }
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
  fields: SessionEventFields[Type],
): void {
  listeners.notify(type, { type, snapshot, ...fields })
}

/** Tells what happened between two snapshots. */
export function announce(listeners: Listeners, last: Snapshot, next: Snapshot, secondsLeft: number): void {
  const { phase, canServe, session, error } = next
  const isLive = phase === 'active' || phase === 'paused'
  const wasLive = last.phase === 'active' || last.phase === 'paused'
  if (isLive && !wasLive) emit(listeners, 'start', next, {})
  if (phase !== last.phase) {
    if (phase === 'paused') emit(listeners, 'pause', next, {})
    if (phase === 'active' && wasLive) emit(listeners, 'resume', next, {})
    if (phase === 'ended') emit(listeners, 'end', next, { reason: session!.endReason! })
  } else if (phase === 'active' && canServe !== last.canServe)
    emit(listeners, canServe ? 'unblock' : 'block', next, {})
  const addedSeconds =
    session?.id === last.session?.id
      ? (session?.durationSeconds ?? 0) - (last.session?.durationSeconds ?? 0)
      : 0
  if (addedSeconds) emit(listeners, 'extend', next, { addedSeconds })
  if (next.isEnding && !last.isEnding) emit(listeners, 'warning', next, { secondsLeft })
  if (error && error !== last.error) emit(listeners, 'error', next, { error })
  listeners.notify('')
}
