import { useState } from 'react'

const STEPS = [0.97, 0.9, 0.8, 0.68, 0.56, 0.44, 0.32, 0.2]
const HARMONIES = { Alone: [0], Neighbours: [-30, 0, 30], Opposites: [0, 180], Thirds: [0, 120, 240] }
type Harmony = keyof typeof HARMONIES

/** Chroma is less at both ends: very light and very dark colours have room for little. */
const toColour = (lightness: number, hue: number) =>
  `oklch(${lightness} ${(0.17 * Math.sin(Math.PI * lightness) ** 0.8).toFixed(3)} ${(hue + 360) % 360})`

export function Palette() {
  const [hue, setHue] = useState(12)
  const [harmony, setHarmony] = useState<Harmony>('Neighbours')
  const [said, setSaid] = useState('Press a colour to copy it.')

  const copy = async (colour: string) => {
    const copied = navigator.clipboard?.writeText(colour).then(() => `Copied ${colour}`)
    setSaid((await copied?.catch(() => undefined)) ?? `${colour} could not be copied.`)
  }

  return (
    <div className="palette" style={{ '--hue': hue } as React.CSSProperties}>
      <h1 className="visually-hidden">Palette</h1>
      {HARMONIES[harmony].map((turn) => (
        <div className="ramp" key={turn}>
          {STEPS.map((lightness) => {
            const colour = toColour(lightness, hue + turn)
            return (
              <button
                type="button"
                key={lightness}
                style={{ background: colour, color: lightness > 0.6 ? '#000b' : '#fffd' }}
                onClick={() => copy(colour)}
                aria-label={`Copy ${colour}`}
              >
                {Math.round(lightness * 100)}
              </button>
            )
          })}
        </div>
      ))}
      <label className="hue">
        <span>Hue</span>
        <input type="range" min="0" max="359" value={hue} onChange={(event) => setHue(+event.target.value)} />
        <output>{hue}°</output>
      </label>
      <fieldset className="harmonies" aria-label="Harmony">
        {(Object.keys(HARMONIES) as Harmony[]).map((name) => (
          <button type="button" key={name} aria-pressed={name === harmony} onClick={() => setHarmony(name)}>
            {name}
          </button>
        ))}
      </fieldset>
      <output className="said">{said}</output>
    </div>
  )
}
