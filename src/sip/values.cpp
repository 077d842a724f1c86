#include "sip/values.hpp"

#include "base/ascii.hpp"
#include "sip/grammar.hpp"

#include <algorithm>
#include <functional>
#include <limits>

namespace roundabout::sip {
namespace {

/// The end of the value that begins `row`: the position of a comma outside quotes and angle
/// brackets, or the row's size.
[[nodiscard]] std::size_t value_end(std::string_view row) noexcept {
    if (row.find(',') == std::string_view::npos)
        return row.size(); // the usual row, which has one value
    for (std::size_t at = 0; at < row.size();) {
        if (!grammar::is_in(row[at], grammar::row_mark)) {
            ++at;
            continue;
        }
        if (row[at] == ',')
            return at;
        at = row[at] == '"' ? grammar::quoted_string_end(row, at) : row.find('>', at);
    }
    return row.size();
}

/// All digits, at least one.
[[nodiscard]] bool is_digits(std::string_view text) noexcept {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

} // namespace

Result<CSeq> parse_cseq(std::string_view value) noexcept {
    value = ascii::trim(value);
    std::size_t digits = 0;
    while (digits < value.size() && ascii::is_digit(value[digits]))
        ++digits;
    const std::size_t method = grammar::skip_lws(value, digits);
    const auto number = ascii::to_number<std::uint32_t>(value.substr(0, digits));
    if (!number || method == digits || !grammar::is_token(value.substr(method)))
        return make_error_code(Error::bad_cseq);
    return CSeq{*number, value.substr(method)};
}

Result<std::uint32_t> parse_delta_seconds(std::string_view value) noexcept {
    value = ascii::trim(value);
    if (!is_digits(value))
        return make_error_code(Error::bad_expires);
    return ascii::to_number<std::uint32_t>(value).value_or(
        std::numeric_limits<std::uint32_t>::max());
}

Result<std::uint8_t> parse_max_forwards(std::string_view value) noexcept {
    const auto number = ascii::to_number<std::uint8_t>(ascii::trim(value));
    if (!number)
        return make_error_code(Error::bad_max_forwards);
    return *number;
}

std::optional<std::string_view> ValueCursor::next() noexcept {
    while (!rest_.empty()) {
        const std::size_t end = value_end(rest_);
        const std::string_view value = ascii::trim(rest_.substr(0, end));
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        if (!value.empty())
            return value;
    }
    return std::nullopt;
}

std::vector<ValueAt> values(const Message& message, HeaderId id) {
    std::vector<ValueAt> out;
    std::uint32_t position = 0;
    for (const HeaderField& row : message.headers()) {
        if (row.id == id) {
            ValueCursor cursor(message.text(row.value));
            while (const std::optional<std::string_view> value = cursor.next())
                out.push_back({*value, position});
        }
        ++position;
    }
    return out;
}

std::optional<std::string_view> first_value(const Message& message, HeaderId id) noexcept {
    for (const HeaderField& row : message.headers()) {
        if (row.id != id)
            continue;
        if (const auto value = ValueCursor(message.text(row.value)).next())
            return value;
    }
    return std::nullopt;
}

bool has_option(const Message& message, HeaderId id, std::string_view tag) noexcept {
    for (const HeaderField& row : message.headers()) {
        if (row.id != id)
            continue;
        ValueCursor cursor(message.text(row.value));
        while (const auto value = cursor.next()) {
            if (ascii::iequals(*value, tag))
                return true;
        }
    }
    return false;
}

Result<Via> top_via(const Message& message) noexcept {
    if (message.key_fields().knows_via)
        return known_via(message);
    const std::optional<std::string_view> value = first_value(message, HeaderId::via);
    if (!value)
        return make_error_code(Error::missing_header);
    return parse_via(*value);
}

Result<CSeq> cseq(const Message& message) noexcept {
    if (message.key_fields().knows_cseq)
        return known_cseq(message);
    const HeaderField* row = message.find(HeaderId::cseq);
    if (row == nullptr)
        return make_error_code(Error::missing_header);
    return parse_cseq(message.text(row->value));
}

Result<NameAddr> from(const Message& message) noexcept {
    if (message.key_fields().knows_from)
        return known_from(message);
    const HeaderField* row = message.find(HeaderId::from);
    if (row == nullptr)
        return make_error_code(Error::missing_header);
    return parse_name_addr(message.text(row->value));
}

Result<NameAddr> to(const Message& message) noexcept {
    if (message.key_fields().knows_to)
        return known_to(message);
    const HeaderField* row = message.find(HeaderId::to);
    if (row == nullptr)
        return make_error_code(Error::missing_header);
    return parse_name_addr(message.text(row->value));
}

std::string_view call_id(const Message& message) noexcept {
    return message.value(HeaderId::call_id);
}

Span span_of(const Message& message, std::string_view part) noexcept {
    const std::string_view bytes = message.bytes();
    const std::less<> before;
    if (before(part.data(), bytes.data()) ||
        before(bytes.data() + bytes.size(), part.data() + part.size()))
        return {};
    return {static_cast<std::uint32_t>(part.data() - bytes.data()),
            static_cast<std::uint32_t>(part.size())};
}

} // namespace roundabout::sip
