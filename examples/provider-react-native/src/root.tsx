import { MarketplaceSessionProvider } from '@token-marketplace/sdk/react'
import {
  createReactNativePorts,
  type ReactNativePorts,
  type StorageLike,
} from '@token-marketplace/sdk/react-native'
import { useEffect, useState } from 'react'
import { AppState, Linking } from 'react-native'
import { App } from './app'

const apiUrl = 'https://api.example.com'
const providerId = 'prv_fake'

/** Gives the SDK this phone: what the app is doing, which link opened it, and where to keep things. */
export function Root({ storage }: { storage: StorageLike }) {
  const [ports, setPorts] = useState<ReactNativePorts>()
  const [launches, setLaunches] = useState(0)

  useEffect(() => {
    createReactNativePorts({ providerId, appState: AppState, linking: Linking, storage }).then(setPorts)
  }, [storage])
  useEffect(() => ports?.onLaunch(() => setLaunches((count) => count + 1)), [ports])

  if (!ports) return null
  // A further launch while the app runs begins anew: the key takes the old session away.
  return (
    <MarketplaceSessionProvider key={launches} apiUrl={apiUrl} providerId={providerId} ports={ports}>
      <App />
    </MarketplaceSessionProvider>
  )
}
