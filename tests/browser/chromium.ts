import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { type Browser, chromium, type LaunchOptions } from 'playwright-core'

/** A browser program and what it needs to run. */
export type ChromiumProgram = { executablePath: string; env: Record<string, string> }

const NAMES = [
  'google-chrome-stable',
  'google-chrome',
  'chromium',
  'chromium-browser',
  'chrome',
  'microsoft-edge',
]
const PLACES: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: [
    join(process.env.PROGRAMFILES ?? '', 'Google/Chrome/Application/chrome.exe'),
    join(process.env['PROGRAMFILES(X86)'] ?? '', 'Google/Chrome/Application/chrome.exe'),
    join(process.env.LOCALAPPDATA ?? '', 'Google/Chrome/Application/chrome.exe'),
    join(process.env['PROGRAMFILES(X86)'] ?? '', 'Microsoft/Edge/Application/msedge.exe'),
  ],
}

/** Quiet and offline: nothing the browser does by itself may disturb a test. */
export const chromiumArguments: readonly string[] = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Chromium refuses its sandbox to root. */
export const isSandboxed = process.getuid?.() !== 0

let found: Promise<ChromiumProgram> | undefined

/**
 * Finds a Chrome or Chromium: `CHROME_PATH`, an installed one, else the one that comes with npm.
 *
 * @example
 * // puppeteer-core
 * const { executablePath, env } = await findChromium()
 * await puppeteer.launch({ executablePath, env, args: [...chromiumArguments, ...(isSandboxed ? [] : ['--no-sandbox'])] })
 */
export function findChromium(): Promise<ChromiumProgram> {
  found ??= find()
  return found
}

/**
 * Opens a headless Chromium for Playwright.
 *
 * @example
 * const browser = await launchChromium()
 * const page = await browser.newPage()
 */
export async function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  const program = await findChromium()
  const launch = (chromiumSandbox: boolean) =>
    chromium.launch({
      ...options,
      executablePath: program.executablePath,
      env: { ...program.env, ...options.env },
      args: [...chromiumArguments, ...(options.args ?? [])],
      chromiumSandbox,
    })
  if (!isSandboxed) return await launch(false)
  try {
    return await launch(true)
  } catch (error) {
    // Containers and some distributions forbid the user namespaces that the sandbox is made of.
    if (!/sandbox|namespace/i.test(String(error))) throw error
    return await launch(false)
  }
}

async function find(): Promise<ChromiumProgram> {
  const env = environment()
  if (process.env.CHROME_PATH) {
    if (!isExecutable(process.env.CHROME_PATH))
      throw new Error(`CHROME_PATH ${process.env.CHROME_PATH} is no program.`)
    return { executablePath: process.env.CHROME_PATH, env }
  }
  const folders = (process.env.PATH ?? '').split(delimiter)
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  const installed = [...onPath, ...(PLACES[process.platform] ?? [])].find(isExecutable)
  if (installed) return { executablePath: installed, env }
  if (process.platform === 'linux' && process.arch === 'x64') return await unpackBundled(env)
  throw new Error('No Chrome or Chromium is installed. Install one, or set CHROME_PATH to its program.')
}

/** The package's program is compressed; it is unpacked once, whole or not at all. */
async function unpackBundled(env: Record<string, string>): Promise<ChromiumProgram> {
  const require = createRequire(import.meta.url)
  const root = dirname(dirname(require.resolve('@sparticuz/chromium')))
  const { version } = require(join(root, 'package.json')) as { version: string }
  const folder = await unpackInto(root, version, join(dirname(dirname(root)), '.cache')).catch(() =>
    unpackInto(root, version, join(tmpdir(), `token-marketplace-${process.getuid?.()}`)),
  )
  const executablePath = join(folder, 'chromium')
  const withFonts = { ...env, FONTCONFIG_FILE: join(folder, 'fonts.conf') }
  const libraries = { ...withFonts, LD_LIBRARY_PATH: join(folder, 'al2023', 'lib') }
  // Its own copies of NSS and expat only where the system has none: those fit the system's better.
  for (const attempt of [withFonts, libraries]) {
    const run = spawnSync(executablePath, ['--version'], { env: attempt, encoding: 'utf8' })
    if (run.status === 0) return { executablePath, env: attempt }
    if (attempt === libraries)
      throw new Error(`The Chromium from npm does not run here: ${run.error ?? run.stderr}`)
  }
  throw new Error('unreachable')
}

async function unpackInto(root: string, version: string, cache: string): Promise<string> {
  const folder = join(cache, `chromium-${version}`)
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  const half = await mkdtemp(`${folder}-`)
  const { inflate } = await import('@sparticuz/chromium')
  const before = process.env.TMPDIR
  // The package unpacks into the folder for temporary files and takes what lies there for its own.
  process.env.TMPDIR = half
  try {
    for (const name of ['chromium.br', 'fonts.tar.br', 'swiftshader.tar.br', 'al2023.tar.br']) {
      await inflate(join(root, 'bin', name))
    }
    await writeFile(join(half, 'fonts.conf'), fontConfiguration(join(folder, 'fonts')))
    await chmod(join(half, 'chromium'), 0o755)
    await chmod(half, 0o755)
    await rename(half, folder).catch((error) => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    await rm(half, { recursive: true, force: true })
  }
  return folder
}

/** The package's own names folders of a cloud function. */
function fontConfiguration(fonts: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>${fonts}</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`
}

function environment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return Object.fromEntries(entries)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
