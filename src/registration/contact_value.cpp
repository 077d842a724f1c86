#include "registration/contact_value.hpp"

#include "base/ascii.hpp"
#include "registration/register_rules.hpp"
#include "sip/values.hpp"

#include <algorithm>

namespace roundabout::registration {
namespace {

/// RFC 3261 §25.1: ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ).
std::optional<std::uint16_t> parse_q(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1'))
        return std::nullopt;
    if (text.size() > 1 && text[1] != '.')
        return std::nullopt;
    unsigned thousandths = text[0] == '1' ? 1000 : 0;
    unsigned weight = 100;
    for (const char digit : text.substr(std::min<std::size_t>(text.size(), 2))) {
        if (!ascii::is_digit(digit))
            return std::nullopt;
        thousandths += static_cast<unsigned>(digit - '0') * weight;
        weight /= 10;
    }
    if (thousandths > 1000)
        return std::nullopt;
    return static_cast<std::uint16_t>(thousandths);
}

std::string_view without(std::string_view text, char open, char close) noexcept {
    if (text.size() >= 2 && text.front() == open && text.back() == close)
        return text.substr(1, text.size() - 2);
    return text;
}

std::optional<std::uint32_t> seconds(std::string_view text) noexcept {
    const Result<std::uint32_t> value = sip::parse_delta_seconds(text);
    return value ? *value : default_expiry;
}

} // namespace

Result<ContactValue> parse_contact(std::string_view value) noexcept {
    const Result<sip::NameAddr> address = sip::parse_name_addr(value);
    if (!address)
        return Error::bad_contact;
    const Result<sip::Uri> uri = sip::parse_uri(address->uri);
    if (!uri)
        return Error::bad_contact;
    ContactValue contact;
    contact.uri = *uri;
    if (const auto text = address->parameters.find("expires"))
        contact.expires = seconds(*text);
    if (const auto text = address->parameters.find("q"))
        contact.q = parse_q(*text);
    if (const auto text = address->parameters.find("+sip.instance"))
        contact.instance = without(without(*text, '"', '"'), '<', '>');
    if (const auto text = address->parameters.find("reg-id"))
        contact.reg_id = ascii::to_number<std::uint32_t>(*text).value_or(0);
    return contact;
}

std::optional<std::uint32_t> expires_header(const sip::Message& message) noexcept {
    if (!message.has(sip::HeaderId::expires))
        return std::nullopt;
    return seconds(message.value(sip::HeaderId::expires));
}

} // namespace roundabout::registration
