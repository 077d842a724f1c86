#include "sip/invariants.hpp"

#include "sip/hop_requests.hpp"
#include "sip/parser.hpp"
#include "sip/response.hpp"
#include "sip/values.hpp"

#include <functional>
#include <initializer_list>

namespace roundabout::test {
namespace {

using namespace roundabout::sip;

[[nodiscard]] bool inside(Span part, Span whole) {
    return part.begin >= whole.begin && part.end() <= whole.end();
}

[[nodiscard]] bool inside(std::string_view part, std::string_view whole) {
    const std::less_equal<> not_after;
    return part.empty() || (not_after(whole.data(), part.data()) &&
                            not_after(part.data() + part.size(), whole.data() + whole.size()));
}

[[nodiscard]] bool all_inside(std::initializer_list<std::string_view> parts,
                              std::string_view whole) {
    for (const std::string_view part : parts) {
        if (!inside(part, whole))
            return false;
    }
    return true;
}

[[nodiscard]] std::string_view start_line_fault(const Message& message) {
    const Span line = message.start_line();
    if (line.begin != 0 || line.end() > message.bytes().size())
        return "the start line is not where the message begins";
    if (message.is_request() == message.is_response())
        return "a message is a request or a response";
    if (message.is_response())
        return message.status() >= 100 && message.status() <= 699 &&
                       message.status_span().size == 3 && inside(message.status_span(), line) &&
                       inside(message.reason_span(), line)
                   ? ""
                   : "status or reason is not in the start line";
    const bool uri_in_line = inside(message.request_uri_span(), line);
    return uri_in_line && inside(message.method_name(), message.bytes().substr(0, line.size)) &&
                   !message.method_name().empty()
               ? ""
               : "method or Request-URI is not in the start line";
}

[[nodiscard]] std::string_view row_fault(const Message& message, const HeaderField& row) {
    if (!inside(row.name, row.line) || !inside(row.value, row.line))
        return "name or value is not in its row";
    if (row.name.end() > row.value.begin)
        return "the value begins before the name ends";
    if (message.defect() != Error::none)
        return "";
    if (!message.text(row.line).ends_with("\r\n"))
        return "a row of a sound message ends without CRLF";
    return row.name.size == 0 ? "a row of a sound message has no name" : "";
}

[[nodiscard]] std::string_view rows_fault(const Message& message) {
    const auto rows = message.headers();
    const std::uint32_t start = message.start_line().end();
    std::uint32_t at = rows.empty() ? message.headers_end() : rows.front().line.begin;
    if (at < start || at > start + 2 || (message.defect() == Error::none && at != start + 2))
        return "the rows do not follow the start line";
    for (const HeaderField& row : rows) {
        if (row.line.begin != at)
            return "rows leave a gap or overlap";
        if (const std::string_view fault = row_fault(message, row); !fault.empty())
            return fault;
        at = row.line.end();
    }
    // Rows beyond the limit are not indexed; the defect that comes first may be another.
    const bool all_indexed = message.defect() == Error::none || rows.size() < IndexLimits{}.headers;
    return all_indexed && at != message.headers_end() ? "the rows do not reach the blank line" : "";
}

[[nodiscard]] std::string_view body_fault(const Message& message) {
    const std::uint32_t begin = message.body_span().begin;
    if (message.body_span().end() > message.bytes().size() || begin < message.headers_end() ||
        begin - message.headers_end() > 2)
        return "the body does not follow the header";
    if (message.defect() == Error::none && begin - message.headers_end() != 2)
        return "no CRLF between header and body";
    return "";
}

[[nodiscard]] std::string_view uri_fault(std::string_view text) {
    const Result<Uri> uri = parse_uri(text);
    if (!uri)
        return "";
    if (!all_inside(
            {uri->userinfo, uri->user, uri->host, uri->host_port, uri->parameters, uri->headers},
            text))
        return "a part of a URI is not in the URI";
    if (uri->is_sip() && (uri->host.empty() || uri->has_user == uri->user.empty()))
        return "a SIP URI without host, or whose user says two things";
    return equivalent(*uri, *uri) ? "" : "a URI does not equal itself";
}

[[nodiscard]] std::string_view value_fault(std::string_view value) {
    if (const Result<Via> via = parse_via(value)) {
        if (!all_inside({via->protocol, via->transport, via->sent_by, via->host, via->branch(),
                         via->parameters.text()},
                        value) ||
            via->host.empty() || via->transport.empty())
            return "a part of a Via is not in it";
    }
    if (const Result<NameAddr> address = parse_name_addr(value)) {
        if (!all_inside(
                {address->display, address->uri, address->tag(), address->parameters.text()},
                value) ||
            address->uri.empty())
            return "a part of a name-addr is not in it";
        if (const std::string_view fault = uri_fault(address->uri); !fault.empty())
            return fault;
    }
    if (const Result<CSeq> parsed = parse_cseq(value);
        parsed && (!inside(parsed->method, value) || parsed->method.empty()))
        return "the method of a CSeq is not in it";
    (void)parse_delta_seconds(value);
    (void)parse_max_forwards(value);
    return uri_fault(value);
}

[[nodiscard]] std::string_view joined_rows_fault(const Message& message) {
    for (int i = 0; i <= static_cast<int>(HeaderId::retry_after); ++i) {
        const auto id = static_cast<HeaderId>(i);
        const std::vector<ValueAt> all = values(message, id);
        const auto first = first_value(message, id);
        if (all.empty() ? first.has_value() : !first || *first != all.front().text)
            return "the first value is not the first of all values";
        for (const ValueAt& value : all) {
            const HeaderField& row = message.headers()[value.row];
            if (row.id != id || !inside(value.text, message.text(row.value)))
                return "a value is not in the row that it names";
        }
    }
    return "";
}

[[nodiscard]] std::string_view values_fault(const Message& message) {
    for (const HeaderField& row : message.headers()) {
        const std::string_view text = message.text(row.value);
        ValueCursor cursor(text);
        std::string_view rest = text;
        while (const auto value = cursor.next()) {
            if (value->empty() || !inside(*value, rest))
                return "values overlap or leave their row";
            if (span_of(message, *value).size != value->size())
                return "a value is not in the message";
            rest =
                rest.substr(static_cast<std::size_t>(value->data() - rest.data()) + value->size());
            if (const std::string_view fault = value_fault(*value); !fault.empty())
                return fault;
        }
    }
    return "";
}

[[nodiscard]] bool same(const Result<Via>& a, const Result<Via>& b) {
    if (!a || !b)
        return !a && !b && a.error() == b.error();
    return a->protocol == b->protocol && a->transport == b->transport && a->sent_by == b->sent_by &&
           a->host == b->host && a->port == b->port &&
           a->parameters.text() == b->parameters.text() && a->branch() == b->branch();
}

[[nodiscard]] bool same(const Result<NameAddr>& a, const Result<NameAddr>& b) {
    if (!a || !b)
        return !a && !b && a.error() == b.error();
    return a->display == b->display && a->uri == b->uri && a->bracketed == b->bracketed &&
           a->parameters.text() == b->parameters.text() && a->tag() == b->tag();
}

[[nodiscard]] bool same(const Result<CSeq>& a, const Result<CSeq>& b) {
    if (!a || !b)
        return !a && !b && a.error() == b.error();
    return a->number == b->number && a->method == b->method;
}

/// What was noted when the message was indexed is what its rows say.
[[nodiscard]] std::string_view key_fields_fault(const Message& message) {
    const auto top = first_value(message, HeaderId::via);
    const Result<Via> via = top ? parse_via(*top) : make_error_code(Error::missing_header);
    if (!same(top_via(message), via))
        return "the top Via is not what its row says";
    if (via && via->branch() != via->parameters.find("branch").value_or(""))
        return "the branch is not the first of that name";
    const auto address = [&message](HeaderId id) -> Result<NameAddr> {
        const HeaderField* row = message.find(id);
        if (row == nullptr)
            return make_error_code(Error::missing_header);
        return parse_name_addr(message.text(row->value));
    };
    if (!same(from(message), address(HeaderId::from)) || !same(to(message), address(HeaderId::to)))
        return "From or To is not what its row says";
    if (const auto parsed = from(message);
        parsed && parsed->tag() != parsed->parameters.find("tag").value_or(""))
        return "the tag is not the first of that name";
    const HeaderField* row = message.find(HeaderId::cseq);
    const Result<CSeq> sequence = row != nullptr ? parse_cseq(message.text(row->value))
                                                 : make_error_code(Error::missing_header);
    return same(cseq(message), sequence) ? "" : "CSeq is not what its row says";
}

/// Of a request that passes the check.
std::string_view hop_header_fault(const Message& request) {
    ResponseParts parts;
    parts.status = 480;
    parts.to_tag = "ours";
    parts.received = "192.0.2.1";
    const std::string cancel = make_cancel(request);
    const Result<Message> of_message = index_message(header_of_hop(request), Framing::datagram);
    const Result<Message> of_bytes =
        index_message(header_of_hop(request.bytes()), Framing::datagram);
    if (!of_message || !of_bytes || of_message->defect() != Error::none ||
        of_bytes->defect() != Error::none)
        return "what is kept of a request is no message";
    if (make_cancel(*of_message) != cancel || make_cancel(*of_bytes) != cancel)
        return "what is kept of a request gives another CANCEL";
    if (make_response(*of_message, parts) != make_response(request, parts))
        return "what is kept of a request gives another response";
    return "";
}

} // namespace

std::string_view violated_invariant(const Message& message) {
    for (const auto fault : {start_line_fault, rows_fault, body_fault, values_fault,
                             joined_rows_fault, key_fields_fault}) {
        if (const std::string_view sentence = fault(message); !sentence.empty())
            return sentence;
    }
    const std::optional<Rejection> rejection = check_message(message);
    if (message.defect() != Error::none && !rejection)
        return "a message with a defect passes the check";
    if (!rejection && (!top_via(message) || !cseq(message) || !from(message) || !to(message) ||
                       call_id(message).empty()))
        return "a message that passes the check lacks what it was checked for";
    return !rejection && message.is_request() ? hop_header_fault(message) : "";
}

} // namespace roundabout::test
