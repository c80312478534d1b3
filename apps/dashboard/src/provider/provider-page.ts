import type { ReactNode } from 'react'
import type { OwnProvider } from '../api/wire.ts'

export type ProviderPage = (props: { provider: OwnProvider; params: Record<string, string> }) => ReactNode
