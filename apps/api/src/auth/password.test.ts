import { parseOptions } from '@node-rs/argon2'
import { expect, test } from 'vitest'
import { createPasswords } from './password.ts'

test('a hash is Argon2id with OWASP’s figures', async () => {
  const hashed = await createPasswords().hash('correct horse')
  expect(hashed).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(parseOptions(hashed)).toMatchObject({ memoryCost: 19_456, timeCost: 2, parallelism: 1 })
})

test('a password opens its own hash only, and no hash opens for nobody', async () => {
  const passwords = createPasswords()
  const hashed = await passwords.hash('correct horse')
  expect(await passwords.verify(hashed, 'correct horse')).toBe(true)
  expect(await passwords.verify(hashed, 'correct house')).toBe(false)
  expect(await passwords.verify(undefined, 'nobody has this password')).toBe(false)
})

test('whoever comes when too many wait is sent away, and the rest are served', async () => {
  const passwords = createPasswords({ burstFactor: 0.02 })
  const answers = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => passwords.hash(`password ${i}`)),
  )
  const refused = answers.filter((answer) => answer.status === 'rejected')
  expect(refused.length).toBeGreaterThanOrEqual(13)
  expect(refused.every(({ reason }) => reason.code === 'unavailable')).toBe(true)
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(6)
  // Every place was given back.
  expect(await passwords.hash('later')).toContain('argon2id')
})
