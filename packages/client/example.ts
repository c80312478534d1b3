import { createMarketplaceClient, MarketplaceProblem, SignedOut } from './src/index.ts'

const client = createMarketplaceClient({ apiUrl: 'https://api.example.com' })

/** Opens an app for half an hour, and leads the user wherever that turns out to be impossible. */
export async function openApp(providerId: string, showLimit: (tokensLeft: number) => void): Promise<string> {
  try {
    const { launchUrl } = await client.call('createSession', { body: { providerId, durationMinutes: 30 } })
    return launchUrl
  } catch (error) {
    if (error instanceof SignedOut) return '/sign-in'
    if (!(error instanceof MarketplaceProblem)) throw error
    switch (error.code) {
      case 'insufficient_tokens':
        return `/tokens?need=${error.required}`
      case 'spending_limit_reached':
        showLimit(error.available ?? 0)
        return '/account/limits'
      default:
        throw error
    }
  }
}
