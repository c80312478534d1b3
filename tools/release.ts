/**
 * Rehearses a release: what `changeset version` would write, in a folder that is thrown away.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './tracked-files.ts'

const CHANGESETS = '.changeset'
const manifests = ['package.json', 'package-lock.json', '{apps,packages,examples}/*/package.json']

export interface Release {
  /** The changesets that are waiting. */
  waiting: string[]
  /** The changesets that would still wait afterwards. */
  left: string[]
  versionBefore: string
  versionAfter: string
  changelog: string
}

/** Versions a package as the next release would, from the changesets of a folder. */
export async function rehearseRelease(folder: string, changesets = join(root, CHANGESETS)): Promise<Release> {
  const copy = mkdtempSync(join(tmpdir(), 'release-'))
  try {
    for (const path of globSync(manifests, { cwd: root })) cpSync(join(root, path), join(copy, path))
    cpSync(changesets, join(copy, CHANGESETS), { recursive: true })
    const waiting = listChangesets(copy)
    const versionBefore = readVersion(join(copy, folder))
    const program = join(root, 'node_modules/@changesets/cli/bin.js')
    // Without changesets there is nothing to version, which the program calls an error.
    if (waiting.length > 0)
      await promisify(execFile)(process.execPath, [program, 'version'], { cwd: copy }).catch(
        ({ stdout, stderr }) => {
          throw new Error(`changeset version: ${stdout}${stderr}`.trim())
        },
      )
    const changelog = join(copy, folder, 'CHANGELOG.md')
    return {
      waiting,
      left: listChangesets(copy),
      versionBefore,
      versionAfter: readVersion(join(copy, folder)),
      changelog: existsSync(changelog) ? readFileSync(changelog, 'utf8') : '',
    }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Finds what would keep the SDK from being released: changesets that cannot be read or name nothing of ours. */
export async function findReleaseFaults(): Promise<string[]> {
  const { waiting, left, versionBefore, versionAfter, changelog } = await rehearseRelease('packages/sdk')
  const unused = left.map((name) => `${join(CHANGESETS, name)}: is not used by a release`)
  const isNew = versionAfter !== versionBefore
  if (waiting.length > 0 && isNew && !changelog.includes(`## ${versionAfter}`))
    return [...unused, `the changelog of ${versionAfter} is missing`]
  return unused
}

const listChangesets = (folder: string) =>
  readdirSync(join(folder, CHANGESETS)).filter((name) => name.endsWith('.md') && name !== 'README.md')

const readVersion = (folder: string): string =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
