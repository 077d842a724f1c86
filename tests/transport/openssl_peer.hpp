#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

namespace roundabout::tests {

/// A TLS peer that is OpenSSL on a blocking socket and nothing else, for a thread of its own. It
/// verifies nothing.
class OpensslPeer {
  public:
    enum class Side { client, server };

    OpensslPeer(boost::asio::ip::tcp::socket socket, Side side);

    /// Before the handshake.
    void only_version(int version);
    void only_suites(const std::string& suites); ///< of TLS 1.3
    void use_certificate(const std::string& chain_file, const std::string& key_file);

    bool handshake();
    [[nodiscard]] bool is_established() const noexcept { return established_; }
    [[nodiscard]] int version() const;
    [[nodiscard]] std::string suite() const;
    /// Whether the server has given something to resume the session by; TLS 1.3: before what was
    /// read.
    [[nodiscard]] bool has_ticket() const;
    /// The server name that the client asked for; empty: none.
    [[nodiscard]] std::string server_name() const;

    void write(std::string_view bytes);
    /// What one record holds; empty at the end.
    std::string read();
    /// TLS 1.3: new keys for our direction, the peer asked to do the same; sent with the next
    /// write.
    void update_keys();
    /// TLS 1.2: true if a second handshake succeeded.
    bool renegotiate();
    void close();

  private:
    boost::asio::ip::tcp::socket socket_;
    std::shared_ptr<ssl_ctx_st> context_;
    std::shared_ptr<ssl_st> ssl_;
    bool established_ = false;
};

} // namespace roundabout::tests
