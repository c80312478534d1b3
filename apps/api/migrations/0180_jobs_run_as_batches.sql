-- Until here connections of the job queue worked as the owner of the tables: whoever got hold of one owned everything. From here on
-- they work as `tm_batch`, which enqueues and does the jobs' own work already; of the queue it gets what running jobs takes, and no
-- more. Requests enqueue by `enqueue_job`, and neither read nor write the queue.
-- Row level security is on in the queue's tables, for it is on since graphile-worker's first migration, without a policy.
grant usage on schema graphile_worker to tm_batch;
grant select on graphile_worker.migrations to tm_batch;
grant select, insert on graphile_worker._private_tasks to tm_batch;
grant select, insert, update on graphile_worker._private_job_queues, graphile_worker._private_known_crontabs to tm_batch;
grant select, insert, update, delete on graphile_worker._private_jobs to tm_batch;
do $$
declare
  t text;
begin
  foreach t in array array['_private_tasks', '_private_job_queues', '_private_known_crontabs', '_private_jobs'] loop
    execute format('create policy batches_see_all on graphile_worker.%I to tm_batch using (true) with check (true)', t);
  end loop;
end
$$;
