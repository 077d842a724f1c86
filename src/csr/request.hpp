#pragma once

#include "csr/key.hpp"

#include <string>
#include <vector>

namespace roundabout::csr {

/// Whom a certificate is asked for. Empty texts are left out.
struct Subject {
    std::string country; ///< two letters
    std::string province;
    std::string locality;
    std::string organization;
    std::string unit;
    std::string common_name;
    /// Host names and addresses (IPv6 with or without brackets). Where there are none, the common
    /// name stands in for them if it is one: nobody looks at a common name any more (RFC 5922 §7).
    std::vector<std::string> alternative_names;
};

/// A certificate signing request (PKCS #10, RFC 2986), signed with `key` (SHA-256; SHA-384 for
/// P-384), as PEM. Errors: a value that can't stand in a certificate, by its flag; no name at all;
/// a key of another kind than key_kind() knows.
[[nodiscard]] Outcome<std::string> make_request(const Subject& subject, const Key& key);

} // namespace roundabout::csr
