/**
 * Browsers open connections ahead of need. Node counts one that never carried a request as busy, so a stop would wait
 * for it until it times out.
 *
 * @module
 */
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Closes them with the application: nobody waits for an answer there. */
export function registerUnusedSockets(app: FastifyInstance): void {
  const unused = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  app.server.on('request', ({ socket }) => unused.delete(socket))
  app.addHook('preClose', async () => {
    for (const socket of unused) socket.destroy()
  })
}
