/**
 * Arabic.
 *
 * @module
 */
import type { Texts } from '../texts.ts'

const stale = 'لم يعد هذا الرابط صالحًا. يرجى فتح هذا التطبيق من المتجر.'
const setUp = 'لم يتم إعداد هذا التطبيق بشكل صحيح.'
const waiting = 'تعذّر الوصول إلى المتجر. نواصل المحاولة.'
const over = 'انتهت جلستك.'

const texts: Texts = {
  warningTitle: 'بقي {time}',
  warningText: 'ستنتهي جلستك قريبًا. احفظ عملك أو أضف وقتًا من المتجر.',
  continue: 'متابعة',
  extend: 'إضافة وقت',
  end: 'إنهاء الجلسة',
  pausedTitle: 'متوقفة مؤقتًا',
  pausedText: 'الوقت لا يُحتسب. بقي {time}.',
  resume: 'استئناف',
  blockedTitle: 'انقطع الاتصال',
  blockedText: 'لا يُحتسب الوقت حتى يعود الاتصال بالمتجر.',
  retry: 'إعادة المحاولة',
  endedTitle: 'انتهت الجلسة',
  endedText: 'يعرض المتجر تكلفتها.',
  failedTitle: 'لا توجد جلسة',
  back: 'العودة إلى المتجر',
  remaining: 'بقي {time}',
  config_invalid: setUp,
  launch_missing: 'يرجى فتح هذا التطبيق من المتجر.',
  launch_invalid: stale,
  launch_wrong_provider: stale,
  launch_already_used: stale,
  launch_expired: stale,
  session_ended: over,
  session_superseded: 'تستمر جلستك في متصفح آخر.',
  session_invalid: over,
  session_paused_by_user: 'استأنف هذه الجلسة من المتجر.',
  origin_not_allowed: setUp,
  offline: waiting,
  server_unavailable: waiting,
  rate_limited: waiting,
  request_refused: 'لم تنجح العملية. يرجى المحاولة مرة أخرى.',
  not_running: over,
}

export default texts
