import { defineConfig } from 'vitest/config'

// What takes minutes is named *.long.test.ts and runs under `npm run test:long`.
const exclude = process.env.LONG === '1' ? [] : ['**/*.long.test.ts']
const always = ['**/node_modules/**', '**/dist/**']

// Files of one worker share what they import, the API above all: reading and compiling it anew for each of them took more
// than half of the processors' time. So no file leaves anything behind in a module.
const isolate = false

const engines = {
  test: {
    name: 'engines',
    include: ['tests/engines/*.test.ts'],
    exclude: always,
    globalSetup: ['apps/api/test/global-setup.ts'],
    testTimeout: 150_000,
    hookTimeout: 120_000,
  },
}

export default defineConfig({
  test: {
    reporters: ['default', './tools/plain-summary-reporter.ts'],
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'api',
          include: ['apps/api/**/*.test.ts', 'tests/*.test.ts'],
          exclude: [...always, ...exclude],
          globalSetup: ['apps/api/test/global-setup.ts'],
          isolate,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      'packages/*/vitest.config.ts',
      { test: { name: 'dashboard', include: ['apps/dashboard/src/**/*.test.ts'] } },
      {
        test: {
          name: 'tools',
          include: ['tools/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: [...always, ...exclude],
          isolate,
          testTimeout: 60_000,
        },
      },
      // Engines that most machines lack, so only when asked for: `npm run test:engines`.
      ...(process.env.ENGINES === '1' ? [engines] : []),
      {
        test: {
          name: 'packaging',
          include: ['tests/packaging/**/*.test.ts'],
          exclude: [...always, ...exclude],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          exclude: [...always, ...exclude],
          globalSetup: ['apps/api/test/global-setup.ts'],
          isolate,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // After everything else: timers in a page are part of what is tested.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
