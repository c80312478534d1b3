/**
 * Ratios formed inside a round, and their spread over the rounds.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createForeignCpu } from './cpu.ts'

export interface Target {
  text: string
  isMet: (median: number) => boolean
}

export const atLeast = (value: number): Target => ({ text: `≥ ${value}`, isMet: (median) => median >= value })
export const atMost = (value: number): Target => ({ text: `≤ ${value}`, isMet: (median) => median <= value })
export const shown: Target = { text: 'shown', isMet: () => true }

/** More of the machine than this in other hands, and a figure says less. */
const FOREIGN_CPU_MAX = 0.1

interface Row {
  target: Target
  unit: string
  values: number[]
  missing?: string
}

export class Results {
  readonly #rows = new Map<string, Row>()
  readonly #notes: Record<string, object[]> = {}

  add(name: string, value: number, target: Target = shown, unit = '×'): void {
    const row = this.#rows.get(name) ?? { target, unit, values: [] }
    row.values.push(value)
    this.#rows.set(name, row)
  }

  /** Says why a row has no figure: a table with a silent hole would claim more than was measured. */
  miss(name: string, why: string): void {
    this.#rows.set(name, { target: shown, unit: '', values: [], missing: why })
  }

  /** Keeps and prints what a figure has to be read with. */
  note(kind: string, text: string, note: object): void {
    this.#notes[kind] = [...(this.#notes[kind] ?? []), note]
    process.stdout.write(`${text}\n`)
  }

  /** One round, and how much of the machine others used during it. */
  async inRound(part: string, round: number, run: () => Promise<void>): Promise<void> {
    const started = performance.now()
    const foreign = createForeignCpu()
    await run()
    const tookSeconds = Math.round((performance.now() - started) / 1000)
    const foreignCpu = foreign()
    const used = foreignCpu === null ? 'an unknown share' : `${(foreignCpu * 100).toFixed(1)} %`
    const warning = (foreignCpu ?? 0) > FOREIGN_CPU_MAX ? ' WARNING: its figures say less' : ''
    const text = `${part}, round ${round + 1}, ${tookSeconds} s: others used ${used} of this machine.${warning}`
    this.note('foreignCpu', text, { part, round: round + 1, share: foreignCpu, tookSeconds })
  }

  print(): void {
    if (this.#rows.size === 0) return
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
      const few = row.values.length < 3 ? `  (${samples(row.values.length)})` : ''
      process.stdout.write(
        `${name.padEnd(width)} ${figure(median)} ${figure(min)} ${figure(max)}   ${row.target.text} ${row.unit}${verdict}${few}\n`,
      )
    }
  }

  /** @param name of a file beside this one */
  write(name: string, notes: object): void {
    const ratios = Object.fromEntries(
      [...this.#rows].map(([name, { values, target, unit, missing }]) => [
        name,
        missing === undefined
          ? { ...spread(values), target: target.text, unit, samples: values.length }
          : { missing },
      ]),
    )
    const machine = { cpus: os.cpus().length, model: os.cpus()[0]?.model, node: process.version }
    const kept = { measuredAt: new Date().toISOString(), machine, ...notes, ...this.#notes, ratios }
    writeFileSync(path.join(import.meta.dirname, name), `${JSON.stringify(kept, null, 2)}\n`)
  }
}

const samples = (count: number) => (count === 1 ? 'a single sample' : `${count} samples`)

function spread(values: number[]): { median: number; min: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b)
  const round = (value: number) => Math.round(value * 1000) / 1000
  const at = (index: number) => sorted[index] ?? 0
  const half = (sorted.length - 1) / 2
  return {
    median: round((at(Math.floor(half)) + at(Math.ceil(half))) / 2),
    min: round(at(0)),
    max: round(at(sorted.length - 1)),
  }
}
