/**
 * Figures of an app over time, as `GET /providers/{id}/analytics` gives them.
 *
 * @module
 */
import type { Analytics, Interval } from '../api/wire.ts'

export type Row = Analytics['totals']

/** What the API takes: places, no abbreviations. */
export const isPlace = (timeZone: string) => timeZone.includes('/')

/** Some devices are set to an abbreviation, CET say. */
export function ownTimeZone(): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  return isPlace(timeZone) ? timeZone : 'UTC'
}

const DAY_MS = 86_400_000

export interface AskedRange {
  days: number
  interval: Interval
  timeZone: string
}

/** @example rangeQuery({ days: 30, interval: 'day', timeZone: 'Europe/Berlin' }) */
export function rangeQuery(
  { days, timeZone }: Omit<AskedRange, 'interval'>,
  now = new Date(),
): URLSearchParams {
  // To the whole hour, so that a page drawn twice asks the same.
  const to = new Date(Math.ceil(now.getTime() / 3_600_000) * 3_600_000)
  const from = new Date(to.getTime() - days * DAY_MS)
  return new URLSearchParams({ from: from.toISOString(), to: to.toISOString(), timeZone })
}

export const analyticsPath = (providerId: string, asked: AskedRange) =>
  `/providers/${providerId}/analytics?${rangeQuery(asked)}&interval=${asked.interval}`

export const funnelPath = (providerId: string, asked: AskedRange) =>
  `/providers/${providerId}/analytics/funnel?${rangeQuery(asked)}&interval=${asked.interval}`

const shapes: Record<Interval, { label: Intl.DateTimeFormatOptions; name: Intl.DateTimeFormatOptions }> = {
  hour: {
    label: { hour: '2-digit', minute: '2-digit' },
    // With its zone: where clocks go back, there are two hours of the same name.
    name: {
      year: 'numeric',
      month: 'short',
      day: 'numeric',
      hour: 'numeric',
      minute: '2-digit',
      timeZoneName: 'short',
    },
  },
  day: {
    label: { day: 'numeric', month: 'short' },
    name: { weekday: 'short', year: 'numeric', month: 'short', day: 'numeric' },
  },
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
