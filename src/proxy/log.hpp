#pragma once

#include "base/error.hpp"
#include "base/flow.hpp"
#include "base/location.hpp"
#include "routing/decision.hpp"
#include "sip/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The proxy's words in the log: one line a request decision at info with the rule that decided,
/// whole messages at trace. Nothing is formatted that is not printed.
namespace roundabout::proxy {

void log_forwarded(const sip::Message& request, const Flow& from, const Flow& to,
                   routing::Rule rule);
void log_answered(const sip::Message& request, const Flow& from, std::uint16_t status,
                  routing::Rule rule);
void log_dropped(const sip::Message& request, const Flow& from, routing::Rule rule);
void log_malformed(const sip::Message& message, const Flow& from, Error error,
                   std::string_view field);
/// The next four: `kept_back` more were not shown since the last such line.
void log_refused(const Flow& from, Error error, std::uint64_t kept_back);
void log_overload(const sip::Message& request, const Flow& from, Error error,
                  std::uint64_t kept_back);
/// A connection that was not let in, or did not get through its handshakes.
void log_turned_away(const Flow& from, Error error, std::uint64_t kept_back);
/// A connection that was closed for what its peer did.
void log_closed(const Flow& flow, Error error, std::uint64_t kept_back);
void log_unreachable(const sip::Message& request, Error why);
/// A place of a server did not answer in time; the next one is tried.
void log_silent(const sip::Message& request, const Flow& to);
/// A place of a server failed, or answers again.
void log_place(const Candidate& place, bool answers);
/// It waits for its client's new flow.
void log_parked(const sip::Message& request, const Flow& from);
void log_response(const sip::Message& response, const Flow& from, const Flow& to);
void log_stray(const sip::Message& response, const Flow& from, std::string_view what);
void log_stored_late(const sip::Message& request);
/// `direction`: "received" or "sent". Credentials are masked.
void log_message(std::string_view direction, const Flow& flow, std::string_view bytes);

/// A message with what authenticates masked: the values of Authorization and Proxy-Authorization
/// after their scheme.
[[nodiscard]] std::string masked(std::string_view message);

} // namespace roundabout::proxy
