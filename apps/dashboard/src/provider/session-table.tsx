import type { ProviderSession } from '../api/wire.ts'
import { formatNumber, formatTime, shortId } from '../format.ts'
import { Moment } from '../parts/moment.tsx'
import { SessionState } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { Link } from '../router.tsx'

/**
 * @param elapsedMs what has passed since the figures were true; running sessions go on by it, as far as they are served
 */
export function SessionTable({
  label,
  sessions,
  elapsedMs = 0,
}: {
  label: string
  sessions: readonly ProviderSession[]
  elapsedMs?: number
}) {
  return (
    <Table
      label={label}
      rows={sessions}
      keyOf={({ id }) => id}
      columns={[
        {
          name: 'Session',
          cell: (session) => (
            <span>
              <Link to={`/providers/${session.providerId}/sessions/${session.id}`} title={session.id}>
                <code>{shortId(session.id)}</code>
              </Link>{' '}
              {session.isTest && <span className="badge">Test</span>}
            </span>
          ),
        },
        { name: 'State', cell: (session) => <SessionState session={session} /> },
        { name: 'User', cell: ({ userRef }) => <code title={userRef}>{shortId(userRef)}</code> },
        {
          name: 'Opened',
          cell: ({ createdAt }) => <Moment at={createdAt} />,
        },
        {
          name: 'Used of',
          isNumber: true,
          cell: (session) =>
            `${formatTime(usedMsOf(session, elapsedMs))} / ${formatTime(session.durationSeconds * 1000)}`,
        },
        {
          name: 'Tokens',
          isNumber: true,
          cell: ({ tokensCharged, tokensHeld, isTest }) =>
            isTest
              ? 'free'
              : tokensCharged === null
                ? `${formatNumber(tokensHeld)} held`
                : formatNumber(tokensCharged),
        },
      ]}
    />
  )
}

/** Counts on between two answers, never beyond what the app may serve. */
function usedMsOf(session: ProviderSession, elapsedMs: number): number {
  const { status, usedMs, serveUntil, serverTime, durationSeconds } = session
  if (status !== 'active' || serveUntil === null) return usedMs
  const leaseMs = Date.parse(serveUntil) - Date.parse(serverTime)
  return Math.min(durationSeconds * 1000, usedMs + Math.min(elapsedMs, leaseMs))
}
