import { spawn } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const sdk = join(root, 'packages/sdk')

/** Builds the SDK when its bundle is missing or older than its sources. Throws what the build said. */
export async function buildSdkIfOld(): Promise<void> {
  const built = await timeOf(join(sdk, 'dist/sdk.min.js'))
  if (built > 0 && built >= (await newestSource())) return
  const npm = process.env.npm_execpath
  const parameters = ['run', 'build', '--workspace', 'packages/sdk']
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
  if (code !== 0) throw new Error(`The SDK could not be built (${code}):\n${said}`)
}

async function newestSource(): Promise<number> {
  const top = (await readdir(sdk, { withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(sdk, entry.name))
  const inside = (await readdir(join(sdk, 'src'), { withFileTypes: true, recursive: true }))
    .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
    .map((entry) => join(entry.parentPath, entry.name))
  return Math.max(...(await Promise.all([...top, ...inside].map(timeOf))))
}

async function timeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
}
