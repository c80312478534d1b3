/**
 * `npm run check`: what CI guarantees besides the tests. Runs everything, then says what failed.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { readArguments } from '../apps/api/src/read-arguments.ts'
import { buildSdkIfOld } from './build-sdk.ts'
import { findLicenceFaults, findLockFaults, readLockFile } from './lock-file.ts'
import { findPackagingFaults } from './packaging.ts'
import { findReleaseFaults } from './release.ts'
import { findSecrets } from './secrets.ts'
import { findUntidiness } from './tidy.ts'
import { listTrackedFiles, root } from './tracked-files.ts'

/** What holds when it finds nothing. */
type Guarantee = { name: string; find: () => string[] | Promise<string[]> }

const HELP = `npm run check

  Types, lint, import direction, generated files, sizes, lock file, licences, secrets. Ends with 1 and what is wrong.`
readArguments(HELP)
const files = listTrackedFiles()
const typeProjects = globSync(
  ['tsconfig.json', 'tests/tsconfig.json', '{apps,packages,examples}/*/tsconfig.json'],
  {
    cwd: root,
  },
).sort()

const guarantees: Guarantee[] = [
  {
    name: 'the lock file installs on every platform, every version pinned',
    find: () => findLockFaults(readLockFile()),
  },
  { name: 'every licence we ship is permissive', find: () => findLicenceFaults(readLockFile()) },
  { name: 'no secret is committed', find: () => findSecrets(files) },
  { name: 'imports point down, files are short, names say something', find: () => findUntidiness(files) },
  { name: 'code is formatted and linted', find: () => runProgram('biome', ['check', '.']) },
  // The examples take its types from where npm would put them.
  { name: 'the SDK builds', find: checkBuild },
  ...typeProjects.map((project) => ({
    name: `types hold (${project})`,
    find: () => runProgram('tsc', ['-p', project]),
  })),
  {
    name: 'the SDK could be published, with every file it names',
    find: () => findPackagingFaults('packages/sdk'),
  },
  { name: 'the next release is told by its changesets', find: findReleaseFaults },
  { name: 'generated files are up to date', find: () => runScript('tools/generate.ts', ['--check']) },
  ...(existsSync(join(root, 'packages/sdk/size.ts'))
    ? [{ name: 'the SDK keeps its byte budgets', find: () => runScript('packages/sdk/size.ts') }]
    : []),
]

const broken: string[] = []
for (const { name, find } of guarantees) {
  const started = performance.now()
  const findings = await Promise.resolve()
    .then(find)
    .catch((error: Error) => [error.message])
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${findings.length === 0 ? 'holds ' : 'BROKEN'}  ${name} (${seconds} s)`)
  for (const finding of findings) console.log(`        ${finding.replaceAll('\n', '\n        ')}`)
  if (findings.length > 0) broken.push(name)
}
console.log(
  broken.length === 0
    ? `\nAll ${guarantees.length} guarantees hold.`
    : `\n${broken.length} of ${guarantees.length} guarantees are broken:\n${broken.map((name) => `  ${name}`).join('\n')}`,
)
process.exitCode = broken.length === 0 ? 0 : 1

async function checkBuild(): Promise<string[]> {
  await buildSdkIfOld()
  return []
}

/** Runs one of our scripts: its output is the finding when it fails. */
function runScript(script: string, parameters: string[] = []): Promise<string[]> {
  return run(process.execPath, [script, ...parameters])
}

/** Runs a program that npm installed. */
function runProgram(name: string, parameters: string[]): Promise<string[]> {
  const isWindows = process.platform === 'win32'
  return run(join(root, 'node_modules', '.bin', isWindows ? `${name}.cmd` : name), parameters)
}

function run(command: string, parameters: string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: command.endsWith('.cmd'),
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    }
    child.once('error', reject)
    child.once('close', (code) => resolve(code === 0 ? [] : [said.trim() || `ended with code ${code}`]))
  })
}
