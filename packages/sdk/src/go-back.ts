/**
 * The way back to the marketplace.
 *
 * @module
 */
import type { Ports } from './ports.ts'
import type { ReturnReason, SessionOptions, Snapshot } from './session.ts'
import { emit, type Listeners } from './session-events.ts'

/** How long an app may hold up the way back to save its work. */
export const HOOK_TIMEOUT_MS = 3_000

/** Appends a query parameter. Undefined for what is not a web address, such as `javascript:`. */
export function withQuery(url: string | undefined, name: string, value: string | null): string | undefined {
  if (!url || !/^https?:/.test(url)) return undefined
  return value ? `${url}${url.includes('?') ? '&' : '?'}${name}=${value}` : url
}

/**
 * Leads to the marketplace, after the app had a moment to finish; who asks meanwhile does not lead there twice. Only in
 * the run that it was asked in.
 */
export function createWayBack(
  { timers, navigation }: Ports,
  listeners: Listeners,
  options: SessionOptions,
  currentRun: () => unknown,
) {
  let leaving: unknown

  return async (
    address: string | undefined,
    reason: ReturnReason | null,
    snapshot: Snapshot,
    keepsHistory = false,
  ): Promise<void> => {
    const run = currentRun()
    const url = withQuery(address, 'reason', reason)
    if (!url || !run || leaving === run) return
    leaving = run
    const plan = { url, reason, snapshot }
    emit(listeners, 'redirect', snapshot, plan)
    try {
      await Promise.race([
        // The one of this moment: React gives a new one with every rendering.
        options.onBeforeRedirect?.(plan),
        new Promise<void>((resolve) => timers.set(resolve, HOOK_TIMEOUT_MS)),
      ])
    } catch (thrown) {
      console.error(thrown)
    }
    // Asked by the app whether to leave, people may stay, or come back, and go later.
    if (run !== currentRun()) return
    leaving = undefined
    navigation.leave(url, keepsHistory)
  }
}

export type WayBack = ReturnType<typeof createWayBack>
