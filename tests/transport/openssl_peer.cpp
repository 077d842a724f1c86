#include "transport/openssl_peer.hpp"

#include <openssl/ssl.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace roundabout::tests {

OpensslPeer::OpensslPeer(boost::asio::ip::tcp::socket socket, Side side)
    : socket_(std::move(socket))
    , context_(SSL_CTX_new(TLS_method()), SSL_CTX_free) {
    SSL_CTX_set_security_level(context_.get(), 0); // so that old versions are offered at all
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    ssl_.reset(SSL_new(context_.get()), SSL_free);
    SSL_set_fd(ssl_.get(), socket_.native_handle());
    if (side == Side::client)
        SSL_set_connect_state(ssl_.get());
    else
        SSL_set_accept_state(ssl_.get());
}

void OpensslPeer::only_version(int version) {
    SSL_set_min_proto_version(ssl_.get(), version);
    SSL_set_max_proto_version(ssl_.get(), version);
}

void OpensslPeer::only_suites(const std::string& suites) {
    if (SSL_set_ciphersuites(ssl_.get(), suites.c_str()) != 1)
        throw std::runtime_error("the peer's cipher suites");
}

void OpensslPeer::use_certificate(const std::string& chain_file, const std::string& key_file) {
    if (SSL_use_certificate_chain_file(ssl_.get(), chain_file.c_str()) != 1 ||
        SSL_use_PrivateKey_file(ssl_.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1)
        throw std::runtime_error("the peer's certificate");
}

bool OpensslPeer::handshake() {
    established_ = SSL_do_handshake(ssl_.get()) == 1;
    return established_;
}

int OpensslPeer::version() const { return SSL_version(ssl_.get()); }

std::string OpensslPeer::suite() const { return SSL_get_cipher_name(ssl_.get()); }

bool OpensslPeer::has_ticket() const {
    return SSL_SESSION_has_ticket(SSL_get0_session(ssl_.get())) == 1;
}

std::string OpensslPeer::server_name() const {
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
}

void OpensslPeer::write(std::string_view bytes) {
    if (established_)
        SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
}

std::string OpensslPeer::read() {
    std::array<char, 16'384> record{};
    const int count = SSL_read(ssl_.get(), record.data(), static_cast<int>(record.size()));
    return {record.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

void OpensslPeer::update_keys() { SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED); }

bool OpensslPeer::renegotiate() {
    return SSL_renegotiate(ssl_.get()) == 1 && SSL_do_handshake(ssl_.get()) == 1;
}

void OpensslPeer::close() { socket_.close(); }

} // namespace roundabout::tests
