-- Numbers a provider's own events, so that a receiver keeps the newest snapshot whatever arrives first.
alter table providers add column event_sequence integer not null default 0;
-- What the operator wrote when sending a provider back or suspending it; for its owner's eyes.
alter table providers add column review_note text;
create index providers_listed_by_category on providers (tenant_id, category, id) where status = 'listed';
create index providers_awaiting_review on providers (tenant_id, id) where status = 'in_review';

-- Secrets are 256 random bits, so a plain SHA-256 is enough: there is nothing to guess.
create table api_keys (
  tenant_id text not null default current_tenant(),
  id text not null,
  provider_id text not null,
  name text not null,
  scopes text[] not null,
  mode text not null,
  secret_hash bytea not null,
  -- The end of the secret, by which its owner tells keys apart.
  secret_ending text not null,
  created_by text not null,
  created_at timestamptz not null,
  last_used_at timestamptz,
  -- Set by a rotation: the old secret works until then.
  expires_at timestamptz,
  revoked_at timestamptz,
  replaced_by_id text,
  primary key (tenant_id, id),
  constraint api_key_has_provider foreign key (tenant_id, provider_id) references providers (tenant_id, id),
  constraint api_key_secret_is_unique unique (secret_hash),
  constraint api_key_mode_is_known check (mode in ('live', 'test'))
);
create index api_keys_by_provider on api_keys (tenant_id, provider_id, id);

alter table api_keys enable row level security;
create policy tenant_sees_its_own on api_keys to tm_app
  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy batches_see_all on api_keys to tm_batch using (true) with check (true);
grant select, insert, update (last_used_at, expires_at, revoked_at, replaced_by_id) on api_keys to tm_app, tm_batch;
