-- A correction that takes back another one may debit a wallet, and was left out of a provider's figures for that: what it gave back
-- to the provider was not payable, and its statements closed with less than the ledger says.
drop index transfers_taken_back;
create index transfers_corrected on transfers (tenant_id, id) where kind = 'correction';

-- Where there is one, all figures are written anew; until then they are computed when they are read.
do $$
begin
  if exists (
    select from transfers
    where kind = 'correction' and debit_sequence is not null and credit_account_id like 'prv\_%'
  ) then
    lock table activity_progress;
    truncate activity_quarters, activity_people;
    update activity_progress set rolled_until = null;
  end if;
end
$$;
