import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormatsModule, { type FormatsPlugin } from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PROBLEMS } from '../../src/errors.ts'
import { startTestApi, type TestApi } from '../harness.ts'
import { type Document, type JsonSchema, listOperations, type Operation, readDocument } from './operations.ts'

let api: TestApi
let document: Document
let operations: Operation[]

beforeAll(async () => {
  api = await startTestApi()
  document = await readDocument(api)
  operations = listOperations(document)
})
afterAll(() => api.close())

/** The names of those for which a claim does not hold; a test wants none. */
const without = (claim: (operation: Operation) => unknown) =>
  operations.filter((operation) => !claim(operation)).map(({ name }) => name)

test('is a valid OpenAPI 3.1 document', async () => {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(structuredClone(document) as never)
  expect(errors ?? []).toEqual([])
  expect(valid).toBe(true)
  expect(validator.version).toBe('3.1')
})

describe('every operation', () => {
  test('has a name of its own, a summary, a description and a known tag', () => {
    const ids = operations.map(({ object }) => object.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const tags = new Set(document.tags.map(({ name }) => name))
    expect(without(({ object }) => /^[a-z][A-Za-z]+$/.test(object.operationId))).toEqual([])
    expect(without(({ object }) => object.summary?.length > 5)).toEqual([])
    expect(without(({ object }) => object.description?.length > 20)).toEqual([])
    expect(without(({ object }) => object.tags?.length === 1 && tags.has(object.tags[0] ?? ''))).toEqual([])
  })

  test('says who may call, and asks for a credential unless anybody may', () => {
    expect(without(({ object }) => object['x-callers'].length > 0)).toEqual([])
    const isOpen = ({ object }: Operation) =>
      object['x-callers'].some((caller) => ['open', 'stripe'].includes(caller))
    expect(without((operation) => isOpen(operation) === (operation.object.security === undefined))).toEqual(
      [],
    )
    expect(without((operation) => isOpen(operation) || operation.object.responses['401'])).toEqual([])
  })

  test('documents what it refuses, as problem details with an example per code', () => {
    expect(
      without(({ object }) => Object.keys(object.responses).some((status) => /^2/.test(status))),
    ).toEqual([])
    expect(without(({ object }) => object.responses['400'])).toEqual([])
    for (const { name, object } of operations) {
      for (const [status, answer] of Object.entries(object.responses)) {
        expect([name, status, answer.description]).not.toContain('Default Response')
        expect([name, status, Object.keys(answer.headers ?? {})].flat(2)).toContain('X-Request-Id')
        if (Number(status) < 400) continue
        expect([name, status, Object.keys(answer.content ?? {})]).toEqual([
          name,
          status,
          ['application/problem+json'],
        ])
      }
    }
  })

  test('documents 429 and its headers where it is limited', () => {
    const isDocumented = ({ object }: Operation) =>
      object.responses['429'] !== undefined &&
      Object.values(object.responses).every(
        ({ headers = {} }) => 'RateLimit' in headers && 'RateLimit-Policy' in headers,
      )
    expect(without((operation) => !operation.object['x-rate-limit'] || isDocumented(operation))).toEqual([])
  })

  test('takes an Idempotency-Key where it creates something, and never under /auth', () => {
    const takesKey = ({ parameters }: Operation) => parameters.some(({ name }) => name === 'Idempotency-Key')
    const creates = ({ method, path, object }: Operation) =>
      method === 'POST' && object.responses['201'] !== undefined && !path.startsWith('/auth/')
    expect(without((operation) => !creates(operation) || takesKey(operation))).toEqual([])
    expect(without((operation) => !(operation.path.startsWith('/auth/') && takesKey(operation)))).toEqual([])
  })

  test('says how many there may be where it refuses one more', () => {
    const refuses = ({ object }: Operation) =>
      object.responses['409']?.description.includes('`limit_reached`')
    const bounded = operations.filter(refuses)
    expect(bounded.map(({ object }) => object.operationId)).toEqual(
      expect.arrayContaining(['createProvider', 'issueApiKey', 'createWebhookEndpoint']),
    )
    const isTold = ({ object }: Operation) => /\b(at most|up to) (\d|five)/i.test(object.description ?? '')
    expect(without((operation) => !refuses(operation) || isTold(operation))).toEqual([])
    expect(document.info.description).toContain('64 KiB')
    expect(PROBLEMS.payload_too_large.cure).toContain('64 KiB')
  })

  test('refuses unknown properties in bodies and queries', () => {
    const isClosed = (schema: JsonSchema): boolean =>
      schema.anyOf?.every(isClosed) ?? schema.oneOf?.every(isClosed) ?? schema.additionalProperties === false
    expect(
      without(({ body, path }) => body === undefined || path === '/webhooks/stripe' || isClosed(body)),
    ).toEqual([])
  })
})

test('what a page being closed can send is documented: text/plain with the session JWT inside, or no body', () => {
  const bodies = operations.flatMap(({ object: { operationId, requestBody } }) => {
    const sent = requestBody?.content['text/plain']?.schema.contentSchema
    return sent ? [[operationId, sent.required, requestBody.required]] : []
  })
  expect(bodies).toEqual([
    ['recordExposure', ['experiment', 'variant', 'sessionJwt'], true],
    ['heartbeatSession', ['clientId', 'sequence', 'sessionJwt'], true],
    ['pauseSession', ['sessionJwt'], false],
    ['resumeSession', ['sessionJwt'], false],
    ['completeSession', ['sessionJwt'], false],
  ])
})

test('what has an ETag documents 304', () => {
  const documented = operations.filter(({ object }) => object.responses['304'])
  expect(documented.map(({ path }) => path).sort()).toEqual([
    '/.well-known/jwks.json',
    '/api/v1/keys/public',
    '/providers',
    '/providers/{id}',
  ])
})

test('every parameter, property and item has a description and an example', () => {
  const bare: string[] = []
  const look = (schema: JsonSchema, place: string) => {
    if (schema.$ref) return
    const inner = schema.anyOf ?? schema.oneOf ?? []
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const at = `${place}.${name}`
      if (!property.description && !property.$ref) bare.push(`${at}: description`)
      if (!hasExample(property)) bare.push(`${at}: example`)
      look(property, at)
    }
    if (schema.items) look(schema.items, `${place}[]`)
    for (const one of inner) look(one, place)
  }
  for (const { name, object, parameters, body } of operations) {
    for (const parameter of parameters) {
      if (!parameter.description) bare.push(`${name} ${parameter.name}: description`)
      if (parameter.example === undefined && !hasExample(parameter.schema))
        bare.push(`${name} ${parameter.name}: example`)
    }
    if (body) look(body, `${name} body`)
    for (const [status, answer] of Object.entries(object.responses)) {
      for (const { schema } of Object.values(answer.content ?? {})) look(schema, `${name} ${status}`)
    }
  }
  for (const [name, schema] of Object.entries(document.components.schemas)) look(schema, name)
  expect([...new Set(bare)]).toEqual([])
})

/** Its own, or one in each of its parts. */
function hasExample(schema: JsonSchema): boolean {
  if (schema.$ref || schema.examples?.length || schema.const !== undefined) return true
  if (schema.type === 'null') return true
  const parts = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : [])]
  const choices = schema.anyOf ?? schema.oneOf ?? []
  return [...parts, ...choices].length > 0 && [...parts, ...choices].every(hasExample)
}

test('every example fits the schema it stands in', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  ;(addFormatsModule as unknown as FormatsPlugin)(ajv)
  const wrong: string[] = []
  const look = (schema: unknown, place: string): void => {
    if (schema === null || typeof schema !== 'object') return
    const { examples, example, ...rest } = schema as JsonSchema & { example?: unknown }
    if (
      example !== undefined &&
      'in' in rest &&
      'schema' in rest &&
      !ajv.validate(rest.schema as object, example)
    ) {
      wrong.push(`${place}: ${JSON.stringify(example)} ${ajv.errorsText()}`)
    }
    if (Array.isArray(examples) && !('$ref' in rest)) {
      for (const example of examples) {
        if (!ajv.validate(rest, example))
          wrong.push(`${place}: ${JSON.stringify(example)} ${ajv.errorsText()}`)
      }
    }
    for (const [name, inner] of Object.entries(rest)) look(inner, `${place}/${name}`)
  }
  look(document.paths, '')
  look(document.components.schemas, 'schemas')
  look(document.components.parameters, 'parameters')
  expect(wrong).toEqual([])
})

test('every error of the table has an example, and every documented one is of the table', () => {
  expect(Object.keys(document.components.examples).sort()).toEqual(Object.keys(PROBLEMS).sort())
  for (const [code, { value }] of Object.entries(document.components.examples)) {
    expect(value).toMatchObject({ code, status: PROBLEMS[code as keyof typeof PROBLEMS].status })
  }
})

test('every error of the table is documented by some operation, or comes before any', () => {
  const text = JSON.stringify(document.paths)
  const beforeAnyRoute = ['method_not_allowed', 'malformed_request', 'headers_too_large']
  const silent = Object.keys(PROBLEMS).filter((code) => !text.includes(`#/components/examples/${code}"`))
  expect(silent.sort()).toEqual(beforeAnyRoute.sort())
})
