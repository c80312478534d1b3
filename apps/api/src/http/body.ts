/**
 * How JSON bodies are read: strict UTF-8, no `__proto__`, and an empty body is none.
 *
 * @module
 */
import type { FastifyInstance } from 'fastify'
import { Problem } from '../errors.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

export function registerJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // Clients that name a type on every request send it with a DELETE, too; a schema says where a body is needed.
    if (body.length === 0) return done(null, undefined)
    let text: string
    try {
      text = utf8.decode(body as Buffer)
    } catch {
      return done(new Problem('malformed_json', {}, 'the body is not UTF-8'))
    }
    parse(request, text, done)
  })
}
