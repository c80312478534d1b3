-- A clock that ran ahead had quarters written that were not over, and for as long as it had been ahead nothing was written. The
-- roll-up takes that back from here on; what was written too early goes.
grant delete on activity_quarters to tm_batch;
