-- As before, but the wallets are locked by a statement of their own. A statement that waited for a row judges it as it is by then,
-- but makes the new one first from the row as it was when it began, and asks the CHECKs of that: a hold for which a purchase or an
-- ending session had just made room was an error, `held_within_posted`, instead of a hold.
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
