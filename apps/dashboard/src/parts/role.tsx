import { createContext, useContext } from 'react'
import type { MemberRole } from '../api/wire.ts'
import type { Choice } from './field.tsx'

export const ROLE_WORDS: Record<MemberRole, string> = {
  owner: 'Owner',
  developer: 'Developer',
  viewer: 'Viewer',
}

/** For whoever is to have it. */
export const ROLE_MEANS: Record<MemberRole, string> = {
  owner: 'You may do everything, and decide who is on the team.',
  developer: 'You see everything, change the listing, keys and webhooks, and start tests.',
  viewer: 'You see everything but secrets, and change nothing.',
}

export const roleChoices: readonly Choice<MemberRole>[] = [
  { value: 'viewer', label: 'Viewer', hint: 'Sees everything but secrets, earnings included.' },
  {
    value: 'developer',
    label: 'Developer',
    hint: 'Also changes the listing, keys and webhooks, and starts tests.',
  },
  { value: 'owner', label: 'Owner', hint: 'Also decides who is on the team.' },
]

const ORDER: readonly MemberRole[] = ['viewer', 'developer', 'owner']

/** What the API would refuse is not offered. */
export const may = (role: MemberRole, needed: MemberRole) => ORDER.indexOf(role) >= ORDER.indexOf(needed)

/** As what one looks at the pages of an app. */
export const RoleContext = createContext<MemberRole>('owner')

export const useMay = (needed: MemberRole) => may(useContext(RoleContext), needed)
