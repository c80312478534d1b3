/**
 * What Ajv does here: bodies are never coerced, unknown properties are refused, everywhere.
 *
 * @module
 */
import { Ajv, type Options } from 'ajv'
import addFormatsModule, { type FormatsPlugin } from 'ajv-formats'
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'

const addFormats = addFormatsModule as unknown as FormatsPlugin

export function registerValidation(app: FastifyInstance): void {
  const options: Options = { allErrors: true, useDefaults: true, removeAdditional: false, strict: false }
  const exact = new Ajv({ ...options, coerceTypes: false })
  // A query string has no types: "20" is how one writes 20 there.
  const fromText = new Ajv({ ...options, coerceTypes: true })
  for (const ajv of [exact, fromText]) addFormats(ajv)
  const compile: FastifySchemaCompiler<object> = ({ schema, httpPart }) =>
    (httpPart === 'body' ? exact : fromText).compile(schema)
  app.setValidatorCompiler(compile as FastifySchemaCompiler<unknown>)
}
