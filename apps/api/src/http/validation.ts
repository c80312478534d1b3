/**
 * What Ajv does here: bodies are never coerced, unknown properties are refused, everywhere.
 *
 * @module
 */
import { Ajv, type FormatDefinition, type Options } from 'ajv'
import addFormatsModule, { type FormatsPlugin } from 'ajv-formats'
import type { FastifyInstance, FastifyRequest, FastifySchemaCompiler } from 'fastify'
import { Problem } from '../errors.ts'
import { ERRORS_SHOWN_MAX } from './problem-details.ts'

const addFormats = addFormatsModule as unknown as FormatsPlugin

export function registerValidation(app: FastifyInstance): void {
  const options: Options = { allErrors: true, useDefaults: true, removeAdditional: false, strict: false }
  const exact = new Ajv({ ...options, coerceTypes: false })
  // A query string has no types: "20" is how one writes 20 there.
  const fromText = new Ajv({ ...options, coerceTypes: true })
  for (const ajv of [exact, fromText]) {
    addFormats(ajv)
    refuseUnreadable(ajv)
  }
  const compile: FastifySchemaCompiler<object> = ({ schema, httpPart }) =>
    (httpPart === 'body' ? exact : fromText).compile(schema)
  app.setValidatorCompiler(compile as FastifySchemaCompiler<unknown>)
  app.addHook('preHandler', (request, _reply, done) => done(refuseUndeclared(request)))
}

/** The format takes leap seconds and offsets of hours alone, which are no instant to anything here. */
function refuseUnreadable(ajv: Ajv): void {
  const { validate } = ajv.formats['date-time'] as FormatDefinition<string> & {
    validate: (text: string) => boolean
  }
  ajv.addFormat('date-time', (text) => validate(text) && !Number.isNaN(Date.parse(text)))
}

/** Where a route declares no query or no body it knows no property of them. Probes and pages may be asked anyhow. */
function refuseUndeclared({ routeOptions, is404, query, body }: FastifyRequest): Problem | undefined {
  const { schema, config } = routeOptions
  if (is404 || schema?.hide || config.limit === 'none') return undefined
  const errors = [
    ...(schema?.querystring === undefined ? unknownIn(query) : []),
    ...(schema?.body === undefined ? unknownIn(body) : []),
  ]
  return errors.length === 0
    ? undefined
    : new Problem('validation_failed', { errors: errors.slice(0, ERRORS_SHOWN_MAX) })
}

function unknownIn(value: unknown): { path: string; message: string }[] {
  if (value === undefined || value === null) return []
  if (typeof value !== 'object' || Array.isArray(value))
    return [{ path: '/', message: 'must be an object without properties' }]
  return Object.keys(value).map((name) => ({ path: `/${name}`, message: 'is not a known property' }))
}
