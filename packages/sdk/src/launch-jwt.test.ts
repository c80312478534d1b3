import { describe, expect, test } from 'vitest'
import { createBrowserPorts } from './browser-ports.ts'
import { readLaunchJwt, takeLaunchJwt, verifyLaunchJwt } from './launch-jwt.ts'

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const forge = (header: object, claims: object) => `${encode(header)}.${encode(claims)}.AAAA`
const good = { alg: 'ES256', typ: 'launch+jwt', kid: 'one' }
const claims = { aud: 'prv_1', sid: 'ses_1', exp: 1, nbf: 9_999_999_999 }

describe('the address', () => {
  test.each([
    ['query alone', 'https://a.test/?launch_jwt=x.y.z', 'https://a.test/'],
    ['first of several', 'https://a.test/?launch_jwt=x.y.z&b=%20c+d', 'https://a.test/?b=%20c+d'],
    ['between others', 'https://a.test/?a=1&launch_jwt=x.y.z&b=2#top', 'https://a.test/?a=1&b=2#top'],
    ['last, before a fragment', 'https://a.test/?a&launch_jwt=x.y.z#top', 'https://a.test/?a#top'],
    ['fragment alone', 'https://a.test/p#launch_jwt=x.y.z', 'https://a.test/p'],
    ['fragment of a hash router', 'https://a.test/#/play?launch_jwt=x.y.z', 'https://a.test/#/play'],
    ['query and fragment', 'https://a.test/?launch_jwt=x.y.z#launch_jwt=u.v.w', 'https://a.test/'],
  ])('gives up the launch JWT: %s', (_, href, clean) => {
    let address = href
    const jwt = takeLaunchJwt({ href: () => address, rewrite: (next) => (address = next), leave() {} })
    expect(jwt).toBe('x.y.z')
    expect(address).toBe(clean)
  })

  test('without a launch JWT is not touched', () => {
    const rewrite = () => expect.unreachable()
    expect(
      takeLaunchJwt({ href: () => 'https://a.test/?my_launch_jwt=1', rewrite, leave() {} }),
    ).toBeUndefined()
  })
})

describe('a launch JWT', () => {
  test('is read whatever its exp and nbf say, because the device may have any clock', () => {
    expect(readLaunchJwt(forge(good, claims), 'prv_1').sid).toBe('ses_1')
  })

  test.each([
    ['not a JWT', 'rubbish', 'launch_invalid'],
    ['unsigned', forge({ ...good, alg: 'none' }, claims), 'launch_invalid'],
    ['signed with a shared secret', forge({ ...good, alg: 'HS256' }, claims), 'launch_invalid'],
    ['a session JWT', forge({ ...good, typ: 'session+jwt' }, claims), 'launch_invalid'],
    ['with critical extensions', forge({ ...good, crit: ['b64'] }, claims), 'launch_invalid'],
    ['without a session', forge(good, { aud: 'prv_1' }), 'launch_invalid'],
    ['for another provider', forge(good, { ...claims, aud: 'prv_2' }), 'launch_wrong_provider'],
  ])('is refused: %s', (_, jwt, code) => {
    expect(() => readLaunchJwt(jwt, 'prv_1')).toThrow(expect.objectContaining({ code }))
  })
})

describe('the signature', async () => {
  const { crypto } = createBrowserPorts()
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const pair = await globalThis.crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const { x, y } = await globalThis.crypto.subtle.exportKey('jwk', pair.publicKey)
  const keys = [{ kty: 'EC', crv: 'P-256', x: x!, y: y!, kid: 'one', alg: 'ES256', use: 'sig' }]
  const signed = `${encode(good)}.${encode(claims)}`
  const bytes = await globalThis.crypto.subtle.sign(
    algorithm,
    pair.privateKey,
    new TextEncoder().encode(signed),
  )
  const jwt = `${signed}.${Buffer.from(bytes).toString('base64url')}`

  test('of the marketplace is accepted', async () => {
    expect(await verifyLaunchJwt(jwt, { keys }, crypto)).toBe(true)
  })

  test('over other claims is refused', async () => {
    const other = `${encode(good)}.${encode({ ...claims, sid: 'ses_2' })}.${jwt.split('.')[2]}`
    expect(await verifyLaunchJwt(other, { keys }, crypto)).toBe(false)
  })

  test('by an unknown key is left to the server', async () => {
    expect(await verifyLaunchJwt(jwt, { keys: [] }, crypto)).toBeUndefined()
  })

  test('is left to the server without WebCrypto', async () => {
    expect(await verifyLaunchJwt(jwt, { keys }, { random: crypto.random })).toBeUndefined()
  })
})
