-- Somebody who is signed in ties an account of a forge to the user that they are: it is not asked then who has its address.

ALTER TABLE sign_in ADD COLUMN user_id BIGINT NOT NULL DEFAULT 0;	-- who set out to tie an account; 0: somebody who wants to come in
