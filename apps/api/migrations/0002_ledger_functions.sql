-- One function per money transition: no round trip while a lock is held, and a batch calls the very function a
-- single call does, once per item in the order of wallet ids, so both lock in the same order.
-- They run with the caller's rights; row level security applies inside.

-- Reserves an amount, or says what there is instead. The conditional update is the lock and the check in one.
create function place_hold(
  p_tenant_id text, p_wallet_id text, p_hold_id text, p_reference text, p_amount bigint, p_now timestamptz,
  out placed boolean, out available bigint, out debt bigint
)
language plpgsql
as $$
begin
  update wallets w set held = w.held + p_amount
  where w.tenant_id = p_tenant_id and w.id = p_wallet_id and w.debt = 0 and w.posted - w.held >= p_amount
  returning true, w.posted - w.held, w.debt into placed, available, debt;
  if placed and p_amount > 0 then
    insert into holds (tenant_id, id, wallet_id, reference, amount, created_at)
    values (p_tenant_id, p_hold_id, p_wallet_id, p_reference, p_amount, p_now);
  end if;
  if placed is null then
    placed := false;
    select w.posted - w.held, w.debt into available, debt
    from wallets w where w.tenant_id = p_tenant_id and w.id = p_wallet_id;
  end if;
end
$$;

-- Frees tokens that stand in `held` without a hold, after the user's debt took its part of them. Debt and something
-- to spend may not stand side by side even for one statement, so what could pay a debt comes through here.
create function free_after_debt(
  p_tenant_id text, p_wallet_id text, p_amount bigint, p_transfer_id text, p_now timestamptz
) returns void
language plpgsql
as $$
declare
  paid bigint;
  left_posted bigint;
  left_sequence bigint;
begin
  select least(w.debt, p_amount) into strict paid
  from wallets w where w.tenant_id = p_tenant_id and w.id = p_wallet_id for update;
  update wallets w set held = w.held - p_amount, posted = w.posted - paid, debt = w.debt - paid,
    sequence = w.sequence + (paid > 0)::int
  where w.tenant_id = p_tenant_id and w.id = p_wallet_id
  returning w.posted, w.sequence into left_posted, left_sequence;
  if paid > 0 then
    insert into transfers (
      tenant_id, id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after,
      description, created_at
    ) values (
      p_tenant_id, p_transfer_id, 'debt_repaid', p_wallet_id, 'debt:' || p_wallet_id, paid, left_sequence, left_posted,
      'Paid back: refunded tokens that had already been spent', p_now
    );
  end if;
end
$$;

-- Turns part of the open holds of a reference into a charge, oldest hold first, and releases the rest. A second
-- try finds no open hold and changes nothing: `resolved` is false. Locks the wallet, and nothing that other users'
-- sessions need: what the provider and the platform earn is appended.
create function capture_holds(
  p_tenant_id text, p_reference text, p_amount bigint, p_provider_id text, p_fee_basis_points integer,
  p_description text, p_transfer_ids text[], p_now timestamptz,
  out resolved boolean, out captured bigint, out released bigint, out fee bigint
)
language plpgsql
as $$
declare
  wallet text;
  owes boolean;
  left_posted bigint;
  left_sequence bigint;
begin
  resolved := false; captured := 0; released := 0; fee := 0;
  select h.wallet_id into wallet from holds h
  where h.tenant_id = p_tenant_id and h.reference = p_reference and h.resolution is null limit 1;
  if wallet is null then
    return;
  end if;
  select w.debt > 0 into owes from wallets w where w.tenant_id = p_tenant_id and w.id = wallet for update;
  -- Only now, under the wallet's lock, is it settled which holds are still open.
  with open_holds as (
    select h.id, coalesce(sum(h.amount) over (order by h.id rows between unbounded preceding and 1 preceding), 0) as before
    from holds h
    where h.tenant_id = p_tenant_id and h.reference = p_reference and h.resolution is null
  ), closed as (
    update holds h set
      captured = greatest(0, least(h.amount, p_amount - o.before)),
      released = h.amount - greatest(0, least(h.amount, p_amount - o.before)),
      resolution = case when p_amount > o.before then 'captured' else 'released' end,
      resolved_at = p_now
    from open_holds o
    where h.tenant_id = p_tenant_id and h.id = o.id and h.resolution is null
    returning h.captured, h.released
  )
  select count(*) > 0, coalesce(sum(c.captured), 0), coalesce(sum(c.released), 0)
  into resolved, captured, released from closed c;
  if not resolved then
    return;
  end if;
  if captured <> p_amount then
    raise exception 'a capture of % exceeds the holds of % by %', p_amount, p_reference, p_amount - captured
      using errcode = 'integrity_constraint_violation';
  end if;
  update wallets w set
    posted = w.posted - captured,
    held = w.held - captured - (case when owes then 0 else released end),
    sequence = w.sequence + (captured > 0)::int
  where w.tenant_id = p_tenant_id and w.id = wallet
  returning w.posted, w.sequence into left_posted, left_sequence;
  -- Half up, in whole tokens.
  fee := (captured * p_fee_basis_points + 5000) / 10000;
  if captured > 0 then
    insert into transfers (
      tenant_id, id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after,
      session_id, description, created_at
    ) values (
      p_tenant_id, p_transfer_ids[1], 'charge', wallet, p_provider_id, captured, left_sequence, left_posted,
      p_reference, p_description, p_now
    );
  end if;
  if fee > 0 then
    insert into transfers (
      tenant_id, id, kind, debit_account_id, credit_account_id, amount, session_id, description, created_at
    ) values (
      p_tenant_id, p_transfer_ids[2], 'fee', p_provider_id, 'platform_fee', fee, p_reference, 'Platform fee', p_now
    );
  end if;
  if owes then
    perform free_after_debt(p_tenant_id, wallet, released, p_transfer_ids[3], p_now);
  end if;
end
$$;

-- Adds tokens to a wallet; a debt takes its part at once. Locks the wallet.
create function credit_wallet(
  p_tenant_id text, p_wallet_id text, p_kind text, p_from_account_id text, p_amount bigint, p_purchase_id text,
  p_reverses_id text, p_description text, p_transfer_ids text[], p_now timestamptz
) returns void
language plpgsql
as $$
declare
  owes boolean;
  left_posted bigint;
  left_sequence bigint;
begin
  select w.debt > 0 into strict owes
  from wallets w where w.tenant_id = p_tenant_id and w.id = p_wallet_id for update;
  update wallets w set
    posted = w.posted + p_amount,
    held = w.held + (case when owes then p_amount else 0 end),
    sequence = w.sequence + 1
  where w.tenant_id = p_tenant_id and w.id = p_wallet_id
  returning w.posted, w.sequence into left_posted, left_sequence;
  insert into transfers (
    tenant_id, id, kind, debit_account_id, credit_account_id, amount, credit_sequence, credit_balance_after,
    purchase_id, reverses_id, description, created_at
  ) values (
    p_tenant_id, p_transfer_ids[1], p_kind, p_from_account_id, p_wallet_id, p_amount, left_sequence, left_posted,
    p_purchase_id, p_reverses_id, p_description, p_now
  );
  if owes then
    perform free_after_debt(p_tenant_id, p_wallet_id, p_amount, p_transfer_ids[2], p_now);
  end if;
end
$$;

-- Takes a credit back: what is available now, and the rest as a debt, never a negative wallet. Held tokens are
-- promised to sessions that run; the debt gets what they release. Locks the wallet.
create function reverse_credit(
  p_tenant_id text, p_wallet_id text, p_kind text, p_to_account_id text, p_amount bigint, p_purchase_id text,
  p_reverses_id text, p_description text, p_transfer_ids text[], p_now timestamptz,
  out taken bigint, out owed bigint
)
language plpgsql
as $$
declare
  left_posted bigint;
  left_sequence bigint;
begin
  select least(w.posted - w.held, p_amount) into strict taken
  from wallets w where w.tenant_id = p_tenant_id and w.id = p_wallet_id for update;
  owed := p_amount - taken;
  update wallets w set posted = w.posted - taken, debt = w.debt + owed, sequence = w.sequence + (taken > 0)::int
  where w.tenant_id = p_tenant_id and w.id = p_wallet_id
  returning w.posted, w.sequence into left_posted, left_sequence;
  if taken > 0 then
    insert into transfers (
      tenant_id, id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after,
      purchase_id, reverses_id, description, created_at
    ) values (
      p_tenant_id, p_transfer_ids[1], p_kind, p_wallet_id, p_to_account_id, taken, left_sequence, left_posted,
      p_purchase_id, p_reverses_id, p_description, p_now
    );
  end if;
  if owed > 0 then
    insert into transfers (
      tenant_id, id, kind, debit_account_id, credit_account_id, amount, purchase_id, reverses_id, description, created_at
    ) values (
      p_tenant_id, p_transfer_ids[2], 'debt', 'debt:' || p_wallet_id, p_to_account_id, owed,
      p_purchase_id, p_reverses_id, 'Owed: refunded tokens that had already been spent', p_now
    );
  end if;
end
$$;
