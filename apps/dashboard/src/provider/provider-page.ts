import type { ReactNode } from 'react'
import type { TeamProvider } from '../api/wire.ts'

export type ProviderPage = (props: { provider: TeamProvider; params: Record<string, string> }) => ReactNode
