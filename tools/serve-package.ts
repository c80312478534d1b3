import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * Serves one packed package as a registry would, so that `npm install` finds by its name what is not
 * published yet.
 *
 * @example
 * const registry = await servePackage({ name: '@token-marketplace/sdk', version: '0.1.0' }, 'sdk.tgz')
 * await writeFile('.npmrc', `@token-marketplace:registry=${registry.url}\n`)
 */
export async function servePackage(
  manifest: { name: string; version: string },
  tarball: string,
): Promise<{ url: string; close(): Promise<void> }> {
  const packed = await readFile(tarball)
  const integrity = `sha512-${createHash('sha512').update(packed).digest('base64')}`
  const server = createServer((request, response) => {
    if (request.url === '/package.tgz') {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(packed)
      return
    }
    const isKnown = decodeURIComponent(request.url ?? '') === `/${manifest.name}`
    const versions = {
      [manifest.version]: { ...manifest, dist: { tarball: `${url}package.tgz`, integrity } },
    }
    const packument = { name: manifest.name, 'dist-tags': { latest: manifest.version }, versions }
    response
      .writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' })
      .end(JSON.stringify(isKnown ? packument : {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    url,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
