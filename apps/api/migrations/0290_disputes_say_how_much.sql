-- A dispute may be of a part of a payment, and an inquiry takes none of it. What a dispute said was not kept: those on record are of
-- the whole, as they were booked.
alter table stripe_disputes add column amount_cents bigint;
update stripe_disputes d set amount_cents = p.amount_cents
from purchases p where p.tenant_id = d.tenant_id and p.id = d.purchase_id;
alter table stripe_disputes
  alter column amount_cents set not null,
  add constraint dispute_is_not_negative check (amount_cents >= 0),
  drop constraint dispute_status_is_known,
  add constraint dispute_status_is_known check (status in ('inquiry', 'open', 'won', 'lost')),
  drop constraint closed_disputes_say_when,
  add constraint closed_disputes_say_when check ((status in ('inquiry', 'open')) = (closed_at is null));

-- What open and lost disputes took of the price, as it is booked.
alter table purchases
  add column disputed_cents bigint not null default 0,
  add constraint disputed_within_paid check (disputed_cents between 0 and amount_cents);
update purchases set disputed_cents = amount_cents where is_disputed;
