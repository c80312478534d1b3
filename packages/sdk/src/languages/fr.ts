/**
 * French.
 *
 * @module
 */
import type { Texts } from '../texts.ts'

const stale = 'Ce lien n’est plus valable. Veuillez ouvrir cette application depuis la place de marché.'
const setUp = 'Cette application n’est pas configurée correctement.'
const waiting = 'La place de marché est injoignable. Nous continuons d’essayer.'
const over = 'Votre session est terminée.'

const texts: Texts = {
  warningTitle: 'Plus que {time}',
  warningText:
    'Votre session se termine bientôt. Enregistrez votre travail ou ajoutez du temps sur la place de marché.',
  continue: 'Continuer',
  extend: 'Ajouter du temps',
  end: 'Terminer la session',
  pausedTitle: 'En pause',
  pausedText: 'Le temps n’est pas compté. Il reste {time}.',
  resume: 'Reprendre',
  blockedTitle: 'Connexion perdue',
  blockedText: 'Le temps n’est pas compté tant que la place de marché est injoignable.',
  retry: 'Réessayer',
  endedTitle: 'Session terminée',
  endedText: 'La place de marché indique ce qu’elle a coûté.',
  failedTitle: 'Aucune session',
  back: 'Retour à la place de marché',
  remaining: 'Il reste {time}',
  config_invalid: setUp,
  launch_missing: 'Veuillez ouvrir cette application depuis la place de marché.',
  launch_invalid: stale,
  launch_wrong_provider: stale,
  launch_already_used: stale,
  launch_expired: stale,
  session_ended: over,
  session_superseded: 'Votre session continue dans un autre navigateur.',
  session_invalid: over,
  session_paused_by_user: 'Reprenez cette session sur la place de marché.',
  origin_not_allowed: setUp,
  offline: waiting,
  server_unavailable: waiting,
  rate_limited: waiting,
  request_refused: 'Cela n’a pas fonctionné. Veuillez réessayer.',
  not_running: over,
}

export default texts
