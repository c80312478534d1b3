import { expect, test } from 'vitest'
import { launchExpiry, launchUrlOf } from './launch.ts'

test.each([
  ['https://a.example/x', 'https://a.example/x?launch_jwt=e30.c2ln'],
  ['https://a.example', 'https://a.example/?launch_jwt=e30.c2ln'],
  ['https://a.example/x?', 'https://a.example/x?launch_jwt=e30.c2ln'],
  ['https://a.example/x?y=a%20b+c&z', 'https://a.example/x?y=a%20b+c&z&launch_jwt=e30.c2ln'],
  // Latin-1: no text in UTF-8, so whoever reads and writes it again loses it.
  ['https://a.example/x?n=%E4&e=%7E*', 'https://a.example/x?n=%E4&e=%7E*&launch_jwt=e30.c2ln'],
  ['https://a.example/x?a=1&&b=', 'https://a.example/x?a=1&&b=&launch_jwt=e30.c2ln'],
])('%s keeps its own query as it is', (launchUrl, expected) => {
  expect(launchUrlOf({ launchUrl, launchInFragment: false }, 'e30.c2ln')).toBe(expected)
  const inFragment = launchUrlOf({ launchUrl, launchInFragment: true }, 'e30.c2ln')
  expect(inFragment).toBe(`${new URL(launchUrl).href}#launch_jwt=e30.c2ln`)
})

test('a launch ends with the second that its JWT names', () => {
  expect(launchExpiry(new Date('2026-03-01T12:00:00.999Z'))).toEqual(new Date('2026-03-01T12:02:00.000Z'))
})
