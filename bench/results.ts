/**
 * Ratios formed inside a round, and their spread over the rounds.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export interface Target {
  text: string
  isMet: (median: number) => boolean
}

export const atLeast = (value: number): Target => ({ text: `≥ ${value}`, isMet: (median) => median >= value })
export const atMost = (value: number): Target => ({ text: `≤ ${value}`, isMet: (median) => median <= value })
export const shown: Target = { text: 'shown', isMet: () => true }

interface Row {
  target: Target
  unit: string
  values: number[]
  missing?: string
}

export class Results {
  readonly #rows = new Map<string, Row>()

  add(name: string, value: number, target: Target = shown, unit = '×'): void {
    const row = this.#rows.get(name) ?? { target, unit, values: [] }
    row.values.push(value)
    this.#rows.set(name, row)
  }

  /** Says why a row has no figure: a table with a silent hole would claim more than was measured. */
  miss(name: string, why: string): void {
    this.#rows.set(name, { target: shown, unit: '', values: [], missing: why })
  }

  print(): void {
    const width = Math.max(...[...this.#rows.keys()].map((name) => name.length))
    process.stdout.write(`\n${'what'.padEnd(width)}   median      min      max   target\n`)
    for (const [name, row] of this.#rows) {
      if (row.missing !== undefined) {
        process.stdout.write(`${name.padEnd(width)}   not measured: ${row.missing}\n`)
        continue
      }
      const { median, min, max } = spread(row.values)
      const figure = (value: number) => value.toFixed(2).padStart(8)
      const verdict = row.target.text === 'shown' ? '' : row.target.isMet(median) ? '  met' : '  MISSED'
      process.stdout.write(
        `${name.padEnd(width)} ${figure(median)} ${figure(min)} ${figure(max)}   ${row.target.text} ${row.unit}${verdict}\n`,
      )
    }
  }

  write(notes: object): void {
    const ratios = Object.fromEntries(
      [...this.#rows].map(([name, { values, target, unit, missing }]) => [
        name,
        missing === undefined ? { ...spread(values), target: target.text, unit } : { missing },
      ]),
    )
    const machine = { cpus: os.cpus().length, model: os.cpus()[0]?.model, node: process.version }
    const file = path.join(import.meta.dirname, 'results.json')
    writeFileSync(
      file,
      `${JSON.stringify({ measuredAt: new Date().toISOString(), machine, ...notes, ratios }, null, 2)}\n`,
    )
  }
}

function spread(values: number[]): { median: number; min: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b)
  const round = (value: number | undefined) => Math.round((value ?? 0) * 1000) / 1000
  return {
    median: round(sorted[Math.floor(sorted.length / 2)]),
    min: round(sorted[0]),
    max: round(sorted.at(-1)),
  }
}

/** The share of this machine that somebody else used since the last call: a figure taken then says less. */
export function createForeignCpu(): () => number {
  const read = () => {
    const times = os.cpus().map(({ times: t }) => t)
    const total = times.reduce((sum, t) => sum + t.user + t.nice + t.sys + t.idle + t.irq, 0)
    return { total, idle: times.reduce((sum, t) => sum + t.idle, 0) }
  }
  let before = read()
  return () => {
    const after = read()
    const busy = 1 - (after.idle - before.idle) / Math.max(1, after.total - before.total)
    before = after
    return Math.round(busy * 100) / 100
  }
}
