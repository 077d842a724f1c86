#pragma once

#include <boost/system/result.hpp>
#include <openssl/types.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace roundabout::csr {

using Key = std::shared_ptr<evp_pkey_st>;

/// One sentence (no full stop) that says what is wrong, and with which file or flag.
struct Problem {
    std::string sentence;
};

template <class T>
using Outcome = boost::system::result<T, Problem>;

/// Asked for the passphrase of a key that has one; `file` is the key's.
using AskPassphrase = std::function<std::string(const std::string& file)>;

/// The private key in a PEM file. Errors: a file that can't be read or holds no private key; a
/// wrong passphrase; a key of a kind that a request is not made for (key_kind()).
[[nodiscard]] Outcome<Key> load_key(const std::string& file, const AskPassphrase& ask);

/// The one file in `folder` that ends in ".pem" or ".key" and holds a private key. Errors: there is
/// none, or several, which are named.
[[nodiscard]] Outcome<std::string> find_key(const std::string& folder);

/// A new key in `file`, which must not exist yet: "ec" (P-256) or "rsa" (3072 bits), PEM without
/// passphrase, readable by its owner alone. Errors: another kind; a file that exists or can't be
/// written.
[[nodiscard]] Outcome<Key> make_key(std::string_view kind, const std::string& file);

/// "RSA, 3072 bits", "EC P-256", "EC P-384", "Ed25519". Error: any other kind, and RSA below 2048
/// bits, which authorities refuse (CA/Browser Forum Baseline Requirements §6.1.5).
[[nodiscard]] Outcome<std::string> key_kind(const Key& key);

} // namespace roundabout::csr
