#include "sip/hop_requests.hpp"

#include "base/ascii.hpp"
#include "sip/row_copy.hpp"
#include "sip/values.hpp"

#include <ranges>
#include <utility>

namespace roundabout::sip {

namespace {

/// All but To and what follows it, which differ.
std::string begin_request(const Message& invite, std::string_view method) {
    std::string out;
    out.reserve(invite.headers_end());
    out.append(method).append(" ").append(invite.request_uri()).append(" SIP/2.0\r\n");
    if (const auto via = first_value(invite, HeaderId::via))
        out.append("Via: ").append(*via).append("\r\n");
    out.append("Max-Forwards: 70\r\n");
    append_rows(out, invite, HeaderId::route);
    append_first_row(out, invite, HeaderId::from);
    return out;
}

void end_request(std::string& out, const Message& invite, std::string_view method) {
    append_first_row(out, invite, HeaderId::call_id);
    if (const auto sequence = cseq(invite)) {
        out.append("CSeq: ").append(std::to_string(sequence->number));
        out.append(" ").append(method).append("\r\n");
    }
    out.append("Content-Length: 0\r\n\r\n");
}

/// What `header_of_hop` keeps.
constexpr bool belongs_to_hop(HeaderId id) noexcept {
    switch (id) {
    case HeaderId::via:
    case HeaderId::route:
    case HeaderId::from:
    case HeaderId::to:
    case HeaderId::call_id:
    case HeaderId::cseq:
        return true;
    default:
        return false;
    }
}

/// The first row of `header`, with its line end and its folds (RFC 3261 §7.3.1).
std::string_view first_row(std::string_view header) noexcept {
    std::size_t end = 0;
    do {
        const std::size_t feed = header.find('\n', end);
        end = feed == std::string_view::npos ? header.size() : feed + 1;
    } while (end < header.size() && (header[end] == ' ' || header[end] == '\t'));
    return header.substr(0, end);
}

constexpr std::string_view line_end = "\r\n";

} // namespace

std::string header_of_hop(const Message& invite) {
    const auto kept = [](const HeaderField& field) { return belongs_to_hop(field.id); };
    std::size_t size = invite.start_line().size + 2 * line_end.size();
    for (const HeaderField& field : invite.headers() | std::views::filter(kept))
        size += field.line.size;
    std::string out;
    out.reserve(size);
    out.append(invite.text(invite.start_line())).append(line_end);
    for (const HeaderField& field : invite.headers() | std::views::filter(kept))
        out.append(invite.text(field.line));
    out.append(line_end);
    return out;
}

std::string header_of_hop(std::string_view invite) {
    std::string out;
    out.reserve(invite.size());
    std::string_view row = first_row(invite);
    out.append(row);
    invite.remove_prefix(row.size());
    bool has_via = false;
    for (row = first_row(invite); row.size() > line_end.size(); row = first_row(invite)) {
        invite.remove_prefix(row.size());
        const HeaderId id = parse_header_id(ascii::trim(row.substr(0, row.find(':'))));
        if (belongs_to_hop(id) && (id != HeaderId::via || !std::exchange(has_via, true)))
            out.append(row);
    }
    out.append(line_end);
    out.shrink_to_fit();
    return out;
}

std::string make_ack(const Message& invite, const Message& response) {
    auto out = begin_request(invite, "ACK");
    if (!append_first_row(out, response, HeaderId::to))
        append_first_row(out, invite, HeaderId::to);
    end_request(out, invite, "ACK");
    return out;
}

std::string make_cancel(const Message& invite) {
    auto out = begin_request(invite, "CANCEL");
    append_first_row(out, invite, HeaderId::to);
    end_request(out, invite, "CANCEL");
    return out;
}

} // namespace roundabout::sip
