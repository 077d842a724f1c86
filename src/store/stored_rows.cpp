#include "store/stored_rows.hpp"

#include "registration/aor.hpp"
#include "store/row_check.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <utility>

namespace roundabout::store {
namespace {

using registration::Binding;
using registration::BindingId;

// The order that read_row() takes.
constexpr const char* select_sql =
    "SELECT id, aor, contact_uri, user, server, transport, local, remote, listener, outgoing,"
    " behind_nat, instance, reg_id, q, call_id, cseq, user_agent, registered, expires, version,"
    " keepalive FROM bindings WHERE ";

/// Beyond it, versions could run out within this process's life.
constexpr std::uint64_t newest_version_believed = std::uint64_t{1} << 62U;

std::string select(const char* condition) { return std::string(select_sql) + condition; }

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
    binding.keepalive = row.number<std::uint16_t>();
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

void append(std::vector<Binding>& to, std::vector<Binding> from) {
    std::ranges::move(from, std::back_inserter(to));
}

} // namespace

StoredRows::StoredRows(SQLite::Database& database)
    : by_id_(database, select("id = ?1"))
    , by_user_(database, select("server = ?1 AND user = ?2 LIMIT 64"))
    , by_aor_(database, select("server = ?1 AND aor = ?2"))
    , between_aors_(database, select("server = ?1 AND aor >= ?2 AND aor < ?3 LIMIT 64"))
    , by_remote_(database, select("remote = ?1 AND transport = 'udp'"))
    , walk_(database, select("id > ?1 ORDER BY id LIMIT ?2")) {}

std::vector<Binding> StoredRows::read_all(SQLite::Statement& statement) const {
    std::vector<Binding> all;
    while (statement.executeStep()) {
        Binding binding;
        if (read_row(statement, binding).empty())
            all.push_back(std::move(binding));
    }
    return all;
}

std::vector<Binding> StoredRows::find(const Lookup& lookup) {
    if (const auto* by_id = std::get_if<ById>(&lookup)) {
        const Use use(by_id_);
        by_id_.bind(1, by_id->id.bytes.data(), static_cast<int>(by_id->id.bytes.size()));
        return read_all(by_id_);
    }
    if (const auto* by_aor = std::get_if<ByAor>(&lookup)) {
        const Use use(by_aor_);
        by_aor_.bind(1, by_aor->server);
        by_aor_.bind(2, by_aor->aor);
        return read_all(by_aor_);
    }
    if (const auto* by_remote = std::get_if<ByRemote>(&lookup)) {
        const Use use(by_remote_);
        by_remote_.bind(1, by_remote->remote.to_string());
        return read_all(by_remote_);
    }
    const auto& by_user = std::get<ByUser>(lookup);
    std::vector<Binding> found;
    {
        const Use use(by_user_);
        by_user_.bind(1, by_user.server);
        by_user_.bind(2, by_user.user);
        append(found, read_all(by_user_));
    }
    // Every AOR of that user, whatever its host: "sip:alice@" to "sip:aliceA", the next letter.
    const Use use(between_aors_);
    const std::string user = "sip:" + registration::escaped_user(by_user.user);
    between_aors_.bind(1, by_user.server);
    between_aors_.bind(2, user + "@");
    between_aors_.bind(3, user + "A");
    append(found, read_all(between_aors_));
    return found;
}

bool StoredRows::walk(
    std::string& cursor, std::size_t limit, const std::function<void(Binding)>& sound,
    const std::function<void(const std::string& id, const std::string& fault)>& damaged) {
    const Use use(walk_);
    walk_.bind(1, cursor.data(), static_cast<int>(cursor.size()));
    walk_.bind(2, static_cast<std::int64_t>(limit));
    std::size_t met = 0;
    while (walk_.executeStep()) {
        Binding binding;
        const std::string_view fault = read_row(walk_, binding);
        cursor = walk_.getColumn(0).getString();
        ++met;
        if (fault.empty())
            sound(std::move(binding));
        else
            damaged(cursor, std::string(fault));
    }
    return met == limit;
}

std::string beyond(std::string_view cursor, unsigned attempt) {
    constexpr unsigned first_step = 40; // of 64 bits: about the rows of one page among a million
    std::string next(cursor);
    next.resize(12, '\0');
    std::uint64_t head = 0;
    for (std::size_t i = 0; i < 8; ++i)
        head = head << 8U | static_cast<std::uint8_t>(next[i]);
    if (attempt >= 64 - first_step)
        return {};
    const std::uint64_t step = std::uint64_t{1} << (first_step + attempt);
    if (head > std::numeric_limits<std::uint64_t>::max() - step)
        return {};
    head += step;
    for (std::size_t i = 8; i-- > 0; head >>= 8U)
        next[i] = static_cast<char>(head & 0xFFU);
    return next;
}

} // namespace roundabout::store
