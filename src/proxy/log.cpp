#include "proxy/log.hpp"

#include "base/ascii.hpp"
#include "proxy/server_health.hpp"
#include "sip/values.hpp"

#include <spdlog/spdlog.h>

namespace roundabout::proxy {
namespace {

std::string place(const Flow& flow) {
    return std::string(name(flow.transport)) + " " + flow.remote.to_string();
}

std::string and_more(std::uint64_t kept_back) {
    return kept_back == 0 ? "" : ", and " + std::to_string(kept_back) + " more since the last line";
}

bool is_credentials(std::string_view line) {
    const std::string_view field = ascii::trim(line.substr(0, line.find(':')));
    return ascii::iequals(field, "Authorization") || ascii::iequals(field, "Proxy-Authorization");
}

} // namespace

void log_forwarded(const sip::Message& request, const Flow& from, const Flow& to,
                   routing::Rule rule) {
    if (!spdlog::should_log(spdlog::level::info))
        return;
    spdlog::info("{} {} from {} to {}: {} [{}]", request.method_name(), request.request_uri(),
                 place(from), place(to), routing::words(rule), sip::call_id(request));
}

void log_answered(const sip::Message& request, const Flow& from, std::uint16_t status,
                  routing::Rule rule) {
    if (!spdlog::should_log(spdlog::level::info))
        return;
    spdlog::info("{} {} from {} answered {}: {} [{}]", request.method_name(), request.request_uri(),
                 place(from), status, routing::words(rule), sip::call_id(request));
}

void log_dropped(const sip::Message& request, const Flow& from, routing::Rule rule) {
    if (!spdlog::should_log(spdlog::level::info))
        return;
    spdlog::info("{} {} from {} dropped: {} [{}]", request.method_name(), request.request_uri(),
                 place(from), routing::words(rule), sip::call_id(request));
}

void log_malformed(const sip::Message& message, const Flow& from, Error error,
                   std::string_view field) {
    if (!spdlog::should_log(spdlog::level::info))
        return;
    spdlog::info("{} from {} refused: {}{}{}",
                 message.is_request() ? message.method_name() : std::string_view("response"),
                 place(from), sentence(error), field.empty() ? "" : ": ", field);
}

void log_refused(const Flow& from, Error error, std::uint64_t kept_back) {
    if (!spdlog::should_log(spdlog::level::info))
        return;
    spdlog::info("bytes from {} refused: {}{}", place(from), sentence(error), and_more(kept_back));
}

void log_overload(const sip::Message& request, const Flow& from, Error error,
                  std::uint64_t kept_back) {
    if (!spdlog::should_log(spdlog::level::warn))
        return;
    spdlog::warn("{} {} from {} not taken: {}{}", request.method_name(), request.request_uri(),
                 place(from), sentence(error), and_more(kept_back));
}

void log_turned_away(const Flow& from, Error error, std::uint64_t kept_back) {
    if (!spdlog::should_log(spdlog::level::info))
        return;
    spdlog::info("connection from {} not taken: {}{}", place(from), sentence(error),
                 and_more(kept_back));
}

void log_closed(const Flow& flow, Error error, std::uint64_t kept_back) {
    if (!spdlog::should_log(spdlog::level::info))
        return;
    spdlog::info("connection with {} closed: {}{}", place(flow), sentence(error),
                 and_more(kept_back));
}

void log_parked(const sip::Message& request, const Flow& from) {
    if (!spdlog::should_log(spdlog::level::info))
        return;
    spdlog::info("{} {} from {} parked: the client's connection is gone [{}]",
                 request.method_name(), request.request_uri(), place(from), sip::call_id(request));
}

void log_unreachable(const sip::Message& request, Error why) {
    spdlog::warn("{} {} could not be sent on: {} [{}]", request.method_name(),
                 request.request_uri(), sentence(why), sip::call_id(request));
}

void log_silent(const sip::Message& request, const Flow& to) {
    spdlog::warn("{} {}: no answer from {}; the next address is tried [{}]", request.method_name(),
                 request.request_uri(), place(to), sip::call_id(request));
}

void log_place(const Candidate& place, bool answers) {
    const std::string at = to_string(place);
    if (answers)
        spdlog::info("{} answers again", at);
    else
        spdlog::warn("{} is down: other addresses of its server, if there are any, are used first",
                     at);
}

void log_response(const sip::Message& response, const Flow& from, const Flow& to) {
    if (!spdlog::should_log(spdlog::level::debug))
        return;
    spdlog::debug("{} {} from {} to {} [{}]", response.status(), response.reason(), place(from),
                  place(to), sip::call_id(response));
}

void log_stray(const sip::Message& response, const Flow& from, std::string_view what) {
    if (!spdlog::should_log(spdlog::level::debug))
        return;
    spdlog::debug("{} {} from {}: {} [{}]", response.status(), response.reason(), place(from), what,
                  sip::call_id(response));
}

void log_stored_late(const sip::Message& request) {
    if (!spdlog::should_log(spdlog::level::info)) // the store's own trouble is logged once for all
        return;
    spdlog::info("REGISTER {}: its bindings were not on disk in time [{}]", request.request_uri(),
                 sip::call_id(request));
}

void log_message(std::string_view direction, const Flow& flow, std::string_view bytes) {
    if (!spdlog::should_log(spdlog::level::trace))
        return;
    spdlog::trace("{} {}\n{}", direction, place(flow), masked(bytes));
}

std::string masked(std::string_view message) {
    std::string out;
    bool masking = false;
    const std::size_t body = message.find("\r\n\r\n");
    std::size_t at = 0;
    while (at < message.size()) {
        std::size_t end = message.find('\n', at);
        end = end == std::string_view::npos ? message.size() : end + 1;
        const std::string_view line = message.substr(at, end - at);
        const bool in_header = at < body;
        const bool folded = in_header && masking && ascii::is_space(line.front());
        if (!folded)
            masking = in_header && is_credentials(line);
        if (!masking) {
            out.append(line);
        } else if (!folded) {
            const std::size_t scheme = line.find_first_not_of(" \t", line.find(':') + 1);
            out.append(line.substr(0, line.find_first_of(" \t\r\n", scheme)));
            out.append(" ***\r\n");
        }
        at = end;
    }
    return out;
}

} // namespace roundabout::proxy
