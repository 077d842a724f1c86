#pragma once

#include "base/result.hpp"
#include "sip/message.hpp"
#include "sip/uri.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace roundabout::sip {

/// `;name=value` parameters of a header value, in order; views into the message.
class Parameters {
  public:
    Parameters() noexcept = default;
    /// `text` begins at the first ';' or is empty.
    explicit Parameters(std::string_view text) noexcept
        : text_(text) {}

    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    /// By name in any case; quotes stay on a quoted value. O(parameters).
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
    /// False if anything in it isn't `;token[=token|host|quoted]` (RFC 3261 §25.1 generic-param).
    [[nodiscard]] bool well_formed() const noexcept;

  private:
    std::string_view text_;
};

/// One Via value (RFC 3261 §20.42).
struct Via {
    std::string_view protocol;  ///< "SIP/2.0", white space may stand around the slashes
    std::string_view transport; ///< "UDP"; any token
    std::string_view sent_by;   ///< host, and ":port" where given
    std::string_view host;      ///< IPv6 with its brackets
    std::optional<std::uint16_t> port;
    Parameters parameters;
    std::string_view branch_parameter = ""; ///< found on the way through the parameters

    /// Empty if there is none.
    [[nodiscard]] std::string_view branch() const noexcept { return branch_parameter; }
    [[nodiscard]] bool has_magic_cookie() const noexcept; ///< z9hG4bK and something behind it
    /// z9hG4bK and nothing behind it: names no transaction (RFC 4475 §3.2.1).
    [[nodiscard]] bool has_bare_cookie() const noexcept;
};
[[nodiscard]] Result<Via> parse_via(std::string_view value) noexcept;

/// One From, To, Contact, Route, Record-Route or Path value: name-addr or addr-spec.
struct NameAddr {
    std::string_view display;
    std::string_view uri;                ///< without <>
    bool bracketed = false;              ///< false: addr-spec, so a ';' belongs to the header (R7)
    Parameters parameters;               ///< header parameters
    std::string_view tag_parameter = ""; ///< found on the way through the parameters

    /// Empty if there is none.
    [[nodiscard]] std::string_view tag() const noexcept { return tag_parameter; }
};
/// Errors: bad_from_or_to (also for Contact and Route: the caller names the field).
[[nodiscard]] Result<NameAddr> parse_name_addr(std::string_view value) noexcept;

struct CSeq {
    std::uint32_t number = 0;
    std::string_view method;
};
/// RFC 3261 §8.1.1.5: below 2**31 is asked of a sender, up to 2**32-1 is accepted here.
[[nodiscard]] Result<CSeq> parse_cseq(std::string_view value) noexcept;

/// Delta-seconds; a value beyond 2**32-1 counts as 2**32-1 (RFC 3261 §20.19). Error: bad_expires.
[[nodiscard]] Result<std::uint32_t> parse_delta_seconds(std::string_view value) noexcept;
/// 0 to 255 (RFC 3261 §20.22). Error: bad_max_forwards.
[[nodiscard]] Result<std::uint8_t> parse_max_forwards(std::string_view value) noexcept;

/// The comma-separated values of one header row, in order, quotes and <> respected. Walks lazily,
/// allocates nothing. Empty elements are skipped.
class ValueCursor {
  public:
    explicit ValueCursor(std::string_view row) noexcept
        : rest_(row) {}
    /// The next value without surrounding white space; nothing at the end.
    [[nodiscard]] std::optional<std::string_view> next() noexcept;

  private:
    std::string_view rest_;
};

/// One value among all rows of a header.
struct ValueAt {
    std::string_view text; ///< into the message's bytes
    std::uint32_t row = 0; ///< position in headers()
};
/// All values of a header over all its rows, in order (rows are joined by meaning, §7.3.1).
[[nodiscard]] std::vector<ValueAt> values(const Message& message, HeaderId id);
/// The first value; nothing if the header is absent. Allocates nothing.
[[nodiscard]] std::optional<std::string_view> first_value(const Message& message,
                                                          HeaderId id) noexcept;

/// True if Supported, Require or the like (`id`) has that option tag, in any case. O(values).
[[nodiscard]] bool has_option(const Message& message, HeaderId id, std::string_view tag) noexcept;

// What nearly every step needs; errors as of the parse functions, missing_header if absent. O(1)
// where index_message() found the field sound, as it noted it then.
[[nodiscard]] Result<Via> top_via(const Message& message) noexcept;
[[nodiscard]] Result<CSeq> cseq(const Message& message) noexcept;
[[nodiscard]] Result<NameAddr> from(const Message& message) noexcept;
[[nodiscard]] Result<NameAddr> to(const Message& message) noexcept;
[[nodiscard]] std::string_view call_id(const Message& message) noexcept;

/// Where in the message's bytes a view into it lies.
[[nodiscard]] Span span_of(const Message& message, std::string_view part) noexcept;

} // namespace roundabout::sip
