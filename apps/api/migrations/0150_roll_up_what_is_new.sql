-- The roll-up read every transfer there is, every five minutes, to find that most of them were rolled up long ago. From here
-- on it reads those between two transaction ids: up to where it came the last time, and what every reader sees by now.
create table account_watermark (
  is_only_row boolean not null default true primary key,
  -- All transfers of earlier transactions are in `account_rollups`.
  written_before xid8 not null,
  constraint one_row check (is_only_row)
);
-- Each run so far rolled up all accounts, so the latest of their watermarks is true for every account.
insert into account_watermark (written_before)
select coalesce((select written_before from account_rollups order by written_before desc limit 1), '0'::xid8);
grant select, update (written_before) on account_watermark to tm_batch;

-- Always appended to at its right end, where equal ids share one entry.
create index transfers_by_writer on transfers (written_by);

-- Moves the watermark to where every running transaction has passed. What is still being written has a later transaction id
-- and is left for the next time; one transaction that takes long holds the watermark back, and readers sum what is behind it.
--
-- Locks the watermark, so that two at once follow one another. The second statement's horizon was read under that lock, and
-- the third sees all that finished before it.
create function roll_up_accounts() returns bigint
language plpgsql
as $$
declare
  since xid8;
  horizon xid8;
  moved bigint;
begin
  select w.written_before into strict since from account_watermark w for update;
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
