import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { listTrackedFiles, root } from '../tools/tracked-files.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')

test('every environment variable the API reads is explained, and no other', () => {
  const config = read('apps/api/src/config.ts')
  const named = [...config.matchAll(/\b(?:read|need|whole|choice)\('([A-Z_]+)'/g)].map(([, name]) => name!)
  // Those of OpenTelemetry are its own, and read before the rest.
  const others = [...read('apps/api/src/main.ts').matchAll(/process\.env\.([A-Z_]+)/g)].map(
    ([, name]) => name!,
  )
  const names = [...named, ...others]
  const [, table = ''] = read('docs/operations/running.md').split('## Environment')
  const rows = table
    .split('\n## ')[0]!
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  const explained = rows.flatMap((row) =>
    [...row.split('|')[1]!.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name!),
  )
  expect([...new Set(explained)].sort()).toEqual([...new Set([...names, 'HOST'])].sort())
})

test('every link between documents leads somewhere', () => {
  const documents = listTrackedFiles().filter((path) => path.endsWith('.md') && existsSync(join(root, path)))
  const broken = documents.flatMap((path) =>
    [...read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)\s#]+)/g)]
      .map(([, target]) => target!)
      .filter((target) => !existsSync(join(root, dirname(path), target)))
      .map((target) => `${path}: ${target}`),
  )
  expect(broken).toEqual([])
})
