/**
 * Projects in temporary folders that install the packed SDK as a stranger would.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { buildSdkIfOld } from './build-sdk.ts'
import { root } from './tracked-files.ts'

const PING_MS = 15_000
const RUN_MS = 600_000
const npm = process.env.npm_execpath
const isWindows = process.platform === 'win32'

export interface Project {
  folder: string
  /** Writes files, by their paths. */
  write(files: Record<string, string>): Promise<void>
  /** Installs packages by their full specifiers, `vite@8.3.8`; without any, what package.json says. */
  install(...packages: string[]): Promise<void>
  /** Runs a program that the project installed, `node`, or one by its path; gives what it printed and throws when it fails. */
  run(program: string, ...parameters: string[]): Promise<string>
  /** Starts one of them and leaves it running. */
  start(variables: Record<string, string>, program: string, ...parameters: string[]): ChildProcess
  remove(): Promise<void>
}

/** Says whether npm's registry answers, and tells the reader of the log when it does not. */
export async function isRegistryReachable(what: string): Promise<boolean> {
  const isReachable = await runNpm(root, 'ping').then(
    () => true,
    () => false,
  )
  if (!isReachable) console.log(`skipped: ${what}, because npm's registry cannot be reached`)
  return isReachable
}

/** Packs the SDK as it would be published; gives the path of the tarball. */
export async function packSdk(into: string): Promise<string> {
  await buildSdkIfOld()
  const packing = ['pack', '--json', '--ignore-scripts', '--pack-destination', into]
  const said = await runNpm(join(root, 'packages/sdk'), ...packing)
  const [{ filename }] = JSON.parse(said.slice(said.indexOf('['))) as [{ filename: string }]
  return join(into, filename)
}

export async function createProject(name: string): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), `${name}-`))
  const programs = join(folder, 'node_modules', '.bin')
  const locate = (program: string) => {
    if (program === 'node') return process.execPath
    return isAbsolute(program) ? program : join(programs, isWindows ? `${program}.cmd` : program)
  }
  const project: Project = {
    folder,
    async write(files) {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true })
        await writeFile(join(folder, path), text)
      }
    },
    async install(...packages) {
      const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--save-exact']
      await runNpm(folder, 'install', ...quiet, ...packages)
    },
    run: (program, ...parameters) => execute(locate(program), parameters, { cwd: folder }),
    start: (variables, program, ...parameters) =>
      spawn(locate(program), parameters, {
        cwd: folder,
        env: { ...environment(), ...variables },
        stdio: 'ignore',
      }),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  }
  await project.write({ 'package.json': '{ "name": "fresh", "private": true, "type": "module" }\n' })
  return project
}

/** Runs npm in a folder; gives what it printed and throws when it fails. */
export function runNpm(folder: string, ...parameters: string[]): Promise<string> {
  const timeoutMs = parameters[0] === 'ping' ? PING_MS : RUN_MS
  return execute(...npmCommand(...parameters), { cwd: folder, timeoutMs })
}

function npmCommand(...parameters: string[]): [string, string[]] {
  return npm && /\.[cm]?js$/.test(npm) ? [process.execPath, [npm, ...parameters]] : ['npm', parameters]
}

/** Nothing of the test runner's own: frameworks look at NODE_ENV, and Vite at VITEST. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_ENV, VITEST, VITEST_MODE, NODE_OPTIONS, ...rest } = process.env
  return {
    ...rest,
    CI: '1',
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
    NEXT_TELEMETRY_DISABLED: '1',
    NUXT_TELEMETRY_DISABLED: '1',
  }
}

function execute(
  command: string,
  parameters: string[],
  { cwd, timeoutMs = RUN_MS }: { cwd: string; timeoutMs?: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      cwd,
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      shell: isWindows && !command.endsWith('.exe'),
    })
    let said = ''
    let complained = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complained += text
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(said)
      else
        reject(
          new Error(`${command} ${parameters.join(' ')} ended with ${code ?? signal}:\n${said}${complained}`),
        )
    })
  })
}
