-- As before, but for how a line finds its wallet. A plan that is kept knows nothing of the size of a batch and expects one row, so it
-- compared each line with each wallet, twice: a tenth of a capture in batches of 35, a third in batches of 100, when there is most to do.
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
