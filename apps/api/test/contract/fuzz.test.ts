import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi } from '../harness.ts'
import { exampleBody, listOperations, type Operation, readDocument } from './operations.ts'

// Bounded for `npm test`; FUZZ_RUNS=2000 looks longer, and a failure prints the seed to repeat it with.
const RUNS = Number(process.env.FUZZ_RUNS ?? 25)

let api: TestApi
let operations: Operation[]
let credentials: (string | undefined)[]

beforeAll(async () => {
  api = await startTestApi()
  operations = listOperations(await readDocument(api))
  const user = await addUser(api, { tokens: 10_000 })
  const operator = await addUser(api, { isOperator: true })
  await addProvider(api, { ownerId: user.id })
  credentials = [undefined, user.token, operator.token]
})
afterAll(() => api.close())

/** What breaks parsers, queries, patterns, dates, numbers and prototypes. */
const NASTY = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u202egnp.exe',
  "' or 1=1 --",
  '"; drop table users; --',
  '%',
  '\\',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '../../../etc/passwd',
  '__proto__',
  'constructor',
  'null',
  'NaN',
  '1e309',
  '-0',
  '9007199254740993',
  '2026-02-30T00:00:00.000Z',
  '+275760-09-13T00:00:00.001Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:60Z',
  'a'.repeat(5_000),
  '😀'.repeat(200),
  'http://[::1',
  'https://user:pass@host:99999/',
  'a@b@c',
  'x\r\nSet-Cookie: a=b',
]
const NUMBERS = [0, -0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, 5e-324]
const nasty = fc.oneof(
  fc.constantFrom<unknown>(...NASTY, ...NUMBERS, null, true, [], {}, [[]], [null]),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.jsonValue({ maxDepth: 3 }),
)

/** The documented body with some of its properties replaced, left out or added. */
function bodies(operation: Operation): fc.Arbitrary<unknown> {
  const example = exampleBody(operation) ?? {}
  const names = [...new Set([...Object.keys(example), ...Object.keys(operation.body?.properties ?? {})])]
  const changed = fc
    .record(Object.fromEntries(names.map((name) => [name, fc.option(nasty, { nil: undefined, freq: 1 })])))
    .map((change) => ({
      ...example,
      ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)),
    }))
  return fc.oneof({ weight: 4, arbitrary: changed }, { weight: 1, arbitrary: nasty })
}

const texts = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary', maxLength: 40 }))
/** As clients write it, and raw where it can be written at all. */
const encoded = texts.map((text) => encodeURIComponent(text.toWellFormed()))

function urls(operation: Operation): fc.Arbitrary<string> {
  const query = operation.parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name)
  const path = fc.oneof(
    { weight: 3, arbitrary: fc.constant(operation.url) },
    { weight: 1, arbitrary: encoded.map((value) => operation.path.replace(/\{\w+\}/g, () => value)) },
  )
  if (query.length === 0) return path
  const asked = fc.dictionary(fc.constantFrom(...query), encoded, { maxKeys: 3 })
  return fc.tuple(path, asked).map(
    ([where, values]) =>
      `${where}?${Object.entries(values)
        .map(([name, value]) => `${name}=${value}`)
        .join('&')}`,
  )
}

test('nothing that is sent to any route breaks it or learns its insides', async () => {
  for (const operation of operations) {
    // A stream never ends; its routes are tested where they live.
    if (Object.keys(operation.object.responses['200']?.content ?? {}).includes('text/event-stream')) continue
    await fc.assert(
      fc.asyncProperty(
        urls(operation),
        operation.body ? bodies(operation) : fc.constant(undefined),
        fc.constantFrom(...credentials),
        async (url, body, token) => {
          const answer = await api.call(operation.method, url, {
            ...(token === undefined ? {} : { token }),
            ...(operation.body ? { text: JSON.stringify(body) ?? '' } : {}),
          })
          const what = `${operation.name} ${url} ${JSON.stringify(body)}: ${answer.status} ${answer.text}`
          expect(answer.status, what).toBeLessThan(500)
          expect(answer.headers['x-request-id'], what).toMatch(/^req_/)
          expect(answer.headers['set-cookie'], what).toBeUndefined()
          if (answer.status < 400) return
          expect(answer.headers['content-type'], what).toBe('application/problem+json; charset=utf-8')
          expect(answer.body.code, what).toMatch(/^[a-z_]+$/)
          expect(answer.text, what).not.toMatch(
            /node_modules|\bat .+\.ts:\d+|pg_|violates|invalid input syntax/,
          )
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    )
  }
}, 600_000)
