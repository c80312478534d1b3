-- When Stripe is asked next what became of a purchase, where no event told of it. Those that wait already are due at once, and so are
-- those that an instance of before begins.
alter table purchases add column reconcile_at timestamptz not null default now();
create index purchases_to_reconcile on purchases (reconcile_at) where status = 'pending';
grant insert (reconcile_at) on purchases to tm_app, tm_batch;
grant update (reconcile_at) on purchases to tm_batch;

-- Payments that were found so: for the figure of those that no event told of.
create index stripe_events_found_paid on stripe_events (received_at) where type = 'reconciliation.paid';
