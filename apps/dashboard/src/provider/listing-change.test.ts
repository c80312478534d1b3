import { expect, test } from 'vitest'
import { changeOf, type ListingForm } from './listing-change.ts'

const form: ListingForm = {
  name: 'Stille',
  description: '',
  category: 'productivity',
  tokensPerMinute: '4',
  launchUrl: 'https://app.example.com/',
  allowedOrigins: 'https://app.example.com',
  iconUrl: '',
  place: 'query',
}

test('only what was changed is told, so that nothing of a colleague’s is taken back', () => {
  expect(changeOf(form, { ...form, description: 'A timer.' })).toEqual({ description: 'A timer.' })
  expect(changeOf(form, { ...form, name: ' Stille ', allowedOrigins: 'https://app.example.com\n' })).toEqual(
    {},
  )
  expect(changeOf(form, { ...form, iconUrl: 'https://a.example/i.svg', place: 'fragment' })).toEqual({
    iconUrl: 'https://a.example/i.svg',
    launchInFragment: true,
  })
})

test('of the addresses both are told, because they are looked at together', () => {
  expect(changeOf(form, { ...form, launchUrl: 'https://app.example.com/start' })).toEqual({
    launchUrl: 'https://app.example.com/start',
    allowedOrigins: ['https://app.example.com'],
  })
})

test('a price that is no number is told as one that the API refuses', () => {
  expect(JSON.stringify(changeOf(form, { ...form, tokensPerMinute: 'ten' }))).toBe('{"tokensPerMinute":null}')
})
