import { useEffect, useState } from 'react'
import { Button } from './button.tsx'
import { say } from './say.ts'

const SHOWN_MS = 2_500

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [outcome, setOutcome] = useState<'copied' | 'failed' | undefined>()
  useEffect(() => {
    if (!outcome) return
    const timer = setTimeout(() => setOutcome(undefined), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [outcome])
  async function copy() {
    // Refused without a permission or outside of a secure context: the text is there to be selected.
    const isCopied = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    )
    setOutcome(isCopied ? 'copied' : 'failed')
    say(isCopied ? 'Copied' : 'Could not be copied. Select the text instead.')
  }
  return (
    <Button kind="quiet" size="small" onPress={copy}>
      {outcome === 'copied' ? 'Copied' : outcome === 'failed' ? 'Select it instead' : label}
    </Button>
  )
}

export function Code({ text, label }: { text: string; label: string }) {
  return (
    <figure className="code">
      <figcaption className="code-head">
        <span>{label}</span>
        <CopyButton text={text} />
      </figcaption>
      {/* Focusable, because it scrolls. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must reach what scrolls. */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
    </figure>
  )
}

export function Copyable({ text, label }: { text: string; label: string }) {
  return (
    <span className="copyable">
      <code>{text}</code>
      <CopyButton text={text} label={label} />
    </span>
  )
}
