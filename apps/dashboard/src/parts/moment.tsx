import { formatMoment } from '../format.ts'

/** An instant in the reader's own time zone, on one line. */
export function Moment({ at }: { at: string }) {
  return (
    <time className="nowrap" dateTime={at}>
      {formatMoment(at)}
    </time>
  )
}
