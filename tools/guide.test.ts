import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { countLines, readGuide } from './guide.ts'
import { root } from './tracked-files.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')

test('the README names as many steps and lines as the guide has', () => {
  const steps = readGuide()
  expect(read('README.md')).toContain(`${steps.length} steps and ${countLines(steps)} lines`)
})

test('every step of the guide can be performed', () => {
  expect(readGuide().map(({ action }) => action)).toEqual([
    { kind: 'shell' },
    { kind: 'shell' },
    { kind: 'append', path: 'src/main.ts' },
    { kind: 'shell' },
  ])
})

test('a step without a block, with two, or without a place for its code is refused', () => {
  expect(() => readGuide('## Step 1: talk\n\nWords.\n')).toThrow('has not one block')
  expect(() => readGuide('## Step 1\n\n```sh\na\n```\n\n```sh\nb\n```\n')).toThrow('has not one block')
  expect(() => readGuide('## Step 1\n\n```ts\ncode()\n```\n')).toThrow('where its code belongs')
})
