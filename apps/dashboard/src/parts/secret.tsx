import { Button } from './button.tsx'
import { Code } from './copy.tsx'

/** Shown this once: the dialog around it does not go away by itself. */
export function Secret({ secret, note, onClose }: { secret: string; note: string; onClose: () => void }) {
  return (
    <>
      <p>Copy it now: it is shown this once. {note}</p>
      <Code label="Secret" text={secret} />
      <div className="actions">
        <Button onPress={onClose}>I have kept it</Button>
      </div>
    </>
  )
}
