/**
 * What a session's clock shows between two answers of the server.
 *
 * @module
 */

/**
 * Time runs only while the app is served, which is until `serveUntil`. Counted by the monotonic clock
 * from the moment the answer came, because the device's wall clock may be wrong.
 *
 * @param {any} session
 * @returns {{ leftSeconds: number, usedSeconds: number, isRunning: boolean }}
 */
export function timeOf(session) {
  const elapsedMs = performance.now() - session.receivedAt
  const isServed = session.status === 'active' && session.serveUntil !== null
  const servedMs = isServed ? Date.parse(session.serveUntil) - Date.parse(session.serverTime) : 0
  const addedMs = Math.max(0, Math.min(elapsedMs, servedMs))
  const leftMs = Math.max(0, session.remainingMs - addedMs)
  return {
    leftSeconds: Math.ceil(leftMs / 1000),
    usedSeconds: Math.floor((session.durationSeconds * 1000 - leftMs) / 1000),
    isRunning: isServed && elapsedMs < servedMs && leftMs > 0,
  }
}

/** @param {any} session @returns {{ state: string, label: string, hint: string }} */
export function describeState(session) {
  if (session.status === 'pending')
    return {
      state: 'waiting',
      label: 'Not opened yet',
      hint: 'Time starts when the app does. Unopened, it is cancelled by itself and costs nothing.',
    }
  if (session.status === 'paused')
    return {
      state: 'paused',
      label: 'Paused',
      hint: 'The clock stands still. After 30 minutes of pause in total the session ends by itself.',
    }
  if (session.status === 'ended') return { state: 'ended', label: 'Ended', hint: '' }
  if (timeOf(session).isRunning) return { state: 'running', label: 'Running', hint: '' }
  return {
    state: 'waiting',
    label: 'App closed',
    hint: 'The app is not open, so the clock stands still. Go back in, or end it and get the rest back.',
  }
}
