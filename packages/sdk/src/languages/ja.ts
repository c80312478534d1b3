/**
 * Japanese.
 *
 * @module
 */
import type { Texts } from '../texts.ts'

const stale = 'このリンクは無効になりました。マーケットプレイスからこのアプリを開いてください。'
const setUp = 'このアプリは正しく設定されていません。'
const waiting = 'マーケットプレイスに接続できません。再試行しています。'
const over = 'セッションは終了しました。'

const texts: Texts = {
  warningTitle: '残り {time}',
  warningText:
    'まもなくセッションが終了します。作業を保存するか、マーケットプレイスで時間を追加してください。',
  continue: '続ける',
  extend: '時間を追加',
  end: 'セッションを終了',
  pausedTitle: '一時停止中',
  pausedText: '時間は計測されていません。残り {time}。',
  resume: '再開',
  blockedTitle: '接続が切れました',
  blockedText: 'マーケットプレイスに再び接続できるまで、時間は計測されません。',
  retry: '再試行',
  endedTitle: 'セッション終了',
  endedText: '料金はマーケットプレイスで確認できます。',
  failedTitle: 'セッションがありません',
  back: 'マーケットプレイスに戻る',
  remaining: '残り {time}',
  config_invalid: setUp,
  launch_missing: 'マーケットプレイスからこのアプリを開いてください。',
  launch_invalid: stale,
  launch_wrong_provider: stale,
  launch_already_used: stale,
  launch_expired: stale,
  session_ended: over,
  session_superseded: 'セッションは別のブラウザーで続いています。',
  session_invalid: over,
  session_paused_by_user: 'マーケットプレイスでこのセッションを再開してください。',
  origin_not_allowed: setUp,
  offline: waiting,
  server_unavailable: waiting,
  rate_limited: waiting,
  request_refused: 'うまくいきませんでした。もう一度お試しください。',
  not_running: over,
}

export default texts
