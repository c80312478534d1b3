/**
 * Refusals that never reach a route: addresses that cannot be decoded, and bytes that are not HTTP.
 *
 * @module
 */
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import { PROBLEMS, Problem, type ProblemCode } from '../errors.ts'
import { createId } from '../id.ts'
import { sendProblem } from './problem-details.ts'

/** What Fastify calls when it has no route to ask, and so no hooks either. */
export function createFrameworkErrorHandler(publicUrl: string) {
  return (error: { code?: string }, request: FastifyRequest, reply: FastifyReply): void => {
    request.log.info({ code: error.code }, 'request refused')
    reply.header('x-request-id', request.id).header('cache-control', 'no-store')
    reply.header('x-content-type-options', 'nosniff')
    reply.header('content-security-policy', "default-src 'none';frame-ancestors 'none'")
    const problem =
      error.code === 'FST_ERR_ASYNC_CONSTRAINT'
        ? new Problem('internal_error')
        : new Problem('not_found', { detail: 'Check the address; /docs lists all of them.' })
    sendProblem(problem, request, reply, publicUrl)
  }
}

/** A request of HTTP/1.1 says whom it is for, and none says it twice (RFC 9112, 3.2): a proxy may believe the other one. */
export function registerHostCheck(app: FastifyInstance): void {
  app.addHook('onRequest', ({ headers, raw }, _reply, done) => {
    const isLacking = headers.host === undefined && raw.httpVersion === '1.1'
    if (isLacking) return done(new Problem('malformed_request', {}, 'no Host'))
    done(countHosts(raw.rawHeaders) > 1 ? new Problem('malformed_request', {}, 'two Hosts') : undefined)
  })
}

/** Of names and values in turn; `headers` has the first alone. */
function countHosts(lines: string[]): number {
  let hosts = 0
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i] as string
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  return hosts
}

const STATUS: Record<string, ProblemCode> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
}

/** The answer being sent, where Node itself looks for it before it refuses; there is no other way to know. */
type Answering = Socket & { _httpMessage?: ServerResponse | null }

/** What Node calls when the bytes of a connection are not a request. */
export function createClientErrorHandler(publicUrl: string, clock: Clock) {
  return (error: Error & { code?: string }, socket: Answering): void => {
    if (error.code === 'ECONNRESET' || socket.destroyed) return
    // It would stand inside that answer.
    if (socket._httpMessage?.headersSent) {
      socket.destroy(error)
      return
    }
    const code = STATUS[error.code ?? ''] ?? 'malformed_request'
    const { status, title, cure } = PROBLEMS[code]
    const requestId = createId('req', clock())
    const body = JSON.stringify({
      type: `${publicUrl}/docs/errors#${code}`,
      title,
      status,
      detail: cure,
      instance: '/',
      code,
      requestId,
    })
    if (socket.writable) {
      socket.write(
        [
          `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
          'Content-Type: application/problem+json; charset=utf-8',
          `Content-Length: ${Buffer.byteLength(body)}`,
          `X-Request-Id: ${requestId}`,
          'X-Content-Type-Options: nosniff',
          'Cache-Control: no-store',
          'Connection: close',
          '',
          body,
        ].join('\r\n'),
      )
    }
    socket.destroy(error)
  }
}
