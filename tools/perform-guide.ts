/**
 * Performs the integration guide as a stranger would, against the real API and in a real browser.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { launchChromium } from '../tests/browser/chromium.ts'
import { startChild } from './child.ts'
import { type GuideStep, readGuide } from './guide.ts'
import { servePackage } from './serve-package.ts'
import { createProject, packSdk, runNpm } from './temp-project.ts'
import { root } from './tracked-files.ts'

const READY_SECONDS_MAX = 120
/** The addresses that the guide names; here each gets a port that is free. */
const GUIDE_PORTS = { api: '4000', marketplace: '4001', app: '5173' }
const CREATE_VITE = 'create-vite@9.3.0'

export interface Performance {
  steps: { title: string; seconds: number }[]
  /** From the first step to a session that the API says is active, opened in the browser. */
  seconds: number
  /** What the API says of the session in the end. */
  session: { status: string; startedAt: string | null }
  /** The address bar after the launch. */
  address: string
}

/** Makes an empty Vite app, then does what every step of the guide says, then opens the app as a user would. */
export async function performGuide(tell: (line: string) => void = () => {}): Promise<Performance> {
  const closing: (() => Promise<unknown>)[] = []
  try {
    const ports = await choosePorts()
    const apiUrl = `http://localhost:${ports.api}`
    const project = await createProject('stopwatch')
    closing.push(project.remove)
    const tarball = await packSdk(project.folder)
    const manifest = JSON.parse(await readFile(join(root, 'packages/sdk/package.json'), 'utf8'))
    const registry = await servePackage(manifest, tarball)
    closing.push(registry.close)
    await startApi(apiUrl, ports, closing)

    tell('an empty Vite app')
    await runNpm(
      project.folder,
      'exec',
      '--yes',
      '--',
      CREATE_VITE,
      'my-app',
      '--template',
      'vanilla-ts',
      '--no-interactive',
    )
    const folder = join(project.folder, 'my-app')
    await runNpm(folder, 'install', '--no-audit', '--no-fund', '--loglevel=error')
    await writeFile(join(folder, '.npmrc'), `@token-marketplace:registry=${registry.url}\n`)

    const startedAt = performance.now()
    const steps: Performance['steps'] = []
    for (const step of readGuide()) {
      const stepStartedAt = performance.now()
      await perform(step, { folder, ports, closing })
      steps.push({ title: step.title, seconds: (performance.now() - stepStartedAt) / 1000 })
      tell(`${step.title}: ${steps.at(-1)!.seconds.toFixed(1)} s`)
    }
    const provider = /VITE_PROVIDER_ID=(\S+)/.exec(await readFile(join(folder, '.env'), 'utf8'))?.[1]
    const opened = await openAsUser(apiUrl, `${provider}`, closing)
    return { steps, seconds: (performance.now() - startedAt) / 1000, ...opened }
  } finally {
    for (const close of closing.reverse()) await close().catch(() => undefined)
  }
}

type Ports = Record<keyof typeof GUIDE_PORTS, number>

async function perform(
  { action, text }: GuideStep,
  { folder, ports, closing }: { folder: string; ports: Ports; closing: (() => Promise<unknown>)[] },
): Promise<void> {
  let code = text
  for (const [name, port] of Object.entries(GUIDE_PORTS))
    code = code.replaceAll(port, String(ports[name as keyof Ports]))
  if (action.kind === 'append') {
    await appendFile(join(folder, action.path), `\n${code}`)
    return
  }
  // Its own group, so that the server which the last step starts can be ended with all of its children.
  const child = spawn('bash', ['-euo', 'pipefail', '-c', code], {
    cwd: folder,
    detached: true,
    env: { ...process.env, NODE_ENV: '' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const isServer = code.includes(String(ports.app)) && code.includes('npm run dev')
  if (!isServer) {
    const exitCode = await ended
    if (exitCode !== 0) throw new Error(`This ended with ${exitCode}:\n${code}`)
    return
  }
  closing.push(() => stopGroup(child, ended))
  await waitFor(`http://localhost:${ports.app}/`)
}

async function stopGroup(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.pid) process.kill(-child.pid, 'SIGTERM')
  await ended
}

async function startApi(apiUrl: string, ports: Ports, closing: (() => Promise<unknown>)[]): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'stopwatch-'))
  closing.push(() => rm(dataDir, { recursive: true, force: true }))
  const api = startChild('API', join(root, 'apps/api/src/main.ts'), {
    ...process.env,
    PORT: String(ports.api),
    PUBLIC_URL: apiUrl,
    MARKETPLACE_URL: `http://localhost:${ports.marketplace}`,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'warn',
  })
  closing.push(() => api.stop())
  await waitFor(`${apiUrl}/readyz`)
}

/** Registers, buys tokens in the sandbox, starts a session and follows the launch into the app. */
async function openAsUser(apiUrl: string, providerId: string, closing: (() => Promise<unknown>)[]) {
  const call = async (method: string, path: string, body?: object, token?: string) => {
    const response = await fetch(apiUrl + path, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Record<string, never>
  }
  const user = { email: 'user@example.com', password: 'correct horse battery' }
  const token: string = (await call('POST', '/auth/register', user)).accessToken!
  const checkout = new URL((await call('POST', '/tokens/purchase', { tokens: 500 }, token)).checkoutUrl!)
  checkout.searchParams.set('action', 'pay')
  await fetch(checkout.origin + checkout.pathname, {
    method: 'POST',
    body: checkout.searchParams,
    redirect: 'manual',
  })
  const opened = (await call('POST', '/sessions', { providerId, durationMinutes: 30 }, token)) as unknown as {
    session: { id: string }
    launchUrl: string
  }

  const browser: Browser = await launchChromium()
  closing.push(() => browser.close())
  const page = await browser.newPage()
  await page.goto(opened.launchUrl)
  const read = () => call('GET', `/sessions/${opened.session.id}`, undefined, token)
  const deadline = Date.now() + READY_SECONDS_MAX * 1000
  let session = await read()
  while (`${session.status}` !== 'active' && Date.now() < deadline) {
    await sleep(100)
    session = await read()
  }
  await page.locator('#app').waitFor()
  return { session: session as unknown as Performance['session'], address: page.url() }
}

async function waitFor(url: string): Promise<void> {
  const deadline = Date.now() + READY_SECONDS_MAX * 1000
  for (;;) {
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return
    if (Date.now() > deadline) throw new Error(`${url} does not answer after ${READY_SECONDS_MAX} seconds.`)
    await sleep(100)
  }
}

async function choosePorts(): Promise<Ports> {
  const servers = Object.keys(GUIDE_PORTS).map((name) => ({ name, server: createServer() }))
  const chosen = await Promise.all(
    servers.map(
      ({ name, server }) =>
        new Promise<[string, number]>((resolve) => {
          server.listen(0, '127.0.0.1', () => resolve([name, (server.address() as { port: number }).port]))
        }),
    ),
  )
  await Promise.all(servers.map(({ server }) => new Promise((resolve) => server.close(resolve))))
  return Object.fromEntries(chosen) as Ports
}
