#pragma once

#include "base/result.hpp"

#include <span>
#include <string>
#include <string_view>

namespace roundabout::crypto {

/// RFC 4648 §6 alphabet in lower case, no padding: for URI parameters, which compare without case.
[[nodiscard]] std::string to_base32(std::string_view bytes);
/// The same behind what `out` has.
void append_base32(std::string& out, std::string_view bytes);
/// In any case. Error: token_malformed, also for bits that no encoder leaves over.
[[nodiscard]] Result<std::string> from_base32(std::string_view text);
/// The same into `out`, whose room is used again; after an error it holds anything.
[[nodiscard]] Result<void> from_base32(std::string_view text, std::string& out);

/// RFC 4648 §5, no padding: for a URI's user part and for branches, which compare with case.
[[nodiscard]] std::string to_base64url(std::string_view bytes);
/// The same behind what `out` has.
void append_base64url(std::string& out, std::string_view bytes);
/// Error: token_malformed.
[[nodiscard]] Result<std::string> from_base64url(std::string_view text);
/// The same into `out`, whose room is used again; after an error it holds anything.
[[nodiscard]] Result<void> from_base64url(std::string_view text, std::string& out);
/// The same for a text of known size, that of the encoding of `out.size()` bytes.
[[nodiscard]] Result<void> from_base64url(std::string_view text, std::span<char> out);

} // namespace roundabout::crypto
