import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './tracked-files.ts'

interface Component {
  name: string
  version: string
  scope: string
  hashes?: object[]
}

// `--omit=dev` would be shorter, and leaves out what production shares with a tool: npm 11 then names no nodemailer.
test('the bill of materials names everything that is locked, and which of it only developers need', () => {
  const { stdout, status } = spawnSync('npm', ['run', '--silent', 'sbom'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
  })
  expect(status).toBe(0)
  const { bomFormat, components } = JSON.parse(stdout) as { bomFormat: string; components: Component[] }
  expect(bomFormat).toBe('CycloneDX')
  const scopes = new Map(components.map(({ name, version, scope }) => [`${name}@${version}`, scope]))
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string; link?: boolean; dev?: boolean }>
  }
  const missing = Object.entries(packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && !link)
    .map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`)
    .filter((name) => !scopes.has(name))
  expect(missing).toEqual([])
  const scopeOf = (wanted: string) => components.find(({ name }) => name === wanted)?.scope
  expect(['fastify', 'pg', 'nodemailer'].map(scopeOf)).toEqual(['required', 'required', 'required'])
  expect(['vitest', 'smtp-server'].map(scopeOf)).toEqual(['optional', 'optional'])
})
