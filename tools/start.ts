/**
 * `npm start`: everything on this machine, on the embedded database, for looking and developing.
 *
 * @module
 */
import { access, constants, mkdir, rm, writeFile } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endWithNpm } from '../apps/api/src/end-with-npm.ts'
import { readArguments } from '../apps/api/src/read-arguments.ts'
import { buildDashboardIfOld } from './build-dashboard.ts'
import { buildSdkIfOld } from './build-sdk.ts'
import { type Child, startChild } from './child.ts'
import { isPortFree, urlOf } from './port.ts'
import { seedDemo } from './seed-demo.ts'

const HELP = `npm start

  Starts everything on this machine, on an embedded database: API and dashboard, an example marketplace, an example app.
  PORT, MARKETPLACE_PORT and PROVIDER_PORT choose the ports, DATA_DIR the folder that keeps what you do. Ctrl-C ends all of it.`
const READY_SECONDS_MAX = 120
const root = join(import.meta.dirname, '..')
const env = process.env

/** What the user can mend: told in one line, without a stack. */
class StartError extends Error {}

const children: Child[] = []
let isReady = false
let isEnding = false
let endingSince = 0

readArguments(HELP)
process.on('SIGINT', () => void end(0))
process.on('SIGTERM', () => void end(0))
process.on('SIGHUP', () => void end(0))
endWithNpm('start', () => {
  if (!isEnding) void end(1)
})

try {
  await start()
} catch (error) {
  if (!isEnding) {
    // An empty message: the child that failed has said why.
    if ((error as Error).message) console.error(error instanceof StartError ? error.message : error)
    await end(1)
  }
}

async function start(): Promise<void> {
  const ports = {
    api: readPort('PORT', 4000),
    marketplace: readPort('MARKETPLACE_PORT', 4001),
    provider: readPort('PROVIDER_PORT', 4002),
  }
  const host = env.HOST || '127.0.0.1'
  await checkPort('PORT', ports.api, host)
  await checkPort('MARKETPLACE_PORT', ports.marketplace)
  await checkPort('PROVIDER_PORT', ports.provider)
  const dataDir = await prepareDataDir()

  const apiUrl = env.PUBLIC_URL || `http://localhost:${ports.api}`
  const marketplaceUrl = env.MARKETPLACE_URL || `http://localhost:${ports.marketplace}`
  const appUrl = `http://localhost:${ports.provider}`
  const own = { ...env, API_URL: apiUrl, MARKETPLACE_URL: marketplaceUrl, HOST: '127.0.0.1' }
  const api = launch('API', 'apps/api/src/main.ts', {
    ...env,
    PORT: String(ports.api),
    HOST: host,
    PUBLIC_URL: apiUrl,
    MARKETPLACE_URL: marketplaceUrl,
    DATA_DIR: dataDir,
    LOG_LEVEL: env.LOG_LEVEL || 'warn',
    // A developer's own webhook receiver is on this machine.
    OUTGOING_ALLOW_CIDRS: env.OUTGOING_ALLOW_CIDRS || '127.0.0.0/8,::1/128',
  })
  await Promise.all([buildSdkIfOld(), buildDashboardIfOld()])
  const local = urlOf(host, ports.api)
  await waitUntilReady(api, local)
  const providerId = await seedDemo({ apiUrl: local, dataDir, appUrl })

  launch('example marketplace', 'examples/marketplace/server.ts', {
    ...own,
    PORT: String(ports.marketplace),
  })
  launch('example provider app', 'examples/provider-vanilla/server.ts', {
    ...own,
    PORT: String(ports.provider),
    PROVIDER_ID: providerId,
  })
  await Promise.all([
    waitUntilAnswers(`http://127.0.0.1:${ports.marketplace}/`),
    waitUntilAnswers(`http://127.0.0.1:${ports.provider}/`),
  ])

  const shown = relative(process.cwd(), dataDir)
  console.log(`
The token marketplace is running.

  ${marketplaceUrl}   open this: register, buy tokens (no real money), start a session
  ${appUrl}   the example app, where the session is spent
  ${apiUrl}   the API, with its reference at ${apiUrl}/docs
  ${apiUrl}/dashboard   for those who offer apps, and for operators

Ctrl-C ends everything. What you did is kept in ${shown.startsWith('..') || isAbsolute(shown) ? dataDir : shown}.
`)
}

function readPort(name: string, fallback: number): number {
  const port = Number(env[name] || fallback)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new StartError(`${name} must be a port from 1 to 65535, and it is "${env[name]}".`)
}

async function checkPort(name: string, port: number, host?: string): Promise<void> {
  if (await isPortFree(port, host)) return
  throw new StartError(
    `Port ${port} is in use by another program. End that one, or choose another port: ${name}=${port + 10} npm start`,
  )
}

async function prepareDataDir(): Promise<string> {
  const dataDir = resolve(root, env.DATA_DIR || '.data')
  try {
    await mkdir(dataDir, { recursive: true })
    await access(dataDir, constants.W_OK)
    const probe = join(dataDir, `.write-${process.pid}`)
    await writeFile(probe, '')
    await rm(probe)
    return dataDir
  } catch (error) {
    throw new StartError(
      `DATA_DIR ${dataDir} cannot be written (${(error as NodeJS.ErrnoException).code}). Make it writable, or choose another folder: DATA_DIR=… npm start`,
    )
  }
}

function launch(name: string, script: string, environment: NodeJS.ProcessEnv): Child {
  const child = startChild(name, join(root, script), environment)
  children.push(child)
  void child.ended.then(async (how) => {
    if (isEnding) return
    // Before it was ready it has told why itself, in one line.
    if (isReady || !how.startsWith('exit code'))
      console.error(`The ${name} ended (${how}), so everything else is ended too.`)
    await end(1)
  })
  return child
}

async function waitUntilReady(api: Child, url: string): Promise<void> {
  const deadline = Date.now() + READY_SECONDS_MAX * 1000
  for (;;) {
    if (api.hasEnded()) throw new StartError('')
    const { ok } = await fetch(`${url}/readyz`).catch(() => ({ ok: false }))
    if (ok) {
      isReady = true
      return
    }
    if (Date.now() > deadline)
      throw new StartError(`The API is not ready after ${READY_SECONDS_MAX} seconds (${url}/readyz).`)
    await sleep(100)
  }
}

async function waitUntilAnswers(url: string): Promise<void> {
  const deadline = Date.now() + READY_SECONDS_MAX * 1000
  while (!isEnding) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer) return
    if (Date.now() > deadline)
      throw new StartError(`${url} does not answer after ${READY_SECONDS_MAX} seconds.`)
    await sleep(50)
  }
}

/** Ends the examples first and the API, with the database, last. Asked again later it kills. */
async function end(code: number): Promise<void> {
  if (isEnding) {
    // One Ctrl-C arrives twice: from the terminal and from npm.
    if (Date.now() - endingSince < 1000) return
    for (const child of children) child.kill()
    process.exit(code || 1)
  }
  isEnding = true
  endingSince = Date.now()
  const [api, ...examples] = children
  await Promise.all(examples.map((child) => child.stop()))
  await api?.stop()
  process.exit(code)
}
