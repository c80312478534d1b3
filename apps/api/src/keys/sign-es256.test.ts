import { generateKeyPairSync, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { signEs256 } from './sign-es256.ts'

/** One number in 256 begins with a zero byte, which DER leaves out: of so many signatures some thirty have one. */
const SIGNATURES = 4_000

test('every signature is two numbers of 32 bytes, however short they are, and verifies', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' as const }
  const wrong: string[] = []
  let short = 0
  for (let i = 0; i < SIGNATURES; i += 1) {
    const text = `a header and the payload ${i}`
    const signature = signEs256(text, privateKey)
    if (signature[0] === 0 || signature[32] === 0) short += 1
    if (signature.length !== 64 || !verify('sha256', Buffer.from(text), key, signature))
      wrong.push(signature.toString('hex'))
  }
  expect(wrong).toEqual([])
  expect(short).toBeGreaterThan(0)
})
