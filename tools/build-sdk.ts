import { buildIfOld } from './build-if-old.ts'

/** Builds the SDK when its bundle is missing or older than its sources. Throws what the build said. */
export function buildSdkIfOld(): Promise<void> {
  return buildIfOld({
    name: 'The SDK',
    workspace: 'packages/sdk',
    output: 'dist/sdk.min.js',
    sources: ['packages/sdk/src'],
  })
}
