import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'sdk',
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx', 'test/**/*.test.ts'],
    exclude: process.env.LONG === '1' ? [] : ['**/*.long.test.ts'],
    environment: 'node',
    // As the other projects have it: one with another figure waits until they are done.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
})
