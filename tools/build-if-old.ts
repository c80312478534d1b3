import { spawn } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** A workspace that has to be built, and what its build is made of. */
interface Built {
  /** In the sentence "… could not be built". */
  name: string
  workspace: string
  /** The file that the build writes last. */
  output: string
  /** Folders that the build reads, besides the files beside the workspace's package.json. */
  sources: string[]
}

/** Builds a workspace when its output is missing or older than what it is made of. Throws what the build said. */
export async function buildIfOld({ name, workspace, output, sources }: Built): Promise<void> {
  const built = await timeOf(join(root, workspace, output))
  if (built > 0 && built >= (await newestOf(workspace, sources))) return
  const npm = process.env.npm_execpath
  const parameters = ['run', 'build', '--workspace', workspace]
  const [command, first] = npm && /\.[cm]?js$/.test(npm) ? [process.execPath, [npm]] : ['npm', []]
  const child = spawn(command, [...first, ...parameters], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: command === 'npm' && process.platform === 'win32',
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  const code = await new Promise((resolve) => child.once('error', resolve).once('close', resolve))
  if (code !== 0) throw new Error(`${name} could not be built (${code}):\n${said}`)
}

async function newestOf(workspace: string, sources: string[]): Promise<number> {
  const top = (await readdir(join(root, workspace), { withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(root, workspace, entry.name))
  const inside = await Promise.all(
    sources.map(async (folder) =>
      (await readdir(join(root, folder), { withFileTypes: true, recursive: true }))
        .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
        .map((entry) => join(entry.parentPath, entry.name)),
    ),
  )
  return Math.max(...(await Promise.all([...top, ...inside.flat()].map(timeOf))))
}

async function timeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
}
