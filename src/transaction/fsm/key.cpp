#include "transaction/fsm/key.hpp"

#include "base/ascii.hpp"
#include "sip/values.hpp"

#include <initializer_list>

namespace roundabout::transaction::fsm {

namespace {

// The separator can't occur in any of the parts, so that two keys can't run into each other.
constexpr char separator = '\n';

std::string joined(std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (const auto part : parts)
        size += part.size() + 1;
    std::string text;
    text.reserve(size);
    for (const auto part : parts) {
        text += part;
        text += separator;
    }
    return text;
}

/// Lower case in place from `begin` on.
void lower_from(std::string& text, std::size_t begin) {
    for (std::size_t i = begin; i < text.size(); ++i)
        text[i] = ascii::lower(text[i]);
}

/// RFC 3261 §17.2.3, first list.
std::string cookie_key(const sip::Via& via, std::string_view method) {
    const std::string port = via.port ? std::to_string(*via.port) : std::string();
    std::string text = joined({method, via.branch(), via.host, port});
    lower_from(text, method.size() + via.branch().size() + 2);
    return text;
}

/// RFC 3261 §17.2.3, what follows "if the branch parameter is not present".
Result<std::string> rfc2543_key(const sip::Message& request, std::string_view method) {
    const auto from = sip::from(request);
    if (!from)
        return from.error();
    const auto to = sip::to(request);
    if (!to)
        return to.error();
    const auto cseq = sip::cseq(request);
    if (!cseq)
        return cseq.error();
    const auto via = sip::first_value(request, sip::HeaderId::via);
    const std::string_view to_tag = method == "INVITE" ? std::string_view() : to->tag();
    const std::string number = std::to_string(cseq->number);
    return joined({"RFC2543", method, request.request_uri(), from->tag(), to_tag,
                   sip::call_id(request), number, via.value_or(std::string_view())});
}

Result<std::string> server_key(const sip::Message& request, std::string_view method) {
    const auto via = sip::top_via(request);
    if (!via)
        return via.error();
    if (via->has_magic_cookie())
        return cookie_key(*via, method);
    return rfc2543_key(request, method);
}

} // namespace

Result<ServerKey> ServerKey::of(const sip::Message& request) {
    const bool ack = request.method() == sip::Method::ack;
    auto text = server_key(request, ack ? std::string_view("INVITE") : request.method_name());
    if (!text)
        return text.error();
    ServerKey key;
    key.text_ = std::move(*text);
    return key;
}

Result<ServerKey> ServerKey::of_cancelled(const sip::Message& cancel) {
    auto text = server_key(cancel, "INVITE");
    if (!text)
        return text.error();
    ServerKey key;
    key.text_ = std::move(*text);
    return key;
}

bool ServerKey::is_register() const noexcept {
    return text_.starts_with("REGISTER\n") || text_.starts_with("RFC2543\nREGISTER\n");
}

ClientKey::ClientKey(std::string_view branch, std::string_view method) {
    text_.reserve(branch.size() + method.size() + 1);
    text_.append(method).append(" ").append(branch);
}

Result<ClientKey> ClientKey::of(const sip::Message& message) {
    const auto via = sip::top_via(message);
    if (!via)
        return via.error();
    const auto cseq = sip::cseq(message);
    if (!cseq)
        return cseq.error();
    return ClientKey(via->branch(), cseq->method);
}

ClientKey ClientKey::with_method(std::string_view method) const { return {branch(), method}; }

std::string_view ClientKey::branch() const noexcept {
    const std::string_view text = text_;
    const auto space = text.find(' ');
    return space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
}

std::string_view ClientKey::method() const noexcept {
    return std::string_view(text_).substr(0, text_.find(' '));
}

} // namespace roundabout::transaction::fsm
