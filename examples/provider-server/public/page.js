// Asks the server for drawings with the session's JWT. The page decides nothing: the server does.
const drawing = /** @type {HTMLImageElement} */ (document.getElementById('drawing'))
const said = /** @type {HTMLElement} */ (document.getElementById('said'))

document.addEventListener('tm:start', draw)
document.getElementById('again')?.addEventListener('click', draw)

async function draw() {
  const { session } = /** @type {any} */ (window).TokenMarketplace
  const seed = Math.floor(Math.random() * 1e9)
  const response = await fetch(`/drawings/${seed}`, {
    headers: { authorization: `Bearer ${session.getSessionJwt()}` },
  }).catch(() => undefined)
  if (!response?.ok) {
    drawing.hidden = true
    said.textContent = response ? (await response.json()).title : 'The server does not answer. Try again.'
    return
  }
  URL.revokeObjectURL(drawing.src)
  drawing.src = URL.createObjectURL(await response.blob())
  drawing.hidden = false
  said.textContent = `Hills no. ${seed}`
}
