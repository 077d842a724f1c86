#include "sip/hop_requests.hpp"

#include "sip/row_copy.hpp"
#include "sip/values.hpp"

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

} // namespace

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
