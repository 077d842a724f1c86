#include "sip/response.hpp"

#include "sip/row_copy.hpp"
#include "sip/values.hpp"
#include "sip/via_stamp.hpp"

#include <algorithm>

namespace roundabout::sip {

namespace {

/// The Via row that `top` is the first value of, with that value stamped.
void append_via(std::string& out, const Message& request, const HeaderField& field,
                std::string_view top, const ResponseParts& parts) {
    const auto row = copyable_row(request, field);
    if (row.empty())
        return;
    const auto begin = span_of(request, top).begin - field.line.begin;
    out.append(row.substr(0, begin));
    append_stamped_via(out, top, parts.received, parts.rport);
    out.append(row.substr(begin + top.size())).append("\r\n");
}

void append_vias(std::string& out, const Message& request, const ResponseParts& parts) {
    const auto top = first_value(request, HeaderId::via).value_or("");
    bool to_stamp = !top.empty() && !parts.received.empty();
    for (const auto& field : request.headers()) {
        if (field.id != HeaderId::via)
            continue;
        if (to_stamp && span_of(request, top).begin < field.line.end()) {
            append_via(out, request, field, top, parts);
            to_stamp = false;
        } else {
            append_row(out, request, field);
        }
    }
}

/// To with our tag, where it has none (RFC 3261 §8.2.6.2). A To that can't be parsed gets it too:
/// whoever wrote it finds the response by its branch.
void append_to(std::string& out, const Message& request, const ResponseParts& parts) {
    const auto* field = request.find(HeaderId::to);
    if (field == nullptr)
        return;
    const auto row = copyable_row(request, *field);
    if (row.empty())
        return;
    const auto parsed = to(request);
    const bool tagged = parsed && !parsed->tag().empty();
    const std::size_t value_end =
        std::min<std::size_t>(field->value.end() - field->line.begin, row.size());
    out.append(row.substr(0, value_end));
    if (!tagged && parts.status != 100 && !parts.to_tag.empty() && field->value.size != 0)
        out.append(";tag=").append(parts.to_tag);
    out.append(row.substr(value_end)).append("\r\n");
}

} // namespace

std::string make_response(const Message& request, const ResponseParts& parts) {
    const auto reason = parts.reason.empty() ? reason_phrase(parts.status) : parts.reason;
    std::string out;
    out.reserve(request.headers_end() + reason.size() + parts.headers.size() + 96);
    out.append("SIP/2.0 ").append(std::to_string(parts.status)).append(" ");
    out.append(reason).append("\r\n");
    append_vias(out, request, parts);
    append_first_row(out, request, HeaderId::from);
    append_to(out, request, parts);
    append_first_row(out, request, HeaderId::call_id);
    append_first_row(out, request, HeaderId::cseq);
    if (parts.status == 100)
        append_first_row(out, request, HeaderId::timestamp);
    out.append(parts.headers).append("Content-Length: 0\r\n\r\n");
    return out;
}

} // namespace roundabout::sip
