/**
 * The tabs of one browser: one of them leads, all of them hear each other.
 *
 * Leading only saves requests. The server counts the tabs of one client once, so nothing breaks where
 * two of them lead, or none.
 *
 * @module
 */
import type { Channel, Ports } from './ports.ts'
import type { SessionRecord } from './session-record.ts'

/** What a tab tells the others. */
export interface TabMessage extends SessionRecord {
  /** The sender is gone and has said so to the server. */
  hasLeft?: boolean | undefined
}

export function createTabs(
  ports: Ports,
  name: string,
  hear: (message: TabMessage) => void,
  onLeading: () => void,
) {
  let isLeading = false
  let channel: Channel | undefined
  let release: (() => void) | undefined

  return {
    isLeading: () => isLeading,
    isOpen: () => channel,
    post: (message: TabMessage) => channel?.post(JSON.stringify(message)),
    /** False if they are open already. */
    open(): boolean {
      if (channel) return false
      channel = ports.channel(name, (text) => {
        const message: TabMessage = JSON.parse(text)
        hear(message)
        if (message.hasLeft) onLeading()
      })
      release = ports.lead(name, () => {
        isLeading = true
        onLeading()
      })
      isLeading ||= !release
      return true
    },
    close(): void {
      release?.()
      channel?.close()
      channel = undefined
      isLeading = false
    },
  }
}

export type Tabs = ReturnType<typeof createTabs>
