import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('the README shows the example that is type-checked, from the package’s own name', () => {
  const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
  const example = read('example.ts').replace('./src/index.ts', '@token-marketplace/client')
  expect(read('README.md')).toContain(`\`\`\`ts\n${example}\`\`\``)
})
