#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <boost/system/result.hpp>
#include <openssl/types.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace roundabout::transport {

/// PEM files: the certificate chain, our own first, and its private key.
struct CertificateFiles {
    std::string chain_file;
    std::string key_file;
};

/// What a TLS context that accepts connections is made of.
struct TlsServerSettings {
    CertificateFiles certificate;
    /// Others, shown to who asks for one of their names (SNI, RFC 6066 §3); who asks for no name or
    /// an unknown one is shown the first.
    std::vector<CertificateFiles> more;
    /// Ask for a client certificate without insisting, so that a trusted server can prove its name.
    /// For listeners that serve servers; a browser would bother its user. A certificate that does
    /// not verify counts as none.
    bool ask_certificate = false;
    bool require_certificate = false; ///< ask, and fail the handshake without one that verifies
    std::string ca_file;              ///< authorities for those; empty: the system's
};

/// What a TLS context that opens connections is made of. The peer is always verified.
struct TlsClientSettings {
    std::string ca_file;                         ///< empty: the system's authorities
    std::optional<CertificateFiles> certificate; ///< shown if the server asks
};

/// Why there is no TLS context: `error` is certificate_unusable, `text` names the file and says
/// what is wrong with it.
struct TlsProblem {
    Error error = Error::certificate_unusable;
    std::string text;
};

template <class T>
using TlsResult = boost::system::result<T, TlsProblem>;

/// True once the peer of that connection asked for a new handshake within it (TLS 1.2), which was
/// refused. It may ask for ever; nobody with good intent does.
[[nodiscard]] bool was_renegotiation_refused(const ssl_st* connection) noexcept;

/// An OpenSSL context for one side of TLS 1.2 and 1.3: compression, renegotiation and the session
/// cache are off, idle connections hold no record buffers. A server gives tickets to clients of
/// TLS 1.2 only, and prefers AES-128 with SHA-256 in TLS 1.3. Copies share it; it may be used by
/// several workers at once and outlives its last connection.
class TlsContext {
  public:
    /// Reads the files. Errors: a file that is missing, unreadable or holds no certificate or key;
    /// a key that is not that certificate's.
    [[nodiscard]] static TlsResult<TlsContext> server(const TlsServerSettings& settings);
    [[nodiscard]] static TlsResult<TlsContext> client(const TlsClientSettings& settings);

    /// What works and yet should be looked at, one sentence each: a certificate that has expired or
    /// is not valid yet.
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

    /// When the first of its own certificates expires; nothing if it has none.
    [[nodiscard]] const std::optional<WallTime>& expires() const noexcept { return expires_; }

    /// For SSL_new; never null.
    [[nodiscard]] ssl_ctx_st* native() const noexcept { return context_.get(); }

  private:
    explicit TlsContext(std::shared_ptr<ssl_ctx_st> context) noexcept
        : context_(std::move(context)) {}

    std::shared_ptr<ssl_ctx_st> context_;
    std::vector<std::string> warnings_;
    std::optional<WallTime> expires_;
};

} // namespace roundabout::transport
