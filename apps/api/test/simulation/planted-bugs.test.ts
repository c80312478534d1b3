import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { lastBeatSql } from '../../src/sessions/session.ts'
import { PLANTED_BUGS } from './planted-bugs.ts'

const api = resolve(import.meta.dirname, '../..')

test('what planted bugs change is still said: the long run ends at the first that changes nothing', () => {
  const statements = readdirSync(join(api, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(api, 'src', name), 'utf8'))
    .join('\n')
    .replaceAll(/\$\{lastBeatSql\('([^']+)'\)\}/g, (_, at: string) => lastBeatSql(at))
  const functions = readFileSync(join(api, 'schema.sql'), 'utf8')
  const unsaid = PLANTED_BUGS.filter(
    ({ sqlFunction, from }) => !(sqlFunction ? functions : statements).includes(from),
  )
  expect(PLANTED_BUGS.length).toBeGreaterThan(50)
  expect(unsaid.map(({ name }) => name)).toEqual([])
})
