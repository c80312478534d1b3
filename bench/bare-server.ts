/**
 * What a beat is held against: Fastify with nothing but the route, the same body in and the same body out.
 *
 * @module
 */
import Fastify from 'fastify'
import { SESSION } from './wire-session.ts'

const app = Fastify()
app.get('/healthz', async () => ({ status: 'ok' }))
app.post<{ Body: { sequence: number } }>('/api/v1/sessions/:id/heartbeat', async (request) => ({
  session: { ...SESSION, sequence: request.body.sequence },
}))
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
process.once('SIGTERM', () => app.close())
