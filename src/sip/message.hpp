#pragma once

#include "base/error.hpp"
#include "sip/header_id.hpp"
#include "sip/key_fields.hpp"
#include "sip/method.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::sip {

/// A place in a message's bytes.
struct Span {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;

    [[nodiscard]] std::uint32_t end() const noexcept { return begin + size; }
    friend bool operator==(const Span&, const Span&) noexcept = default;
};

/// One header line of a message, folds included. Rows follow on one another without a gap. A line
/// that is no header field (a defect) is kept as a row of id `other` without a name.
struct HeaderField {
    HeaderId id = HeaderId::other;
    Span name;  ///< without the white space before the colon
    Span value; ///< without surrounding white space; folds inside are kept
    Span line;  ///< from the name's first byte to past the last CRLF
};

/// A received message: its bytes, which never change, and an index over them. What leaves is made
/// from these bytes by splices (edits.hpp); nothing is ever written out anew from parsed values.
/// Made by `index_message()` (parser.hpp). Movable between workers.
class Message {
  public:
    [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::string_view text(Span span) const noexcept {
        return std::string_view(bytes_).substr(span.begin, span.size);
    }

    [[nodiscard]] bool is_request() const noexcept { return status_ == 0; }
    [[nodiscard]] bool is_response() const noexcept { return status_ != 0; }

    // Requests.
    [[nodiscard]] Method method() const noexcept { return method_; }
    [[nodiscard]] std::string_view method_name() const noexcept { return text(method_name_); }
    [[nodiscard]] std::string_view request_uri() const noexcept { return text(request_uri_); }
    [[nodiscard]] Span request_uri_span() const noexcept { return request_uri_; }

    // Responses: 100 to 699.
    [[nodiscard]] std::uint16_t status() const noexcept { return status_; }
    [[nodiscard]] std::string_view reason() const noexcept { return text(reason_); }
    [[nodiscard]] Span status_span() const noexcept { return status_span_; }
    [[nodiscard]] Span reason_span() const noexcept { return reason_; }

    [[nodiscard]] Span start_line() const noexcept { return start_line_; } ///< without its CRLF
    [[nodiscard]] std::span<const HeaderField> headers() const noexcept { return headers_; }
    /// Where the blank line begins; a header field is appended here.
    [[nodiscard]] std::uint32_t headers_end() const noexcept { return headers_end_; }
    [[nodiscard]] std::string_view body() const noexcept { return text(body_); }
    [[nodiscard]] Span body_span() const noexcept { return body_; }
    /// Bytes beyond Content-Length in a datagram: noise that never leaves (R35).
    [[nodiscard]] std::uint32_t excess() const noexcept {
        return static_cast<std::uint32_t>(bytes_.size()) - body_.end();
    }

    /// The first row of that header; null if there is none. O(rows).
    [[nodiscard]] const HeaderField* find(HeaderId id) const noexcept;
    [[nodiscard]] bool has(HeaderId id) const noexcept { return find(id) != nullptr; }
    /// The value of the first row; empty if there is none.
    [[nodiscard]] std::string_view value(HeaderId id) const noexcept;
    [[nodiscard]] std::size_t count(HeaderId id) const noexcept;

    /// For top_via(), cseq(), from() and to() (values.hpp), which is where to ask.
    [[nodiscard]] const KeyFields& key_fields() const noexcept { return key_fields_; }

    /// The first structural fault that indexing met; `check_message()` turns it into a response.
    [[nodiscard]] Error defect() const noexcept { return defect_; }

  private:
    friend class Indexer;

    std::string bytes_;
    std::vector<HeaderField> headers_;
    Span start_line_, method_name_, request_uri_, status_span_, reason_, body_;
    KeyFields key_fields_;
    std::uint32_t headers_end_ = 0;
    std::uint16_t status_ = 0;
    Method method_ = Method::other;
    Error defect_ = Error::none;
};

} // namespace roundabout::sip
