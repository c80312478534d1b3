-- "Enforced by the database, also for a bug of ours": until here the application's roles could write wallets, holds and transfers
-- with plain SQL, and nothing but the nightly proof would have seen it. From here on they can read them and call the ledger's
-- functions, which run as a role of their own; nobody logs in as that one, and no pool works under it.
do $$
begin
  if not exists (select from pg_roles where rolname = 'tm_ledger') then
    begin
      create role tm_ledger nologin;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
  if not pg_has_role(current_user, 'tm_ledger', 'usage') then
    execute format('grant tm_ledger to %I', current_user);
  end if;
end
$$;

grant usage on schema public to tm_ledger;
do $$
declare
  t text;
begin
  foreach t in array array['wallets', 'holds', 'transfers', 'account_rollups', 'payouts'] loop
    execute format('create policy ledger_sees_all on %I to tm_ledger using (true) with check (true)', t);
  end loop;
end
$$;
grant select, update on wallets, account_watermark to tm_ledger;
grant select, insert, update on holds, account_rollups to tm_ledger;
grant select, insert on transfers to tm_ledger;
grant select, update (status, reference, transfer_id, settled_at) on payouts to tm_ledger;

revoke insert, update (posted, held, debt, sequence) on wallets from tm_app, tm_batch;
revoke insert, update (captured, released, resolution, resolved_at) on holds from tm_app, tm_batch;
revoke insert on transfers from tm_app, tm_batch;
revoke insert, update on account_rollups from tm_batch;
revoke update (written_before) on account_watermark from tm_batch;
revoke update (status, reference, transfer_id, settled_at) on payouts from tm_app, tm_batch;
-- A new wallet is empty. Nobody may lock a row without the right to update some of it, hence the id, which a trigger guards:
-- one for the statement, so that it costs the ledger's own updates nothing.
grant insert (tenant_id, id), update (id) on wallets to tm_app, tm_batch;
create trigger wallets_are_not_renamed before update of id on wallets
  for each statement execute function refuse_change();
-- A payout is cancelled by the application, and paid by the ledger.
grant update (status, settled_at) on payouts to tm_app, tm_batch;

-- Row level security does not bind the ledger's role, so its functions look at whom they work for: a caller that is bound to
-- a tenant names no other. In here `current_user` is the ledger; the setting is still the caller's.
create function refuse_other_tenants(p_tenant_ids text[]) returns void
language plpgsql stable
as $$
declare
  caller name;
begin
  if current_setting('role') = 'tm_batch' then
    return;
  end if;
  caller := coalesce(nullif(current_setting('role'), 'none'), session_user);
  if pg_has_role(caller, 'tm_ledger', 'member') then
    return;
  end if;
  if exists (select from unnest(p_tenant_ids) t where t is distinct from current_tenant()) then
    raise exception 'tenant % moves no tokens of another', current_tenant() using errcode = 'insufficient_privilege';
  end if;
end
$$;

-- The functions as they were, otherwise.
create or replace function place_holds(
  p_tenant_ids text[], p_wallet_ids text[], p_hold_ids text[], p_references text[], p_amounts bigint[],
  p_times timestamptz[]
) returns table (ordinal bigint, placed boolean, available bigint, debt bigint)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform refuse_other_tenants(p_tenant_ids);
  if exists (
    select from unnest(p_tenant_ids, p_wallet_ids, p_hold_ids) as i (tenant_id, wallet_id, hold_id)
    where i.hold_id is not null group by i.tenant_id, i.wallet_id having count(*) > 1
  ) then
    raise exception 'a batch places one hold on each wallet' using errcode = 'integrity_constraint_violation';
  end if;
  return query
  with input as materialized (
    select * from unnest(p_tenant_ids, p_wallet_ids, p_hold_ids, p_references, p_amounts, p_times) with ordinality
      as i (tenant_id, wallet_id, hold_id, reference, amount, at, ordinal)
    where i.hold_id is not null
  ), locked as materialized (
    select i.*, w.debt = 0 and w.posted - w.held >= i.amount as is_enough, w.posted - w.held as available, w.debt
    from input i join wallets w on w.tenant_id = i.tenant_id and w.id = i.wallet_id
    order by w.tenant_id, w.id
    for update of w
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
    ), written as (
      insert into transfers (
        tenant_id, id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after, session_id,
        description, created_at
      )
      select r.tenant_id, r.charge_id, 'charge', r.wallet_id, r.provider_id, r.captured, m.sequence + r.charges_so_far,
        m.posted - r.captured_so_far, r.reference, r.description, r.at
      from resolved r join moved m on m.tenant_id = r.tenant_id and m.id = r.wallet_id
      where r.captured > 0
      union all
      select r.tenant_id, r.fee_id, 'fee', r.provider_id, 'platform_fee', r.fee, null, null, r.reference, 'Platform fee', r.at
      from resolved r
      where r.fee > 0
    )
    select r.*, m.owes
    from resolved r join moved m on m.tenant_id = r.tenant_id and m.id = r.wallet_id
    order by r.ordinal
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

create or replace function credit_wallet(
  p_tenant_id text, p_wallet_id text, p_kind text, p_from_account_id text, p_amount bigint, p_purchase_id text,
  p_reverses_id text, p_description text, p_transfer_ids text[], p_now timestamptz
) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  owes boolean;
  left_posted bigint;
  left_sequence bigint;
begin
  perform refuse_other_tenants(array[p_tenant_id]);
  select w.debt > 0 into strict owes
  from wallets w where w.tenant_id = p_tenant_id and w.id = p_wallet_id for update;
  update wallets w set
    posted = w.posted + p_amount,
    held = w.held + (case when owes then p_amount else 0 end),
    sequence = w.sequence + 1
  where w.tenant_id = p_tenant_id and w.id = p_wallet_id
  returning w.posted, w.sequence into left_posted, left_sequence;
  insert into transfers (
    tenant_id, id, kind, debit_account_id, credit_account_id, amount, credit_sequence, credit_balance_after,
    purchase_id, reverses_id, description, created_at
  ) values (
    p_tenant_id, p_transfer_ids[1], p_kind, p_from_account_id, p_wallet_id, p_amount, left_sequence, left_posted,
    p_purchase_id, p_reverses_id, p_description, p_now
  );
  if owes then
    perform free_after_debt(p_tenant_id, p_wallet_id, p_amount, p_transfer_ids[2], p_now);
  end if;
end
$$;

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
      tenant_id, id, kind, debit_account_id, credit_account_id, amount, purchase_id, reverses_id, description, created_at
    ) values (
      p_tenant_id, p_transfer_ids[2], 'debt', 'debt:' || p_wallet_id, p_to_account_id, owed,
      p_purchase_id, p_reverses_id, 'Owed: refunded tokens that had already been spent', p_now
    );
  end if;
end
$$;

-- Books a payout that was transferred and settles it, once: provider → payouts. What the ledger does not have of the
-- provider's is not paid out, whatever the payout says; payouts of one provider follow one another.
create function pay_out(p_tenant_id text, p_payout_id text, p_transfer_id text, p_reference text, p_now timestamptz)
returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  payout record;
  balance bigint;
begin
  perform refuse_other_tenants(array[p_tenant_id]);
  select p.provider_id, p.amount, p.status into strict payout
  from payouts p where p.tenant_id = p_tenant_id and p.id = p_payout_id for update;
  if payout.status <> 'pending' then
    raise exception 'payout % is %', p_payout_id, payout.status using errcode = 'integrity_constraint_violation';
  end if;
  perform pg_advisory_xact_lock(hashtextextended(p_tenant_id || payout.provider_id, 0));
  with rolled as (
    select coalesce(max(r.balance), 0) as balance, coalesce(max(r.written_before::text)::xid8, '0'::xid8) as written_before
    from account_rollups r where r.tenant_id = p_tenant_id and r.account_id = payout.provider_id
  )
  select r.balance
    + coalesce((select sum(t.amount) from transfers t where t.tenant_id = p_tenant_id
        and t.credit_account_id = payout.provider_id and t.credit_sequence is null and t.written_by >= r.written_before), 0)
    - coalesce((select sum(t.amount) from transfers t where t.tenant_id = p_tenant_id
        and t.debit_account_id = payout.provider_id and t.debit_sequence is null and t.written_by >= r.written_before), 0)
  into strict balance from rolled r;
  if payout.amount > balance then
    raise exception 'payout % of % exceeds the % that % has', p_payout_id, payout.amount, balance, payout.provider_id
      using errcode = 'integrity_constraint_violation';
  end if;
  insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, description, created_at)
  values (p_tenant_id, p_transfer_id, 'payout', payout.provider_id, 'payouts', payout.amount, 'Payout ' || p_reference, p_now);
  update payouts p set status = 'paid', reference = p_reference, transfer_id = p_transfer_id, settled_at = p_now
  where p.tenant_id = p_tenant_id and p.id = p_payout_id;
end
$$;

alter function roll_up_accounts() security definer set search_path = pg_catalog, public, pg_temp;

-- To own a function takes the right to create one, for as long as it takes to say so.
grant create on schema public to tm_ledger;
do $$
declare
  f regprocedure;
begin
  for f in
    select oid::regprocedure from pg_proc
    where pronamespace = 'public'::regnamespace and proname in ('refuse_other_tenants', 'place_holds', 'capture_holds',
      'free_after_debt', 'credit_wallet', 'reverse_credit', 'pay_out', 'roll_up_accounts')
  loop
    execute format('alter function %s owner to tm_ledger', f);
    execute format('revoke execute on function %s from public', f);
  end loop;
end
$$;
revoke create on schema public from tm_ledger;
grant execute on function place_holds, capture_holds, credit_wallet, reverse_credit, pay_out to tm_app, tm_batch;
grant execute on function roll_up_accounts to tm_batch;
