-- Addresses were taken with any text behind the domain (`ada@example.com/…`), as a URL's host would be read: mails showed it, or could
-- not be sent. What they were looked up by never had it.
update users set email = email_normalized
where substring(email from '[^@]*$') ~ '[/?#\\%:[:space:][:cntrl:]]';

update users set pending_email = pending_email_normalized
where substring(pending_email from '[^@]*$') ~ '[/?#\\%:[:space:][:cntrl:]]';

update provider_invitations set email = email_normalized
where substring(email from '[^@]*$') ~ '[/?#\\%:[:space:][:cntrl:]]';
