#include "transport/dns_message.hpp"

#include "base/ascii.hpp"

#include <ares.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace roundabout::transport {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t header_size = 12;
constexpr std::size_t most_aliases = 8;
constexpr std::uint16_t class_internet = 1;

enum class RecordType : std::uint16_t { none = 0, cname = 5, soa = 6, srv = 33, naptr = 35 };

/// A name as it may stand in a question or a URI: letters, digits, '-', '_' and dots.
bool is_plain(std::string_view name) noexcept {
    return std::ranges::all_of(name, [](char c) {
        return ascii::is_alpha(c) || ascii::is_digit(c) || c == '-' || c == '_' || c == '.';
    });
}

/// Reads on in a message; once it has met something bad it gives zeros and stays bad.
class Cursor {
  public:
    Cursor(Bytes message, std::size_t at) noexcept
        : message_(message)
        , at_(at) {}

    [[nodiscard]] bool good() const noexcept { return good_; }
    [[nodiscard]] std::size_t at() const noexcept { return at_; }

    std::uint32_t number(std::size_t bytes) noexcept {
        std::uint32_t read = 0;
        if (!have(bytes))
            return 0;
        for (std::size_t i = 0; i < bytes; ++i)
            read = read << 8U | message_[at_++];
        return read;
    }
    std::uint16_t word() noexcept { return static_cast<std::uint16_t>(number(2)); }
    void skip(std::size_t bytes) noexcept {
        if (have(bytes))
            at_ += bytes;
    }

    /// <character-string> of RFC 1035 §3.3.
    std::string text() {
        const std::size_t size = number(1);
        if (!have(size))
            return {};
        const Bytes part = message_.subspan(at_, size);
        at_ += size;
        return {part.begin(), part.end()};
    }

    /// A name, decompressed, in lower case; the root is empty. Characters that no host name has
    /// come escaped (RFC 1035 §5.1), so a dot always separates labels.
    std::string name() {
        char* expanded = nullptr;
        long used = 0; // NOLINT(google-runtime-int): the library's own
        if (!have(1) ||
            ares_expand_name(message_.data() + at_, message_.data(),
                             static_cast<int>(message_.size()), &expanded, &used) != ARES_SUCCESS) {
            good_ = false;
            return {};
        }
        std::string read = ascii::to_lower(expanded);
        ares_free_string(expanded);
        at_ += static_cast<std::size_t>(used);
        return read;
    }

  private:
    bool have(std::size_t bytes) noexcept {
        good_ = good_ && message_.size() - at_ >= bytes;
        return good_;
    }

    Bytes message_;
    std::size_t at_;
    bool good_ = true;
};

struct ResourceRecord {
    std::string owner;
    RecordType type{};
    std::chrono::seconds ttl{0};
    std::size_t data = 0; ///< where its contents start
    std::size_t end = 0;
};

/// Leaves out what is of another class. A TTL with its highest bit set is 0 (RFC 2181 §8).
std::optional<std::vector<ResourceRecord>> read_records(Bytes message) {
    Cursor cursor(message, 4);
    const std::size_t questions = cursor.word();
    const std::size_t all = std::size_t{cursor.word()} + cursor.word(); // answers and authorities
    cursor.skip(2);
    for (std::size_t i = 0; i < questions && cursor.good(); ++i) {
        cursor.name();
        cursor.skip(4);
    }
    std::vector<ResourceRecord> records;
    for (std::size_t i = 0; i < std::min(all, most_records) && cursor.good(); ++i) {
        ResourceRecord record;
        record.owner = cursor.name();
        record.type = static_cast<RecordType>(cursor.word());
        const bool internet = cursor.word() == class_internet;
        const std::uint32_t ttl = cursor.number(4);
        record.ttl = std::chrono::seconds(ttl > 0x7FFFFFFFU ? 0U : ttl);
        const std::size_t size = cursor.word();
        record.data = cursor.at();
        cursor.skip(size);
        record.end = cursor.at();
        if (internet && cursor.good())
            records.push_back(std::move(record));
    }
    return cursor.good() ? std::optional(std::move(records)) : std::nullopt;
}

std::optional<SrvRecord> read_srv(Bytes message, const ResourceRecord& record) {
    Cursor cursor(message.first(record.end), record.data);
    SrvRecord srv;
    srv.priority = cursor.word();
    srv.weight = cursor.word();
    srv.port = cursor.word();
    srv.target = cursor.name();
    return cursor.good() && is_plain(srv.target) ? std::optional(std::move(srv)) : std::nullopt;
}

std::optional<NaptrRecord> read_naptr(Bytes message, const ResourceRecord& record) {
    Cursor cursor(message.first(record.end), record.data);
    NaptrRecord naptr;
    naptr.order = cursor.word();
    naptr.preference = cursor.word();
    naptr.flags = cursor.text();
    naptr.service = cursor.text();
    naptr.regexp = cursor.text();
    naptr.replacement = cursor.name();
    return cursor.good() && is_plain(naptr.replacement) ? std::optional(std::move(naptr))
                                                        : std::nullopt;
}

/// How long "there is none" counts (RFC 2308 §5).
std::chrono::seconds ttl_of_none(Bytes message, const std::vector<ResourceRecord>& records) {
    const auto soa = std::ranges::find(records, RecordType::soa, &ResourceRecord::type);
    if (soa == records.end())
        return std::chrono::seconds(0);
    Cursor cursor(message.first(soa->end), soa->data);
    cursor.name();
    cursor.name();
    cursor.skip(16);
    const std::chrono::seconds minimum(cursor.number(4));
    return cursor.good() ? std::min(soa->ttl, minimum) : std::chrono::seconds(0);
}

/// The name that the CNAMEs of `name` lead to; `ttl` becomes the shortest on the way.
std::string follow_aliases(Bytes message, const std::vector<ResourceRecord>& records,
                           std::string name, std::chrono::seconds& ttl) {
    for (std::size_t i = 0; i < most_aliases; ++i) {
        const auto alias = std::ranges::find_if(records, [&name](const ResourceRecord& record) {
            return record.type == RecordType::cname && record.owner == name;
        });
        if (alias == records.end())
            break;
        Cursor cursor(message.first(alias->end), alias->data);
        name = cursor.name();
        ttl = std::min(ttl, alias->ttl);
    }
    return name;
}

} // namespace

Result<DnsAnswer> read_dns_answer(Bytes message, const DnsQuestion& question) {
    if (message.size() < header_size)
        return Error::resolve_failed;
    const auto records = read_records(message);
    if (!records)
        return Error::resolve_failed;
    DnsAnswer answer;
    answer.ttl = std::chrono::seconds::max();
    const std::string owner = follow_aliases(message, *records, question.name, answer.ttl);
    const bool for_srv = question.type == DnsQuestion::Type::srv;
    const RecordType wanted = for_srv ? RecordType::srv : RecordType::naptr;
    for (const ResourceRecord& record : *records) {
        if (record.type != wanted || record.owner != owner)
            continue;
        answer.ttl = std::min(answer.ttl, record.ttl);
        if (auto srv = for_srv ? read_srv(message, record) : std::nullopt)
            answer.records.services.push_back(std::move(*srv));
        if (auto naptr = for_srv ? std::nullopt : read_naptr(message, record))
            answer.records.pointers.push_back(std::move(*naptr));
    }
    if (answer.records.empty())
        answer.ttl = std::min(answer.ttl, ttl_of_none(message, *records));
    return answer;
}

} // namespace roundabout::transport
