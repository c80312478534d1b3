import { type KeyboardEvent, type PointerEvent, useLayoutEffect, useRef, useState } from 'react'
import { formatNumber } from '../format.ts'

export interface Bar {
  key: string
  /** Below the bar, where there is room. */
  label: string
  /** In words, for whoever points at it or listens. */
  name: string
  value: number
}

const HEIGHT = 208
const BOTTOM = 22
const TOP = 8
const LEFT = 44
const LABEL_WIDTH = 64
const LINES = 4

/**
 * Bars over time. One reads them by pointing, or with the arrow keys: it is a slider over the bars that says the one
 * it stands on. The exact figures stand in a table of the page.
 */
export function BarChart({
  label,
  bars,
  total,
  format = formatNumber,
}: {
  label: string
  bars: readonly Bar[]
  /** Of all of them; not their sum, where the same person may be counted in several. */
  total: number
  format?: (value: number) => string
}) {
  const [width, measure] = useWidth()
  const [chosen, setChosen] = useState<number | undefined>()
  const top = niceTop(Math.max(0, ...bars.map(({ value }) => value)))
  const step = (width - LEFT) / Math.max(1, bars.length)
  const yOf = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)
  const every = Math.max(1, Math.ceil((bars.length * LABEL_WIDTH) / Math.max(1, width - LEFT)))
  const last = bars.length - 1
  const shown = chosen === undefined ? undefined : bars[Math.min(chosen, last)]

  function point(event: PointerEvent<HTMLDivElement>) {
    const { left } = event.currentTarget.getBoundingClientRect()
    setChosen(clamp(Math.floor((event.clientX - left - LEFT) / step), last))
  }
  function turn(event: KeyboardEvent) {
    const from = chosen ?? 0
    const moves: Record<string, number> = {
      ArrowRight: from + 1,
      ArrowLeft: from - 1,
      Home: 0,
      End: last,
      PageUp: from + 7,
      PageDown: from - 7,
    }
    const to = moves[event.key]
    if (to === undefined) return
    event.preventDefault()
    setChosen(clamp(to, last))
  }

  return (
    <figure>
      <div className="chart" ref={measure}>
        <svg viewBox={`0 0 ${width} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          {Array.from({ length: LINES + 1 }, (_, index) => (top / LINES) * index).map((value) => (
            <g key={value}>
              <line className="chart-line" x1={LEFT} x2={width} y1={yOf(value)} y2={yOf(value)} />
              <text className="chart-text" x={LEFT - 8} y={yOf(value) + 4} textAnchor="end">
                {compact.format(value)}
              </text>
            </g>
          ))}
          {bars.map(({ key, label: text, value }, index) => (
            <g key={key}>
              <rect
                className={`chart-bar ${index === chosen ? 'is-chosen' : ''}`}
                x={LEFT + index * step + step * 0.15}
                width={Math.max(1, step * 0.7)}
                y={yOf(value)}
                height={Math.max(0, yOf(0) - yOf(value))}
              />
              {index % every === 0 && (
                <text
                  className="chart-text"
                  x={Math.min(LEFT + (index + 0.5) * step, width - 4)}
                  y={HEIGHT - 4}
                  textAnchor={LEFT + (index + 0.5) * step > width - LABEL_WIDTH / 2 ? 'end' : 'middle'}
                >
                  {text}
                </text>
              )}
            </g>
          ))}
        </svg>
        <div
          className="chart-hand"
          role="slider"
          tabIndex={0}
          aria-label={label}
          aria-valuemin={0}
          aria-valuemax={Math.max(0, last)}
          aria-valuenow={chosen ?? 0}
          aria-valuetext={
            shown ? `${shown.name}: ${format(shown.value)}` : `${bars.length} bars, ${format(total)} in all`
          }
          onPointerDown={point}
          onPointerMove={point}
          // A finger that is lifted leaves, too, and what it pointed at is to be read.
          onPointerLeave={({ pointerType }) => pointerType === 'mouse' && setChosen(undefined)}
          onKeyDown={turn}
          onBlur={() => setChosen(undefined)}
        />
      </div>
      <figcaption className="chart-reading" aria-hidden="true">
        {shown ? (
          <>
            {shown.name}: <b>{format(shown.value)}</b>
          </>
        ) : (
          <>
            In all <b>{format(total)}</b>
          </>
        )}
      </figcaption>
    </figure>
  )
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

const clamp = (value: number, last: number) => Math.max(0, Math.min(last, value))

/** A round number at or above, that four lines divide well. */
export function niceTop(highest: number): number {
  if (highest <= 4) return 4
  const magnitude = 10 ** Math.floor(Math.log10(highest))
  const found = [1, 2, 4, 6, 8, 10].find((factor) => factor * magnitude >= highest) ?? 10
  return found * magnitude
}

function useWidth(): [number, (element: HTMLDivElement | null) => void] {
  const [width, setWidth] = useState(640)
  const observed = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const element = observed.current
    if (!element) return
    const observer = new ResizeObserver(() => setWidth(Math.max(120, element.clientWidth)))
    setWidth(Math.max(120, element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [
    width,
    (element) => {
      observed.current = element
    },
  ]
}
