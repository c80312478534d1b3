/**
 * How JSON bodies are read: as they are sent, strict UTF-8, no `__proto__`, no halves of characters, and an empty body is none.
 *
 * @module
 */
import type { FastifyInstance } from 'fastify'
import { Problem } from '../errors.ts'

/** No schema of ours goes deeper, so what lies below is refused anyway. */
const DEPTH_MAX = 20

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @param mediaType by which the JSON is sent */
export function registerJsonBodies(app: FastifyInstance, mediaType = 'application/json'): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(mediaType)
  app.addContentTypeParser(mediaType, { parseAs: 'buffer' }, (request, body, done) => {
    // Clients that name a type on every request send it with a DELETE, too; a schema says where a body is needed.
    if (body.length === 0) return done(null, undefined)
    if (isCoded(request.headers['content-encoding'])) {
      const detail = 'Send the body as it is: a Content-Encoding is not undone here.'
      return done(new Problem('unsupported_media_type', { detail, acceptEncoding: 'identity' }))
    }
    let text: string
    try {
      text = utf8.decode(body as Buffer)
    } catch {
      return done(new Problem('malformed_json', {}, 'the body is not UTF-8'))
    }
    // UTF-8 holds no lone surrogate, so only an escape can make one: text that PostgreSQL cannot keep.
    if (!text.includes('\\u')) return parse(request, text, done)
    parse(request, text, (error, value) => {
      const path = error ? undefined : findIllFormed(value)
      if (path === undefined) return done(error, value)
      done(
        new Problem('validation_failed', {
          errors: [{ path: path || '/', message: 'must be well-formed text' }],
        }),
      )
    })
  })
}

/** As one that is unpacked could be of any size, none is (RFC 9110, 15.5.16). */
const isCoded = (coding = '') => coding !== '' && coding.toLowerCase() !== 'identity'

/** Where a text or a name is half of a surrogate pair, as a JSON pointer.  */
function findIllFormed(value: unknown, path = '', depth = 0): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : path
  if (value === null || typeof value !== 'object' || depth > DEPTH_MAX) return undefined
  for (const [name, inner] of Object.entries(value)) {
    if (!name.isWellFormed()) return path
    const found = findIllFormed(inner, `${path}/${name}`, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}
