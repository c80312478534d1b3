/** Draws hills as SVG; the same seed gives the same one. */
export function drawHills(seed: number): string {
  const random = seeded(seed)
  const hue = Math.floor(random() * 360)
  const sun = { x: 150 + random() * 700, y: 120 + random() * 160, r: 30 + random() * 50 }
  const waves = Array.from({ length: 9 }, (_, depth) => {
    const y = 300 + depth * 36
    const points = Array.from({ length: 11 }, (_, step) => `${step * 100},${y + (random() - 0.5) * 44}`)
    const colour = `oklch(${0.78 - depth * 0.065} 0.07 ${hue + depth * 9})`
    return `<path d="M0,640 L${points.join(' L')} L1000,640Z" fill="${colour}" stroke="${colour}" stroke-width="24" stroke-linejoin="round"/>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 620"><rect width="1000" height="620" fill="oklch(0.93 0.04 ${hue + 40})"/><circle cx="${sun.x}" cy="${sun.y}" r="${sun.r}" fill="oklch(0.85 0.13 ${hue + 60})"/>${waves.join('')}</svg>`
}

/** Mulberry32. */
function seeded(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
