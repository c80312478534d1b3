/**
 * `/sdk/sdk.min.js` and its languages: the SDK of this very version, for the one script tag, without a CDN.
 *
 * @module
 */
import path from 'node:path'
import { Problem } from '../errors.ts'
import { createBuiltFiles, sendBuiltFile } from './built-files.ts'
import type { App } from './server.ts'

const DIST = path.resolve(import.meta.dirname, '../../../../packages/sdk/dist')
const PREFIX = '/sdk/'

/** The rest of a build is for bundlers, which take it from npm. */
const isServed = (name: string) => /^(sdk\.min|languages\/[a-z]+)\.js$/.test(name)

export function registerSdkScript(app: App, dist = DIST): void {
  const files = createBuiltFiles(dist, 'sdk.min.js', isServed)

  app.get(
    `${PREFIX}*`,
    // Counted nowhere: a school's pupils come from one address, and giving it from memory costs no more than refusing.
    { config: { callers: ['open'] as const, limit: 'none' as const }, schema: { hide: true } },
    async (request, reply) => {
      const built = await files.load()
      if (!built) {
        throw new Problem('unavailable', {
          retryAfterSeconds: 5,
          detail: 'The SDK is not built. In the repository: npm run build (npm start does it by itself).',
        })
      }
      const file = built.get(request.url.split('?', 1)[0]!.slice(PREFIX.length))
      if (!file) throw new Problem('not_found', { detail: 'The script is /sdk/sdk.min.js.' })
      // Any page may load it, one that checks a hash or is isolated from other origins, too.
      reply.header('access-control-allow-origin', '*').header('cache-control', 'public, max-age=300')
      return sendBuiltFile(request, reply, file)
    },
  )
}
