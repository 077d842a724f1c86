-- How many seconds its NAT was found to hold a mapping; 0: nothing found.
ALTER TABLE bindings ADD COLUMN keepalive INTEGER NOT NULL DEFAULT 0;
