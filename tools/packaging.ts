import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { promisify } from 'node:util'
import { root } from './tracked-files.ts'

type Packed = { files: { path: string }[] }
type Manifest = Record<string, unknown> & { name: string }

// A dry run asks which versions are there, and goes on without an answer: from here nobody is asked.
const nowhere = ['--registry', 'http://127.0.0.1:9', '--fetch-retries', '0']

/**
 * Rehearses publishing, and finds what a published package would lack or give away: entries that name files which npm does
 * not pack, tests and sources that it does.
 */
export async function findPackagingFaults(folder: string): Promise<string[]> {
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest
  const npm = process.env.npm_execpath
  const [command, first] = npm && /\.[cm]?js$/.test(npm) ? [process.execPath, [npm]] : ['npm', []]
  const parameters = [...first, 'publish', '--dry-run', '--json', '--ignore-scripts', ...nowhere]
  const { stdout } = await promisify(execFile)(command, parameters, { cwd: join(root, folder) })
  const answer = JSON.parse(stdout) as Packed & Record<string, Packed>
  // Newer npm tells it by the package's name.
  const { files } = answer[manifest.name] ?? answer
  return compareEntries(
    manifest,
    files.map(({ path }) => path),
  )
}

/** Compares what a manifest names with the files that are packed. */
export function compareEntries(manifest: Manifest, files: readonly string[]): string[] {
  const named = ['main', 'module', 'types', 'jsdelivr', 'unpkg', 'bin', 'exports'].flatMap((field) =>
    listPaths(manifest[field]),
  )
  const missing = [...new Set(named)]
    .map((path) => posix.normalize(path))
    .filter((path) => !files.includes(path) && !path.includes('*'))
    .map((path) => `${manifest.name}: names ${path}, which is not packed`)
  const leaked = files
    .filter((path) => /\.(test|spec)\.|(^|\/)(test|node_modules)\/|tsconfig|\.tsbuildinfo/.test(path))
    .map((path) => `${manifest.name}: packs ${path}, which nobody needs`)
  return [...missing, ...leaked]
}

function listPaths(entry: unknown): string[] {
  if (typeof entry === 'string') return [entry]
  if (typeof entry !== 'object' || entry === null) return []
  return Object.values(entry).flatMap(listPaths)
}
