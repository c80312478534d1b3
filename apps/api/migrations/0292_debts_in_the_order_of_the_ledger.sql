-- Which debt a line paid back was told by when the debts were booked, and clocks of instances differ: a debt that was booked later by
-- one that is behind moved in front of those that had been paid. The number of the wallet's line it came after cannot. Debts on
-- record stay in the order they were told in; they come before all others. `reverse_credit` writes it from 0310 on.
alter table transfers
  add column owed_after bigint,
  add constraint only_debts_are_owed check (owed_after is null or kind = 'debt');
