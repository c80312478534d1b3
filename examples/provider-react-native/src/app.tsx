import { formatSeconds } from '@token-marketplace/sdk'
import { SessionGate, useMarketplaceSession, useSecondsLeft } from '@token-marketplace/sdk/react'
import { Pressable, StyleSheet, Text, useColorScheme, View } from 'react-native'
import { Metronome } from './metronome'

export function App() {
  const ink = useColorScheme() === 'dark' ? '#f3ece2' : '#2b2118'
  const ground = ink === '#2b2118' ? '#f6efe4' : '#191510'
  return (
    <View style={[styles.screen, { backgroundColor: ground }]}>
      <SessionBar ink={ink} />
      <SessionGate fallback={<Closed ink={ink} />}>
        <Metronome ink={ink} />
      </SessionGate>
    </View>
  )
}

function SessionBar({ ink }: { ink: string }) {
  const { phase, pause, resume, complete } = useMarketplaceSession()
  const secondsLeft = useSecondsLeft()
  if (phase !== 'active' && phase !== 'paused') return null
  const isRunning = phase === 'active'
  const left = secondsLeft === null ? '–:––' : formatSeconds(secondsLeft)
  return (
    <View style={styles.bar}>
      <Text style={[styles.left, { color: ink }]}>{left} left</Text>
      <Button ink={ink} title={isRunning ? 'Pause' : 'Resume'} act={isRunning ? pause : resume} />
      <Button ink={ink} title="Finish" act={complete} />
    </View>
  )
}

function Button({ ink, title, act }: { ink: string; title: string; act: () => Promise<unknown> }) {
  // What goes wrong is in the snapshot, which <Closed> reads.
  const quietly = () => void act().catch(() => {})
  return (
    <Pressable accessibilityRole="button" onPress={quietly} style={[styles.button, { borderColor: ink }]}>
      <Text style={{ color: ink }}>{title}</Text>
    </Pressable>
  )
}

/** There is no dialog on a phone: whatever keeps the app closed is said here. */
function Closed({ ink }: { ink: string }) {
  const { phase, error, refresh } = useMarketplaceSession()
  const words = {
    idle: 'Your session is being opened.',
    starting: 'Your session is being opened.',
    active: 'Waiting for the marketplace.',
    paused: 'Paused. The clock stands still until you resume.',
    failed: 'A session opens this app. Start one in the marketplace.',
    ended: 'That was your session. The marketplace shows what it cost.',
  }
  return (
    <View style={styles.middle} accessibilityLiveRegion="polite">
      <Text style={[styles.words, { color: ink }]}>{error?.userMessage ?? words[phase]}</Text>
      {error?.isTemporary && <Button ink={ink} title="Try again" act={async () => refresh()} />}
    </View>
  )
}

const styles = StyleSheet.create({
  screen: { flex: 1, padding: 20, paddingTop: 60 },
  bar: { flexDirection: 'row', alignItems: 'center', gap: 8 },
  left: { flex: 1, fontSize: 18, fontWeight: '600', fontVariant: ['tabular-nums'] },
  button: {
    minHeight: 44,
    justifyContent: 'center',
    paddingHorizontal: 16,
    borderWidth: 1,
    borderRadius: 22,
  },
  middle: { flex: 1, alignItems: 'center', justifyContent: 'center', gap: 16 },
  words: { fontSize: 20, lineHeight: 28, textAlign: 'center' },
})
