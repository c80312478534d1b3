/**
 * What colours of a theme come to. Imports nothing: the dashboard's pages use it as it is, so that what they show is
 * what the SDK gets.
 *
 * @module
 */
import type { Theme } from './theme.ts'

/** What the SDK's dialog has by itself. */
export const PLAIN_RADIUS_PX = 16

/** As the dialog takes it: custom properties of CSS, those alone that were chosen. */
export function propertiesOf({ accent, background, color, radiusPx }: Theme): Record<string, string> {
  return {
    ...(accent && { '--tm-accent': accent, '--tm-on-accent': readableOn(accent) }),
    ...(background && { '--tm-background': background }),
    ...(color && { '--tm-color': color }),
    ...(radiusPx !== PLAIN_RADIUS_PX && { '--tm-radius': `${radiusPx}px` }),
  }
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
