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
  when 'refund_failed' then debit_account_id = 'refunds' and credit_sequence is not null
  when 'promotion' then debit_account_id = 'promotions' and credit_sequence is not null
  when 'payout' then debit_account_id like 'prv\_%' and credit_account_id = 'payouts'
  else true
end) not valid;

-- Whose purchase it is, and what it reverses, is looked up where it is rare: a purchase is credited once, and few are taken back.
-- Openings and settlements, which are many, get no look-up; whether they have a session is for the nightly proof. Nor do corrections,
-- which the owner of the tables makes.
create policy ledger_sees_all on purchases to tm_ledger using (true) with check (true);
grant select (tenant_id, id, user_id) on purchases to tm_ledger;

create function refuse_what_is_not_of_the_wallet() returns trigger
language plpgsql
as $$
begin
  if new.purchase_id is not null and not exists (
    select from purchases p where p.tenant_id = new.tenant_id and p.id = new.purchase_id
      and (p.user_id in (new.debit_account_id, new.credit_account_id) or new.debit_account_id = 'debt:' || p.user_id)
  ) then
    raise exception 'purchase % is not of the wallet', new.purchase_id using errcode = 'integrity_constraint_violation';
  end if;
  if new.reverses_id is not null and not exists (
    select from transfers t where t.tenant_id = new.tenant_id and t.id = new.reverses_id
      and t.purchase_id is not distinct from new.purchase_id
      and (t.credit_account_id in (new.debit_account_id, new.credit_account_id)
        or new.debit_account_id = 'debt:' || t.credit_account_id)
  ) then
    raise exception 'transfer % did not credit the wallet for that purchase', new.reverses_id
      using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;
create trigger transfers_are_of_the_wallet after insert on transfers
  for each row when (new.kind <> 'correction' and (new.purchase_id is not null or new.reverses_id is not null))
  execute function refuse_what_is_not_of_the_wallet();
