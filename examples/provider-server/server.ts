import { serve } from '@hono/node-server'
import { createApp } from './app.ts'

const { API_URL, MARKETPLACE_URL, PROVIDER_ID, PORT = '4005', HOST = '127.0.0.1' } = process.env
const apiUrl = API_URL || 'http://localhost:4000'
const marketplaceUrl = MARKETPLACE_URL || 'http://localhost:4001'

const app = createApp({ apiUrl, marketplaceUrl, providerId: PROVIDER_ID || '' })
const server = serve({ fetch: app.fetch, port: Number(PORT), hostname: HOST })

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => process.exit(server.close() ? 0 : 1))
