-- The ledger's functions took amounts that are none: whoever took back -5 tokens gave them, without a line; a hold of -5 was "placed";
-- a fee of 50,000 basis points went from the provider to the platform. They are as before but for one comparison each. A credit, a
-- capture and a payout below zero were refused already, by the rows they write.
create or replace function reverse_credit(
  p_tenant_id text, p_wallet_id text, p_kind text, p_to_account_id text, p_amount bigint, p_purchase_id text,
  p_reverses_id text, p_description text, p_transfer_ids text[], p_now timestamptz,
  out taken bigint, out owed bigint
)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  left_posted bigint;
  left_sequence bigint;
begin
  perform refuse_other_tenants(array[p_tenant_id]);
  if (p_amount > 0) is not true then
    raise exception 'what is taken back is more than nothing' using errcode = 'integrity_constraint_violation';
  end if;
  select least(w.posted - w.held, p_amount) into strict taken
  from wallets w where w.tenant_id = p_tenant_id and w.id = p_wallet_id for update;
  owed := p_amount - taken;
  update wallets w set posted = w.posted - taken, debt = w.debt + owed, sequence = w.sequence + (taken > 0)::int
  where w.tenant_id = p_tenant_id and w.id = p_wallet_id
  returning w.posted, w.sequence into left_posted, left_sequence;
  if taken > 0 then
    insert into transfers (
      tenant_id, id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after,
      purchase_id, reverses_id, description, created_at
    ) values (
      p_tenant_id, p_transfer_ids[1], p_kind, p_wallet_id, p_to_account_id, taken, left_sequence, left_posted,
      p_purchase_id, p_reverses_id, p_description, p_now
    );
  end if;
  if owed > 0 then
    insert into transfers (
      tenant_id, id, kind, debit_account_id, credit_account_id, amount, purchase_id, reverses_id, description, created_at,
      owed_after
    ) values (
      p_tenant_id, p_transfer_ids[2], 'debt', 'debt:' || p_wallet_id, p_to_account_id, owed,
      p_purchase_id, p_reverses_id, 'Owed: refunded tokens that had already been spent', p_now,
      left_sequence
    );
  end if;
end
$$;

create or replace function place_holds(
  p_tenant_ids text[], p_wallet_ids text[], p_hold_ids text[], p_references text[], p_amounts bigint[],
  p_times timestamptz[]
) returns table (ordinal bigint, placed boolean, available bigint, debt bigint)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform refuse_other_tenants(p_tenant_ids);
  if 0 > any (p_amounts) then
    raise exception 'a hold is of nothing or more' using errcode = 'integrity_constraint_violation';
  end if;
  if exists (
    select from unnest(p_tenant_ids, p_wallet_ids, p_hold_ids) as i (tenant_id, wallet_id, hold_id)
    where i.hold_id is not null group by i.tenant_id, i.wallet_id having count(*) > 1
  ) then
    raise exception 'a batch places one hold on each wallet' using errcode = 'integrity_constraint_violation';
  end if;
  perform from wallets w
  join unnest(p_tenant_ids, p_wallet_ids, p_hold_ids) as i (tenant_id, wallet_id, hold_id)
    on w.tenant_id = i.tenant_id and w.id = i.wallet_id and i.hold_id is not null
  order by w.tenant_id, w.id
  for update of w;

  return query
  with input as materialized (
    select * from unnest(p_tenant_ids, p_wallet_ids, p_hold_ids, p_references, p_amounts, p_times) with ordinality
      as i (tenant_id, wallet_id, hold_id, reference, amount, at, ordinal)
    where i.hold_id is not null
  ), locked as materialized (
    select i.*, w.debt = 0 and w.posted - w.held >= i.amount as is_enough, w.posted - w.held as available, w.debt
    from input i join wallets w on w.tenant_id = i.tenant_id and w.id = i.wallet_id
  ), reserved as (
    update wallets w set held = w.held + l.amount
    from locked l
    where w.tenant_id = l.tenant_id and w.id = l.wallet_id and l.is_enough and l.amount > 0
  ), written as (
    insert into holds (tenant_id, id, wallet_id, reference, amount, created_at)
    select l.tenant_id, l.hold_id, l.wallet_id, l.reference, l.amount, l.at
    from locked l where l.is_enough and l.amount > 0
  )
  select l.ordinal, l.is_enough, l.available - (case when l.is_enough then l.amount else 0 end), l.debt from locked l;
end
$$;

create or replace function capture_holds(
  p_tenant_ids text[], p_references text[], p_amounts bigint[], p_provider_ids text[], p_fee_basis_points integer[],
  p_descriptions text[], p_charge_ids text[], p_fee_ids text[], p_debt_ids text[], p_times timestamptz[]
) returns table (reference text, captured bigint, released bigint, fee bigint)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  item record;
begin
  perform refuse_other_tenants(p_tenant_ids);
  if 0 > any (p_fee_basis_points) or 10000 < any (p_fee_basis_points) then
    raise exception 'a fee is a share of its charge' using errcode = 'integrity_constraint_violation';
  end if;
  perform from wallets w
  join (
    select distinct h.tenant_id, h.wallet_id
    from unnest(p_tenant_ids, p_references) as i (tenant_id, reference)
    join holds h on h.tenant_id = i.tenant_id and h.reference = i.reference and h.resolution is null
  ) h on w.tenant_id = h.tenant_id and w.id = h.wallet_id
  order by w.tenant_id, w.id
  for update of w;

  for item in
    with input as materialized (
      select * from unnest(p_tenant_ids, p_references, p_amounts, p_provider_ids, p_fee_basis_points, p_descriptions,
          p_charge_ids, p_fee_ids, p_debt_ids, p_times)
        with ordinality as i (tenant_id, reference, amount, provider_id, fee_basis_points, description, charge_id, fee_id,
          debt_id, at, ordinal)
    ), open_holds as (
      select h.tenant_id, h.id, i.ordinal, i.amount, i.at,
        coalesce(sum(h.amount) over (
          partition by i.ordinal order by h.id rows between unbounded preceding and 1 preceding), 0) as before
      from input i
      join holds h on h.tenant_id = i.tenant_id and h.reference = i.reference
      where h.resolution is null
    ), closed as (
      update holds h set
        captured = greatest(0, least(h.amount, o.amount - o.before)),
        released = h.amount - greatest(0, least(h.amount, o.amount - o.before)),
        resolution = case when o.amount > o.before then 'captured' else 'released' end,
        resolved_at = o.at
      from open_holds o
      where h.tenant_id = o.tenant_id and h.id = o.id and h.resolution is null
      returning o.ordinal, h.wallet_id, h.captured, h.released
    ), resolved as materialized (
      -- The fee is rounded half up, in whole tokens.
      select i.*, c.wallet_id, c.captured, c.released, (c.captured * i.fee_basis_points + 5000) / 10000 as fee,
        sum(c.captured) over so_far as captured_so_far,
        count(*) filter (where c.captured > 0) over so_far as charges_so_far
      from (
        select c.ordinal, min(c.wallet_id) as wallet_id, sum(c.captured)::bigint as captured,
          sum(c.released)::bigint as released
        from closed c group by c.ordinal
      ) c
      join input i on i.ordinal = c.ordinal
      window so_far as (partition by i.tenant_id, c.wallet_id order by i.ordinal)
    ), moved as (
      update wallets w set
        posted = w.posted - r.captured,
        held = w.held - r.captured - (case when w.debt > 0 then 0 else r.released end),
        sequence = w.sequence + r.charges
      from (
        select r.tenant_id, r.wallet_id, sum(r.captured) as captured, sum(r.released) as released,
          count(*) filter (where r.captured > 0) as charges
        from resolved r group by 1, 2
      ) r
      where w.tenant_id = r.tenant_id and w.id = r.wallet_id
      returning w.tenant_id, w.id, w.debt > 0 as owes, w.posted + r.captured as posted, w.sequence - r.charges as sequence
    ), told as materialized (
      -- Each has its wallet; full, because a full join has to be hashed.
      select r.*, m.owes, m.posted, m.sequence
      from resolved r full join moved m on m.tenant_id = r.tenant_id and m.id = r.wallet_id
    ), written as (
      insert into transfers (
        tenant_id, id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after, session_id,
        description, created_at
      )
      select t.tenant_id, t.charge_id, 'charge', t.wallet_id, t.provider_id, t.captured, t.sequence + t.charges_so_far,
        t.posted - t.captured_so_far, t.reference, t.description, t.at
      from told t
      where t.captured > 0
      union all
      select t.tenant_id, t.fee_id, 'fee', t.provider_id, 'platform_fee', t.fee, null, null, t.reference, 'Platform fee', t.at
      from told t
      where t.fee > 0
    )
    select t.* from told t order by t.ordinal
  loop
    if item.captured <> item.amount then
      raise exception 'a capture of % exceeds the holds of % by %', item.amount, item.reference, item.amount - item.captured
        using errcode = 'integrity_constraint_violation';
    end if;
    -- What is released stands in `held` until the debt took its part.
    if item.owes then
      perform free_after_debt(item.tenant_id, item.wallet_id, item.released, item.debt_id, item.at);
    end if;
    reference := item.reference;
    captured := item.captured;
    released := item.released;
    fee := item.fee;
    return next;
  end loop;
end
$$;

-- Sessions and purchases written before that do not comply are findings of `check-ledger`, and no reason to refuse the upgrade.
alter table sessions
  add constraint session_price_is_a_price check (
    tokens_per_minute >= 0 and tokens_held >= 0 and fee_basis_points between 0 and 10000
  ) not valid,
  add constraint charged_is_not_negative check (tokens_charged >= 0) not valid;

-- A purchase begins unpaid, and what was paid stays so: when, what for and how much. Between the note that it is paid and its
-- settlement, in one transaction, it is still called `pending`, or `failed`.
revoke insert on purchases from tm_app, tm_batch;
grant insert (
  tenant_id, id, user_id, status, tokens, amount_cents, currency, discount_percent, request_subject, created_at, token_price_cents
) on purchases to tm_app, tm_batch;
alter table purchases add constraint paid_purchases_say_when check (
  status in ('pending', 'failed') or paid_at is not null
) not valid;

create function refuse_to_change_what_was_paid() returns trigger
language plpgsql
as $$
begin
  raise exception 'purchase % was paid: % refused', old.id, tg_op using errcode = 'restrict_violation';
end
$$;
create trigger paid_purchases_stay_paid after update on purchases
  for each row when (
    old.paid_at is not null and (
      (old.paid_at, old.user_id, old.tokens, old.amount_cents, old.currency)
        is distinct from (new.paid_at, new.user_id, new.tokens, new.amount_cents, new.currency)
      or (old.status not in ('pending', 'failed') and new.status in ('pending', 'failed'))
    )
  )
  execute function refuse_to_change_what_was_paid();

-- Credited once. Where this fails, `check-ledger` says which were credited twice: that is to be corrected by hand first.
create unique index purchase_is_credited_once on transfers (tenant_id, purchase_id) where kind = 'purchase';
