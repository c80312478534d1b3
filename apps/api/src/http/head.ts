import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'

/** Closes what HEAD would stream: Fastify reads it to its end for nobody, ten minutes of a live view. */
export function registerHead(app: FastifyInstance): void {
  app.addHook('onSend', (request, _reply, payload, done) => {
    if (request.method === 'HEAD' && payload instanceof Readable) payload.destroy()
    done(null, payload)
  })
}
