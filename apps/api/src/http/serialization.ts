/**
 * What writes answers: fast-json-stringify by the route's schema, each shape compiled once in a process.
 *
 * @module
 */
import fastJsonStringify from 'fast-json-stringify'
import type { FastifyInstance } from 'fastify'
import { ProblemDetails } from './schema.ts'

type Write = (answer: unknown) => string

/**
 * Fastify compiles a schema for each status of each route, and most of them are the same refusal under another
 * description. That was 0.6 of the 0.8 s an application took to be ready (measured on a slow machine).
 */
const compiled = new Map<string, Write>()

export function registerSerialization(app: FastifyInstance): void {
  app.setSerializerCompiler(({ schema }) => {
    const { description, 'x-problem-codes': codes, ...shape } = schema as Record<string, unknown>
    const text = JSON.stringify(shape)
    const known = compiled.get(text)
    if (known) return known
    const write = fastJsonStringify(shape, { schema: { Problem: ProblemDetails } }) as Write
    compiled.set(text, write)
    return write
  })
}
