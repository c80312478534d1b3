import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startTestApi } from '../harness.ts'

const root = join(import.meta.dirname, '../../../..')
const PATH = /`((?:\.\.\/|[\w-]+\/)[\w./-]+|openapi\.json)`/g

test.each([
  ['docs/security/asvs.md', 'apps/api'],
  ['docs/security/threat-model.md', '.'],
])('every file that %s names is there', (path, base) => {
  const named = [...readFileSync(join(root, path), 'utf8').matchAll(PATH)].map(([, one]) => one!)
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((one) => !existsSync(join(root, base, one)))).toEqual([])
})

test('every item says yes, no, operator or none, and the gaps are summed up at the top', () => {
  const text = readFileSync(join(root, 'docs/security/asvs.md'), 'utf8')
  const rows = [...text.matchAll(/^\| (\d[^|]*) \| (\w+) \|/gm)]
  expect(rows.length).toBeGreaterThan(90)
  expect([...new Set(rows.map(([, , verdict]) => verdict))].sort()).toEqual(['no', 'none', 'operator', 'yes'])
  const [summary = ''] = /Not met, in one place:[\s\S]+?\n\n/.exec(text) ?? []
  for (const [, item] of rows.filter(([, , verdict]) => verdict === 'no'))
    for (const [number] of item!.matchAll(/\d+\.\d+\.\d+/g)) expect(summary).toContain(number)
})

test('TRACE echoes nothing', async () => {
  const api = await startTestApi()
  try {
    await api.app.listen({ port: 0, host: '127.0.0.1' })
    const socket = connect((api.app.server.address() as AddressInfo).port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', (chunk) => {
      answer += chunk
    })
    socket.end('TRACE /providers HTTP/1.1\r\nHost: a\r\nX-Echo: me-back\r\nConnection: close\r\n\r\n')
    await once(socket, 'close')
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(answer).not.toContain('me-back')
  } finally {
    await api.close()
  }
})
