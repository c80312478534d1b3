/**
 * Who looks, which apps are theirs, and where this is installed: what every page may ask.
 *
 * @module
 */
import { createContext, type ReactNode, useContext, useState, useSyncExternalStore } from 'react'
import { onSignInChange, signedInUserId, signedOutUserId } from './api/sign-in.ts'
import { type Answer, useAll, useAnswer } from './api/use-answer.ts'
import type { Installation, OwnProvider, Profile, TeamProvider } from './api/wire.ts'
import { Loading } from './parts/loaded.tsx'
import { ProblemNotice } from './parts/notice.tsx'

export interface Account {
  profile: Profile
  providers: TeamProvider[]
  /** After a change: what is shown everywhere from here on. */
  keepProvider: (provider: OwnProvider) => void
  /** After one left its team: it is gone here, before the API is asked again. */
  dropProvider: (id: string) => void
  reloadProviders: () => void
  reloadProfile: () => void
  installation: Installation
}

const AccountContext = createContext<Account | undefined>(undefined)

/** Undefined while nobody is signed in; the pages to sign in are shown then. */
export const useUserId = () => useSyncExternalStore(onSignInChange, signedInUserId)

/** Whose sign-in ended while they were at work; undefined again once they have signed in or left. */
export const useSignedOutUserId = () => useSyncExternalStore(onSignInChange, signedOutUserId)

export function useAccount(): Account {
  const account = useContext(AccountContext)
  if (!account) throw new Error('only pages of somebody signed in ask who it is')
  return account
}

export const isOperator = ({ profile }: Account) => profile.roles.includes('operator')

export function AccountFrame({ children }: { children: ReactNode }) {
  const profile = useAnswer<Profile>('/auth/profile')
  const providers = useAll<TeamProvider>('/providers/mine?limit=100')
  const installation = useAnswer<Installation>('/dashboard/config.json')
  const [kept, setKept] = useState<readonly OwnProvider[]>([])
  const [gone, setGone] = useState<readonly string[]>([])
  const answers: Answer<unknown>[] = [profile, providers, installation]
  const failed = answers.find(({ error, value }) => error !== undefined && value === undefined)
  if (failed) {
    const reloadAll = () => {
      for (const { reload } of answers) reload()
    }
    return (
      <main className="is-narrow">
        <ProblemNotice error={failed.error} onRetry={reloadAll} />
      </main>
    )
  }
  if (!profile.value || !providers.value || !installation.value) {
    return (
      <main className="is-narrow">
        <Loading what="your account" />
      </main>
    )
  }
  const account = {
    profile: profile.value,
    providers: newestOf(kept, providers.value).filter(({ id }) => !gone.includes(id)),
    keepProvider: (provider: OwnProvider) => setKept((before) => [provider, ...before]),
    dropProvider: (id: string) => setGone((before) => [...before, id]),
    reloadProviders: () => {
      setGone([])
      providers.reload()
    },
    reloadProfile: profile.reload,
    installation: installation.value,
  }
  return <AccountContext value={account}>{children}</AccountContext>
}

/** Each provider once, as it was changed last, in the order of registration; changes do not say who one is. */
function newestOf(kept: readonly OwnProvider[], listed: readonly TeamProvider[]): TeamProvider[] {
  const roles = new Map(listed.map(({ id, role }) => [id, role]))
  const byId = new Map<string, TeamProvider>()
  for (const provider of [...kept, ...listed]) {
    const known = byId.get(provider.id)
    // Only what was registered just now is not in the list yet.
    const role = roles.get(provider.id) ?? 'owner'
    if (!known || known.updatedAt < provider.updatedAt) byId.set(provider.id, { ...provider, role })
  }
  return [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1))
}
