import { useState } from 'react'
import { Pressable, StyleSheet, Text } from 'react-native'

const TAPS_MAX = 8
/** A longer pause begins a new measurement. */
const PAUSE_MS = 2_500

/** Beats per minute of the taps, once there are two. */
export function toTempo(taps: number[]): number | null {
  const span = taps.length > 1 ? taps.at(-1)! - taps[0]! : 0
  return span > 0 ? Math.round((60_000 * (taps.length - 1)) / span) : null
}

export function Metronome({ ink }: { ink: string }) {
  const [taps, setTaps] = useState<number[]>([])
  const tempo = toTempo(taps)
  const tap = () => {
    const now = Date.now()
    setTaps((before) => [...(now - (before.at(-1) ?? 0) > PAUSE_MS ? [] : before), now].slice(-TAPS_MAX))
  }
  return (
    <Pressable
      accessibilityRole="button"
      accessibilityLabel="Tap the beat"
      onPressIn={tap}
      style={({ pressed }) => [styles.drum, { borderColor: ink }, pressed && styles.pressed]}
    >
      <Text style={[styles.tempo, { color: ink }]}>{tempo ?? '♩'}</Text>
      <Text style={{ color: ink }}>{tempo ? 'beats per minute' : 'Tap the beat'}</Text>
    </Pressable>
  )
}

const styles = StyleSheet.create({
  drum: {
    width: 260,
    aspectRatio: 1,
    margin: 'auto',
    alignItems: 'center',
    justifyContent: 'center',
    borderWidth: 3,
    borderRadius: 130,
  },
  pressed: { transform: [{ scale: 0.96 }] },
  tempo: { fontSize: 84, fontWeight: '200', fontVariant: ['tabular-nums'] },
})
