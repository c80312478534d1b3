-- What the owners of a listed provider changed since an operator last looked: texts are live and can be put back,
-- addresses of hosts nobody has seen wait.
alter table providers
  add column changed_since timestamptz,
  -- The texts as they were approved.
  add column listing_before jsonb,
  -- { launchUrl, allowedOrigins } as the owners want them.
  add column held_addresses jsonb,
  -- Origins that an approved change left out: sessions opened on them run to their end.
  add column retiring_origins text[] not null default '{}',
  add column retiring_until timestamptz,
  add constraint listing_change_is_whole check ((changed_since is null) = (listing_before is null)),
  add constraint held_addresses_wait_for_somebody check (held_addresses is null or changed_since is not null);
create index providers_changed on providers (tenant_id, changed_since, id) where changed_since is not null;
