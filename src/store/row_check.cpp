#include "store/row_check.hpp"

#include "registration/aor.hpp"
#include "registration/register_rules.hpp"

#include <algorithm>

namespace roundabout::store {
namespace {

using registration::Binding;
using registration::value_limit;

/// Text that could end a line or a field of the message it is put into.
bool has_control(std::string_view text) noexcept {
    return std::ranges::any_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && byte != '\t') || byte == 0x7F;
    });
}

bool is_canonical(const std::string& aor) {
    const Result<std::string> canonical = registration::canonical_aor(std::string_view(aor));
    return aor.size() <= value_limit && canonical && *canonical == aor;
}

/// A Contact that plan() would take, with the user that it has.
bool is_contact(const Binding& binding) {
    const Result<sip::Uri> uri = sip::parse_uri(binding.contact_uri);
    return binding.contact_uri.size() <= value_limit && !has_control(binding.contact_uri) && uri &&
           uri->is_sip() && sip::unescape(uri->user) == binding.user;
}

} // namespace

std::string_view fault_of(const Binding& binding) {
    if (!is_canonical(binding.aor))
        return "aor is not a canonical address-of-record";
    if (!is_contact(binding))
        return "contact_uri is not a SIP URI with this user";
    if (binding.server.empty() || has_control(binding.server))
        return "server is not a name";
    if (has_control(binding.listener))
        return "listener is not a name";
    if (binding.instance.size() > value_limit || has_control(binding.instance))
        return "instance is not an instance";
    if (binding.call_id.empty() || binding.call_id.size() > value_limit ||
        has_control(binding.call_id))
        return "call_id is not a Call-ID";
    if (binding.user_agent.size() > value_limit || has_control(binding.user_agent))
        return "user_agent is not a User-Agent";
    if (binding.q > 1000)
        return "q is above 1";
    if (binding.expires < binding.registered ||
        binding.expires - binding.registered > std::chrono::seconds(registration::longest_expiry))
        return "expires does not follow from registered";
    return {};
}

} // namespace roundabout::store
