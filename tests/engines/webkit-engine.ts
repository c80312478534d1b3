/**
 * WebKitGTK over WebDriver: `WebKitWebDriver` drives the MiniBrowser that comes with it.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { freePorts, stop } from '../browser/stack.ts'
import type { Engine, EngineProgram, Tab } from './engine.ts'
import { findOnPath } from './puppeteer-engine.ts'

const READY_TRIES_MAX = 200
const MINI_BROWSER = '/usr/{lib,libexec}/{*/,}webkit2gtk-4*/MiniBrowser'

export async function findWebKitEngine(): Promise<EngineProgram | string> {
  const driver = findOnPath(['WebKitWebDriver'])
  const browser = process.env.WEBKIT_PATH ?? globSync(MINI_BROWSER)[0]
  if (!driver || !browser) return 'no WebKitWebDriver (Debian: apt-get install webkit2gtk-driver)'
  const hasDisplay = Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
  const screen = findOnPath(['Xvfb'])
  if (!hasDisplay && !screen) return 'no display and no Xvfb for WebKitGTK (Debian: apt-get install xvfb)'
  const open = () => openWebKit(driver, browser, hasDisplay ? undefined : screen)
  return { name: 'WebKitGTK', driver: 'WebDriver', open }
}

async function openWebKit(driver: string, browser: string, screen: string | undefined): Promise<Engine> {
  const children: ChildProcess[] = []
  try {
    return await startWebKit(driver, browser, screen, children)
  } catch (error) {
    for (const child of children.reverse()) await stop(child)
    throw error
  }
}

async function startWebKit(
  driver: string,
  browser: string,
  screen: string | undefined,
  children: ChildProcess[],
): Promise<Engine> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    // No graphics card and, for root, no namespaces to build a sandbox from.
    LIBGL_ALWAYS_SOFTWARE: '1',
    WEBKIT_DISABLE_COMPOSITING_MODE: '1',
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
  }
  if (screen) env.DISPLAY = await startScreen(screen, children)
  const [port] = (await freePorts(1)) as [number]
  children.push(spawn(driver, [`--port=${port}`], { env, stdio: 'ignore' }))
  const base = `http://127.0.0.1:${port}`
  await waitUntilListening(base)

  const send = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(base + path, { method, ...(body && { body: JSON.stringify(body) }) })
    const { value } = (await response.json()) as { value: { error?: string; message?: string } | null }
    if (!response.ok) throw new Error(`${method} ${path}: ${value?.error} ${value?.message}`)
    return value
  }
  const options = { binary: browser, args: ['--automation'] }
  const alwaysMatch = { 'webkitgtk:browserOptions': options, pageLoadStrategy: 'normal' }
  const opened = (await send('POST', '/session', { capabilities: { alwaysMatch } })) as {
    sessionId: string
    capabilities: { browserVersion: string }
  }
  const session = `/session/${opened.sessionId}`
  let first: string | undefined

  return {
    version: opened.capabilities.browserVersion,
    async newTab() {
      // A further tab can only be opened from one that is there; the first is kept for that.
      if (first) await send('POST', `${session}/window`, { handle: first })
      const handle = first
        ? ((await send('POST', `${session}/window/new`, { type: 'tab' })) as { handle: string }).handle
        : ((await send('GET', `${session}/window`)) as string)
      first ??= handle
      return toTab(async (method, path, body) => {
        await send('POST', `${session}/window`, { handle })
        return await send(method, session + path, body)
      })
    },
    async close() {
      await send('DELETE', session).catch(() => undefined)
      for (const child of children.reverse()) await stop(child)
    },
  }
}

function toTab(send: (method: string, path: string, body?: object) => Promise<unknown>): Tab {
  return {
    async goto(url) {
      await send('POST', '/url', { url })
    },
    async run(expression) {
      const script = `const done = arguments[0]
Promise.resolve().then(() => (${expression})).then((value) => done({ value }), (error) => done({ error: String(error) }))`
      const answer = (await send('POST', '/execute/async', { script, args: [] })) as {
        value?: never
        error?: string
      }
      if (answer.error) throw new Error(answer.error)
      return answer.value as never
    },
    async reload() {
      await send('POST', '/refresh', {})
    },
    async back() {
      await send('POST', '/back', {})
    },
    async close() {
      await send('DELETE', '/window')
    },
  }
}

/** A screen that nobody sees; it chooses its own number and says which. */
async function startScreen(program: string, children: ChildProcess[]): Promise<string> {
  const child = spawn(program, ['-displayfd', '1', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  return await new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(`:${text.trim()}`))
    child.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)))
  })
}

async function waitUntilListening(base: string): Promise<void> {
  for (let tries = 0; tries < READY_TRIES_MAX; tries++) {
    if (await fetch(`${base}/status`).catch(() => undefined)) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('WebKitWebDriver does not answer')
}
