/**
 * Requests made from the OpenAPI document: some as it says, most of them nearly so, some nothing like it.
 *
 * @module
 */
import fc from 'fast-check'
import type { JsonSchema, Operation } from '../contract/operations.ts'

export interface FuzzedRequest {
  operation: Operation
  url: string
  body: string | undefined
  contentType: string
  headers: Record<string, string>
}

/** What breaks programs: the edges of numbers and texts, and the words of other languages. */
const NASTY: unknown[] = [
  null,
  true,
  0,
  -1,
  -0,
  1.5,
  1e21,
  2 ** 31,
  2 ** 53,
  Number.MAX_SAFE_INTEGER,
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\ufeff',
  '\r\nSet-Cookie: a=b',
  "' or 1=1 --",
  "'; drop table users; --",
  '#{7*7}{{7*7}}',
  '<script>alert(1)</script>',
  '../../../../etc/passwd',
  '%00%ff',
  'javascript:alert(1)',
  'https://user:pass@localhost:1/',
  'http://169.254.169.254/latest',
  'https://[::1]/',
  'NaN',
  'Infinity',
  '9'.repeat(400),
  'a'.repeat(10_000),
  'é'.repeat(3_000),
  '🧨'.repeat(500),
  '2026-13-45T99:99:99Z',
  '0000-00-00T00:00:00.000Z',
  '+275760-09-13T00:00:00.001Z',
  '2026-01-01T00:00:60Z',
  '\u202e',
  [],
  {},
  [[[[]]]],
  { toString: 1, valueOf: null, constructor: 1, hasOwnProperty: 0, length: -1, toJSON: 1 },
  { $gt: '' },
]

const nasty = fc.constantFrom(...NASTY)

/** A value that a schema takes. */
function fitting(schema: JsonSchema, depth = 0): fc.Arbitrary<unknown> {
  const { examples = [], anyOf, oneOf, enum: choices, type } = schema
  const options: fc.Arbitrary<unknown>[] = examples.map((example) => fc.constant(example))
  for (const inner of anyOf ?? oneOf ?? []) options.push(fitting(inner, depth + 1))
  if (schema.const !== undefined) options.push(fc.constant(schema.const))
  if (choices?.length) options.push(fc.constantFrom(...choices))
  const {
    minimum = -1e9,
    maximum = 1e9,
    maxLength = 100,
    minLength = 0,
  } = schema as {
    minimum?: number
    maximum?: number
    minLength?: number
    maxLength?: number
  }
  if (type === 'integer')
    options.push(
      fc.constantFrom(minimum, maximum),
      fc.integer({ min: Math.ceil(minimum), max: Math.min(maximum, 2 ** 31) }),
    )
  if (type === 'boolean') options.push(fc.boolean())
  if (type === 'string' && !choices)
    options.push(
      fc.string({ unit: 'binary', minLength: Math.min(minLength, 200), maxLength: Math.min(maxLength, 200) }),
    )
  if (type === 'array' && depth < 4)
    options.push(fc.array(schema.items ? fitting(schema.items, depth + 1) : nasty, { maxLength: 4 }))
  if (schema.properties && depth < 4) options.push(objectOf(schema, depth))
  return options.length > 0 ? fc.oneof(...options) : nasty
}

function objectOf(schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  const model = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, fitting(inner, depth + 1)]),
  )
  const requiredKeys = (schema.required ?? []).filter((name) => name in model)
  return fc.record(model, { requiredKeys, noNullPrototype: true } as never)
}

/** A body that was right, with one thing done to it. */
const MUTATIONS: ((body: Record<string, unknown>, name: string, value: unknown) => unknown)[] = [
  (body) => body,
  (body) => body,
  (body, name, value) => ({ ...body, [name]: value }),
  (body, name, value) => ({ ...body, [name]: value }),
  (body, name) => Object.fromEntries(Object.entries(body).filter(([one]) => one !== name)),
  (body, name) => ({ ...body, [name]: [body[name]] }),
  (body, name) => ({ ...body, [name]: { [name]: body[name] } }),
  (body, name) => ({ ...body, [name]: `${JSON.stringify(body[name])}` }),
  (body, _name, value) => ({ ...body, unknown: value }),
  (_body, _name, value) => value,
  (body) => [body, body],
]

const textMutation = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => text,
  (text) => text,
  (text) => text,
  (text) => text.slice(0, -1),
  (text) => `${text}${text}`,
  (text) => text.replaceAll('"', "'"),
  (text) => text.replace('{', '{"__proto__":{"isOperator":true},'),
  (text) => text.replace('{', '{"constructor":{"prototype":{"isOperator":true}},'),
  (text) => `\ufeff${text}`,
  () => `${'['.repeat(2_000)}${']'.repeat(2_000)}`,
  () => '',
)

const contentType = fc.constantFrom(
  'application/json',
  'application/json',
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'text/xml',
  '',
)

const header = fc.constantFrom<Record<string, string>>(
  {},
  {},
  {},
  { 'idempotency-key': 'fuzz' },
  { 'idempotency-key': 'x'.repeat(300) },
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { 'if-none-match': '"x", W/"y", *' },
  { traceparent: '00-zz-zz-01' },
  { 'x-forwarded-for': "1.2.3.4, ' or 1=1" },
  { accept: 'text/csv' },
  { accept: '*/*;q=zzz' },
  { range: 'bytes=0-1,5-' },
  { 'content-encoding': 'gzip' },
  { expect: '200-ok' },
  { 'x-http-method-override': 'DELETE' },
  { 'stripe-signature': 't=0,v1=00' },
)

/** @param ids real ids by prefix, so that requests reach further than a 404 */
export function requestsOf(operation: Operation, ids: Record<string, string>): fc.Arbitrary<FuzzedRequest> {
  const { parameters, path, body: schema } = operation
  const inPath = parameters.filter((one) => one.in === 'path')
  const inQuery = parameters.filter((one) => one.in === 'query')
  const pathValue = ({ schema: of, example }: (typeof inPath)[number]) => {
    const known = ids[String(example ?? of.examples?.[0] ?? '').slice(0, 3)]
    const real = known === undefined ? [] : [fc.constant(known), fc.constant(known), fc.constant(known)]
    return fc.oneof(...real, fitting(of), nasty)
  }
  const queryValue = ({ schema: of, example }: (typeof inQuery)[number]) =>
    fc.oneof(fitting(of), fc.constant(example), nasty)
  return fc
    .record({
      path: fc.tuple(...inPath.map(pathValue)),
      query: fc.record(Object.fromEntries(inQuery.map((one) => [one.name, queryValue(one)])), {
        requiredKeys: [],
      }),
      extraQuery: fc.constantFrom('', '', '', 'limit=1&limit=2', 'x[y]=1', '__proto__=1', '%', '&&=&'),
      body: schema ? fitting(schema) : fc.constantFrom(undefined, undefined, {}, 'x'),
      mutation: fc.constantFrom(...MUTATIONS),
      nth: fc.nat(20),
      value: nasty,
      textMutation,
      contentType,
      header,
    })
    .map((made) => {
      let at = 0
      const filled = path.replace(/\{\w+\}/g, () => encode(made.path[at++]))
      const query = [
        ...Object.entries(made.query).map(([name, value]) => `${name}=${encode(value)}`),
        made.extraQuery,
      ]
        .filter(Boolean)
        .join('&')
      return {
        operation,
        url: query === '' ? filled : `${filled}?${query}`,
        body: made.body === undefined ? undefined : made.textMutation(bodyText(made)),
        contentType: made.contentType,
        headers: made.header,
      }
    })
}

function bodyText({
  body,
  mutation,
  nth,
  value,
}: {
  body: unknown
  mutation: (typeof MUTATIONS)[number]
  nth: number
  value: unknown
}): string {
  const isObject = body !== null && typeof body === 'object' && !Array.isArray(body)
  if (!isObject) return JSON.stringify(body) ?? 'null'
  const names = Object.keys(body)
  const mutated = mutation(body as Record<string, unknown>, names[nth % names.length] ?? 'a', value)
  return JSON.stringify(mutated) ?? 'null'
}

function encode(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return encodeURIComponent(text.slice(0, 3_000).toWellFormed())
}
