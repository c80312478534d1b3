-- What a provider is paid out. A pending one is set aside; paying it is a transfer, and then it is history.
create table payouts (
  tenant_id text not null default current_tenant(),
  id text not null,
  provider_id text not null,
  status text not null default 'pending',
  amount bigint not null,
  -- What it is worth, at the price of a token when it was made.
  amount_cents bigint not null,
  currency text not null,
  -- The operator's, of the bank transfer.
  reference text,
  transfer_id text,
  created_by text not null,
  created_at timestamptz not null,
  settled_at timestamptz,
  primary key (tenant_id, id),
  constraint payout_has_provider foreign key (tenant_id, provider_id) references providers (tenant_id, id),
  constraint payout_has_transfer foreign key (tenant_id, transfer_id) references transfers (tenant_id, id),
  constraint payout_is_positive check (amount > 0),
  constraint payout_status_is_known check (status in ('pending', 'paid', 'cancelled')),
  constraint paid_payouts_say_how check (
    (status = 'paid') = (reference is not null) and (status = 'paid') = (transfer_id is not null)
  ),
  constraint settled_payouts_say_when check ((status = 'pending') = (settled_at is null))
);
create index payouts_by_provider on payouts (tenant_id, provider_id, id);
create index payouts_pending on payouts (tenant_id, id) where status = 'pending';
alter table payouts enable row level security;
create policy tenant_sees_its_own on payouts to tm_app
  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy batches_see_all on payouts to tm_batch using (true) with check (true);
grant select, insert, update (status, reference, transfer_id, settled_at) on payouts to tm_app, tm_batch;

-- Earnings ask which purchases are disputed, or were and left a debt.
create index stripe_disputes_not_won on stripe_disputes (tenant_id, purchase_id) where status <> 'won';
