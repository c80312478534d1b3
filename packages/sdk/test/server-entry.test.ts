import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { rolldown } from 'rolldown'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildSdkIfOld } from '../../../tools/build-sdk.ts'
import { ServerError, type SessionGate } from '../src/server/index.ts'

const home = join(import.meta.dirname, '..')

beforeAll(buildSdkIfOld)

/** What every edge runtime has, and nothing of Node's. */
const webStandards = () => ({
  AbortController,
  AbortSignal,
  Headers,
  Request,
  Response,
  TextDecoder,
  TextEncoder,
  URL,
  Uint8Array,
  atob,
  btoa,
  clearTimeout,
  crypto,
  fetch,
  setTimeout,
})

test('runs where there are only web standards: no Buffer, no process, no node modules', async () => {
  expect(readFileSync(join(home, 'dist/server.js'), 'utf8')).not.toMatch(/\bnode:|\brequire\(|\bprocess\./)
  const bundle = await rolldown({ input: join(home, 'dist/server.js'), logLevel: 'silent' })
  const { output } = await bundle.generate({ format: 'iife', name: 'server' })
  const context = createContext(webStandards())
  const run = (code: string) => runInContext(code, context)
  run(output[0].code)
  expect(run('typeof Buffer + typeof process')).toBe('undefinedundefined')
  const code = await run(`
    const asked = []
    const gate = server.createSessionGate({
      apiUrl: 'https://api.test',
      providerId: 'prv_1',
      fetch: async (url) => { asked.push(url); return Response.json({ keys: [] }) },
    })
    const encode = (value) => btoa(JSON.stringify(value)).replace(/=/g, '').replace(/[+]/g, '-').replace(/[/]/g, '_')
    const jwt = encode({ alg: 'ES256', typ: 'session+jwt', kid: 'one' }) + '.' +
      encode({ iss: 'https://api.test', aud: 'prv_1', sub: 'u', sid: 'ses_1', cid: 'c', iat: 1, exp: 9e9 }) + '.AAAA'
    Promise.all([undefined, jwt].map((credential) => gate.check(credential).catch(({ code }) => code)))
      .then((codes) => codes.join(' ') + ' ' + asked.length)`)
  expect(code).toBe('session_jwt_missing session_jwt_invalid 1')
})

/** The README's own lines for one framework. */
function readSnippet(framework: string): string {
  const readme = readFileSync(join(home, 'README.md'), 'utf8')
  const snippet = new RegExp(`^// ${framework}[^\\n]*\\n([\\s\\S]*?)\\n(?:\\n//|\`\`\`)`, 'm').exec(
    readme,
  )?.[1]
  if (!snippet) throw new Error(`the README shows nothing for ${framework}`)
  return snippet
}

describe('what the README shows', () => {
  const gate: Pick<SessionGate, 'check'> = {
    async check(credential) {
      if (credential !== 'Bearer good') throw new ServerError('session_jwt_missing', 'Nobody paid.')
      return { claims: { sub: 'user' }, session: { remainingMs: 1 } } as Awaited<
        ReturnType<SessionGate['check']>
      >
    },
  }
  const apply = (framework: string, app: unknown) =>
    new Function('app', 'gate', 'ServerError', readSnippet(framework))(app, gate, ServerError)

  test('for Fastify guards a route', async () => {
    const app = Fastify()
    apply('Fastify', app)
    app.get('/render', async () => ({ isRendered: true }))
    const refused = await app.inject('/render')
    expect([refused.statusCode, refused.json().code]).toEqual([401, 'session_jwt_missing'])
    const served = await app.inject({ url: '/render', headers: { authorization: 'Bearer good' } })
    expect(served.json()).toEqual({ isRendered: true })
  })

  test('for Hono guards a route', async () => {
    const app = new Hono()
    apply('Hono', app)
    app.onError((error) => {
      if (error instanceof ServerError) return error.toResponse()
      throw error
    })
    app.get('/render/hills', (context) => context.json({ isRendered: true }))
    expect((await app.request('/render/hills')).status).toBe(401)
    const served = await app.request('/render/hills', { headers: { authorization: 'Bearer good' } })
    expect(await served.json()).toEqual({ isRendered: true })
  })

  test('for Express guards a route', async () => {
    let guard: (request: object, response: object, next: (error?: unknown) => void) => Promise<void>
    apply('Express', {
      use(path: string, middleware: typeof guard) {
        expect(path).toBe('/render')
        guard = middleware
      },
    })
    const ask = async (authorization?: string) => {
      const seen: unknown[] = []
      const response = {
        locals: {},
        status: (status: number) => ({ json: (body: unknown) => seen.push(status, body) }),
      }
      await guard({ headers: { authorization } }, response, () => seen.push('next'))
      return seen
    }
    expect(await ask()).toEqual([401, { code: 'session_jwt_missing' }])
    expect(await ask('Bearer good')).toEqual(['next'])
  })
})
