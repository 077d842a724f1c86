#include "admin/trace_filter.hpp"

#include "sip/uri.hpp"
#include "sip/values.hpp"

namespace roundabout::admin {
namespace {

bool has_user(std::string_view uri_text, std::string_view user) {
    const auto uri = sip::parse_uri(uri_text);
    return uri && uri->has_user && sip::unescape(uri->user) == user;
}

bool concerns(const sip::Message& message, std::string_view user) {
    const auto from = sip::from(message);
    const auto to = sip::to(message);
    return (message.is_request() && has_user(message.request_uri(), user)) ||
           (from && has_user(from->uri, user)) || (to && has_user(to->uri, user));
}

} // namespace

bool matches(const TraceFilter& filter, const sip::Message& message, const Flow& flow,
             std::string_view server) {
    return (!filter.call_id || *filter.call_id == sip::call_id(message)) &&
           (!filter.server || *filter.server == server) &&
           (!filter.source || *filter.source == flow.remote.address) &&
           (!filter.port || *filter.port == flow.remote.port) &&
           (!filter.user || concerns(message, *filter.user));
}

} // namespace roundabout::admin
