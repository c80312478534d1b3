import { SessionTimeline } from '../parts/timeline.tsx'
import { Link, PageTitle } from '../router.tsx'
import type { ProviderPage } from './provider-page.ts'

export const Session: ProviderPage = ({ provider, params }) => {
  const sessionId = params.sessionId ?? ''
  return (
    <>
      <p>
        <Link to={`/providers/${provider.id}/sessions`}>Sessions</Link>
      </p>
      <PageTitle>Session</PageTitle>
      <p className="quiet">
        <code>{sessionId}</code>. Its user can see the same figures.
      </p>
      <SessionTimeline
        key={sessionId}
        isLive
        path={`/providers/${provider.id}/sessions/${encodeURIComponent(sessionId)}/timeline`}
      />
    </>
  )
}
