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

/**
 * What a page has that sets no colours: the browser's own for a light or a dark one. Asked of the browser, because they
 * differ from one to the next, and the dialog takes the very same.
 */
export function pageColorsOf(scheme: 'light' | 'dark'): { ground: string; ink: string } {
  const probe = document.createElement('span')
  Object.assign(probe.style, { colorScheme: scheme, color: 'CanvasText', backgroundColor: 'Canvas' })
  document.body.append(probe)
  const { color, backgroundColor } = getComputedStyle(probe)
  const colors = { ground: hexOf(backgroundColor), ink: hexOf(color) }
  probe.remove()
  return colors
}

/** @example hexOf('rgb(18, 18, 18)') // '#121212' */
function hexOf(rgb: string): string {
  const channels = rgb.match(/\d+/g)?.slice(0, 3) ?? []
  return `#${channels.map((channel) => Number(channel).toString(16).padStart(2, '0')).join('')}`
}
