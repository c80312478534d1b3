/**
 * What has to hold between the figures of the books, as SQL that finds where it does not.
 *
 * Each is a pass or two over the tables it names, by joins that are hashed: a look-up per row would take hours where there are
 * millions. None of them asks who wrote a row, so they see a bug of ours as well as a hand in the tables.
 *
 * @module
 */

/** Where the kind of a transfer says it goes; a correction goes the other way round than what it reverses. */
const goesWhereItsKindSays = `case t.kind
      when 'purchase' then t.debit_account_id = 'stripe_clearing' and t.credit_account_id like 'usr\\_%'
      when 'charge' then t.debit_account_id like 'usr\\_%' and t.credit_account_id like 'prv\\_%'
      when 'fee' then t.debit_account_id like 'prv\\_%' and t.credit_account_id = 'platform_fee'
      when 'refund' then t.debit_account_id like 'usr\\_%' and t.credit_account_id = 'refunds'
      when 'dispute' then t.debit_account_id like 'usr\\_%' and t.credit_account_id = 'refunds'
      when 'debt' then t.debit_account_id like 'debt:usr\\_%' and t.credit_account_id = 'refunds'
      when 'debt_repaid' then t.debit_account_id like 'usr\\_%' and t.credit_account_id = 'debt:' || t.debit_account_id
      when 'dispute_won' then t.debit_account_id = 'refunds' and t.credit_account_id like 'usr\\_%'
      when 'refund_failed' then t.debit_account_id = 'refunds' and t.credit_account_id like 'usr\\_%'
      when 'promotion' then t.debit_account_id = 'promotions' and t.credit_account_id like 'usr\\_%'
      when 'payout' then t.debit_account_id like 'prv\\_%' and t.credit_account_id = 'payouts'
      else true
    end`

export const RULES: Record<string, string> = {
  'a transfer goes where its kind says': `
    select t.tenant_id as "tenantId", t.id as subject,
      format('%s from %s to %s', t.kind, t.debit_account_id, t.credit_account_id) as detail
    from transfers t
    where (${goesWhereItsKindSays}) is not true`,
  'a wallet equals the sum of its transfers': `
    select w.tenant_id as "tenantId", w.id as subject, format('posted %s, transfers %s', w.posted, t.total) as detail
    from wallets w
    cross join lateral (
      select coalesce((select sum(amount) from transfers c
          where c.tenant_id = w.tenant_id and c.credit_account_id = w.id and c.credit_sequence is not null), 0)
        - coalesce((select sum(amount) from transfers d
          where d.tenant_id = w.tenant_id and d.debit_account_id = w.id and d.debit_sequence is not null), 0) as total
    ) t
    where w.posted <> t.total`,
  'a wallet holds what its open holds say': `
    select w.tenant_id as "tenantId", w.id as subject,
      format('held %s, open holds %s', w.held, coalesce(h.total, 0)) as detail
    from wallets w
    left join (
      select tenant_id, wallet_id, sum(amount) as total from holds where resolution is null group by 1, 2
    ) h on h.tenant_id = w.tenant_id and h.wallet_id = w.id
    where w.held <> coalesce(h.total, 0)`,
  'a wallet owes what its debt account says': `
    select w.tenant_id as "tenantId", w.id as subject, format('debt %s, transfers %s', w.debt, t.total) as detail
    from wallets w
    cross join lateral (
      select coalesce((select sum(amount) from transfers d
          where d.tenant_id = w.tenant_id and d.debit_account_id = 'debt:' || w.id and d.debit_sequence is null), 0)
        - coalesce((select sum(amount) from transfers c
          where c.tenant_id = w.tenant_id and c.credit_account_id = 'debt:' || w.id and c.credit_sequence is null), 0) as total
    ) t
    where w.debt <> t.total`,
  'running balances follow from one another, without a gap': `
    select "tenantId", subject, detail from (
      select tenant_id as "tenantId", wallet_id as subject,
        format('line %s leaves %s, expected %s', sequence, balance_after, sum(amount) over w) as detail,
        balance_after <> sum(amount) over w or sequence <> row_number() over w as is_wrong
      from (
        select tenant_id, credit_account_id as wallet_id, credit_sequence as sequence, amount, credit_balance_after as balance_after
        from transfers where credit_sequence is not null
        union all
        select tenant_id, debit_account_id, debit_sequence, -amount, debit_balance_after
        from transfers where debit_sequence is not null
      ) lines
      window w as (partition by tenant_id, wallet_id order by sequence)
    ) checked
    where is_wrong`,
  'captured is what the session was charged': `
    select h.tenant_id as "tenantId", h.reference as subject,
      format('holds captured %s, transfers charge %s', h.captured, coalesce(t.amount, 0)) as detail
    from (select tenant_id, reference, sum(captured) as captured from holds group by tenant_id, reference) h
    left join (
      select tenant_id, session_id, sum(amount) as amount from transfers where kind = 'charge' group by tenant_id, session_id
    ) t on t.tenant_id = h.tenant_id and t.session_id = h.reference
    where h.captured <> coalesce(t.amount, 0)`,
  'the holds of a reference are captured oldest first': `
    select o.tenant_id as "tenantId", o.id as subject,
      format('captured %s of %s, and %s of %s after it', o.captured, o.amount, n.captured, n.id) as detail
    from holds o
    join holds n on n.tenant_id = o.tenant_id and n.reference = o.reference and n.id > o.id
    where o.captured < o.amount and n.captured > 0`,
  'a charge has a hold behind it': `
    select t.tenant_id as "tenantId", t.id as subject, 'no hold names this reference' as detail
    from transfers t
    where t.kind = 'charge' and not exists (
      select from holds h where h.tenant_id = t.tenant_id and h.reference = t.session_id)`,
  'a fee never exceeds its charge': `
    select f.tenant_id as "tenantId", f.id as subject, format('fee %s', f.amount) as detail
    from transfers f
    left join transfers c on c.tenant_id = f.tenant_id and c.session_id = f.session_id and c.kind = 'charge'
    where f.kind = 'fee' and (c.id is null or f.amount > c.amount or f.debit_account_id <> c.credit_account_id)`,
  // From the session's own snapshots, by other arithmetic than what charged it.
  'a session is charged for its time, at its price': `
    select s.tenant_id as "tenantId", s.id as subject,
      format('charged %s for %s ms at %s a minute', s.tokens_charged, s.used_ms, s.tokens_per_minute) as detail
    from sessions s
    where s.status = 'ended' and s.tokens_held > 0
      and s.tokens_charged <> ceil(s.tokens_per_minute::numeric * s.used_ms / 60000)`,
  'a charge is paid by the user to the provider, less the share of the platform': `
    select c.tenant_id as "tenantId", c.id as subject,
      format('charge %s, fee %s at %s basis points', c.amount, coalesce(f.amount, 0), s.fee_basis_points) as detail
    from transfers c
    left join sessions s on s.tenant_id = c.tenant_id and s.id = c.session_id
    left join transfers f on f.tenant_id = c.tenant_id and f.session_id = c.session_id and f.kind = 'fee'
    where c.kind = 'charge' and (c.debit_account_id = s.user_id and c.credit_account_id = s.provider_id
      and coalesce(f.amount, 0) = round(c.amount::numeric * s.fee_basis_points / 10000)) is not true`,
  'a hold is of a session, from the wallet of its user': `
    select h.tenant_id as "tenantId", h.id as subject,
      format('%s of %s for %s, opened by %s', h.amount, h.wallet_id, h.reference, coalesce(s.user_id, 'nobody')) as detail
    from holds h
    left join sessions s on s.tenant_id = h.tenant_id and s.id = h.reference
    where (s.user_id = h.wallet_id) is not true`,
  // What is held is compared with the holds below.
  'a session holds its price': `
    select s.tenant_id as "tenantId", s.id as subject,
      format('holds %s for %s ms at %s a minute', s.tokens_held, s.duration_ms, s.tokens_per_minute) as detail
    from sessions s
    where s.tokens_held * 60000 <> (case when s.is_test then 0 else s.tokens_per_minute::bigint * s.duration_ms end)`,
  'no reference is charged twice': `
    select tenant_id as "tenantId", session_id as subject, format('%s transfers of kind %s', count(*), kind) as detail
    from transfers where kind in ('charge', 'fee') group by tenant_id, session_id, kind having count(*) > 1`,
  'a reversal never exceeds what it reverses': `
    select o.tenant_id as "tenantId", o.id as subject,
      format('credited %s, reversed %s', o.amount, r.amount) as detail
    from transfers o
    join (
      select tenant_id, reverses_id, sum(case when kind in ('dispute_won', 'refund_failed') then -amount else amount end) as amount
      from transfers where reverses_id is not null group by tenant_id, reverses_id
    ) r on r.tenant_id = o.tenant_id and r.reverses_id = o.id
    where r.amount > o.amount or r.amount < 0`,
  'a reversal is of a transfer of the same wallet': `
    select r.tenant_id as "tenantId", r.id as subject,
      format('%s of %s, which is %s', r.kind, r.reverses_id, coalesce(o.kind || ' into ' || o.credit_account_id, 'nothing')) as detail
    from transfers r
    left join transfers o on o.tenant_id = r.tenant_id and o.id = r.reverses_id
    where r.reverses_id is not null and (case
      when r.kind = 'correction' then r.debit_account_id = o.credit_account_id and r.credit_account_id = o.debit_account_id
      else r.purchase_id is not distinct from o.purchase_id
        and (o.credit_account_id in (r.debit_account_id, r.credit_account_id) or r.debit_account_id = 'debt:' || o.credit_account_id)
    end) is not true`,
  'a transfer of a purchase is of the wallet of its buyer': `
    select t.tenant_id as "tenantId", t.id as subject,
      format('%s from %s to %s, bought by %s', t.kind, t.debit_account_id, t.credit_account_id, coalesce(p.user_id, 'nobody'))
        as detail
    from transfers t
    left join purchases p on p.tenant_id = t.tenant_id and p.id = t.purchase_id
    where (t.kind = 'purchase' or t.purchase_id is not null) and (
      p.user_id in (t.debit_account_id, t.credit_account_id) or t.debit_account_id = 'debt:' || p.user_id
    ) is not true`,
  'a purchase is credited once, and what was taken back of it is what it says': `
    select p.tenant_id as "tenantId", p.id as subject,
      format('%s tokens, credited %s; taken back %s, transfers %s', p.tokens, coalesce(t.credited, 0), p.reversed_tokens,
        coalesce(t.reversed, 0)) as detail
    from purchases p
    left join (
      select tenant_id, purchase_id, sum(amount) filter (where kind = 'purchase') as credited,
        sum(case when kind in ('dispute_won', 'refund_failed') then -amount else amount end) filter (where kind <> 'purchase') as reversed
      from transfers where purchase_id is not null group by tenant_id, purchase_id
    ) t on t.tenant_id = p.tenant_id and t.purchase_id = p.id
    where coalesce(t.credited, 0) <> (case when p.paid_at is null then 0 else p.tokens end)
      or coalesce(t.reversed, 0) <> p.reversed_tokens`,
  'a paid payout is one transfer, and the other way round': `
    select coalesce(p.tenant_id, t.tenant_id) as "tenantId", coalesce(p.id, t.id) as subject,
      format('payouts %s, transfer %s', coalesce(p.amount, 0), coalesce(t.amount, 0)) as detail
    from (
      select tenant_id, transfer_id, min(id) as id, min(provider_id) as provider_id, sum(amount) as amount, count(*) as payouts
      from payouts where status = 'paid' group by tenant_id, transfer_id
    ) p
    full join (select * from transfers where kind = 'payout') t on t.tenant_id = p.tenant_id and t.id = p.transfer_id
    where (p.payouts = 1 and p.provider_id = t.debit_account_id and p.amount = t.amount) is not true`,
  // What is payable comes from them.
  'the figures of a provider are what was booked': `
    select coalesce(f.tenant_id, t.tenant_id) as "tenantId", coalesce(f.provider_id, t.provider_id) as subject,
      format('figures %s, transfers %s', (f.gross, f.fee, f.refunded), (t.gross, t.fee, t.refunded)) as detail
    from (
      select q.tenant_id, q.provider_id, sum(q.gross) as gross, sum(q.fee) as fee, sum(q.refunded) as refunded
      from activity_quarters q, activity_progress a where q.quarter < a.rolled_until group by 1, 2
    ) f
    full join (
      select r.tenant_id, a.provider_id, sum(case when r.kind = 'charge' then r.amount else 0 end) as gross,
        sum(case when r.kind = 'fee' then r.amount else 0 end) as fee,
        sum(case when r.kind <> 'correction' then 0 when r.debit_account_id = a.provider_id then r.amount else -r.amount end)
          as refunded
      from transfers r
      cross join activity_progress p
      cross join lateral (values (r.debit_account_id), (r.credit_account_id)) a (provider_id)
      where r.created_at < p.rolled_until and a.provider_id like 'prv\\_%'
        and r.kind in ('charge', 'fee', 'correction')
      group by 1, 2
    ) t on t.tenant_id = f.tenant_id and t.provider_id = f.provider_id
    where (coalesce(f.gross, 0), coalesce(f.fee, 0), coalesce(f.refunded, 0))
      <> (coalesce(t.gross, 0), coalesce(t.fee, 0), coalesce(t.refunded, 0))`,
  // All accounts in one pass: asked for each, the hot ones would read all transfers once per provider.
  'a roll-up equals the transfers behind its watermark': `
    select r.tenant_id as "tenantId", r.account_id as subject,
      format('rolled up %s, transfers %s', r.balance, coalesce(t.total, 0)) as detail
    from account_rollups r
    left join (
      select k.tenant_id, k.account_id, sum(a.amount) as total
      from transfers t
      cross join lateral (values (t.credit_account_id, t.amount), (t.debit_account_id, -t.amount)) a (account_id, amount)
      join account_rollups k on k.tenant_id = t.tenant_id and k.account_id = a.account_id and t.written_by < k.written_before
      group by k.tenant_id, k.account_id
    ) t on t.tenant_id = r.tenant_id and t.account_id = r.account_id
    where r.balance <> coalesce(t.total, 0)`,
  'an ended session holds nothing, a paid one was charged what it says': `
    select s.tenant_id as "tenantId", s.id as subject, format('%s: charged %s', s.status, s.tokens_charged) as detail
    from sessions s
    left join (
      select tenant_id, reference, sum(amount) as amount, sum(captured) as captured, bool_or(resolution is null) as is_open
      from holds group by tenant_id, reference
    ) h on h.tenant_id = s.tenant_id and h.reference = s.id
    where coalesce(h.amount, 0) <> s.tokens_held
      or (s.status = 'ended' and (h.is_open or coalesce(h.captured, 0) <> s.tokens_charged))
      or (s.status <> 'ended' and s.tokens_held > 0 and not coalesce(h.is_open, false))`,
}
