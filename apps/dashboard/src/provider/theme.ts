/**
 * The colours of the SDK's dialog, and what can be said about them.
 *
 * @module
 */
export type { Theme } from '../../../api/src/dashboard/theme.ts'

import type { Theme } from '../../../api/src/dashboard/theme.ts'

/** The custom properties that the dialog reads. */
export function propertiesOf({ accent, background, color, radiusPx }: Theme): Record<string, string> {
  return {
    ...(accent && { '--tm-accent': accent, '--tm-on-accent': readableOn(accent) }),
    ...(background && { '--tm-background': background }),
    ...(color && { '--tm-color': color }),
    '--tm-radius': `${radiusPx}px`,
  }
}

export function cssOf(theme: Theme): string {
  const lines = Object.entries(propertiesOf(theme)).map(([name, value]) => `  ${name}: ${value};`)
  return `token-marketplace {\n${lines.join('\n')}\n}`
}

/** Black or white, whichever is read better on it. */
export const readableOn = (ground: string) =>
  contrastOf(ground, '#000000') >= contrastOf(ground, '#ffffff') ? '#000000' : '#ffffff'

/** @example contrastOf('#000000', '#ffffff') // 21 */
export function contrastOf(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

/** WCAG 2.2, relative luminance of sRGB. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
