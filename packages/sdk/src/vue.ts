/**
 * The session in Vue: subscription and nothing else.
 *
 * @module
 */
import {
  type App,
  type DefineComponent,
  defineComponent,
  getCurrentInstance,
  type InjectionKey,
  inject,
  onMounted,
  onUnmounted,
  type ShallowRef,
  shallowRef,
} from 'vue'
import { hold } from './hold.ts'
import {
  createMarketplaceSession,
  idleSnapshot,
  type MarketplaceSession,
  type SessionOptions,
  type Snapshot,
  type Store,
} from './index.ts'

const sessionKey: InjectionKey<MarketplaceSession> = Symbol()

/**
 * The plugin. The session starts when the first component that uses it is mounted, so that what a
 * server rendered is hydrated as it was, and is disposed of with the last app that is unmounted.
 *
 * @example
 * createApp(App).use(marketplaceSession, { apiUrl: 'https://api.example.com', providerId: 'prv_…' })
 */
export const marketplaceSession = {
  install(app: App, options: SessionOptions): void {
    const session = createMarketplaceSession(options)
    app.provide(sessionKey, session)
    const release = hold(session)
    const { unmount } = app
    // `onUnmount` came with Vue 3.5.
    app.unmount = () => {
      unmount()
      release()
    }
  },
}

/** The session with its state and its seconds as refs. */
export type UseMarketplaceSession = Omit<MarketplaceSession, 'secondsLeft'> & {
  snapshot: Readonly<ShallowRef<Snapshot>>
  secondsLeft: Readonly<ShallowRef<number | null>>
}

/**
 * The session's state and what can be done with it.
 *
 * @example
 * const { snapshot, secondsLeft, pause } = useMarketplaceSession()
 */
export function useMarketplaceSession(): UseMarketplaceSession {
  const session = inject(sessionKey)
  if (!session) throw new Error('Call app.use(marketplaceSession, …) first.')
  // What a server rendered is hydrated as it was; whatever is mounted later shows at once how things are.
  const isHydrating = getCurrentInstance()?.vnode.el

  function follow<Value>(store: Store<Value>, rendered: Value): ShallowRef<Value> {
    const ref = shallowRef(isHydrating ? rendered : store.getSnapshot())
    const update = () => {
      ref.value = store.getSnapshot()
    }
    onMounted(() => {
      onUnmounted(store.subscribe(update))
      update()
    })
    return ref
  }

  onMounted(session.start)
  const snapshot = follow(session, idleSnapshot)
  const secondsLeft = follow(session.secondsLeft, null)
  return { ...session, snapshot, secondsLeft }
}

/**
 * Renders its default slot only while the app may be used, else the slot `fallback`.
 *
 * @example
 * <SessionGate><Editor /><template #fallback>Paused</template></SessionGate>
 */
export const SessionGate = defineComponent((_, { slots }) => {
  const { snapshot } = useMarketplaceSession()
  return () => slots[snapshot.value.canServe ? 'default' : 'fallback']?.()
  // By the name that every version of Vue has: what is inferred is called otherwise in each.
}) as unknown as DefineComponent
