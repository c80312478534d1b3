-- Every hour all sign-ins and all unbilled time were read to find the few that may be forgotten: 0.6 s for 3 million sign-ins that lay in
-- memory, so that from some 40 million on (10,000 who are signed in all day: 35 million) the 10 s of a statement did not suffice, and
-- nothing more was forgotten. The index by family says now when the last of a family expires, which is asked for each that was revoked.
create index refresh_tokens_by_age on refresh_tokens (expires_at);
-- A summary per range of pages, as beats have: by an index of all hours an allowance would be looked up, too, where that was planned
-- while the table was empty, and read everybody's.
create index unbilled_time_by_age on unbilled_time using brin (hour);
drop index refresh_tokens_by_family;
create index refresh_tokens_by_family on refresh_tokens (tenant_id, family_id, expires_at);
