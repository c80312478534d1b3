-- Which debt a line paid back was told by when the debts were booked, and clocks of instances differ: a debt that was booked later by
-- one that is behind moved in front of those that had been paid. The number of the wallet's line it came after cannot. Debts on
-- record stay in the order they were told in; they come before all others.
alter table transfers
  add column owed_after bigint,
  add constraint only_debts_are_owed check (owed_after is null or kind = 'debt');

create or replace function reverse_credit(
  p_tenant_id text, p_wallet_id text, p_kind text, p_to_account_id text, p_amount bigint, p_purchase_id text,
  p_reverses_id text, p_description text, p_transfer_ids text[], p_now timestamptz,
  out taken bigint, out owed bigint
)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  left_posted bigint;
  left_sequence bigint;
begin
  perform refuse_other_tenants(array[p_tenant_id]);
  select least(w.posted - w.held, p_amount) into strict taken
  from wallets w where w.tenant_id = p_tenant_id and w.id = p_wallet_id for update;
  owed := p_amount - taken;
  update wallets w set posted = w.posted - taken, debt = w.debt + owed, sequence = w.sequence + (taken > 0)::int
  where w.tenant_id = p_tenant_id and w.id = p_wallet_id
  returning w.posted, w.sequence into left_posted, left_sequence;
  if taken > 0 then
    insert into transfers (
      tenant_id, id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after,
      purchase_id, reverses_id, description, created_at
    ) values (
      p_tenant_id, p_transfer_ids[1], p_kind, p_wallet_id, p_to_account_id, taken, left_sequence, left_posted,
      p_purchase_id, p_reverses_id, p_description, p_now
    );
  end if;
  if owed > 0 then
    insert into transfers (
      tenant_id, id, kind, debit_account_id, credit_account_id, amount, purchase_id, reverses_id, description, created_at,
      owed_after
    ) values (
      p_tenant_id, p_transfer_ids[2], 'debt', 'debt:' || p_wallet_id, p_to_account_id, owed,
      p_purchase_id, p_reverses_id, 'Owed: refunded tokens that had already been spent', p_now,
      left_sequence
    );
  end if;
end
$$;
