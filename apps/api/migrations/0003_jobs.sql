-- The only way requests reach the queue: enqueue in the transaction that causes the job. The queue's tables stay
-- closed to both roles.
create function enqueue_job(p_task text, p_payload json, p_run_at timestamptz, p_job_key text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select graphile_worker.add_job(
    identifier => p_task, payload => p_payload, run_at => p_run_at, job_key => p_job_key
  );
$$;
revoke all on function enqueue_job(text, json, timestamptz, text) from public;
grant execute on function enqueue_job(text, json, timestamptz, text) to tm_app, tm_batch;
grant select on migrations to tm_app, tm_batch;
