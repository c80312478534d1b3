-- Until when a request under this key is taken to be asking somebody else: whoever repeats it meanwhile, on whatever instance, is told to
-- come again. One of an instance of before is not seen.
alter table idempotency_keys add column asking_until timestamptz;
