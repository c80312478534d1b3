import type { Payout, ProviderSession, ProviderStatus } from '../api/wire.ts'

type Look = 'good' | 'waiting' | 'bad' | 'over'

export function State({ look, children }: { look: Look; children: string }) {
  return <span className={`state is-${look}`}>{children}</span>
}

const ofProvider: Record<ProviderStatus, [Look, string]> = {
  draft: ['over', 'Draft'],
  in_review: ['waiting', 'In review'],
  listed: ['good', 'Listed'],
  suspended: ['bad', 'Suspended'],
}

export function ProviderState({ status }: { status: ProviderStatus }) {
  const [look, text] = ofProvider[status]
  return <State look={look}>{text}</State>
}

const ofEnd: Record<string, [Look, string]> = {
  completed: ['good', 'Completed'],
  expired: ['good', 'Ran its full time'],
  abandoned: ['over', 'Abandoned'],
  cancelled: ['over', 'Never opened'],
  revoked: ['bad', 'Revoked'],
}

export function SessionState({ session }: { session: ProviderSession }) {
  const { status, endReason, sequence } = session
  if (status === 'ended') {
    const [look, text] = ofEnd[endReason ?? ''] ?? ['over', 'Ended']
    return <State look={look}>{text}</State>
  }
  if (status === 'pending') return <State look="waiting">Waiting for the app</State>
  if (status === 'paused') return <State look="waiting">Paused</State>
  return <State look="good">{sequence > 0 ? 'Running' : 'Opened, no beat yet'}</State>
}

const ofPayout: Record<Payout['status'], [Look, string]> = {
  pending: ['waiting', 'To be transferred'],
  paid: ['good', 'Paid'],
  cancelled: ['over', 'Cancelled'],
}

export function PayoutState({ status }: { status: Payout['status'] }) {
  const [look, text] = ofPayout[status]
  return <State look={look}>{text}</State>
}
