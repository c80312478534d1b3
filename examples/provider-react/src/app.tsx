import { formatSeconds } from '@token-marketplace/sdk'
import { SessionGate, useMarketplaceSession, useSecondsLeft } from '@token-marketplace/sdk/react'
import { Palette } from './palette.tsx'

export function App() {
  return (
    <>
      <header>
        <b className="brand">Pigment</b>
        <SessionBar />
      </header>
      <main>
        <SessionGate fallback={<Closed />}>
          <Palette />
        </SessionGate>
      </main>
    </>
  )
}

function SessionBar() {
  const { phase, isEnding, error, pause, resume, complete } = useMarketplaceSession()
  const isRunning = phase === 'active'
  if (!isRunning && phase !== 'paused') return null
  // What goes wrong is in the snapshot: the dialog tells it where the app is closed, a line below where it is not.
  const quietly = (act: () => Promise<unknown>) => () => void act().catch(() => {})
  return (
    <fieldset className={isEnding ? 'session is-ending' : 'session'} aria-label="Your session">
      <TimeLeft />
      <button type="button" onClick={quietly(isRunning ? pause : resume)}>
        {isRunning ? 'Pause' : 'Resume'}
      </button>
      <button type="button" onClick={quietly(complete)}>
        Finish
      </button>
      {error?.isTemporary && <span role="alert">No connection: nothing has changed yet.</span>}
    </fieldset>
  )
}

/** By itself, because it is the one thing that renders every second. */
function TimeLeft() {
  const secondsLeft = useSecondsLeft()
  return <span className="left">{secondsLeft === null ? '–:––' : formatSeconds(secondsLeft)} left</span>
}

const words = {
  idle: ['One moment', 'Your session is being opened.'],
  starting: ['One moment', 'Your session is being opened.'],
  active: ['One moment', 'Waiting for the marketplace.'],
  paused: ['Paused', 'The clock stands still until you resume.'],
  failed: ['A session opens this app', 'Pigment is used by the minute. Open it from the marketplace.'],
  ended: ['That was your session', 'The marketplace shows what it cost.'],
}

function Closed() {
  const { phase, options } = useMarketplaceSession()
  const [title, text] = words[phase]
  return (
    <section className="gate" aria-live="polite">
      <h1>{title}</h1>
      <p>{text}</p>
      {/failed|ended/.test(phase) && <a href={options.marketplaceUrl}>Go to the marketplace</a>}
    </section>
  )
}
