-- As captures since 0140, for the same reason: a statement inside a function makes the table's CHECKs anew from their text,
-- so a function called for each item of a batch spent most of its time on that.

-- Places a hold on each of several wallets, where what is not held yet is enough. An amount of 0 places nothing and asks
-- only whether the wallet may spend at all. Whoever has no hold id is passed by.
--
-- Locks the wallets in the order of their ids, like every batch. One wallet twice is refused: the second hold would be
-- judged without the first.
drop function place_hold(text, text, text, text, bigint, timestamptz);

create function place_holds(
  p_tenant_ids text[], p_wallet_ids text[], p_hold_ids text[], p_references text[], p_amounts bigint[],
  p_times timestamptz[]
) returns table (ordinal bigint, placed boolean, available bigint, debt bigint)
language plpgsql
as $$
begin
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

-- Validating is one statement of the application now, like beats.
drop function spend_launch(text, text, text, text, text, text, timestamptz, bigint);
