/**
 * An example provider app beside the stack: listed, built, served on an origin of its own.
 *
 * @module
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { freePorts, type Stack, stop, waitUntilAnswers } from './stack.ts'

const root = join(import.meta.dirname, '../..')
const vite = join(root, 'node_modules/vite/bin/vite.js')

export interface Listed {
  providerId: string
  appUrl: string
  port: number
}

export interface Example extends Listed {
  close(): Promise<void>
}

/** Lists an example as its `package.json` says, at a port that is free. */
export async function listExample(stack: Stack, name: string): Promise<Listed> {
  const [port] = (await freePorts(1)) as [number]
  const appUrl = `http://localhost:${port}`
  const { listing } = JSON.parse(await readFile(join(root, 'examples', name, 'package.json'), 'utf8'))
  const { port: _, ...words } = listing
  const owner = await stack.newVisitor()
  const { id } = (await stack.call('POST', '/providers', {
    token: owner.accessToken,
    body: { ...words, launchUrl: `${appUrl}/`, allowedOrigins: [appUrl] },
  })) as { id: string }
  return { providerId: id, appUrl, port }
}

/** Builds an example with Vite, as for production, and serves the result. */
export async function startBuiltExample(stack: Stack, name: string): Promise<Example> {
  const listed = await listExample(stack, name)
  const folder = join(root, 'examples', name)
  const built = await mkdtemp(join(tmpdir(), `${name}-`))
  const env = {
    ...process.env,
    NODE_ENV: 'production',
    API_URL: stack.apiUrl,
    MARKETPLACE_URL: stack.marketplaceUrl,
    PROVIDER_ID: listed.providerId,
  }
  const place = ['--outDir', built]
  await promisify(execFile)(process.execPath, [vite, 'build', '--emptyOutDir', ...place], {
    cwd: folder,
    env,
  })
  const serving = ['preview', '--strictPort', '--host', '127.0.0.1', '--port', String(listed.port), ...place]
  const child: ChildProcess = spawn(process.execPath, [vite, ...serving], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await waitUntilAnswers(listed.port)
  return {
    ...listed,
    async close() {
      await stop(child)
      await rm(built, { recursive: true, force: true })
    },
  }
}

/** Opens a session as the marketplace does, and follows its redirect into the app. */
export async function launchInto(
  stack: Stack,
  page: Page,
  options: { providerId: string; minutes: number; tokens: number },
): Promise<{ sessionId: string; read(): Promise<SessionSeen> }> {
  const { accessToken: token } = await stack.newVisitor({ tokens: options.tokens })
  const { session, launchUrl } = (await stack.call('POST', '/sessions', {
    token,
    body: { providerId: options.providerId, durationMinutes: options.minutes },
  })) as { session: { id: string }; launchUrl: string }
  await page.goto(launchUrl)
  const read = async () => (await stack.call('GET', `/sessions/${session.id}`, { token })) as SessionSeen
  return { sessionId: session.id, read }
}

export interface SessionSeen {
  status: string
  endReason: string | null
  usedMs: number
  tokensCharged: number | null
}

/** Lets time pass on the server and has the app beat after each step, without knowing how it was made. */
export async function passTime(stack: Stack, page: Page, { seconds }: { seconds: number }): Promise<void> {
  for (let left = seconds; left > 0; left -= STEP_SECONDS) {
    stack.api.clock.advance({ seconds: Math.min(STEP_SECONDS, left) })
    const now = stack.api.clock.now().toISOString()
    const answered = page.waitForResponse(async (response) => {
      if (!response.url().endsWith('/heartbeat') || response.request().method() !== 'POST') return false
      return (await response.json()).session.serverTime === now
    })
    // The network came back: the SDK asks at once.
    await page.evaluate("dispatchEvent(new Event('online'))")
    await answered
  }
}

/** A gap of up to 45 s counts in full, whatever the device's clock says. */
const STEP_SECONDS = 40
