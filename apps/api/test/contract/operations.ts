/**
 * Every operation of the OpenAPI document, ready to be called.
 *
 * @module
 */
import type { TestApi } from '../harness.ts'

export interface JsonSchema {
  $ref?: string
  type?: string
  properties?: Record<string, JsonSchema>
  required?: string[]
  contentSchema?: JsonSchema
  items?: JsonSchema
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  const?: unknown
  enum?: unknown[]
  description?: string
  examples?: unknown[]
  additionalProperties?: boolean | JsonSchema
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  description?: string
  required?: boolean
  example?: unknown
  schema: JsonSchema
}

export interface OperationObject {
  operationId: string
  summary: string
  description: string
  tags: string[]
  security?: Record<string, string[]>[]
  parameters?: (Parameter | { $ref: string })[]
  requestBody?: { required?: boolean; content: Record<string, { schema: JsonSchema }> }
  responses: Record<
    string,
    {
      description: string
      headers?: Record<string, unknown>
      content?: Record<string, { schema: JsonSchema }>
    }
  >
  'x-callers': string[]
  'x-scope'?: string
  'x-rate-limit'?: { policy: string }
}

export interface Operation {
  /** `POST /sessions/{id}/extend` */
  name: string
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  path: string
  /** With every parameter filled in from its example. */
  url: string
  object: OperationObject
  parameters: Parameter[]
  body: JsonSchema | undefined
}

export interface Document {
  openapi: string
  info: { description: string }
  tags: { name: string }[]
  paths: Record<string, Record<string, OperationObject>>
  components: {
    schemas: Record<string, JsonSchema>
    parameters: Record<string, Parameter>
    examples: Record<string, { value: unknown }>
  }
}

export async function readDocument(api: TestApi): Promise<Document> {
  return (await api.call('GET', '/openapi.json')).body
}

export function listOperations(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, object]) => {
      const parameters = (object.parameters ?? []).map((parameter) =>
        '$ref' in parameter
          ? document.components.parameters[parameter.$ref.split('/').at(-1) ?? '']!
          : parameter,
      )
      const url = path.replace(/\{(\w+)\}/g, (_all, name) => {
        const parameter = parameters.find((candidate) => candidate.in === 'path' && candidate.name === name)
        return String(parameter?.example ?? name)
      })
      const upper = method.toUpperCase() as Operation['method']
      return {
        name: `${upper} ${path}`,
        method: upper,
        path,
        url,
        object,
        parameters,
        body: object.requestBody?.content['application/json']?.schema,
      }
    }),
  )
}

/** A body that this operation takes. */
export function exampleBody({ body }: Operation): Record<string, unknown> | undefined {
  return body && (exampleOf(body) as Record<string, unknown>)
}

/** A value that a schema documents, built from the examples of its parts. */
function exampleOf(schema: JsonSchema): unknown {
  if (schema.examples?.length) return schema.examples[0]
  if (schema.const !== undefined) return schema.const
  if (schema.enum?.length) return schema.enum[0]
  const [first] = schema.anyOf ?? schema.oneOf ?? []
  if (first) return exampleOf(first)
  if (schema.items) return [exampleOf(schema.items)]
  // A change needs none of its properties, but one of them.
  const required = schema.required ?? Object.keys(schema.properties ?? {}).slice(0, 1)
  return Object.fromEntries(
    Object.entries(schema.properties ?? {})
      .filter(([name]) => required.includes(name))
      .map(([name, inner]) => [name, exampleOf(inner)]),
  )
}
