import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../tools/tracked-files.ts'

const read = (path: string) => readFileSync(join(root, 'deploy', path), 'utf8')
const compose = read('compose.yml')
const passwords = [...read('example.passwords.env').matchAll(/^(\w+)=/gm)].map(([, name]) => name!)

/** The lines of each service, by its name. */
const services = new Map(
  compose
    .split('\nservices:\n')[1]!
    .split('\nvolumes:\n')[0]!
    .split(/^ {2}(?=\w+:$)/m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf(':')), text.replace(/^\s*#.*$/gm, '')]),
)

test('the API’s container is told neither the owner’s password nor the administrator’s', () => {
  const api = services.get('api')!
  expect([...api.matchAll(/\$\{(\w+)/g)].map(([, name]) => name)).toEqual(['WEB_PASSWORD', 'BATCH_PASSWORD'])
  expect(api).not.toContain('DATABASE_OWNER_URL')
  // What compose itself is told, all of these among it, is another file than what the container is given.
  expect(api).toContain('env_file: api.env')
  expect(read('example.env')).not.toMatch(/(?<!ADMIN_)PASSWORD/)
})

test('Prometheus scrapes every instance, and not whichever answers', () => {
  const prometheus = read('prometheus/prometheus.yml')
  const [, name] = /dns_sd_configs:\s+- names: \[(\w+)\]\s+type: A\s+port: 4000\n/.exec(prometheus) ?? []
  expect(services.get(name!)).toContain('replicas: 2')
  expect(prometheus).not.toContain('static_configs')
})

test('it starts when migrations have run', () => {
  expect(services.get('api')).toContain('migrate: { condition: service_completed_successfully }')
  expect(services.get('migrate')).toContain('apps/api/src/migrate-database.ts')
})

test('every password of compose.yml is asked for, and none is in it', () => {
  expect(new Set([...compose.matchAll(/\$\{(\w+)/g)].map(([, name]) => name))).toEqual(new Set(passwords))
  for (const name of passwords) expect(compose).toContain(`\${${name}:?set it in deploy/.env}`)
  const inAddresses = [...compose.matchAll(/postgres:\/\/(\w+):\$\{(\w+)\}@/g)]
  expect(inAddresses).toHaveLength(compose.split('postgres://').length - 1)
  const used = inAddresses.map(([, login, password]) => [login, password])
  expect(used).toEqual([
    ['market_owner', 'OWNER_PASSWORD'],
    ['market_web', 'WEB_PASSWORD'],
    ['market_batch', 'BATCH_PASSWORD'],
  ])
  const made = [...read('postgres/logins.sql').matchAll(/create role (\w+) login .*:'(\w+)'/g)]
  expect(made.map(([, login, variable]) => [login, variable!.toUpperCase()])).toEqual(used)
})
