-- The keys of the audit chain, each for the links from its first sequence on. Sealed with KEY_ENCRYPTION_KEY, so that a
-- change of that one leaves the chain verifiable: what is older keeps its key, what is newer gets one of its own.
create table audit_chain_keys (
  first_sequence bigint primary key,
  key_sealed bytea not null,
  created_at timestamptz not null,
  constraint chain_keys_begin_at_one check (first_sequence >= 1)
);
alter table audit_chain_keys enable row level security;
create policy batches_see_all on audit_chain_keys to tm_batch using (true) with check (true);
grant select, insert, update (key_sealed) on audit_chain_keys to tm_batch;
