-- What a session’s life changes is in no index: the update stays on its page and writes no index entries (HOT). Three indexes were
-- in the way by what they leave out, which counts as well: `status` changes when a launch is validated, at a pause and at a
-- resumption, and each of them wrote six entries anew. That a session has ended it says by `ended_at` as well, and only once.
create index sessions_not_over on sessions (sweep_at) where ended_at is null;
create index sessions_running_by_provider on sessions (tenant_id, provider_id, id) where ended_at is null;
create index sessions_running_by_user on sessions (tenant_id, user_id, id) where ended_at is null;
drop index sessions_due, sessions_live_by_provider, sessions_live_by_user;

-- Open holds of a wallet were asked for by the nightly proof alone, which reads all holds besides; ending one wrote two entries
-- anew because of it.
drop index holds_open_by_wallet;

-- Pages that are filled from now on keep room for it.
alter table holds set (fillfactor = 70);
alter table wallets set (fillfactor = 70);
