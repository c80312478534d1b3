-- Refunds one by one, as Stripe tells of them. The charge only says their sum, which a refund that fails later may lower or not.
create table stripe_refunds (
  tenant_id text not null default current_tenant(),
  purchase_id text not null,
  id text not null,
  amount_cents bigint not null,
  -- When we heard of it, which may be long after.
  failed_at timestamptz,
  primary key (tenant_id, purchase_id, id),
  constraint told_refund_has_purchase foreign key (tenant_id, purchase_id) references purchases (tenant_id, id),
  constraint told_refund_is_not_negative check (amount_cents >= 0)
);
create index stripe_refunds_failed on stripe_refunds (failed_at) where failed_at is not null;
alter table stripe_refunds enable row level security;
create policy tenant_sees_its_own on stripe_refunds to tm_app
  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy batches_see_all on stripe_refunds to tm_batch using (true) with check (true);
grant select on stripe_refunds to tm_app;
grant select, insert, update on stripe_refunds to tm_batch;

-- One that failed after Stripe took it keeps Stripe's name for it.
alter table refunds
  drop constraint sent_refunds_name_stripes,
  add constraint sent_refunds_name_stripes check (case status
    when 'sent' then stripe_refund_id is not null
    when 'pending' then stripe_refund_id is null
    else true
  end);

-- Tokens that come back because their refund did.
alter table transfers
  drop constraint transfer_kind_is_known,
  add constraint transfer_kind_is_known check (kind in (
    'purchase', 'charge', 'fee', 'refund', 'refund_failed', 'dispute', 'dispute_won', 'debt', 'debt_repaid', 'promotion', 'payout',
    'correction'
  )),
  drop constraint correction_names_what_it_reverses,
  add constraint correction_names_what_it_reverses check (
    kind not in ('refund', 'refund_failed', 'dispute', 'dispute_won', 'debt', 'correction') or reverses_id is not null
  );
