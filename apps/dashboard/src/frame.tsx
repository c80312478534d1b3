import { type ReactNode, useRef, useState } from 'react'
import { isOperator, useAccount } from './account.tsx'
import { signOut } from './api/sign-in.ts'
import { Button } from './parts/button.tsx'
import { Link, matchPath, navigate, PlaceLink, useAddress } from './router.tsx'
import { useFocusKept } from './use-focus-kept.ts'
import { useOnline } from './use-online.ts'

const providerLinks = [
  ['', 'Overview'],
  ['/integrate', 'Integrate and test'],
  ['/sessions', 'Sessions'],
  ['/analytics', 'Analytics'],
  ['/earnings', 'Earnings'],
  ['/webhooks', 'Webhooks'],
  ['/keys', 'API keys'],
  ['/appearance', 'Dialog'],
  ['/team', 'Team'],
  ['/settings', 'Settings'],
] as const

const operatorLinks = [
  ['/operator', 'Health'],
  ['/operator/review', 'Apps and review'],
  ['/operator/search', 'Search and refund'],
  ['/operator/payouts', 'Payouts'],
  ['/operator/audit', 'Audit log'],
] as const

/** The frame around every page of somebody signed in. */
export function Frame({ children }: { children: ReactNode }) {
  const { path } = useAddress()
  const isOnline = useOnline()
  useFocusKept()
  const providerId = useProviderId()
  return (
    <>
      <PlaceLink className="skip" id="main">
        Skip to the content
      </PlaceLink>
      <header className="top">
        <div className="top-row">
          <Link className="brand" to="/" aria-label="Tally dashboard, home">
            <span className="brand-mark" aria-hidden="true" />
            Tally <small>Dashboard</small>
          </Link>
          <div className="top-end">
            <ProviderChoice providerId={providerId} />
          </div>
        </div>
        <div className="ruler" aria-hidden="true" />
      </header>
      {!isOnline && <output className="banner">You are offline. What you see may be old.</output>}
      <div className="columns">
        <Side key={path} providerId={providerId} />
        <main id="main" tabIndex={-1}>
          {children}
        </main>
      </div>
    </>
  )
}

/** The app that a page is about. The account is about none, and keeps the menu of the one its owner came from. */
function useProviderId(): string | undefined {
  const { providers } = useAccount()
  const { path } = useAddress()
  const named = providers.find(({ id }) => path.startsWith(`/providers/${id}`))?.id
  const [lastId, setLastId] = useState(named)
  if (named !== undefined && named !== lastId) setLastId(named)
  if (path !== '/account') return named
  return (providers.find(({ id }) => id === lastId) ?? providers[0])?.id
}

/**
 * Which app the pages are about; another one opens on the same kind of page.
 *
 * Links behind a button: a list that goes somewhere as soon as its choice changes goes there with the first arrow key.
 */
function ProviderChoice({ providerId }: { providerId: string | undefined }) {
  const { providers } = useAccount()
  const { path } = useAddress()
  const list = useRef<HTMLUListElement>(null)
  if (providers.length === 0) return null
  const page = matchPath('/providers/:id/:page', path)?.page
  const close = () => list.current?.hidePopover()
  return (
    <>
      <button type="button" className="button is-quiet is-small app-button" popoverTarget="apps">
        <span className="visually-hidden">App: </span>
        <span className="app-name">
          {providers.find(({ id }) => id === providerId)?.name ?? 'Choose an app'}
        </span>
        <span aria-hidden="true">▾</span>
      </button>
      <ul id="apps" className="app-list" popover="auto" ref={list} aria-label="Apps">
        {providers.map(({ id, name }) => (
          <li key={id}>
            <Link
              to={`/providers/${id}${page ? `/${page}` : ''}`}
              aria-current={id === providerId ? 'true' : undefined}
              onClick={close}
            >
              {name}
            </Link>
          </li>
        ))}
        <li>
          <Link to="/new" onClick={close}>
            Register another app…
          </Link>
        </li>
      </ul>
    </>
  )
}

function Side({ providerId }: { providerId: string | undefined }) {
  const account = useAccount()
  const [isOpen, setOpen] = useState(false)
  const { profile } = account
  function leave() {
    signOut()
    navigate('/sign-in')
  }
  return (
    <div className="side">
      <button
        type="button"
        className="button is-quiet is-small menu-button"
        aria-expanded={isOpen}
        aria-controls="pages"
        onClick={() => setOpen(!isOpen)}
      >
        Pages <span aria-hidden="true">{isOpen ? '▴' : '▾'}</span>
      </button>
      <div id="pages" className={`side-lists ${isOpen ? '' : 'is-closed'}`}>
        {providerId !== undefined && (
          <nav aria-label="App">
            <Links links={providerLinks.map(([path, text]) => [`/providers/${providerId}${path}`, text])} />
          </nav>
        )}
        {isOperator(account) && (
          <nav aria-label="Operator">
            <p className="side-title">Operator</p>
            <Links links={operatorLinks} />
          </nav>
        )}
        <nav aria-label="Account">
          <p className="side-title">{profile.displayName ?? profile.email}</p>
          <Links links={[['/account', 'Account settings']]} />
          <div className="side-end">
            <Button kind="link" onPress={leave}>
              Sign out
            </Button>
          </div>
        </nav>
      </div>
    </div>
  )
}

function Links({ links }: { links: readonly (readonly [to: string, text: string])[] }) {
  const { path } = useAddress()
  const deepest = links.filter(([to]) => path === to || path.startsWith(`${to}/`)).at(-1)?.[0]
  return (
    <ul>
      {links.map(([to, text]) => (
        <li key={to}>
          <Link to={to} aria-current={to === deepest ? 'page' : undefined}>
            {text}
          </Link>
        </li>
      ))}
    </ul>
  )
}
