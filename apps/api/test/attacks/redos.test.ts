import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readDocument } from '../contract/operations.ts'
import { startTestApi, type TestApi } from '../harness.ts'

/** Longer than any text that reaches a pattern but a body as a whole. */
const LENGTH = 16_000
/** A linear pattern needs well under a millisecond for this length, a quadratic one seconds. */
const MS_MAX = 60

/** Quadratic, and only ever given what no caller wrote: an operator's environment, our own decimal numbers. */
const OURS = new Set(['config.ts: /\\/+$/', 'sessions/charge.ts: /0+$/'])

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

/** Texts that nearly match: long runs of whatever the pattern repeats, and an end that it does not want. */
function attacksOn(source: string): string[] {
  const literal = source.replace(/\\[dwsDWSbBpPuk](\{[^}]*\})?|[\\^$.*+?()[\]{}|]/g, ' ')
  const pieces = new Set([
    ...'a0 .-_/:@%A\t\\\n"\'',
    'a.',
    'a-',
    '0.',
    '::',
    'aA',
    ' a',
    '//',
    ...literal.split(/\s+/),
  ])
  const attacks: string[] = []
  for (const piece of pieces) {
    if (piece === '' || piece.length > 40) continue
    const run = piece.repeat(Math.ceil(LENGTH / piece.length))
    for (const prefix of ['', 'a', 'https://', '/'])
      for (const end of ['', '\u0000', '!']) attacks.push(prefix + run + end)
  }
  return attacks
}

function slowestMs(pattern: RegExp): number {
  let slowest = 0
  for (const attack of attacksOn(pattern.source)) {
    let best = Number.POSITIVE_INFINITY
    // The best of two: a pause of the machine is not the pattern's.
    for (let i = 0; i < 2 && (best > MS_MAX || i === 0); i += 1) {
      const began = performance.now()
      pattern.lastIndex = 0
      pattern.test(attack)
      best = Math.min(best, performance.now() - began)
    }
    slowest = Math.max(slowest, best)
    if (slowest > MS_MAX) return slowest
  }
  return slowest
}

function patternsIn(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return []
  const own = (value as { pattern?: unknown }).pattern
  return [...(typeof own === 'string' ? [own] : []), ...Object.values(value).flatMap(patternsIn)]
}

test('every pattern of a schema is linear', async () => {
  const patterns = new Set(patternsIn(await readDocument(api)))
  expect(patterns.size).toBeGreaterThan(8)
  for (const pattern of patterns)
    expect([pattern, slowestMs(new RegExp(pattern, 'u')) < MS_MAX]).toEqual([pattern, true])
})

test('every pattern in the code is linear', () => {
  const folder = join(import.meta.dirname, '../../src')
  const patterns = new Map<string, string>()
  for (const file of globSync('**/*.ts', { cwd: folder }).filter((one) => !one.endsWith('.test.ts'))) {
    const text = readFileSync(join(folder, file), 'utf8')
    const literals = text.matchAll(
      /(?<=[=(,:?!&|[{]\s*)\/((?:[^/\\\n[*]|\\.|\[(?:[^\]\\\n]|\\.)*\])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])*)\/([dgimsuvy]*)/g,
    )
    for (const [, source, flags] of literals) patterns.set(`/${source}/${flags}`, file)
  }
  expect(patterns.size).toBeGreaterThan(25)
  const slow = [...patterns].flatMap(([literal, file]) => {
    const [, source, flags] = /^\/(.*)\/(\w*)$/s.exec(literal) ?? []
    const ms = slowestMs(new RegExp(source!, flags))
    return ms < MS_MAX || OURS.has(`${file}: ${literal}`)
      ? []
      : [`${file}: ${literal} takes ${Math.round(ms)} ms`]
  })
  expect(slow).toEqual([])
})
