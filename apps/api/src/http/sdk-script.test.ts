import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { registerProblemDetails } from './problem-details.ts'
import { registerSdkScript } from './sdk-script.ts'

test('says how to build it, is then served to pages of any origin, and nothing else of the build is', async () => {
  const dist = await mkdtemp(join(tmpdir(), 'sdk-'))
  const app = Fastify()
  registerProblemDetails(app, 'http://localhost:4000')
  registerSdkScript(app as never, dist)
  const get = (url: string, headers = {}) => app.inject({ url, headers })
  try {
    const missing = await get('/sdk/sdk.min.js')
    expect([missing.statusCode, missing.body]).toEqual([503, expect.stringContaining('npm run build')])

    await mkdir(join(dist, 'languages'))
    for (const name of ['languages/de.js', 'languages/de.d.ts', 'index.js', 'integrity.json', 'sdk.min.js'])
      await writeFile(join(dist, name), `// ${name}`)
    const script = await get('/sdk/sdk.min.js?v=1', { 'accept-encoding': 'br' })
    expect(brotliDecompressSync(script.rawPayload).toString()).toBe('// sdk.min.js')
    expect(script.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'access-control-allow-origin': '*',
      'cache-control': 'public, max-age=300',
    })
    expect((await get('/sdk/sdk.min.js', { 'if-none-match': script.headers.etag })).statusCode).toBe(304)
    expect((await get('/sdk/languages/de.js')).body).toBe('// languages/de.js')

    for (const name of ['', 'index.js', 'integrity.json', 'languages/de.d.ts', 'languages/', '..%2fbuild.ts'])
      expect([name, (await get(`/sdk/${name}`)).statusCode]).toEqual([name, 404])
  } finally {
    await app.close()
    await rm(dist, { recursive: true })
  }
})
