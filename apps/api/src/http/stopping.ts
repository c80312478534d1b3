/**
 * What a stop does to connections: nobody loses an answer by it, and nobody keeps it waiting.
 *
 * Node closes those that are idle at that moment. One whose answer is still being made becomes idle later, and would be
 * waited for until its keep-alive ends; one that never carried a request counts as busy.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Browsers open connections ahead of need. What was sent before the stop was seen arrives in less. */
const UNUSED_MS_MAX = 200

/** Fastify itself closes behind requests that come while it stops. */
export function registerStopping(app: FastifyInstance): void {
  const unused = new Set<Socket>()
  const answering = new Set<ServerResponse>()
  app.server.on('connection', (socket: Socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  app.server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    unused.delete(socket)
    answering.add(response)
    response.once('close', () => answering.delete(response))
  })
  app.addHook('preClose', async () => {
    for (const response of answering) {
      const { socket } = response.req
      if (!response.headersSent) response.setHeader('connection', 'close')
      else response.once('finish', () => socket.destroySoon())
    }
    const late = setTimeout(() => {
      for (const socket of unused) socket.destroy()
    }, UNUSED_MS_MAX)
    // The connections it waits for keep the process, nothing else does.
    late.unref()
  })
}
