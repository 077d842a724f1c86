#include "base/error.hpp"

#include <string>

namespace roundabout {

std::string_view sentence(Error error) noexcept {
    switch (error) {
    case Error::none:
        return "no error";
    case Error::bad_address:
        return "not an IPv4 or IPv6 address";
    case Error::bad_network:
        return "not a network in CIDR notation";
    case Error::bad_port:
        return "not a port between 1 and 65535";
    case Error::bad_transport:
        return "not a transport; udp, tcp, tls, ws and wss are";
    case Error::not_sip:
        return "the bytes are not a SIP message";
    case Error::bad_start_line:
        return "malformed start line";
    case Error::bad_request_uri:
        return "malformed Request-URI";
    case Error::bad_version:
        return "SIP version not supported";
    case Error::bad_status_code:
        return "malformed status code";
    case Error::bad_header_line:
        return "malformed header line";
    case Error::bare_line_feed:
        return "a line ends in LF without CR";
    case Error::nul_in_header:
        return "NUL byte in the header";
    case Error::header_unfinished:
        return "no blank line ends the header";
    case Error::message_too_large:
        return "message too large";
    case Error::too_many_headers:
        return "too many header fields";
    case Error::missing_header:
        return "a mandatory header field is missing";
    case Error::repeated_header:
        return "a header field that may stand once stands twice";
    case Error::bad_via:
        return "malformed Via";
    case Error::bad_cseq:
        return "malformed CSeq";
    case Error::cseq_method_mismatch:
        return "CSeq names another method than the request line";
    case Error::bad_call_id:
        return "malformed Call-ID";
    case Error::bad_from_or_to:
        return "malformed From or To";
    case Error::bad_contact:
        return "malformed Contact";
    case Error::bad_route:
        return "malformed Route or Record-Route";
    case Error::bad_max_forwards:
        return "malformed Max-Forwards";
    case Error::bad_expires:
        return "malformed Expires";
    case Error::bad_content_length:
        return "malformed Content-Length";
    case Error::content_length_mismatch:
        return "contradicting Content-Length values";
    case Error::body_short:
        return "the body is shorter than Content-Length says";
    case Error::unsupported_scheme:
        return "URI scheme not supported";
    case Error::bad_quoted_string:
        return "a quoted string never ends";
    case Error::too_many_values:
        return "a header field has too many values";
    case Error::value_too_long:
        return "a value is too long to be kept";
    case Error::key_unusable:
        return "the key cannot be used";
    case Error::random_unavailable:
        return "the system gave no random bytes";
    case Error::token_malformed:
        return "malformed token";
    case Error::token_forged:
        return "the token was not made here";
    case Error::token_too_long:
        return "the token would be too long";
    case Error::flow_unknown:
        return "no such flow";
    case Error::flow_closed:
        return "the connection is closed";
    case Error::queue_full:
        return "the peer does not read; its queue is full";
    case Error::connect_refused:
        return "connection refused";
    case Error::connect_timeout:
        return "the connection was not set up in time";
    case Error::handshake_failed:
        return "the handshake failed";
    case Error::peer_name_mismatch:
        return "the peer's certificate is not for that name";
    case Error::peer_unverified:
        return "the peer's certificate does not lead to a trusted authority";
    case Error::renegotiation:
        return "TLS renegotiation was asked for";
    case Error::bad_frame:
        return "what came breaks RFC 6455";
    case Error::subprotocol_missing:
        return "the WebSocket subprotocol sip was not agreed on";
    case Error::idle_timeout:
        return "nothing was heard for too long";
    case Error::header_timeout:
        return "a message was begun and not ended in time";
    case Error::connection_limit:
        return "too many connections";
    case Error::source_connection_limit:
        return "too many connections from one source";
    case Error::handshake_limit:
        return "too many handshakes under way";
    case Error::source_handshake_limit:
        return "too many handshakes under way from one source";
    case Error::handshake_timeout:
        return "the handshake was not done in time";
    case Error::untrusted_proxy:
        return "a connection that did not come from a trusted proxy";
    case Error::bad_proxy_header:
        return "no PROXY header, or a malformed one";
    case Error::bad_forwarded_for:
        return "malformed X-Forwarded-For";
    case Error::send_failed:
        return "sending failed";
    case Error::resolve_failed:
        return "the host name could not be resolved";
    case Error::not_listening:
        return "no listener speaks that transport and address family";
    case Error::config_unreadable:
        return "the configuration cannot be read";
    case Error::config_invalid:
        return "the configuration is invalid";
    case Error::certificate_unusable:
        return "the certificate or key cannot be used";
    case Error::store_unavailable:
        return "the database cannot be used";
    case Error::store_busy:
        return "the database did not answer in time";
    case Error::store_newer_schema:
        return "the database was made by a newer version";
    case Error::store_locked:
        return "another process holds the database";
    case Error::store_corrupt:
        return "the database is damaged";
    case Error::key_missing:
        return "the token key is missing beside a database that needs it";
    case Error::transaction_timeout:
        return "the transaction timed out";
    case Error::stopped:
        return "shutting down";
    case Error::transaction_limit:
        return "too many transactions under way";
    case Error::source_message_limit:
        return "too many messages from one source";
    case Error::client_message_limit:
        return "too many messages from one client";
    }
    return "unknown error";
}

namespace {

class Category final : public boost::system::error_category {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "roundabout"; }
    [[nodiscard]] std::string message(int value) const override {
        return std::string(sentence(static_cast<Error>(value)));
    }
};

} // namespace

const boost::system::error_category& error_category() noexcept {
    static const Category category;
    return category;
}

Error to_error(const boost::system::error_code& code) noexcept {
    return code.category() == error_category() ? static_cast<Error>(code.value()) : Error::none;
}

} // namespace roundabout
