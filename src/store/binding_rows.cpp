#include "store/binding_rows.hpp"

#include "store/row_check.hpp"

#include <cstring>
#include <limits>

namespace roundabout::store {
namespace {

using registration::Binding;
using registration::BindingId;

constexpr const char* upsert_sql =
    "INSERT INTO bindings (id, aor, contact_uri, user, server, transport, local, remote, listener,"
    " outgoing, behind_nat, instance, reg_id, q, call_id, cseq, user_agent, registered, expires,"
    " version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
    " ?18, ?19, ?20) ON CONFLICT (id) DO UPDATE SET aor = ?2, contact_uri = ?3, user = ?4,"
    " server = ?5, transport = ?6, local = ?7, remote = ?8, listener = ?9, outgoing = ?10,"
    " behind_nat = ?11, instance = ?12, reg_id = ?13, q = ?14, call_id = ?15, cseq = ?16,"
    " user_agent = ?17, registered = ?18, expires = ?19, version = ?20 WHERE version < ?20";

// The order that read_row() takes.
constexpr const char* select_sql =
    "SELECT id, aor, contact_uri, user, server, transport, local, remote, listener, outgoing,"
    " behind_nat, instance, reg_id, q, call_id, cseq, user_agent, registered, expires, version"
    " FROM bindings";

/// Beyond it, versions could run out within this process's life.
constexpr std::uint64_t newest_version_believed = std::uint64_t{1} << 62U;

/// Binds without copying: what is bound outlives the step. The size counts, not a NUL.
void bind_text(SQLite::Statement& statement, int index, const std::string& text) {
    statement.bindNoCopy(index, text);
}

void bind_id(SQLite::Statement& statement, int index, const BindingId& id) {
    statement.bind(index, id.bytes.data(), static_cast<int>(id.bytes.size()));
}

std::int64_t seconds(WallTime time) noexcept { return time.time_since_epoch().count(); }

/// Reads columns in order and remembers whether all of them fitted.
class RowReader {
  public:
    explicit RowReader(SQLite::Statement& statement) noexcept
        : statement_(statement) {}

    std::string text() {
        const SQLite::Column column = statement_.getColumn(next_++);
        return column.getString(); // by size, NULs and all
    }
    template <class Number>
    Number number() {
        const std::int64_t value = statement_.getColumn(next_++).getInt64();
        if (value < 0 || static_cast<std::uint64_t>(value) > std::numeric_limits<Number>::max()) {
            fits_ = false;
            return 0;
        }
        return static_cast<Number>(value);
    }
    WallTime time() { return WallTime(std::chrono::seconds(number<std::uint32_t>())); }
    template <class Value>
    Value parsed(const Result<Value>& value) {
        fits_ = fits_ && value.has_value();
        return value ? *value : Value{};
    }
    [[nodiscard]] bool fits() const noexcept { return fits_; }

  private:
    SQLite::Statement& statement_;
    int next_ = 0;
    bool fits_ = true;
};

/// What the row says, and what is wrong with it; empty if nothing is.
std::string_view read_row(SQLite::Statement& statement, Binding& binding) {
    RowReader row(statement);
    const std::string id = row.text();
    if (id.size() != binding.id.bytes.size())
        return "id is not 12 bytes";
    std::memcpy(binding.id.bytes.data(), id.data(), id.size());
    binding.aor = row.text();
    binding.contact_uri = row.text();
    binding.user = row.text();
    binding.server = row.text();
    binding.flow.transport = row.parsed(parse_transport(row.text()));
    binding.flow.local = row.parsed(Endpoint::parse(row.text()));
    binding.flow.remote = row.parsed(Endpoint::parse(row.text()));
    binding.listener = row.text();
    binding.flow.outgoing = row.number<std::uint8_t>() != 0;
    binding.behind_nat = row.number<std::uint8_t>() != 0;
    binding.instance = row.text();
    binding.reg_id = row.number<std::uint32_t>();
    binding.q = row.number<std::uint16_t>();
    binding.call_id = row.text();
    binding.cseq = row.number<std::uint32_t>();
    binding.user_agent = row.text();
    binding.registered = row.time();
    binding.expires = row.time();
    binding.version = row.number<std::uint64_t>();
    if (!row.fits() || binding.version == 0 || binding.version > newest_version_believed)
        return "an address, a transport or a number is out of range";
    return fault_of(binding);
}

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
    , remove_(database, "DELETE FROM bindings WHERE id = ?1 AND version <= ?2")
    , find_(database, std::string(select_sql) + " WHERE id = ?1") {}

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
    upsert_.bind(20, static_cast<std::int64_t>(binding.version));
    upsert_.exec();
}

void BindingRows::remove(const registration::Removal& removal) {
    const Use use(remove_);
    bind_id(remove_, 1, removal.id);
    remove_.bind(2, static_cast<std::int64_t>(removal.version));
    remove_.exec();
}

std::optional<Binding> BindingRows::find(const BindingId& id) {
    const Use use(find_);
    bind_id(find_, 1, id);
    Binding binding;
    if (!find_.executeStep() || !read_row(find_, binding).empty())
        return std::nullopt;
    return binding;
}

void BindingRows::for_each(
    const std::function<void(Binding)>& sound,
    const std::function<void(const std::string& id, const std::string& fault)>& damaged) {
    SQLite::Statement rows(database_, std::string(select_sql) + " ORDER BY id");
    while (rows.executeStep()) {
        Binding binding;
        const std::string_view fault = read_row(rows, binding);
        if (fault.empty())
            sound(std::move(binding));
        else
            damaged(rows.getColumn(0).getString(), std::string(fault));
    }
}

bool BindingRows::any() {
    return database_.execAndGet("SELECT EXISTS (SELECT 1 FROM bindings)").getInt() != 0;
}

void BindingRows::yield_version(const std::string& id) {
    SQLite::Statement yield(database_, "UPDATE bindings SET version = 0 WHERE id = ?1");
    yield.bind(1, id.data(), static_cast<int>(id.size()));
    yield.exec();
}

std::size_t BindingRows::remove_expired(WallTime now) {
    SQLite::Statement expired(database_, "DELETE FROM bindings WHERE expires <= ?1");
    expired.bind(1, seconds(now));
    return static_cast<std::size_t>(expired.exec());
}

} // namespace roundabout::store
