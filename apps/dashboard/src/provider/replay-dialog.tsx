import { useState } from 'react'
import { call } from '../api/call.ts'
import { useSubmit } from '../api/use-submit.ts'
import { formatNumber } from '../format.ts'
import { FormDialog } from '../parts/dialog.tsx'
import { Field, OneOf } from '../parts/field.tsx'

const DAYS_OFFERED = 7

interface Replayed {
  queued: number
  hasMore: boolean
  lastEventId: string | null
}

/** Sends again what failed, or all events of some days, in as many calls as that takes. */
export function ReplayDialog({
  path,
  onDone,
  onClose,
}: {
  path: string
  onDone: (what: string) => void
  onClose: () => void
}) {
  const [which, setWhich] = useState<'failed' | 'all'>('failed')
  const [from, setFrom] = useState(() => dayOf(DAYS_OFFERED))
  const [to, setTo] = useState(() => dayOf(0))
  const replay = useSubmit(async () => {
    const range = { from: startOf(from), to: startOf(to, 1) }
    let queued = 0
    let answer: Replayed | undefined
    do {
      const after = which === 'all' && answer?.lastEventId ? { after: answer.lastEventId } : {}
      answer = await call<Replayed>('POST', `${path}/replay`, { which, ...range, ...after })
      queued += answer.queued
    } while (answer.hasMore)
    onDone(queued === 1 ? 'One delivery is sent again' : `${formatNumber(queued)} deliveries are sent again`)
  })
  // A range that was refused at its end may be mended at its beginning: the field's error must not stand in the way.
  const change = (set: (day: string) => void) => (day: string) => {
    replay.clear()
    set(day)
  }
  return (
    <FormDialog title="Send again" submit={replay} action="Send again" onClose={onClose}>
      <OneOf
        label="What"
        value={which}
        onChange={setWhich}
        choices={[
          { value: 'failed', label: 'What failed for good' },
          {
            value: 'all',
            label: 'Everything',
            hint: 'Also what happened while this endpoint was disabled or not there. Your server knows repetitions by their webhook-id.',
          },
        ]}
      />
      <Field label="From" name="from" type="date" value={from} onChange={change(setFrom)} isRequired />
      <Field label="To" name="to" type="date" value={to} onChange={change(setTo)} isRequired />
    </FormDialog>
  )
}

/** A day of this browser's calendar, as a date field has it. */
function dayOf(daysAgo: number): string {
  const day = new Date()
  day.setDate(day.getDate() - daysAgo)
  const parts = [day.getFullYear(), day.getMonth() + 1, day.getDate()]
  return parts.map((part) => String(part).padStart(2, '0')).join('-')
}

/** Where a day begins in this browser's time zone, or one that many days later. */
function startOf(day: string, daysLater = 0): string {
  const start = new Date(`${day}T00:00:00`)
  start.setDate(start.getDate() + daysLater)
  return start.toISOString()
}
