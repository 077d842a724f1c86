-- One row a registered Contact. Text may hold any byte but is never cut at a NUL: an escaped %00 in
-- a Contact is a user of one NUL byte.
-- "RBT1": tells our file from another program's.
PRAGMA application_id = 0x52425431;

CREATE TABLE bindings (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 12),
    aor         TEXT    NOT NULL,
    contact_uri TEXT    NOT NULL, -- byte for byte as the client sent it
    user        TEXT    NOT NULL, -- the Contact's user, unescaped
    server      TEXT    NOT NULL, -- name of the trusted server that granted it
    transport   TEXT    NOT NULL,
    local       TEXT    NOT NULL, -- "192.0.2.1:5060": our end of the flow
    remote      TEXT    NOT NULL, -- where the client was heard
    listener    TEXT    NOT NULL, -- finds the listener again after a restart
    outgoing    INTEGER NOT NULL,
    behind_nat  INTEGER NOT NULL,
    instance    TEXT    NOT NULL,
    reg_id      INTEGER NOT NULL, -- 0: none
    q           INTEGER NOT NULL, -- thousandths
    call_id     TEXT    NOT NULL,
    cseq        INTEGER NOT NULL,
    user_agent  TEXT    NOT NULL,
    registered  INTEGER NOT NULL, -- seconds since the epoch
    expires     INTEGER NOT NULL,
    version     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
