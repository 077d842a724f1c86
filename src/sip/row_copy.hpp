#pragma once

#include "sip/message.hpp"

#include <string>
#include <string_view>

namespace roundabout::sip {

/// True if `text`, as a header line without its last CRLF, is one header line for every reader: NUL
/// only as a quoted pair, CR and LF only as a CRLF that white space follows (RFC 3261 §7.3.1).
[[nodiscard]] bool is_one_line(std::string_view text) noexcept;

/// The row's bytes without its line end; empty where it is not one line, so that what a faulty
/// message carries can't become header lines of a message of ours (response splitting).
[[nodiscard]] std::string_view copyable_row(const Message& message,
                                            const HeaderField& field) noexcept;

/// Appends the row byte for byte, with a CRLF; nothing where it is not copyable.
void append_row(std::string& out, const Message& message, const HeaderField& field);

/// Appends the first row of that header, if there is one; false if nothing was appended.
bool append_first_row(std::string& out, const Message& message, HeaderId id);

/// Appends all rows of that header, in order.
void append_rows(std::string& out, const Message& message, HeaderId id);

} // namespace roundabout::sip
