-- What the ledger's functions were asked for they did: a promotion out of a provider's account, tokens of a purchase into somebody
-- else's wallet, a reversal of nothing. A wallet's arithmetic is right after each of them, so the nightly proof found nothing.
--
-- A transfer's kind says between which accounts it moves. Written before: what does not comply is a finding of `check-ledger`, and no
-- reason to refuse the upgrade. Nothing of it looks at another row, so it costs a settlement next to nothing.
alter table transfers add constraint transfer_goes_where_its_kind_says check (case kind
  when 'purchase' then debit_account_id = 'stripe_clearing' and credit_sequence is not null and purchase_id is not null
  when 'charge' then debit_sequence is not null and credit_account_id like 'prv\_%' and session_id is not null
  when 'fee' then debit_account_id like 'prv\_%' and credit_account_id = 'platform_fee' and session_id is not null
  when 'refund' then debit_sequence is not null and credit_account_id = 'refunds'
  when 'dispute' then debit_sequence is not null and credit_account_id = 'refunds'
  when 'debt' then debit_account_id like 'debt:usr\_%' and credit_account_id = 'refunds'
  when 'debt_repaid' then debit_sequence is not null and credit_account_id = 'debt:' || debit_account_id
  when 'dispute_won' then debit_account_id = 'refunds' and credit_sequence is not null
  when 'promotion' then debit_account_id = 'promotions' and credit_sequence is not null
  when 'payout' then debit_account_id like 'prv\_%' and credit_account_id = 'payouts'
  else true
end) not valid;

-- Whose purchase it is, and what it reverses, is looked up where it is rare: a purchase is credited once, and few are taken back.
-- Openings and settlements, which are many, get no look-up; whether they have a session is for the nightly proof.
create policy ledger_sees_all on purchases to tm_ledger using (true) with check (true);
grant select (tenant_id, id, user_id) on purchases to tm_ledger;

create function refuse_what_is_not_of_the_wallet(
  p_tenant_id text, p_wallet_id text, p_purchase_id text, p_reverses_id text
) returns void
language plpgsql stable
as $$
begin
  if p_purchase_id is not null and not exists (
    select from purchases p where p.tenant_id = p_tenant_id and p.id = p_purchase_id and p.user_id = p_wallet_id
  ) then
    raise exception 'purchase % is not of %', p_purchase_id, p_wallet_id using errcode = 'integrity_constraint_violation';
  end if;
  if p_reverses_id is not null and not exists (
    select from transfers t where t.tenant_id = p_tenant_id and t.id = p_reverses_id and t.credit_account_id = p_wallet_id
      and t.purchase_id is not distinct from p_purchase_id
  ) then
    raise exception 'transfer % did not credit % for that purchase', p_reverses_id, p_wallet_id
      using errcode = 'integrity_constraint_violation';
  end if;
end
$$;

-- The functions as they were, otherwise.
create or replace function credit_wallet(
  p_tenant_id text, p_wallet_id text, p_kind text, p_from_account_id text, p_amount bigint, p_purchase_id text,
  p_reverses_id text, p_description text, p_transfer_ids text[], p_now timestamptz
) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  owes boolean;
  left_posted bigint;
  left_sequence bigint;
begin
  perform refuse_other_tenants(array[p_tenant_id]);
  perform refuse_what_is_not_of_the_wallet(p_tenant_id, p_wallet_id, p_purchase_id, p_reverses_id);
  select w.debt > 0 into strict owes
  from wallets w where w.tenant_id = p_tenant_id and w.id = p_wallet_id for update;
  update wallets w set
    posted = w.posted + p_amount,
    held = w.held + (case when owes then p_amount else 0 end),
    sequence = w.sequence + 1
  where w.tenant_id = p_tenant_id and w.id = p_wallet_id
  returning w.posted, w.sequence into left_posted, left_sequence;
  insert into transfers (
    tenant_id, id, kind, debit_account_id, credit_account_id, amount, credit_sequence, credit_balance_after,
    purchase_id, reverses_id, description, created_at
  ) values (
    p_tenant_id, p_transfer_ids[1], p_kind, p_from_account_id, p_wallet_id, p_amount, left_sequence, left_posted,
    p_purchase_id, p_reverses_id, p_description, p_now
  );
  if owes then
    perform free_after_debt(p_tenant_id, p_wallet_id, p_amount, p_transfer_ids[2], p_now);
  end if;
end
$$;

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
  perform refuse_what_is_not_of_the_wallet(p_tenant_id, p_wallet_id, p_purchase_id, p_reverses_id);
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
      tenant_id, id, kind, debit_account_id, credit_account_id, amount, purchase_id, reverses_id, description, created_at
    ) values (
      p_tenant_id, p_transfer_ids[2], 'debt', 'debt:' || p_wallet_id, p_to_account_id, owed,
      p_purchase_id, p_reverses_id, 'Owed: refunded tokens that had already been spent', p_now
    );
  end if;
end
$$;

-- To own a function takes the right to create one, for as long as it takes to say so.
grant create on schema public to tm_ledger;
alter function refuse_what_is_not_of_the_wallet(text, text, text, text) owner to tm_ledger;
revoke execute on function refuse_what_is_not_of_the_wallet(text, text, text, text) from public;
revoke create on schema public from tm_ledger;
