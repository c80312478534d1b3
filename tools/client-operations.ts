/**
 * Writes the types of the marketplace client out of the OpenAPI document: what each operation takes, answers and
 * refuses, and the few facts that are needed to call it.
 *
 * @module
 */
import { produceOpenApi } from './openapi-document.ts'

interface Schema {
  $ref?: string
  type?: string | string[]
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  const?: unknown
  enum?: unknown[]
  additionalProperties?: boolean | Schema
}

interface Content {
  [type: string]: { schema?: Schema; examples?: Record<string, unknown> }
}

interface OperationObject {
  operationId: string
  summary: string
  parameters?: {
    $ref?: string
    name: string
    in: string
    required?: boolean
    schema: Schema
    description?: string
  }[]
  requestBody?: { content: Content }
  responses: Record<string, { content?: Content }>
  'x-callers': string[]
}

export interface OpenApiDocument {
  paths: Record<string, Record<string, OperationObject>>
}

/** `packages/client/src/operations.ts`, from the API as it is. */
export async function produceClientOperations(databaseUrl: string): Promise<string> {
  return writeOperations(JSON.parse(await produceOpenApi(databaseUrl)) as OpenApiDocument)
}

interface Operation {
  id: string
  method: string
  path: string
  object: OperationObject
}

export function writeOperations(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, object]): Operation => ({
          id: object.operationId,
          method: method.toUpperCase(),
          path,
          object,
        }),
      ),
    )
    .filter(isForPeople)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const names = nameShapes(operations)
  const types = [...names.values()].map(
    ({ name, schema }) => `export type ${name} = ${objectOf(schema, names)}`,
  )
  return [
    '// Generated from the OpenAPI document by "npm run generate"; a check compares it. Do not edit.',
    '//',
    '// As long as the API has operations, and one file all the same: nobody writes or reads it from top to bottom, an editor goes',
    '// to the one that is named, its types refer to one another, and `Operations` is one interface.',
    '',
    ...types,
    '',
    '/** What any call may be refused with. */',
    `export type CommonProblem = ${COMMON_PROBLEMS.map(quote).join(' | ')}`,
    '',
    'export interface Operations {',
    ...operations.map((operation) => indent(describe(operation, names))),
    '}',
    '',
    '/** Method, path, whether a sign-in is needed, whether it takes an Idempotency-Key. */',
    'export const OPERATIONS: Record<keyof Operations, readonly [string, string, boolean, boolean]> = {',
    ...operations.map(({ id, method, path, object }) => {
      const needsSignIn = !object['x-callers'].includes('open')
      return `  ${id}: ['${method}', '${path}', ${needsSignIn}, ${takesKey(object)}],`
    }),
    '}',
    '',
  ].join('\n')
}

/** What a frontend calls for a person and reads as JSON: not Stripe, not provider pages, no probes, streams or files. */
function isForPeople({ path, object }: Operation): boolean {
  if (/^\/(healthz|readyz|metrics|\.well-known|webhooks)/.test(path)) return false
  const callers = path.startsWith('/api/v1/') ? ['user'] : ['open', 'user', 'operator']
  const [, answer] = Object.entries(object.responses).find(([status]) => /^2/.test(status)) ?? []
  if (answer?.content && !answer.content['application/json']) return false
  return object['x-callers'].some((caller) => callers.includes(caller))
}

/** What any call may be refused with; the rest is an operation's own. */
const COMMON_PROBLEMS = [
  'validation_failed',
  'malformed_json',
  'unauthenticated',
  'payload_too_large',
  'unsupported_media_type',
  'idempotency_key_invalid',
  'idempotency_key_reused',
  'idempotency_in_progress',
  'rate_limited',
  'internal_error',
  'unavailable',
]

/** Shapes by what they are made of, whatever the place says about them. */
type Names = ReadonlyMap<string, { name: string; schema: Schema }>

/** Shapes that several operations speak of get the name of the one that reads them: `getSession` answers a `Session`. */
function nameShapes(operations: Operation[]): Names {
  const names = new Map<string, { name: string; schema: Schema }>()
  for (const { id, object } of operations) {
    const [, name] = /^get([A-Z]\w*)$/.exec(id) ?? []
    const schema = answerOf(object)
    if (name !== undefined && schema?.type === 'object' && !names.has(keyOf(schema))) {
      names.set(keyOf(schema), { name, schema })
    }
  }
  return names
}

const keyOf = ({ properties, required }: Schema) => JSON.stringify([properties, required])

function describe({ id, method, path, object }: Operation, names: Names): string {
  const parameters = (object.parameters ?? []).filter(({ $ref }) => $ref === undefined)
  const body = object.requestBody?.content['application/json']?.schema
  const answer = answerOf(object)
  const codes = Object.entries(object.responses)
    .filter(([status]) => Number(status) >= 400)
    .flatMap(([, { content }]) => Object.keys(content?.['application/problem+json']?.examples ?? {}))
    .filter((code) => !COMMON_PROBLEMS.includes(code))
  return [
    `/** ${object.summary}. \`${method} ${path}\` */`,
    `${id}: {`,
    field('path', parametersOf(parameters, 'path', names)),
    field('query', parametersOf(parameters, 'query', names)),
    field('body', body ? typeOf(body, names) : 'undefined'),
    field('answer', answer ? typeOf(answer, names) : 'undefined'),
    field('problems', [...new Set(codes)].sort().map(quote).join(' | ') || 'never'),
    '}',
  ].join('\n')
}

const field = (name: string, type: string) => indent(`${name}: ${type}`)

function answerOf({ responses }: OperationObject): Schema | undefined {
  const [, answer] = Object.entries(responses).find(([status]) => /^2/.test(status)) ?? []
  return answer?.content?.['application/json']?.schema
}

const takesKey = ({ parameters = [] }: OperationObject) =>
  parameters.some(({ $ref }) => $ref?.endsWith('/Idempotency-Key'))

function parametersOf(
  parameters: NonNullable<OperationObject['parameters']>,
  place: string,
  names: Names,
): string {
  const here = parameters.filter((parameter) => parameter.in === place)
  if (here.length === 0) return 'undefined'
  const properties = here.map(({ name, schema, description }) => [name, { ...schema, description }] as const)
  const required = here.filter((parameter) => parameter.required === true).map(({ name }) => name)
  const type = objectOf(
    { properties: Object.fromEntries(properties) as Record<string, Schema>, required },
    names,
  )
  // A parameter that has no value stays out of the address.
  return type.replace(/^( {2}\w+\?: .*)$/gm, '$1 | undefined')
}

function objectOf({ properties = {}, required = [] }: Schema, names: Names): string {
  const lines = Object.entries(properties).map(([name, schema]) => {
    const { description } = schema
    const comment = description ? `/** ${description.replaceAll('*/', '* /')} */\n` : ''
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name)
    return indent(`${comment}${key}${required.includes(name) ? '' : '?'}: ${typeOf(schema, names)}`)
  })
  return `{\n${lines.join('\n')}\n}`
}

/** A JSON Schema as a TypeScript type. What it cannot tell, it calls unknown. */
export function typeOf(schema: Schema, names: Names = new Map()): string {
  const choices = schema.anyOf ?? schema.oneOf
  if (schema.const !== undefined) return literal(schema.const)
  if (schema.enum) return schema.enum.map(literal).join(' | ')
  if (choices) return [...new Set(choices.map((choice) => typeOf(choice, names)))].join(' | ')
  if (Array.isArray(schema.type))
    return schema.type.map((type) => typeOf({ ...schema, type }, names)).join(' | ')
  switch (schema.type) {
    case 'string':
      return 'string'
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'null':
      return 'null'
    case 'array': {
      const item = typeOf(schema.items ?? {}, names)
      return item.includes(' | ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`
    }
    case 'object': {
      const { properties = {}, additionalProperties } = schema
      if (Object.keys(properties).length > 0) {
        return names.get(keyOf(schema))?.name ?? objectOf(schema, names)
      }
      const value = typeof additionalProperties === 'object' ? typeOf(additionalProperties, names) : 'unknown'
      return `Record<string, ${value}>`
    }
    default:
      return 'unknown'
  }
}

const quote = (text: string) => `'${text.replaceAll("'", "\\'")}'`
const literal = (value: unknown) => (typeof value === 'string' ? quote(value) : JSON.stringify(value))

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}
