/**
 * A simulation as a table for people; the verdict is the last line.
 *
 * @module
 */
import type { SimulationResult } from './simulation.ts'

export function report(result: SimulationResult): string[] {
  const { rows, cheats, faults, calls, seconds, people, sessions, wrong, explained, ledger, digest } = result
  const faultCount = Object.values(faults).reduce((sum, count) => sum + count, 0)
  return [
    ...table(
      [
        'honest use',
        'sessions',
        'hours',
        'billed',
        'worst',
        'overbilled',
        'naps',
        'undecided',
        'no last beat',
        'loss',
        'over allowance',
        'overbilled there',
        'in one gap',
      ],
      rows.map((row) => [
        row.className,
        String(row.sessions),
        row.hours.toFixed(1),
        `${row.accuracy.toFixed(3)} %`,
        `${row.worst.toFixed(2)} %`,
        `${row.overbilled.toFixed(2)} s`,
        `${row.naps.toFixed(0)} s`,
        `${row.undecided.toFixed(1)} s`,
        String(row.noLastBeat),
        `${row.noLastBeatLoss.toFixed(1)} s`,
        String(row.overAllowance),
        `${row.overAllowanceOverbilled.toFixed(1)} s`,
        `${row.overAllowanceGap.toFixed(1)} s`,
      ]),
    ),
    '',
    ...table(
      ['cheats', 'people', 'served', 'billed', 'most gained', 'most overbilled'],
      cheats.map((row) => [
        row.className,
        String(row.people),
        `${row.servedMinutes.toFixed(1)} min`,
        `${row.billedMinutes.toFixed(1)} min`,
        `${row.gain.toFixed(1)} s`,
        `${row.overbilled.toFixed(1)} s`,
      ]),
    ),
    '',
    ...explained,
    ...Object.entries(faults)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, count]) => `${kind}: ${count}`),
    '',
    `${people} people, ${sessions} sessions, ${calls} calls in ${seconds.toFixed(0)} s: ${(calls / seconds).toFixed(0)} calls/s, ${(faultCount / seconds).toFixed(1)} faults/s`,
    `ledger: ${ledger}`,
    `trace: ${digest}`,
    ...wrong.map((one) => `NOT KEPT  ${one}`),
    wrong.length === 0
      ? `VERDICT: every session, wallet and account is as the model says, the ledger is right, ${result.skewMs === 0 ? 'every bound is kept' : `with clocks ${result.skewMs} ms apart`}`
      : `VERDICT: the books are right, but ${wrong.length} bounds were not kept`,
  ]
}

function table(head: string[], rows: string[][]): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  return [head, ...rows].map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  )
}
