import { expect, test } from 'vitest'
import { compareEntries } from './packaging.ts'

const manifest = {
  name: 'sdk',
  main: './dist/sdk.cjs',
  exports: {
    '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    './package.json': './package.json',
  },
}

test('an entry whose file is not packed is found, wherever it is named', () => {
  expect(compareEntries(manifest, ['package.json', 'dist/index.js'])).toEqual([
    'sdk: names dist/sdk.cjs, which is not packed',
    'sdk: names dist/index.d.ts, which is not packed',
  ])
})

test('tests and build settings that would be published are found', () => {
  const files = [
    'package.json',
    'dist/sdk.cjs',
    'dist/index.js',
    'dist/index.d.ts',
    'src/a.test.ts',
    'tsconfig.json',
  ]
  expect(compareEntries(manifest, files)).toEqual([
    'sdk: packs src/a.test.ts, which nobody needs',
    'sdk: packs tsconfig.json, which nobody needs',
  ])
})
