-- The application could make a payout that is paid, naming any transfer: what is payable went down by it and the ledger had paid nothing.
-- It makes pending ones, and nothing else.
revoke insert on payouts from tm_app, tm_batch;
grant insert (tenant_id, id, provider_id, amount, amount_cents, currency, created_by, created_at) on payouts to tm_app, tm_batch;

-- A statement is of payouts by when they were settled, so that does not change any more either.
create trigger settled_payouts_stay_as_they_are after update on payouts
  for each row when (old.status <> 'pending') execute function refuse_to_change_what_ended();

-- Who bought, how much and at what price stands from the beginning. A request notes how its checkout began; all else is what Stripe
-- says of it, and written by batches.
revoke update on purchases from tm_app, tm_batch;
grant update (status, checkout_url, checkout_session_id) on purchases to tm_app;
do $$
begin
  execute (
    select format('grant update (%s) on purchases to tm_batch', string_agg(quote_ident(attname), ', ' order by attnum))
    from pg_attribute
    where attrelid = 'purchases'::regclass and attnum > 0 and not attisdropped and attname not in ('tenant_id', 'id', 'user_id',
      'tokens', 'amount_cents', 'currency', 'discount_percent', 'created_at', 'request_subject', 'token_price_cents')
  );
end
$$;
