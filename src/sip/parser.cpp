#include "sip/parser.hpp"

#include "base/ascii.hpp"
#include "sip/grammar.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

namespace roundabout::sip {
namespace {

constexpr std::string_view version_prefix = "SIP/";
constexpr std::string_view our_version = "SIP/2.0";
constexpr std::size_t usual_rows = 20; ///< nearly all messages have fewer

/// In any case, as RFC 3261 §7.1 says of SIP-Version.
[[nodiscard]] bool begins_with_version(std::string_view text) noexcept {
    return ascii::iequals(text.substr(0, version_prefix.size()), version_prefix);
}

/// What is wrong with a SIP-Version that begins as one.
[[nodiscard]] Error judge_version(std::string_view version) noexcept {
    if (ascii::iequals(version, our_version))
        return Error::none;
    const std::string_view numbers = version.substr(version_prefix.size());
    const std::size_t dot = numbers.find('.');
    const auto is_number = [](std::string_view text) {
        return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    };
    const bool well_formed = dot != std::string_view::npos && is_number(numbers.substr(0, dot)) &&
                             is_number(numbers.substr(dot + 1));
    return well_formed ? Error::bad_version : Error::bad_start_line;
}

} // namespace

/// Builds one Message. Positions are offsets into its bytes; `at_` is the next byte to look at.
class Indexer {
  public:
    Indexer(std::string bytes, Framing framing, IndexLimits limits)
        : framing_(framing)
        , limits_(limits) {
        message_.bytes_ = std::move(bytes);
    }

    [[nodiscard]] Result<Message> run() {
        if (const Error error = index_start_line(); error != Error::none)
            return make_error_code(error);
        message_.headers_.reserve(usual_rows);
        index_headers();
        look_for_stray_bytes();
        index_body();
        message_.key_fields_ = find_key_fields(message_);
        return std::move(message_);
    }

  private:
    /// A line of the header, without and with its line end.
    struct Line {
        std::uint32_t begin = 0;
        std::uint32_t content_end = 0;
        std::uint32_t end = 0;
    };

    [[nodiscard]] std::uint32_t size() const noexcept {
        return static_cast<std::uint32_t>(message_.bytes_.size());
    }
    [[nodiscard]] char byte(std::uint32_t at) const noexcept { return message_.bytes_[at]; }

    /// Only the first fault is kept.
    void fault(Error error) noexcept {
        if (message_.defect_ == Error::none)
            message_.defect_ = error;
    }

    [[nodiscard]] Span span(std::string_view part) const noexcept {
        return {static_cast<std::uint32_t>(part.data() - message_.bytes_.data()),
                static_cast<std::uint32_t>(part.size())};
    }
    [[nodiscard]] std::string_view view(std::uint32_t begin, std::uint32_t end) const noexcept {
        return std::string_view(message_.bytes_).substr(begin, end - begin);
    }

    [[nodiscard]] Line take_line() noexcept;
    [[nodiscard]] Error index_start_line();
    [[nodiscard]] Error index_request_line(std::string_view line) noexcept;
    [[nodiscard]] Error index_status_line(std::string_view line) noexcept;
    void index_headers();
    void add_row(const Line& first, std::uint32_t content_end, std::uint32_t end);
    void look_for_stray_bytes() noexcept;
    [[nodiscard]] std::optional<std::uint64_t> content_length() noexcept;
    void index_body() noexcept;

    Message message_;
    Framing framing_;
    IndexLimits limits_;
    std::uint32_t at_ = 0;
    std::uint32_t line_ends_ = 0; ///< CRLFs met so far
};

Indexer::Line Indexer::take_line() noexcept {
    Line line{at_, size(), size()};
    const char* const data = message_.bytes_.data();
    const void* const found = std::memchr(data + at_, '\n', size() - at_);
    if (found == nullptr) {
        fault(Error::header_unfinished);
        at_ = size();
        return line;
    }
    const auto feed = static_cast<std::uint32_t>(static_cast<const char*>(found) - data);
    if (feed > line.begin && data[feed - 1] == '\r') {
        line.content_end = feed - 1;
        ++line_ends_;
    } else {
        // Taken as a line end all the same: the message is refused, and the refusal must not carry
        // a bare LF back.
        line.content_end = feed;
        fault(Error::bare_line_feed);
    }
    line.end = at_ = feed + 1;
    return line;
}

Error Indexer::index_start_line() {
    // RFC 3261 §7.5: empty lines before the start line are ignored. They are no part of the message
    // and must not leave with it.
    const std::string_view bytes = message_.bytes_;
    std::size_t empty = 0;
    while (bytes.substr(empty, 2) == "\r\n")
        empty += 2;
    if (empty > 0)
        message_.bytes_.erase(0, empty);
    if (message_.bytes_.size() > std::numeric_limits<std::uint32_t>::max())
        return Error::message_too_large;

    const Line line = take_line();
    message_.start_line_ = {line.begin, line.content_end - line.begin};
    const std::string_view text = message_.text(message_.start_line_);
    return begins_with_version(text) ? index_status_line(text) : index_request_line(text);
}

Error Indexer::index_request_line(std::string_view line) noexcept {
    const std::size_t method_end = line.find_first_of(" \t");
    if (method_end == std::string_view::npos || !grammar::is_token(line.substr(0, method_end)))
        return Error::not_sip;
    const std::size_t line_end = line.find_last_not_of(" \t") + 1;
    if (line_end <= method_end)
        return Error::not_sip;
    const std::size_t uri_limit = line.substr(0, line_end).find_last_of(" \t");
    const std::string_view version = line.substr(uri_limit + 1, line_end - uri_limit - 1);
    if (!begins_with_version(version))
        return Error::not_sip;

    const std::string_view method = line.substr(0, method_end);
    message_.method_ = parse_method(method);
    message_.method_name_ = span(method);
    const std::string_view between = line.substr(method_end, uri_limit - method_end);
    const std::size_t uri_begin =
        method_end + (ascii::trim(between).empty() ? 0 : between.find_first_not_of(" \t"));
    const std::string_view uri = ascii::trim(between);
    message_.request_uri_ = span(line.substr(uri_begin, uri.size()));

    fault(judge_version(version));
    if (uri.empty() || uri.front() == '<' || uri.find(' ') != std::string_view::npos ||
        uri.find('\t') != std::string_view::npos)
        fault(Error::bad_request_uri);
    // RFC 3261 §7.1: one SP between the elements, nothing behind the version.
    const bool spaced = line[method_end] == ' ' && line[uri_limit] == ' ' &&
                        uri_begin == method_end + 1 && uri_begin + uri.size() == uri_limit;
    if (!spaced || line_end != line.size())
        fault(Error::bad_start_line);
    return Error::none;
}

Error Indexer::index_status_line(std::string_view line) noexcept {
    const std::size_t version_end = std::min(line.find(' '), line.size());
    fault(judge_version(line.substr(0, version_end)));
    const std::string_view rest = line.substr(std::min(version_end + 1, line.size()));
    const std::string_view digits = rest.substr(0, rest.find(' '));
    const auto status = ascii::to_number<std::uint16_t>(digits);
    if (digits.size() != 3 || !status || *status < 100 || *status > 699)
        return Error::bad_status_code;
    message_.status_ = *status;
    message_.status_span_ = span(digits);
    // The SP behind the code is mandatory, even before an empty phrase; its lack does no harm.
    message_.reason_ = span(rest.substr(std::min(digits.size() + 1, rest.size())));
    return Error::none;
}

void Indexer::index_headers() {
    while (at_ < size()) {
        const Line first = take_line();
        if (first.content_end == first.begin) {
            message_.headers_end_ = first.begin;
            return;
        }
        std::uint32_t content_end = first.content_end;
        std::uint32_t end = first.end;
        while (at_ < size() && ascii::is_space(byte(at_))) {
            const Line fold = take_line();
            content_end = fold.content_end;
            end = fold.end;
        }
        if (message_.headers_.size() < limits_.headers)
            add_row(first, content_end, end);
        else
            fault(Error::too_many_headers);
    }
    message_.headers_end_ = size();
    fault(Error::header_unfinished);
}

void Indexer::add_row(const Line& first, std::uint32_t content_end, std::uint32_t end) {
    HeaderField& row = message_.headers_.emplace_back();
    row.line = {first.begin, end - first.begin};
    const std::string_view line = view(first.begin, first.content_end);
    const std::size_t name_size = grammar::skip_set(line, 0, grammar::token_char);
    std::size_t colon = name_size;
    while (colon < line.size() && ascii::is_space(line[colon]))
        ++colon;
    // A line that is no header field is kept as a nameless row: rows follow on one another without
    // a gap, whatever came.
    std::uint32_t value_begin = first.begin;
    row.name = {first.begin, 0};
    if (name_size > 0 && colon < line.size() && line[colon] == ':') {
        row.name.size = static_cast<std::uint32_t>(name_size);
        row.id = parse_header_id(line.substr(0, name_size));
        value_begin += static_cast<std::uint32_t>(colon) + 1;
    } else {
        fault(Error::bad_header_line);
    }
    row.value = span(ascii::trim(view(value_begin, content_end)));
}

/// NUL, and CR that no LF follows: other programs take them for an end (R36).
void Indexer::look_for_stray_bytes() noexcept {
    // Counted in bytes and without a branch, so that the compiler makes it a few instructions for
    // each 16 or more bytes; a byte can't overflow in one chunk.
    constexpr std::size_t chunk_size = 128;
    const std::string_view header = view(0, at_);
    unsigned nuls = 0;
    std::uint32_t returns = 0;
    for (std::size_t begin = 0; begin < header.size(); begin += chunk_size) {
        std::uint8_t chunk_nuls = 0;
        std::uint8_t chunk_returns = 0;
        for (const char c : header.substr(begin, chunk_size)) {
            chunk_nuls = static_cast<std::uint8_t>(chunk_nuls | (c == '\0' ? 1U : 0U));
            chunk_returns = static_cast<std::uint8_t>(chunk_returns + (c == '\r' ? 1U : 0U));
        }
        nuls |= chunk_nuls;
        returns += chunk_returns;
    }
    if (nuls != 0 && grammar::has_stray_nul(header))
        fault(Error::nul_in_header);
    if (returns != line_ends_)
        fault(Error::bad_header_line);
}

std::optional<std::uint64_t> Indexer::content_length() noexcept {
    std::optional<std::uint64_t> length;
    for (const HeaderField& row : message_.headers_) {
        if (row.id != HeaderId::content_length)
            continue;
        const auto number = ascii::to_number<std::uint64_t>(message_.text(row.value));
        if (!number)
            fault(Error::bad_content_length);
        else if (length)
            fault(*length == *number ? Error::repeated_header : Error::content_length_mismatch);
        else
            length = number;
    }
    return length;
}

void Indexer::index_body() noexcept {
    const std::uint32_t rest = size() - at_;
    message_.body_ = {at_, rest};
    const std::optional<std::uint64_t> length = content_length();
    if (!length && framing_ != Framing::stream)
        return;
    const std::uint64_t wanted = length.value_or(0);
    if (wanted > rest) {
        fault(Error::body_short);
        return;
    }
    if (wanted < rest && framing_ != Framing::datagram)
        fault(Error::content_length_mismatch);
    message_.body_.size = static_cast<std::uint32_t>(wanted);
}

Result<Message> index_message(std::string bytes, Framing framing, IndexLimits limits) {
    return Indexer(std::move(bytes), framing, limits).run();
}

} // namespace roundabout::sip
