/**
 * Figures of an app over time, as `GET /providers/{id}/analytics` gives them.
 *
 * @module
 */
import type { Analytics, Interval } from '../api/wire.ts'

export type Row = Analytics['totals']

export const ownTimeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone

const DAY_MS = 86_400_000

/** @example analyticsPath('prv_1', { days: 30, interval: 'day', timeZone: 'Europe/Berlin' }) */
export function analyticsPath(
  providerId: string,
  { days, interval, timeZone }: { days: number; interval: Interval; timeZone: string },
  now = new Date(),
): string {
  // To the whole hour, so that a page drawn twice asks the same.
  const to = new Date(Math.ceil(now.getTime() / 3_600_000) * 3_600_000)
  const from = new Date(to.getTime() - days * DAY_MS)
  const query = new URLSearchParams({ from: from.toISOString(), to: to.toISOString(), interval, timeZone })
  return `/providers/${providerId}/analytics?${query}`
}

const shapes: Record<Interval, { label: Intl.DateTimeFormatOptions; name: Intl.DateTimeFormatOptions }> = {
  hour: { label: { hour: '2-digit', minute: '2-digit' }, name: { dateStyle: 'medium', timeStyle: 'short' } },
  day: { label: { day: 'numeric', month: 'short' }, name: { dateStyle: 'full' } },
  month: { label: { month: 'short' }, name: { month: 'long', year: 'numeric' } },
}

export function describeStart(start: string, interval: Interval, timeZone: string) {
  const { label, name } = shapes[interval]
  const at = new Date(start)
  return {
    label: new Intl.DateTimeFormat('en', { ...label, timeZone }).format(at),
    name: new Intl.DateTimeFormat('en', { ...name, timeZone }).format(at),
  }
}
