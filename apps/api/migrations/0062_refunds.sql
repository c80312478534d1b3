-- Money an operator gave back. Written before Stripe hears of it: its id is the key by which Stripe recognises a
-- repeated request. What it means for the wallet is decided by Stripe's own event.
create table refunds (
  tenant_id text not null default current_tenant(),
  id text not null,
  purchase_id text not null,
  amount_cents bigint not null,
  reason text not null,
  status text not null,
  stripe_refund_id text,
  requested_by text not null,
  created_at timestamptz not null,
  primary key (tenant_id, id),
  constraint refund_has_purchase foreign key (tenant_id, purchase_id) references purchases (tenant_id, id),
  constraint refund_is_positive check (amount_cents > 0),
  constraint refund_status_is_known check (status in ('pending', 'sent', 'failed')),
  constraint sent_refunds_name_stripes check ((status = 'sent') = (stripe_refund_id is not null))
);
create index refunds_by_purchase on refunds (tenant_id, purchase_id, id);
alter table refunds enable row level security;
create policy tenant_sees_its_own on refunds to tm_app
  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy batches_see_all on refunds to tm_batch using (true) with check (true);
grant select, insert on refunds to tm_app, tm_batch;
grant update (status, stripe_refund_id) on refunds to tm_app, tm_batch;
