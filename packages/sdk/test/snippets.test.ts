/**
 * What the documents show for servers compiles as it stands, with everything strict.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildSdkIfOld } from '../../../tools/build-sdk.ts'

const root = join(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'snippets-'))

beforeAll(async () => {
  await buildSdkIfOld()
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The blocks of a section that are marked as TypeScript. */
function readBlocks(path: string, heading: string): string[] {
  const [, section = ''] = readFileSync(join(root, path), 'utf8').split(`\n## ${heading}\n`)
  const blocks = section.split('\n## ')[0]!.matchAll(/```ts\n(.*?)```/gs)
  return [...blocks].map(([, block]) => block!)
}

/** What stands around a block in the reader's own code. Express as `@types/express` has it; it is no dependency of ours. */
const AROUND = {
  page: `import type { MarketplaceSession } from '@token-marketplace/sdk'
declare const session: MarketplaceSession
`,
  handler: `declare function render(userRef: string, remainingMs: number): Response
`,
  express: `import type { IncomingHttpHeaders } from 'node:http'
import { ServerError, type SessionGate } from '@token-marketplace/sdk/server'
interface Incoming { headers: IncomingHttpHeaders; body: any }
interface Answer {
  locals: Record<string, any>
  status(code: number): Answer
  json(body: unknown): Answer
  sendStatus(code: number): Answer
}
type Handler = (request: Incoming, response: Answer, next: (error?: unknown) => void) => unknown
declare const express: { text(options: { type: string }): Handler }
declare const app: { use(path: string, handler: Handler): void; post(path: string, ...handlers: Handler[]): void }
declare const gate: SessionGate
declare function workOn(event: { type: string }): Promise<void>
`,
  fastify: `import type { SessionGate } from '@token-marketplace/sdk/server'
import Fastify from 'fastify'
const app = Fastify()
declare const gate: SessionGate
`,
  hono: `import type { SessionGate } from '@token-marketplace/sdk/server'
import { Hono } from 'hono'
const app = new Hono()
declare const gate: SessionGate
`,
  webhook: `import { verifyWebhook } from '@token-marketplace/sdk/server'
declare const request: Request
`,
}

test('snippets for servers compile under strict', async () => {
  const [page, handler, frameworks, ...more] = readBlocks('packages/sdk/README.md', 'On your server')
  expect(more).toEqual([])
  const [express, fastify, hono, webhook, ...others] = frameworks!.split(/\n\n(?=\/\/ )/)
  expect([others, express, fastify, hono, webhook].flat()).toEqual(
    ['Express', 'Fastify', 'Hono', 'A webhook'].map((name) => expect.stringContaining(`// ${name}`)),
  )
  const [received, ...rest] = readBlocks('docs/webhooks.md', 'What arrives')
  const [verified, ...last] = readBlocks('docs/webhooks.md', 'With the public key')
  expect([rest, last]).toEqual([[], []])
  const files = {
    'page.ts': AROUND.page + page,
    'handler.ts': AROUND.handler + handler,
    'express.ts': AROUND.express + express,
    'fastify.ts': AROUND.fastify + fastify,
    'hono.ts': AROUND.hono + hono,
    'webhook.ts': AROUND.webhook + webhook,
    'received.ts': AROUND.express.replace('ServerError, ', '') + received,
    'verified.ts': verified!,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), `${text}\nexport {}\n`)
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable'],
    module: 'esnext',
    moduleResolution: 'bundler',
    types: ['node'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const said = await promisify(execFile)(process.execPath, [tsc, '-p', folder], { cwd: folder }).then(
    () => '',
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`,
  )
  expect(said).toBe('')
})

test('the snippet for the public key takes what we signed, and nothing else', async () => {
  writeFileSync(join(folder, 'own.ts'), readBlocks('docs/webhooks.md', 'With the public key')[0]!)
  const { isOurs } = await import(/* @vite-ignore */ pathToFileURL(join(folder, 'own.ts')).href)
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { x } = publicKey.export({ format: 'jwk' })
  const key = `whpk_${Buffer.from(x!, 'base64url').toString('base64')}`
  const headersOf = (ageSeconds: number) => {
    const timestamp = Math.floor(Date.now() / 1000) - ageSeconds
    const signature = sign(null, Buffer.from(`evt_1.${timestamp}.{}`), privateKey).toString('base64')
    return new Headers({
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(timestamp),
      'webhook-signature': `v1,AAAA v1a,${signature}`,
    })
  }
  expect(isOurs(key, headersOf(0), '{}')).toBe(true)
  expect(isOurs(key, headersOf(0), '{ }')).toBe(false)
  expect(isOurs(key, headersOf(400), '{}')).toBe(false)
  expect(isOurs(key, new Headers(), '{}')).toBe(false)
})
