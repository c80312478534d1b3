import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hardCases } from './cases.ts'
import type { EngineProgram } from './engine.ts'
import { type Lab, openLab } from './lab.ts'
import { findChromiumEngine, findFirefoxEngine } from './puppeteer-engine.ts'
import { writeTable } from './table.ts'
import { findWebKitEngine } from './webkit-engine.ts'

const PAGE = join(import.meta.dirname, '../../docs/sdk/browser-lab.md')
const CASE_MS = 150_000

const programs: EngineProgram[] = []
for (const found of [await findChromiumEngine(), await findFirefoxEngine(), await findWebKitEngine()]) {
  if (typeof found === 'string') console.log(`skipped: ${found}`)
  else programs.push(found)
}

/** What happened, by engine and case; the heading of each engine's column. */
const outcomes: Record<string, Record<string, string>> = {}
const headings: Record<string, string> = {}
let lab: Lab

beforeAll(async () => {
  lab = await openLab()
})
afterAll(async () => {
  await lab?.close()
  const ran = Object.values(outcomes).reduce((sum, column) => sum + Object.keys(column).length, 0)
  // Only whole: a table with holes would hide what was not run.
  if (ran === 3 * hardCases.length) writeFileSync(PAGE, writeTable(hardCases, headings, outcomes))
  else console.log('docs/sdk/browser-lab.md is left as it was: not every case ran in every engine')
})

describe.each(programs)('$name', (program) => {
  test.each(hardCases)('$title', { timeout: CASE_MS }, async ({ title, needs, act }) => {
    outcomes[program.name] ??= {}
    const column = outcomes[program.name]!
    const engine = await program.open()
    headings[program.name] = `${program.name} ${engine.version}, ${program.driver}`
    try {
      if (needs && !(needs in (await engine.newTab()))) {
        column[title] = `its ${program.driver} cannot do this`
        return
      }
      column[title] = await act({ engine, lab })
      expect(column[title]).not.toBe('')
    } catch (error) {
      column[title] = `**fails**: ${String(error).split('\n')[0]}`
      throw error
    } finally {
      await engine.close()
    }
  })
})
