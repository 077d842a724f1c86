#pragma once

#include "base/result.hpp"
#include "base/subject_names.hpp"

#include <openssl/types.h>

#include <string_view>

namespace roundabout::transport {

/// The subjectAltName entries of the three kinds that matter; empty if there is no such extension.
[[nodiscard]] SubjectNames subject_names(const x509_st* certificate);

/// Those of the peer's certificate, after the handshake; empty if it showed none or if it did not
/// verify.
[[nodiscard]] SubjectNames verified_names(const ssl_st* connection);

/// After the handshake: does the peer's verified certificate prove `name` (RFC 5922 §7; R42)?
/// Errors: peer_unverified if there is no certificate or it did not verify; peer_name_mismatch.
[[nodiscard]] Result<void> verify_peer_name(const ssl_st* connection, std::string_view name);

} // namespace roundabout::transport
