#include "store/binding_rows.hpp"

#include <algorithm>
#include <string>

namespace roundabout::store {
namespace {

using registration::Binding;
using registration::BindingId;

constexpr const char* upsert_sql =
    "INSERT INTO bindings (id, aor, contact_uri, user, server, transport, local, remote, listener,"
    " outgoing, behind_nat, instance, reg_id, q, call_id, cseq, user_agent, registered, expires,"
    " version, keepalive) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
    "?15, ?16, ?17,"
    " ?18, ?19, ?20, ?22) ON CONFLICT (id) DO UPDATE SET aor = ?2, contact_uri = ?3, user = ?4,"
    " server = ?5, transport = ?6, local = ?7, remote = ?8, listener = ?9, outgoing = ?10,"
    " behind_nat = ?11, instance = ?12, reg_id = ?13, q = ?14, call_id = ?15, cseq = ?16,"
    " user_agent = ?17, registered = ?18, expires = ?19, version = ?20, keepalive = ?22"
    " WHERE version < ?20 OR version > ?21";

/// Binds without copying: what is bound outlives the step. The size counts, not a NUL.
void bind_text(SQLite::Statement& statement, int index, const std::string& text) {
    statement.bindNoCopy(index, text);
}

void bind_id(SQLite::Statement& statement, int index, const BindingId& id) {
    statement.bind(index, id.bytes.data(), static_cast<int>(id.bytes.size()));
}

std::int64_t seconds(WallTime time) noexcept { return time.time_since_epoch().count(); }
std::int64_t number(std::uint64_t version) noexcept { return static_cast<std::int64_t>(version); }

/// A statement that is ready again however its use ended.
class Use {
  public:
    explicit Use(SQLite::Statement& statement)
        : statement_(statement) {
        statement_.reset();
    }
    ~Use() { statement_.tryReset(); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

  private:
    SQLite::Statement& statement_;
};

} // namespace

BindingRows::BindingRows(SQLite::Database& database)
    : database_(database)
    , upsert_(database, upsert_sql)
    , remove_(database, "DELETE FROM bindings WHERE id = ?1 AND (version <= ?2 OR version > ?3)")
    , advance_(database, "INSERT INTO progress (one, newest_version, written) VALUES (1, ?1, ?2)"
                         " ON CONFLICT (one) DO UPDATE SET newest_version = ?1, written = ?2") {
    newest_version_ = progress().newest_version;
}

void BindingRows::apply(const registration::ChangeSet& changes, WallTime now) {
    std::uint64_t newest = newest_version_;
    for (const Binding& binding : changes.upserts)
        newest = std::max(newest, binding.version);
    for (const registration::Removal& removal : changes.removals)
        newest = std::max(newest, removal.version);
    newest_version_ = newest; // stays so if the transaction fails: those versions have been given
    for (const Binding& binding : changes.upserts)
        upsert(binding);
    for (const registration::Removal& removal : changes.removals)
        remove(removal);
    const Use use(advance_);
    advance_.bind(1, number(newest_version_));
    advance_.bind(2, seconds(now));
    advance_.exec();
}

void BindingRows::upsert(const Binding& binding) {
    const Use use(upsert_);
    const std::string transport(name(binding.flow.transport));
    const std::string local = binding.flow.local.to_string();
    const std::string remote = binding.flow.remote.to_string();
    bind_id(upsert_, 1, binding.id);
    bind_text(upsert_, 2, binding.aor);
    bind_text(upsert_, 3, binding.contact_uri);
    bind_text(upsert_, 4, binding.user);
    bind_text(upsert_, 5, binding.server);
    bind_text(upsert_, 6, transport);
    bind_text(upsert_, 7, local);
    bind_text(upsert_, 8, remote);
    bind_text(upsert_, 9, binding.listener);
    upsert_.bind(10, binding.flow.outgoing ? 1 : 0);
    upsert_.bind(11, binding.behind_nat ? 1 : 0);
    bind_text(upsert_, 12, binding.instance);
    upsert_.bind(13, binding.reg_id);
    upsert_.bind(14, static_cast<std::int32_t>(binding.q));
    bind_text(upsert_, 15, binding.call_id);
    upsert_.bind(16, binding.cseq);
    bind_text(upsert_, 17, binding.user_agent);
    upsert_.bind(18, seconds(binding.registered));
    upsert_.bind(19, seconds(binding.expires));
    upsert_.bind(20, number(binding.version));
    upsert_.bind(21, number(newest_version_));
    upsert_.bind(22, static_cast<std::int32_t>(binding.keepalive));
    upsert_.exec();
}

void BindingRows::remove(const registration::Removal& removal) {
    const Use use(remove_);
    bind_id(remove_, 1, removal.id);
    remove_.bind(2, number(removal.version));
    remove_.bind(3, number(newest_version_));
    remove_.exec();
}

bool BindingRows::any() {
    return database_.execAndGet("SELECT EXISTS (SELECT 1 FROM bindings)").getInt() != 0;
}

Progress BindingRows::progress() {
    SQLite::Statement row(database_, "SELECT newest_version, written FROM progress");
    if (!row.executeStep())
        return {};
    const std::int64_t version = row.getColumn(0).getInt64();
    const std::int64_t written = row.getColumn(1).getInt64();
    constexpr std::int64_t believed = std::int64_t{1} << 62U;
    return {version < 0 || version > believed ? 0 : static_cast<std::uint64_t>(version),
            WallTime(std::chrono::seconds(std::clamp<std::int64_t>(written, 0, 0xFFFFFFFF)))};
}

} // namespace roundabout::store
