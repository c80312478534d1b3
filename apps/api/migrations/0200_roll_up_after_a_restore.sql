-- The watermark is a transaction id, and those are counted by each cluster. In a database restored from a dump into another one
-- they begin anew: what was written from then on lay below the watermark, so no balance showed it, no payout could be booked
-- from it, and nothing was rolled up until the ids had caught up. A watermark that no transaction has reached tells such a
-- database: from here on the roll-up then forgets what it had and begins again. Until the ids have caught up, what came with the
-- dump is read at each look, and is right.
create or replace function roll_up_accounts() returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  since xid8;
  horizon xid8;
  moved bigint;
begin
  select w.written_before into strict since from account_watermark w for update;
  if since > pg_snapshot_xmax(pg_current_snapshot()) then
    update account_rollups set balance = 0, written_before = '0'::xid8;
    since := '0'::xid8;
  end if;
  horizon := pg_snapshot_xmin(pg_current_snapshot());
  if horizon <= since then
    return 0;
  end if;
  with amounts as (
    select t.tenant_id, a.account_id, sum(a.amount) as amount
    from transfers t
    cross join lateral (
      values (t.credit_account_id, t.amount, t.credit_sequence), (t.debit_account_id, -t.amount, t.debit_sequence)
    ) a (account_id, amount, wallet_sequence)
    left join account_rollups r on r.tenant_id = t.tenant_id and r.account_id = a.account_id
    where t.written_by >= since and t.written_by < horizon
      and a.wallet_sequence is null
      -- An instance of the version before may have moved this account alone.
      and t.written_by >= coalesce(r.written_before, '0'::xid8)
    group by t.tenant_id, a.account_id
  ), kept as (
    insert into account_rollups as r (tenant_id, account_id, balance, written_before)
    select m.tenant_id, m.account_id, m.amount, horizon from amounts m order by m.tenant_id, m.account_id
    on conflict (tenant_id, account_id) do update set
      balance = r.balance + excluded.balance, written_before = excluded.written_before
    returning r.account_id
  )
  select count(*) into moved from kept;
  update account_watermark set written_before = horizon;
  return moved;
end
$$;
