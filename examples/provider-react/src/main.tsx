import { MarketplaceSessionProvider } from '@token-marketplace/sdk/react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import './style.css'

const { API_URL, MARKETPLACE_URL, PROVIDER_ID } = import.meta.env

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MarketplaceSessionProvider apiUrl={API_URL} providerId={PROVIDER_ID} marketplaceUrl={MARKETPLACE_URL}>
      <App />
    </MarketplaceSessionProvider>
  </StrictMode>,
)
