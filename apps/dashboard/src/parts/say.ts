/** Tells a screen reader what has changed elsewhere on the page. */
export function say(text: string): void {
  const region = document.getElementById('said')
  if (!region) return
  // The same words twice are a change only if there was something else in between.
  region.textContent = ''
  requestAnimationFrame(() => {
    region.textContent = text
  })
}
