-- Stripe could not deliver it by then: it was found in Stripe's list. No longer so once it is delivered after all.
alter table stripe_events add column is_undelivered boolean not null default false;
create index stripe_events_undelivered on stripe_events (received_at) where is_undelivered;
