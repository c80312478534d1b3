import { buildIfOld } from './build-if-old.ts'

/** Builds the dashboard's pages when they are missing or older than their sources. Throws what the build said. */
export function buildDashboardIfOld(): Promise<void> {
  return buildIfOld({
    name: 'The dashboard',
    workspace: 'apps/dashboard',
    output: 'dist/index.html',
    // It shows the SDK's own dialog, with the colours that the API makes of a theme.
    sources: [
      'apps/dashboard/src',
      'apps/dashboard/public',
      'apps/api/src/dashboard',
      'packages/sdk/src/dialog',
    ],
  })
}
