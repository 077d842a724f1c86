-- How far the versions of bindings have come, and when something was last written: known at start
-- without reading every row. One row.
CREATE TABLE progress (
    one            INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    newest_version INTEGER NOT NULL,
    written        INTEGER NOT NULL -- seconds since the epoch
) STRICT;

-- A version beyond 2^62 is damage, not progress.
INSERT INTO progress
SELECT 1, coalesce(max(version) FILTER (WHERE version < 4611686018427387904), 0),
       coalesce(max(registered), 0)
FROM bindings;

-- What a request asks for while the bindings are still being read into memory after a start.
CREATE INDEX bindings_by_user ON bindings (server, user);
CREATE INDEX bindings_by_aor ON bindings (server, aor);
CREATE INDEX bindings_by_remote ON bindings (remote) WHERE transport = 'udp';
