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

/**
 * As long as a statement of ours may take. A caller who dribbles a body in, or takes no answer, would have until the process is
 * ended, and jobs would not be given back: Node stops looking for those when the server closes.
 */
const LAST_MS_MAX = 10_000

/** The answer being made on a connection, or the last one. */
const ANSWER = Symbol('answer')
type Connection = Socket & { [ANSWER]?: ServerResponse }

/**
 * Fastify itself closes behind requests that come while it stops.
 *
 * Connections are remembered, not answers: a `Set` that thousands of answers a second pass through leaves old tables behind, and
 * what those point at V8 keeps until it looks at all of its memory. That was 9 MB per 10,000 sessions.
 */
export function registerStopping(app: FastifyInstance): void {
  const connections = new Set<Connection>()
  app.server.on('connection', (connection: Connection) => {
    connections.add(connection)
    connection.once('close', () => connections.delete(connection))
  })
  app.server.on(
    'request',
    ({ socket }: IncomingMessage & { socket: Connection }, response: ServerResponse) => {
      socket[ANSWER] = response
    },
  )
  app.addHook('preClose', async () => {
    for (const connection of connections) {
      const answer = connection[ANSWER]
      if (!answer || answer.writableFinished) continue
      if (!answer.headersSent) answer.setHeader('connection', 'close')
      else answer.once('finish', () => connection.destroySoon())
    }
    const late = setTimeout(() => {
      for (const connection of connections) if (!connection[ANSWER]) connection.destroy()
    }, UNUSED_MS_MAX)
    const last = setTimeout(() => {
      for (const connection of connections) connection.destroy()
    }, LAST_MS_MAX)
    // The connections they wait for keep the process, nothing else does.
    late.unref()
    last.unref()
  })
}
