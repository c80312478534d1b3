import { expect, test } from 'vitest'
import { findLicenceFaults, findLockFaults, type LockFile } from './lock-file.ts'

const integrity = 'sha512-x'

test('an optional package that the lock file lost is found', () => {
  const packages: LockFile['packages'] = {
    'node_modules/a': {
      version: '1.0.0',
      integrity,
      optionalDependencies: { 'a-linux': '1.0.0', 'a-mac': '1.0.0' },
    },
    'node_modules/a-linux': { version: '1.0.0', integrity },
  }
  expect(findLockFaults({ packages })).toEqual(['node_modules/a: a-mac is missing from package-lock.json'])
})

test('a package from elsewhere than the public registry is found', () => {
  const packages = {
    'node_modules/a': { version: '1.0.0', integrity, resolved: 'https://mirror.example/a.tgz' },
  }
  expect(findLockFaults({ packages })).toEqual(['node_modules/a: comes from https://mirror.example/a.tgz'])
})

test('what we ship carries a permissive licence, what only builds it may carry another', () => {
  const packages = {
    'node_modules/a': { license: 'MIT' },
    'node_modules/b': { license: '(GPL-3.0 OR BSD-3-Clause)' },
    'node_modules/c': { license: 'GPL-3.0' },
    'node_modules/d': {},
    'node_modules/e': { license: 'MPL-2.0', dev: true },
  }
  expect(findLicenceFaults({ packages })).toEqual([
    'node_modules/c: GPL-3.0',
    'node_modules/d: no licence given',
  ])
})
