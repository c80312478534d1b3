import { readFileSync } from 'node:fs'
import { basename, dirname, join, posix } from 'node:path'
import { root } from './tracked-files.ts'

const LINES_MAX = 400
const SOURCE = /\.(ts|tsx|mts|mjs|js|jsx|vue|css|html|sql|sh)$/
/** As long as what they are made of: nobody writes or reads them by hand, and a check compares them with their source. */
const GENERATED = new Set([
  'apps/api/schema.sql',
  'packages/sdk/src/wire.ts',
  'packages/client/src/operations.ts',
])
const EMPTY_NAMES = /(^|[/.-])(utils?|helpers?|common|shared|services?|managers?|misc)([/.-]|$)/
const API = 'apps/api/src/'

/** Words that promise to mend something later, or hide what is wrong. */
const BANNED: [RegExp, string][] = [
  [/\b(TODO|FIXME|XXX)\b/, 'says it is unfinished'],
  [/(?<!\bsame |\bmuch |\bwell )\bas any\b(?=\s*[;,)\].]|$)/, 'casts to any'],
  [/@ts-(ignore|nocheck)/, 'silences the type checker'],
  [/\b(test|it|describe)\.(only|skip)\(/, 'leaves tests out'],
]

/**
 * The layers of the API, lowest first: an import points to the same layer or to a lower one. Files
 * beside `main.ts` that are named nowhere are the base, folders named nowhere are features on top.
 */
const LAYERS: string[][] = [
  [],
  ['db', 'migrate', 'refuse-old-schema', 'command'],
  ['jobs', 'events', 'http', 'mail'],
  ['ledger', 'audit'],
  ['keys', 'tenants', 'auth', 'providers'],
  ['tokens', 'sessions'],
  ['webhooks', 'analytics'],
  [
    'app',
    'main',
    'worker',
    'deps',
    'create-deps',
    'authenticators',
    'generate-openapi',
    'migrate-database',
    'check-ledger',
    'check-audit',
    'change-operators',
    'rotate-keys',
    'reseal',
    'reseal-columns',
  ],
]
const FEATURE_LAYER = LAYERS.length - 2

const VERB =
  /^(add|announce|apply|approve|begin|cancel|capture|change|complete|count|create|deliver|dispute|end|expire|extend|find|get|hold|issue|list|mark|open|pause|place|post|put|receive|record|refund|register|release|relaunch|remove|replay|report|resolve|resume|revoke|rotate|send|settle|sign|start|suspend|sweep|take|validate|verify)-|^(heartbeat|login|logout|refresh|register|sweep|routes|jobs)$/

/** Finds what the house style forbids and a formatter cannot see, as "file:line: what". */
export function findUntidiness(files: readonly string[]): string[] {
  const findings: string[] = []
  for (const path of files) {
    // A systemd unit has to end in .service.
    if (EMPTY_NAMES.test(path.replace(/\.service$/, '')) && !path.startsWith('docs/'))
      findings.push(`${path}: the name says nothing about what is inside`)
    if (!SOURCE.test(path) || GENERATED.has(path)) continue
    const lines = readFileSync(join(root, path), 'utf8').split('\n')
    if (lines.length - 1 > LINES_MAX)
      findings.push(`${path}: ${lines.length - 1} lines, at most ${LINES_MAX}`)
    // This file and its test hold the words themselves.
    if (path.startsWith('tools/tidy')) continue
    for (const [index, line] of lines.entries()) {
      for (const [pattern, what] of BANNED) {
        if (pattern.test(line)) findings.push(`${path}:${index + 1}: ${what}`)
      }
    }
    if (path.startsWith(API)) findings.push(...findWrongImports(path, lines.join('\n')))
  }
  return findings
}

/** Finds the imports of one file of the API that point up, or into a neighbour's verbs. */
export function findWrongImports(path: string, text: string): string[] {
  if (path.endsWith('.test.ts')) return []
  const findings: string[] = []
  const own = place(path)
  // Types vanish before anything runs, so `import type` may name what the edge puts together.
  const imports = text.matchAll(/^(?:import|export)\s+(?!type\b)[^;'"]*?from\s+'(\.[^']+)'/gm)
  for (const [, specifier] of imports) {
    const target = posix.normalize(posix.join(dirname(path), specifier!))
    if (!target.startsWith(API)) {
      findings.push(`${path}: imports ${target}, which is outside of the API`)
      continue
    }
    const other = place(target)
    if (other.layer > own.layer) findings.push(`${path}: imports ${target}, which is a layer above it`)
    const isNeighbour = own.folder !== other.folder && own.layer === other.layer && other.folder !== ''
    if (isNeighbour && own.folder !== '' && VERB.test(basename(target, '.ts'))) {
      findings.push(`${path}: imports a verb of its neighbour, ${target}`)
    }
  }
  return findings
}

function place(path: string): { folder: string; layer: number } {
  const [first, second] = path.slice(API.length).split('/')
  const folder = second === undefined ? '' : first!
  const name = folder || basename(first!, '.ts')
  const layer = LAYERS.findIndex((names) => names.includes(name))
  return { folder, layer: layer >= 0 ? layer : folder ? FEATURE_LAYER : 0 }
}
