/**
 * The colours of the SDK's dialog, reckoned as the API reckons them.
 *
 * @module
 */
import { propertiesOf } from '../../../api/src/dashboard/theme-colors.ts'
import type { Theme } from '../api/wire.ts'

export { contrastOf, propertiesOf, readableOn } from '../../../api/src/dashboard/theme-colors.ts'

export function cssOf(theme: Theme): string {
  const lines = Object.entries(propertiesOf(theme)).map(([name, value]) => `  ${name}: ${value};`)
  return lines.length === 0
    ? '/* The dialog as it is, in your page’s colours. */'
    : `token-marketplace {\n${lines.join('\n')}\n}`
}
