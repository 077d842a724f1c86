#include "proxy/log.hpp"

#include "base/ascii.hpp"
#include "sip/values.hpp"

#include <spdlog/spdlog.h>

namespace roundabout::proxy {
namespace {

std::string place(const Flow& flow) {
    return std::string(name(flow.transport)) + " " + flow.remote.to_string();
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

void log_refused(const Flow& from, Error error) {
    if (!spdlog::should_log(spdlog::level::info))
        return;
    spdlog::info("bytes from {} refused: {}", place(from), sentence(error));
}

void log_unreachable(const sip::Message& request, Error why) {
    spdlog::warn("{} {} could not be sent on: {} [{}]", request.method_name(),
                 request.request_uri(), sentence(why), sip::call_id(request));
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
    spdlog::warn("REGISTER {}: the 2xx left before its bindings were on disk [{}]",
                 request.request_uri(), sip::call_id(request));
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
