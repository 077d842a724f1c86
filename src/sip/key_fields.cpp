#include "sip/key_fields.hpp"

#include "sip/values.hpp"

#include <limits>

namespace roundabout::sip {
namespace {

using Place = KeyFields::Place;

/// {0, 0} for what is empty because it is absent: a view of that is empty too.
[[nodiscard]] Place place(const Message& message, std::string_view part) noexcept {
    const Span span = span_of(message, part);
    return {static_cast<std::uint16_t>(span.begin), static_cast<std::uint16_t>(span.size)};
}

[[nodiscard]] std::string_view view(const Message& message, Place place) noexcept {
    return {message.bytes().data() + place.begin, place.size};
}

[[nodiscard]] KeyFields::TopVia to_places(const Message& message, const Via& via) noexcept {
    KeyFields::TopVia out;
    out.protocol = place(message, via.protocol);
    out.transport = place(message, via.transport);
    out.sent_by = place(message, via.sent_by);
    out.host_size = static_cast<std::uint16_t>(via.host.size());
    out.port = via.port.value_or(0);
    out.parameters = place(message, via.parameters.text());
    out.branch = place(message, via.branch());
    return out;
}

[[nodiscard]] KeyFields::Address to_places(const Message& message,
                                           const NameAddr& address) noexcept {
    KeyFields::Address out;
    out.display = place(message, address.display);
    out.uri = place(message, address.uri);
    out.parameters = place(message, address.parameters.text());
    out.tag = place(message, address.tag());
    return out;
}

[[nodiscard]] Result<NameAddr> to_address(const Message& message, const KeyFields::Address& known,
                                          bool bracketed) noexcept {
    Result<NameAddr> out(boost::system::in_place_value); // large: never copied
    NameAddr& address = *out;
    address.display = view(message, known.display);
    address.uri = view(message, known.uri);
    address.bracketed = bracketed;
    address.parameters = Parameters(view(message, known.parameters));
    address.tag_parameter = view(message, known.tag);
    return out;
}

} // namespace

KeyFields find_key_fields(const Message& message) noexcept {
    KeyFields fields;
    if (message.headers_end() > std::numeric_limits<std::uint16_t>::max())
        return fields;
    if (const Result<Via> via = top_via(message)) {
        fields.via = to_places(message, *via);
        fields.via_has_port = via->port.has_value();
        fields.knows_via = true;
    }
    if (const Result<CSeq> parsed = cseq(message)) {
        fields.cseq_number = parsed->number;
        fields.cseq_method = place(message, parsed->method);
        fields.knows_cseq = true;
    }
    if (const Result<NameAddr> address = from(message)) {
        fields.from = to_places(message, *address);
        fields.from_is_bracketed = address->bracketed;
        fields.knows_from = true;
    }
    if (const Result<NameAddr> address = to(message)) {
        fields.to = to_places(message, *address);
        fields.to_is_bracketed = address->bracketed;
        fields.knows_to = true;
    }
    return fields;
}

Result<Via> known_via(const Message& message) noexcept {
    const KeyFields::TopVia& known = message.key_fields().via;
    Result<Via> out(boost::system::in_place_value); // large: never copied
    Via& via = *out;
    via.protocol = view(message, known.protocol);
    via.transport = view(message, known.transport);
    via.sent_by = view(message, known.sent_by);
    via.host = view(message, {known.sent_by.begin, known.host_size});
    if (message.key_fields().via_has_port)
        via.port = known.port;
    via.parameters = Parameters(view(message, known.parameters));
    via.branch_parameter = view(message, known.branch);
    return out;
}

Result<CSeq> known_cseq(const Message& message) noexcept {
    const KeyFields& known = message.key_fields();
    return CSeq{known.cseq_number, view(message, known.cseq_method)};
}

Result<NameAddr> known_from(const Message& message) noexcept {
    const KeyFields& known = message.key_fields();
    return to_address(message, known.from, known.from_is_bracketed);
}

Result<NameAddr> known_to(const Message& message) noexcept {
    const KeyFields& known = message.key_fields();
    return to_address(message, known.to, known.to_is_bracketed);
}

} // namespace roundabout::sip
