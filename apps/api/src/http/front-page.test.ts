import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../test/harness.ts'

const MARKETPLACE = 'http://localhost:4001/shop"><script>alert(1)</script>&a=1'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ env: { MARKETPLACE_URL: MARKETPLACE } })
})
afterAll(() => api.close())

const ask = (accept?: string) =>
  api.app.inject({ method: 'GET', url: '/', headers: accept === undefined ? {} : { accept } })

/** What Chrome sends. */
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'

describe('the address of the API itself', () => {
  test('is a page in a browser, that leads on and runs nothing', async () => {
    const answer = await ask(BROWSER)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    const policy = String(answer.headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('script-src')
    expect(policy).not.toContain('unsafe')
    for (const path of ['/docs/', '/dashboard', '/openapi.json', '/docs/errors']) {
      expect(answer.body).toContain(`href="http://localhost:4000${path}"`)
    }
    expect(answer.body).not.toContain('<script')
    expect(answer.body).not.toMatch(/ style=| on\w+=/)
  })

  test.each([
    ['application/json'],
    ['*/*'],
    [undefined],
    ['application/json, text/html;q=0.9'],
  ])('is JSON for programs that send Accept: %s', async (accept) => {
    const answer = await ask(accept)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.json()).toMatchObject({
      name: 'Token Marketplace Platform',
      docs: 'http://localhost:4000/docs/',
      openapi: 'http://localhost:4000/openapi.json',
      dashboard: 'http://localhost:4000/dashboard',
    })
  })

  test('tells caches that it depends on who asks, and is counted like what anybody may call', async () => {
    const { headers } = await ask(BROWSER)
    expect(headers.vary).toMatch(/accept/i)
    expect(headers['ratelimit-policy']).toMatch(/^"open"/)
  })

  test('leads to every address that it names', async () => {
    const { marketplace: _elsewhere, name: _name, version: _version, ...links } = (await ask()).json()
    for (const link of Object.values<string>(links)) {
      const { statusCode } = await api.app.inject({ method: 'GET', url: new URL(link).pathname })
      expect([link, [200, 503].includes(statusCode)]).toEqual([link, true])
    }
  })

  test('takes no other method', async () => {
    const answer = await api.app.inject({ method: 'POST', url: '/' })
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'GET, HEAD'])
  })
})
