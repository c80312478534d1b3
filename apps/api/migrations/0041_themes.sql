-- How the SDK's dialog looks in a provider's app; absent: plain.
create table provider_themes (
  tenant_id text not null default current_tenant(),
  provider_id text not null,
  theme jsonb not null,
  updated_at timestamptz not null,
  primary key (tenant_id, provider_id),
  constraint theme_has_provider foreign key (tenant_id, provider_id) references providers (tenant_id, id)
);

alter table provider_themes enable row level security;
create policy tenant_sees_its_own on provider_themes to tm_app
  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy batches_see_all on provider_themes to tm_batch using (true) with check (true);
grant select, insert, update on provider_themes to tm_app, tm_batch;
