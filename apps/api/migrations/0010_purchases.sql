-- A repeated request finds the purchase it began, also when the first try never heard from Stripe.
alter table purchases add column request_subject text;
create index purchases_by_request_subject on purchases (tenant_id, request_subject)
  where request_subject is not null;

-- Stripe's events name a purchase or a payment intent and know no tenant.
create index purchases_by_id on purchases (id);
drop index purchases_by_payment_intent;
create index purchases_by_payment_intent on purchases (payment_intent_id) where payment_intent_id is not null;

-- Every dispute by itself: one may be won while another is lost, and either event may come first.
create table stripe_disputes (
  tenant_id text not null default current_tenant(),
  purchase_id text not null,
  id text not null,
  status text not null,
  closed_at timestamptz,
  primary key (tenant_id, purchase_id, id),
  constraint dispute_has_purchase foreign key (tenant_id, purchase_id) references purchases (tenant_id, id),
  constraint dispute_status_is_known check (status in ('open', 'won', 'lost')),
  constraint closed_disputes_say_when check ((status = 'open') = (closed_at is null))
);
alter table stripe_disputes enable row level security;
create policy tenant_sees_its_own on stripe_disputes to tm_app
  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy batches_see_all on stripe_disputes to tm_batch using (true) with check (true);
grant select on stripe_disputes to tm_app;
grant select, insert, update on stripe_disputes to tm_batch;

-- What an event was about and why it was refused. The payload is what we understood of it: a whole Stripe event
-- holds names and addresses that we have no use for.
alter table stripe_events add column purchase_id text, add column refused_because text;
create index stripe_events_by_purchase on stripe_events (purchase_id) where purchase_id is not null;
