import type { Funnel as Answer } from '../api/wire.ts'
import { formatNumber, formatShare } from '../format.ts'
import { Table } from '../parts/table.tsx'

/** How many came how far, from seeing the listing to completing a session. */
export function Funnel({ funnel }: { funnel: Answer }) {
  const { seen, opened, validated, firstBeat, completed } = funnel
  const ofOpened = (count: number) => `${formatShare(count, opened)} of opened`
  const stages = [
    { name: 'Seen in the marketplace', count: seen, note: '' },
    // Who opens a session elsewhere than on the listing was not seen there.
    {
      name: 'Session opened',
      count: opened,
      note: seen >= opened ? `${formatShare(opened, seen)} of looks` : '',
    },
    { name: 'Reached your app', count: validated, note: ofOpened(validated) },
    { name: 'Used it', count: firstBeat, note: ofOpened(firstBeat) },
    { name: 'Completed', count: completed, note: ofOpened(completed) },
  ]
  const most = Math.max(1, seen, opened)
  return (
    <ol className="funnel">
      {stages.map(({ name, count, note }) => (
        <li key={name}>
          <p className="funnel-line">
            <span>{name}</span>
            <span>
              {opened > 0 && note && <span className="quiet">{note}</span>} <b>{formatNumber(count)}</b>
            </span>
          </p>
          <div className="funnel-bar" aria-hidden="true">
            {count > 0 && <span style={{ inlineSize: `${(100 * count) / most}%` }} />}
          </div>
        </li>
      ))}
    </ol>
  )
}

/** What became of all that were opened: each is in one row. */
export function FunnelEnds({ funnel }: { funnel: Answer }) {
  const { opened, ended, brokenOff, running } = funnel
  const { neverValidated, neverUsed, whileUsed } = brokenOff
  const rows = [
    {
      what: 'Completed',
      why: 'Your app or the user ended it before the time was over.',
      count: ended.completed,
    },
    {
      what: 'Time was up',
      why: 'All that was paid for was used, or a day had passed.',
      count: Math.max(0, opened - ended.completed - neverValidated - neverUsed - whileUsed - running),
    },
    {
      what: 'Never arrived',
      why: 'Your app did not validate the launch: closed on the way, or your page failed.',
      count: neverValidated,
    },
    {
      what: 'Arrived, never used',
      why: 'Your app confirmed nothing: closed at once, or the SDK did not run.',
      count: neverUsed,
    },
    {
      what: 'Left while using it',
      why: 'Half an hour of silence, or the session was revoked.',
      count: whileUsed,
    },
    { what: 'Still running', why: '', count: running },
  ]
  return (
    <Table
      label="What became of them"
      rows={rows}
      keyOf={({ what }) => what}
      columns={[
        {
          name: 'What became of them',
          cell: ({ what, why }) => (
            <span>
              {what} <span className="quiet">{why}</span>
            </span>
          ),
        },
        { name: 'Sessions', isNumber: true, cell: ({ count }) => formatNumber(count) },
        { name: 'Share', isNumber: true, cell: ({ count }) => formatShare(count, opened) },
      ]}
    />
  )
}
