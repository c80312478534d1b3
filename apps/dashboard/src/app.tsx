import { useEffect } from 'react'
import { AccountFrame, isOperator, useAccount, useSignedOutUserId, useUserId } from './account.tsx'
import { Frame } from './frame.tsx'
import { Audit } from './operator/audit.tsx'
import { Health } from './operator/health.tsx'
import { Payouts } from './operator/payouts.tsx'
import { Review } from './operator/review.tsx'
import { Search } from './operator/search.tsx'
import { AccountSettings } from './pages/account-settings.tsx'
import { Invitation } from './pages/invitation.tsx'
import { NewProvider } from './pages/new-provider.tsx'
import { NotFound } from './pages/not-found.tsx'
import { SignIn, SignInAgain } from './pages/sign-in.tsx'
import { Guard } from './parts/guard.tsx'
import { Notice } from './parts/notice.tsx'
import { may, RoleContext } from './parts/role.tsx'
import { Analytics } from './provider/analytics.tsx'
import { Appearance } from './provider/appearance.tsx'
import { Earnings } from './provider/earnings.tsx'
import { Integrate } from './provider/integrate.tsx'
import { Keys } from './provider/keys.tsx'
import { Overview } from './provider/overview.tsx'
import type { ProviderPage } from './provider/provider-page.ts'
import { Session } from './provider/session.tsx'
import { Sessions } from './provider/sessions.tsx'
import { Settings } from './provider/settings.tsx'
import { Team } from './provider/team.tsx'
import { WebhookEndpoint } from './provider/webhook-endpoint.tsx'
import { Webhooks } from './provider/webhooks.tsx'
import { matchPath, navigate, useAddress } from './router.tsx'

/** Pages about one app; each gets the provider, and what else its address names. */
const providerPages: Record<string, ProviderPage> = {
  '/providers/:id': Overview,
  '/providers/:id/integrate': Integrate,
  '/providers/:id/sessions': Sessions,
  '/providers/:id/sessions/:sessionId': Session,
  '/providers/:id/analytics': Analytics,
  '/providers/:id/earnings': Earnings,
  '/providers/:id/webhooks': Webhooks,
  '/providers/:id/webhooks/:endpointId': WebhookEndpoint,
  '/providers/:id/keys': Keys,
  '/providers/:id/appearance': Appearance,
  '/providers/:id/team': Team,
  '/providers/:id/settings': Settings,
}

/** Pages that are there to change something. */
const changing = /\/(integrate|webhooks(\/:endpointId)?|keys|appearance|settings)$/

/** Pages of operators. Nobody else learns that they exist. */
const operatorPages: Record<string, () => React.ReactNode> = {
  '/operator': Health,
  '/operator/review': Review,
  '/operator/search': Search,
  '/operator/payouts': Payouts,
  '/operator/audit': Audit,
}

export function App() {
  const { path } = useAddress()
  const userId = useUserId()
  const signedOutUserId = useSignedOutUserId()
  const shownUserId = userId ?? signedOutUserId
  // Whoever is invited may have no account yet.
  if (path === '/invitation') return <Invitation />
  if (path === '/sign-in' || path === '/register' || shownUserId === undefined) {
    return <SignIn isNew={path === '/register'} />
  }
  return (
    <>
      {/* Another person's sign-in, in whatever tab, is another set of everything. */}
      <AccountFrame key={shownUserId}>
        <Frame>
          <Guard key={path}>
            <Page path={path} />
          </Guard>
        </Frame>
      </AccountFrame>
      {userId === undefined && <SignInAgain />}
    </>
  )
}

function Page({ path }: { path: string }) {
  const account = useAccount()
  if (path === '/') return <Home />
  if (path === '/new') return <NewProvider />
  if (path === '/account') return <AccountSettings />
  const OperatorPage = operatorPages[path]
  if (OperatorPage && isOperator(account)) return <OperatorPage />
  for (const [pattern, ProviderPageOf] of Object.entries(providerPages)) {
    const params = matchPath(pattern, path)
    const provider = params && account.providers.find(({ id }) => id === params.id)
    if (!params || !provider) continue
    return (
      <>
        {provider.status === 'suspended' && (
          <Notice title="This app is suspended">
            <p>{provider.reviewNote ?? 'An operator took it out of the catalogue.'}</p>
          </Notice>
        )}
        {changing.test(pattern) && !may(provider.role, 'developer') && (
          <Notice title="You may look and change nothing">
            <p>Your role on this team is viewer. An owner can give you another one.</p>
          </Notice>
        )}
        <RoleContext value={provider.role}>
          <ProviderPageOf key={provider.id} provider={provider} params={params} />
        </RoleContext>
      </>
    )
  }
  return <NotFound />
}

/** Where one goes on: the newest app, the operators' desk, or the first registration. */
function Home() {
  const account = useAccount()
  const [first] = account.providers
  const to = first ? `/providers/${first.id}` : isOperator(account) ? '/operator' : '/new'
  useEffect(() => navigate(to, { replace: true }), [to])
  return null
}
