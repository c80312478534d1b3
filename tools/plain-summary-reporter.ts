import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one plain line, which programs that read the log can rely on. */
export default class PlainSummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0
    let failed = unhandledErrors.length
    let skipped = 0
    for (const module of modules) {
      let failedInside = 0
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed += 1
        else if (state === 'failed') failedInside += 1
        else skipped += 1
      }
      // A file that cannot be loaded has no tests, and still it failed.
      const isBroken = module.state() === 'failed' && failedInside === 0
      failed += isBroken ? 1 : failedInside
    }
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  }
}
