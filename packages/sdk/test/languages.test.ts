import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MarketplaceError } from '../src/errors.ts'
import german from '../src/languages/de.ts'
import { english, type Texts } from '../src/texts.ts'

const codes = readdirSync(join(import.meta.dirname, '../src/languages')).flatMap(
  (name) => /^(\w+)\.ts$/.exec(name)?.[1] ?? [],
)

test('there are Arabic, German, Spanish, French and Japanese', () => {
  expect(codes).toEqual(['ar', 'de', 'es', 'fr', 'ja'])
})

test.each(codes)('%s says everything, and the time where English does', async (code) => {
  const { default: texts } = (await import(`../src/languages/${code}.ts`)) as { default: Texts }
  expect(Object.keys(texts).sort()).toEqual(Object.keys(german).sort())
  for (const [key, sentence] of Object.entries(english)) {
    expect(texts[key as keyof Texts].length, key).toBeGreaterThan(1)
    expect(texts[key as keyof Texts].includes('{time}'), key).toBe(sentence.includes('{time}'))
  }
})

test('every error has a sentence for the user in every language', () => {
  for (const key of Object.keys(german)) {
    if (key in english) continue
    expect(new MarketplaceError(key as 'offline').userMessage.length).toBeGreaterThan(5)
  }
})
