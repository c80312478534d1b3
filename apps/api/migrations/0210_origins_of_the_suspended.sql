-- A page of a provider that was suspended asks on, and is to read that its session was revoked.
create index providers_suspended_by_origin on providers using gin (allowed_origins) where status = 'suspended';
