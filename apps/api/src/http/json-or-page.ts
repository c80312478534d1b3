/**
 * One address, two readers: JSON for programs, a page for people who open it in a browser.
 *
 * @module
 */
import { type TSchema, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { weightOf } from './accept.ts'
import { sendPage } from './page.ts'

/** The answer in a route's schema. */
export function asJsonOrPage<S extends TSchema>(schema: S, description: string) {
  return {
    description,
    content: {
      'application/json': { schema },
      'text/html': { schema: Type.String({ description: 'A page to read and print.' }) },
    },
  }
}

export function sendJsonOrPage<B extends object>(
  request: FastifyRequest,
  reply: FastifyReply,
  body: B,
  render: (body: B) => { title: string; body: string },
): never {
  reply.header('vary', 'Origin, Accept')
  return (prefersPage(request.headers.accept) ? sendPage(reply, render(body)) : reply.send(body)) as never
}

/** Whether a page is asked for by name, with more weight than JSON; whoever takes anything gets JSON. */
export function prefersPage(accept?: string): boolean {
  return weightOf(accept, 'text/html') > weightOf(accept, 'application/json')
}
