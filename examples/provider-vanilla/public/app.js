/**
 * The app itself: one thing, one round of time, a ring that breathes.
 *
 * It knows of its session only through three events of the SDK: when the clock of the session stands
 * still, so does the round.
 *
 * @module
 */
const place = (id) => /** @type {any} */ (document.getElementById(id))
const task = place('task')
const time = place('time')
const cue = place('cue')
const done = place('done')
const go = place('go')
const log = place('log')
const lengths = [...place('lengths').querySelectorAll('button')]

const TICK_MS = 200
/** In for four, hold for two, out for six: slower than one breathes at a desk. */
const BREATH = [
  { seconds: 4, word: 'Breathe in' },
  { seconds: 2, word: 'Hold' },
  { seconds: 6, word: 'Breathe out' },
]
const BREATH_SECONDS = 12

let minutes = 25
let leftMs = minutes * 60_000
let isRunning = false
let wasRunning = false
let lastTick = 0
let ticking

draw()
for (const button of lengths) button.addEventListener('click', () => choose(Number(button.dataset.minutes)))
go.addEventListener('click', () => (isRunning ? stop('Held. Begin again when you like.') : begin()))
task.addEventListener('keydown', (event) => event.key === 'Enter' && !isRunning && begin())

// The session of the marketplace.
document.addEventListener('tm:pause', holdWithSession)
document.addEventListener('tm:block', holdWithSession)
document.addEventListener('tm:resume', goOnWithSession)
document.addEventListener('tm:unblock', goOnWithSession)

function holdWithSession() {
  wasRunning ||= isRunning
  if (isRunning) stop('Held with your session.')
}

function goOnWithSession() {
  if (wasRunning) begin()
  wasRunning = false
}

function choose(next) {
  minutes = next
  leftMs = minutes * 60_000
  if (isRunning) stop()
  draw()
}

function begin() {
  if (leftMs <= 0) leftMs = minutes * 60_000
  isRunning = true
  lastTick = performance.now()
  clearInterval(ticking)
  ticking = setInterval(tick, TICK_MS)
  say(`Begun: ${task.value.trim() || 'one thing'}, ${Math.ceil(leftMs / 60_000)} minutes.`)
  draw()
}

function stop(words = '') {
  isRunning = false
  clearInterval(ticking)
  if (words) say(words)
  draw()
}

function tick() {
  const now = performance.now()
  leftMs -= now - lastTick
  lastTick = now
  if (leftMs > 0) return draw()
  leftMs = 0
  stop(`Done: ${task.value.trim() || 'one thing'}.`)
  const item = document.createElement('li')
  item.textContent = `${task.value.trim() || 'One thing'}, ${minutes} min`
  log.prepend(item)
}

function draw() {
  const seconds = Math.ceil(leftMs / 1000)
  const elapsed = minutes * 60 - leftMs / 1000
  time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  cue.textContent = isRunning ? breath(elapsed) : leftMs === 0 ? 'Well done' : 'Ready'
  done.style.strokeDashoffset = String(1 - elapsed / (minutes * 60))
  // Its round end would show as a dot where nothing is done yet.
  done.style.visibility = elapsed > 0 ? 'visible' : 'hidden'
  go.textContent = isRunning ? 'Hold' : leftMs < minutes * 60_000 && leftMs > 0 ? 'Go on' : 'Begin'
  document.body.classList.toggle('is-running', isRunning)
  for (const button of lengths)
    button.setAttribute('aria-pressed', String(Number(button.dataset.minutes) === minutes))
}

function breath(elapsed) {
  let at = elapsed % BREATH_SECONDS
  for (const { seconds, word } of BREATH) {
    if (at < seconds) return word
    at -= seconds
  }
  return ''
}

function say(words) {
  place('said').textContent = words
}
