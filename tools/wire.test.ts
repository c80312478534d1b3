import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './tracked-files.ts'

type Schema = { type?: string; enum?: string[]; anyOf?: Schema[]; properties?: Record<string, Schema> }

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const wire = read('packages/sdk/src/wire.ts')

test('the session that the SDK expects is the one that the API documents', () => {
  const document = JSON.parse(read('apps/api/openapi.json'))
  const answer = document.paths['/api/v1/sessions/validate'].post.responses['200']
  const session: Schema = answer.content['application/json'].schema.properties.session
  const documented = Object.entries(session.properties!).map(([name, schema]) => [name, describe(schema)])
  expect(Object.fromEntries(readInterface('Session'))).toEqual(Object.fromEntries(documented))
})

/** A schema as TypeScript would say it: `number`, `string | null`, `'a' | 'b'`. */
function describe(schema: Schema): string {
  return [...new Set(listAlternatives(schema))].sort().join(' | ')
}

function listAlternatives(schema: Schema): string[] {
  if (schema.anyOf) return schema.anyOf.flatMap(listAlternatives)
  if (schema.enum) return schema.enum.map((value) => `'${value}'`)
  return [schema.type === 'integer' ? 'number' : String(schema.type)]
}

function readInterface(name: string): [string, string][] {
  const body = new RegExp(`export interface ${name} \\{\\n([\\s\\S]*?)\\n\\}`).exec(wire)![1]!
  return [...body.matchAll(/^ {2}(\w+): (.+)$/gm)].map(([, member, type]) => [member!, resolve(type!)])
}

function resolve(type: string): string {
  const alternatives = type.split(' | ').flatMap((each) => {
    const alias = new RegExp(`export type ${each} = (.+)`).exec(wire)
    return alias ? alias[1]!.split(' | ') : [each]
  })
  return alternatives.sort().join(' | ')
}
