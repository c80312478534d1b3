import { useId } from 'react'
import { useRepeated } from '../api/use-answer.ts'
import { type Timeline, useTimeline } from '../api/use-timeline.ts'
import { formatNumber, formatTime } from '../format.ts'
import { changeQuery, useAddress } from '../router.tsx'
import { Select } from './field.tsx'
import { Figures } from './figures.tsx'
import { Loaded, MoreButton } from './loaded.tsx'
import { Notice } from './notice.tsx'
import { Table } from './table.tsx'
import { describeLine, MARK_WORDS, type TimelineLine, toLines } from './timeline-rows.ts'

const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })
const clock = new Intl.DateTimeFormat('en', { timeStyle: 'medium' })

const views = [
  { value: 'gathered', label: 'Ordinary beats together' },
  { value: 'apart', label: 'Every beat' },
  { value: 'marked', label: 'Only what is marked' },
] as const
const REFRESH_MS = 10_000

/** What happened in a session, for both sides of it and for operators, whose every look is on record. */
export function SessionTimeline({ path, isLive = false }: { path: string; isLive?: boolean }) {
  const timeline = useTimeline(path)
  // What it cost is settled when it ends, so until then there is more to come. Looking again would fold up later pages.
  const isFollowed = isLive && timeline.value?.tokensCharged === null && timeline.value.nextAfter === null
  useRepeated(timeline, REFRESH_MS, isFollowed)
  return (
    <Loaded answer={timeline} what="the timeline">
      {(value) => (
        <>
          <p className="quiet">
            {value.tokensCharged === null ? 'It has not ended.' : 'It has ended.'}
            {isFollowed && ' What stands here is looked up again every ten seconds.'}
          </p>
          <Summary timeline={value} />
          <Marks timeline={value} />
          <Lines timeline={value} />
          <MoreButton pages={timeline} />
        </>
      )}
    </Loaded>
  )
}

function Summary({ timeline }: { timeline: Timeline }) {
  const { usedMs, unbilledMs, pausedMs, beats, tokensCharged, tokensPerMinute, hasShortLease } = timeline
  return (
    <>
      <Figures
        figures={[
          { name: 'Used', value: formatTime(usedMs), note: 'what counts' },
          { name: 'Served, not billed', value: formatTime(unbilledMs), note: 'nobody pays for it' },
          { name: 'In pauses', value: formatTime(pausedMs) },
          { name: 'Beats', value: formatNumber(beats) },
          {
            name: 'Charged',
            value: tokensCharged === null ? '–' : formatNumber(tokensCharged),
            note:
              tokensCharged === null
                ? `when it ends, at ${formatNumber(tokensPerMinute)} a minute`
                : `at ${formatNumber(tokensPerMinute)} a minute`,
          },
        ]}
      />
      {!timeline.isComplete && (
        <Notice title="Not every beat is on record">
          <p>
            Beats are kept for 120 days. What remains are the changes of the session and the lines of the
            ledger.
          </p>
        </Notice>
      )}
      {hasShortLease && (
        <Notice title="Short leases">
          <p>
            This person was served more than ten minutes without paying within a day, so every gap counted up
            to 45 seconds.
          </p>
        </Notice>
      )}
    </>
  )
}

function Marks({ timeline: { marks } }: { timeline: Timeline }) {
  const id = useId()
  return (
    <section className="sheet" aria-labelledby={id}>
      <h2 id={id}>Marked in it</h2>
      {marks.length === 0 ? (
        <p className="quiet">Nothing: no change of address or browser, and all that was served counts.</p>
      ) : (
        <dl className="facts marks">
          {marks.map(({ mark, count, ms }) => (
            <div className="contents" key={mark}>
              <dt>
                <span className="mark">{MARK_WORDS[mark][0]}</span>
              </dt>
              <dd>
                {count === 1 ? 'Once' : `${formatNumber(count)} times`}
                {ms !== null && `, ${formatTime(ms)} in all`}.{' '}
                <span className="quiet">{MARK_WORDS[mark][1]}</span>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  )
}

function Lines({ timeline: { entries } }: { timeline: Timeline }) {
  const { query } = useAddress()
  const view = views.find(({ value }) => value === query.get('lines'))?.value ?? 'gathered'
  const id = useId()
  const all = toLines(entries, view !== 'gathered')
  const lines = view === 'marked' ? all.filter(({ marks }) => marks.length > 0) : all
  const dayOf = ({ at }: { at: string }) => day.format(new Date(at))
  const isOneDay = new Set(entries.map(dayOf)).size === 1
  const first = entries[0]
  return (
    <section aria-labelledby={id}>
      <div className="section-head">
        <h2 id={id}>{isOneDay && first ? dayOf(first) : 'What happened'}</h2>
        <Select
          label="Which lines"
          isLabelHidden
          value={view}
          choices={views}
          onChange={(value) => changeQuery({ lines: value === 'gathered' ? null : value })}
        />
      </div>
      {lines.length === 0 && <p className="quiet">Nothing is marked.</p>}
      {lines.length > 0 && (
        <Table<TimelineLine & { key: string }>
          label="Timeline"
          rows={lines.map((line, i) => ({ ...line, key: `${line.at} ${line.what} ${i}` }))}
          keyOf={({ key }) => key}
          columns={[
            { name: 'When', cell: (line) => <When line={line} hasDay={!isOneDay} /> },
            {
              name: 'What',
              cell: (line) => (
                <span className="marked">
                  {describeLine(line)}
                  {line.marks.map((mark) => (
                    <span className="mark" key={mark}>
                      {MARK_WORDS[mark][0]}
                    </span>
                  ))}
                </span>
              ),
            },
            { name: 'Counted', isNumber: true, cell: ({ countedMs }) => timeOf(countedMs) },
            { name: 'Not billed', isNumber: true, cell: ({ unbilledMs }) => timeOf(unbilledMs || null) },
            { name: 'Used until then', isNumber: true, cell: ({ usedMs }) => timeOf(usedMs) },
            {
              name: 'Tokens',
              isNumber: true,
              cell: ({ tokens, what }) =>
                tokens === null
                  ? null
                  : `${formatNumber(tokens)}${what === 'charge' || what === 'fee' ? '' : ' held'}`,
            },
          ]}
        />
      )}
    </section>
  )
}

/** What a line has no figure for stays empty, and on a phone takes no room. */
const timeOf = (ms: number | null) => (ms === null ? null : formatTime(ms))

function When({ line: { at, until }, hasDay }: { line: TimelineLine; hasDay: boolean }) {
  const show = (instant: string) => {
    const date = new Date(instant)
    return hasDay ? `${day.format(date)}, ${clock.format(date)}` : clock.format(date)
  }
  return (
    <span>
      <time className="nowrap" dateTime={at} title={at}>
        {show(at)}
      </time>
      {until !== at && (
        <>
          {' – '}
          <time className="nowrap" dateTime={until} title={until}>
            {clock.format(new Date(until))}
          </time>
        </>
      )}
    </span>
  )
}
