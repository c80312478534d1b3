-- Which variant of a provider's experiment a session was shown first. Written once, when the page says so.
create table exposures (
  tenant_id text not null default current_tenant(),
  session_id text not null,
  experiment text not null,
  variant text not null,
  created_at timestamptz not null,
  primary key (tenant_id, session_id, experiment),
  constraint exposure_has_session foreign key (tenant_id, session_id) references sessions (tenant_id, id),
  constraint exposure_names_are_short check (length(experiment) between 1 and 64 and length(variant) between 1 and 64)
);
alter table exposures enable row level security;
create policy tenant_sees_its_own on exposures to tm_app
  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy batches_see_all on exposures to tm_batch using (true) with check (true);
grant select, insert on exposures to tm_app;
grant select on exposures to tm_batch;
