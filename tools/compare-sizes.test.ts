import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compared } from './compare-sizes.ts'
import { root } from './tracked-files.ts'

test('the page compares the packages that the script weighs, at the same versions', () => {
  const page = readFileSync(join(root, 'docs/sdk/size.md'), 'utf8')
  const rows = page.split('\n').filter((line) => /^\| [^*\s]+ \d/.test(line))
  const named = rows.map((row) => row.split('|')[1]!.trim())
  expect(named.sort()).toEqual(compared.map(({ name, version }) => `${name} ${version}`).sort())
})

test('ours is the lightest but for loaders, as the page shows', () => {
  const page = readFileSync(join(root, 'docs/sdk/size.md'), 'utf8')
  const rows = [...page.matchAll(/^\| (\S+) \S+ \| ([\d.]+) \| [\d.]+ \| (.*) \|$/gm)]
  const [lightest] = rows.filter(([, , , does]) => !does!.startsWith('a loader'))
  expect(lightest![1]).toBe('**@token-marketplace/sdk**')
})
