export interface SnippetFacts {
  apiUrl: string
  providerId: string
}

export interface Snippet {
  id: string
  name: string
  /** What stands before the code. */
  hint: string
  parts: { label: string; text: string }[]
}

/** How an app of each kind takes part, with the provider's own ids in it. */
export function createSnippets({ apiUrl, providerId }: SnippetFacts): Snippet[] {
  return [
    {
      id: 'plain',
      name: 'Plain page',
      hint: 'The script tag brings the clock, the dialog and the way back. What stands in “serving” is shown only while the time is paid.',
      parts: [
        {
          label: 'In your page',
          text: `<script src="${apiUrl}/sdk/sdk.min.js"
        data-api-url="${apiUrl}"
        data-provider-id="${providerId}"></script>

<p>Time left: <span data-tm-remaining>–</span></p>
<button data-tm-pause>Pause</button>
<main data-tm-when="serving" hidden>Your app</main>`,
        },
      ],
    },
    {
      id: 'react',
      name: 'React',
      hint: 'Safe in StrictMode and on a server. The gate renders its children only while the time is paid.',
      parts: [
        { label: 'Install', text: 'npm install @token-marketplace/sdk' },
        {
          label: 'App.tsx',
          text: `import { MarketplaceSessionProvider, SessionGate, useSecondsLeft } from '@token-marketplace/sdk/react'

export function App() {
  return (
    <MarketplaceSessionProvider apiUrl="${apiUrl}" providerId="${providerId}">
      <TimeLeft />
      <SessionGate fallback={<p>No paid time at the moment.</p>}>
        <YourApp />
      </SessionGate>
    </MarketplaceSessionProvider>
  )
}

function TimeLeft() {
  const seconds = useSecondsLeft()
  return seconds === null ? null : <p>{Math.ceil(seconds / 60)} minutes left</p>
}`,
        },
      ],
    },
    {
      id: 'vue',
      name: 'Vue',
      hint: 'A plugin; the session starts when the first component that uses it is mounted.',
      parts: [
        { label: 'Install', text: 'npm install @token-marketplace/sdk' },
        {
          label: 'main.ts',
          text: `import { marketplaceSession } from '@token-marketplace/sdk/vue'
import { createApp } from 'vue'
import App from './App.vue'

createApp(App)
  .use(marketplaceSession, { apiUrl: '${apiUrl}', providerId: '${providerId}' })
  .mount('#app')`,
        },
        {
          label: 'App.vue',
          text: `<script setup lang="ts">
import { SessionGate, useMarketplaceSession } from '@token-marketplace/sdk/vue'
const { secondsLeft } = useMarketplaceSession()
</script>

<template>
  <p v-if="secondsLeft !== null">{{ Math.ceil(secondsLeft / 60) }} minutes left</p>
  <SessionGate>
    <YourApp />
    <template #fallback>No paid time at the moment.</template>
  </SessionGate>
</template>`,
        },
      ],
    },
    {
      id: 'react-native',
      name: 'React Native',
      hint: 'The same core without a page: you hand in what the phone has. A launch arrives as a deep link.',
      parts: [
        { label: 'Install', text: 'npm install @token-marketplace/sdk' },
        {
          label: 'App.tsx',
          text: nativeSnippet(apiUrl, providerId),
        },
      ],
    },
    {
      id: 'server',
      name: 'Your server',
      hint: 'A page can be edited by its user. What must not leak belongs behind this gate.',
      parts: [
        { label: 'Install', text: 'npm install @token-marketplace/sdk' },
        {
          label: 'server.ts',
          text: `import { createSessionGate, ServerError } from '@token-marketplace/sdk/server'

const gate = createSessionGate({ apiUrl: '${apiUrl}', providerId: '${providerId}' })

// The page sends session.getSessionJwt() as "Authorization: Bearer …".
export async function answer(request: Request): Promise<Response> {
  try {
    const { session } = await gate.check(request.headers.get('authorization'))
    return Response.json({ hello: session.userRef })
  } catch (error) {
    if (error instanceof ServerError) return error.toResponse()
    throw error
  }
}`,
        },
      ],
    },
  ]
}

const nativeSnippet = (
  apiUrl: string,
  providerId: string,
) => `import AsyncStorage from '@react-native-async-storage/async-storage'
import { createMarketplaceSession } from '@token-marketplace/sdk'
import { createReactNativePorts } from '@token-marketplace/sdk/react-native'
import { AppState, Linking } from 'react-native'

const apiUrl = '${apiUrl}'
const providerId = '${providerId}'

export async function startSession() {
  const ports = await createReactNativePorts({
    providerId, appState: AppState, linking: Linking, storage: AsyncStorage,
  })
  const session = createMarketplaceSession({ apiUrl, providerId, ports })
  ports.onLaunch(() => {
    session.dispose()
    session.start()
  })
  await session.start()
  return session
}`
