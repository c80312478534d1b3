-- What an owner watches: sessions of one provider that have not ended, however many did before. Beats touch neither
-- the columns nor the condition, so their updates stay on the page.
create index sessions_live_by_provider on sessions (tenant_id, provider_id, id) where status <> 'ended';
-- Whose pages may call us before their provider is listed: those with a test session of the last day.
create index sessions_test_by_age on sessions (created_at) where is_test;
