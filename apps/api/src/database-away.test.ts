import { expect, test } from 'vitest'
import { isDatabaseAway } from './database-away.ts'

const failed = (message: string, properties: object) => Object.assign(new Error(message), properties)

test.each([
  ['nobody listens', { code: 'ECONNREFUSED', syscall: 'connect' }],
  ['its socket is not there', { code: 'ENOENT', syscall: 'connect' }],
  ['its name is not known', { code: 'ENOTFOUND', syscall: 'getaddrinfo' }],
  ['nobody can say its name just now', { code: 'EAI_AGAIN', syscall: 'getaddrinfo' }],
  ['the way to it is gone while it answers', { code: 'EHOSTUNREACH', syscall: 'read' }],
  ['the network is gone while it is asked', { code: 'ENETUNREACH', syscall: 'write' }],
  ['the network is down', { code: 'ENETDOWN', syscall: 'write' }],
  ['its machine is down', { code: 'EHOSTDOWN', syscall: 'read' }],
  ['the connection was given up', { code: 'ECONNABORTED', syscall: 'read' }],
  ['it stops', { code: '57P01' }],
])('a database is away when %s', (_what, properties) => {
  expect(isDatabaseAway(failed('failed', properties))).toBe(true)
})

test.each([
  ['a row that is locked', { code: '55P03' }],
  ['a deadlock', { code: '40P01' }],
  ['a rule that was broken', { code: '23514' }],
  ['a file that is not there', { code: 'ENOENT', syscall: 'open' }],
  ['a feature it does not have', { code: '0A000' }],
  ['a write of ours where we only read', { code: '25006' }],
  ['a mistake of ours', {}],
])('%s is no database that is away', (_what, properties) => {
  expect(isDatabaseAway(failed('failed', properties))).toBe(false)
})
