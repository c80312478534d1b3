import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hardCases } from './engines/cases.ts'

test('the browser lab’s page has a row for every case, and no cell without an outcome', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/sdk/browser-lab.md'), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| |'))
  const cells = rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  expect(cells.map(([title]) => title)).toEqual(hardCases.map(({ title }) => title))
  for (const [title, ...outcomes] of cells) {
    expect(outcomes, title).toHaveLength(3)
    for (const outcome of outcomes) expect(outcome, title).toMatch(/^(?!\*\*fails)\S/)
  }
})
