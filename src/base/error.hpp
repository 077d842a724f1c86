#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>

#include <string_view>
#include <type_traits>

namespace roundabout {

/// Everything that is expected to go wrong, one enumerator each. `sentence()` says it in words fit
/// for a log line, a reason phrase or an operator. Grouped by the room that reports it.
enum class Error : int {
    none = 0,

    // base
    bad_address,
    bad_network,
    bad_port,
    bad_transport,

    // sip: start line and structure
    not_sip,
    bad_start_line,
    bad_request_uri,
    bad_version,
    bad_status_code,
    bad_header_line,
    bare_line_feed,
    nul_in_header,
    header_unfinished,
    message_too_large,
    too_many_headers,

    // sip: header fields
    missing_header,
    repeated_header,
    bad_via,
    bad_cseq,
    cseq_method_mismatch,
    bad_call_id,
    bad_from_or_to,
    bad_contact,
    bad_route,
    bad_max_forwards,
    bad_expires,
    bad_content_length,
    content_length_mismatch,
    body_short,
    unsupported_scheme,
    bad_quoted_string,
    too_many_values,

    // registration
    value_too_long,

    // crypto and tokens
    key_unusable,
    random_unavailable,
    token_malformed,
    token_forged,
    token_too_long,

    // transport
    flow_unknown,
    flow_closed,
    queue_full,
    connect_refused,
    connect_timeout,
    handshake_failed,
    peer_name_mismatch,
    peer_unverified,
    renegotiation,
    bad_frame,
    subprotocol_missing,
    idle_timeout,
    header_timeout,
    connection_limit,
    source_connection_limit,
    handshake_limit,
    source_handshake_limit,
    handshake_timeout,
    untrusted_proxy,
    bad_proxy_header,
    bad_forwarded_for,
    send_failed,
    resolve_failed,
    not_listening,

    // configuration
    config_unreadable,
    config_invalid,
    certificate_unusable,

    // store
    store_unavailable,
    store_busy,
    store_newer_schema,
    store_locked,
    store_corrupt,
    key_missing,

    // transaction
    transaction_timeout,
    stopped,

    // proxy
    transaction_limit,
    source_message_limit,
    client_message_limit,
};

/// One sentence, without a full stop, that says what is wrong.
[[nodiscard]] std::string_view sentence(Error error) noexcept;

[[nodiscard]] const boost::system::error_category& error_category() noexcept;

[[nodiscard]] inline boost::system::error_code make_error_code(Error error) noexcept {
    return {static_cast<int>(error), error_category()};
}

/// The enumerator behind an error code of our category; `Error::none` for any other category.
[[nodiscard]] Error to_error(const boost::system::error_code& code) noexcept;

} // namespace roundabout

template <>
struct boost::system::is_error_code_enum<roundabout::Error> : std::true_type {};
