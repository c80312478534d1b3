-- As before, for many references at once: each statement inside a function makes its CHECKs anew from their text, so five
-- statements for each session were most of what settling one cost. A single capture is a batch of one.
--
-- Locks the wallets in the order of their ids, and nothing that other users' sessions need. Only under those locks is it
-- settled which holds are still open: the second statement sees what whoever had them before has committed. Several
-- references of one wallet are charged in the order they came in; each line says the balance after it.
drop function capture_holds(text, text, bigint, text, integer, text, text[], timestamptz);

create function capture_holds(
  p_tenant_ids text[], p_references text[], p_amounts bigint[], p_provider_ids text[], p_fee_basis_points integer[],
  p_descriptions text[], p_charge_ids text[], p_fee_ids text[], p_debt_ids text[], p_times timestamptz[]
) returns table (reference text, captured bigint, released bigint, fee bigint)
language plpgsql
as $$
declare
  item record;
begin
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
