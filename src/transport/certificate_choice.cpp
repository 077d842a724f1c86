#include "transport/certificate_choice.hpp"

#include "base/ascii.hpp"
#include "transport/tls_peer.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <utility>

namespace roundabout::transport {
namespace {

std::vector<std::string> names_of(SSL_CTX* context) {
    std::vector<std::string> names;
    for (const std::string& name : subject_names(SSL_CTX_get0_certificate(context)).dns)
        names.push_back(ascii::to_lower(name));
    return names;
}

int choose(SSL* connection, int* /*alert*/, void* choice) {
    const char* name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
    if (name != nullptr)
        SSL_set_SSL_CTX(connection, static_cast<const CertificateChoice*>(choice)->find(name));
    return SSL_TLSEXT_ERR_OK;
}

void free_choice(void* /*context*/, void* choice, CRYPTO_EX_DATA* /*data*/, int /*index*/,
                 long /*number*/, void* /*pointer*/) {
    delete static_cast<CertificateChoice*>(choice);
}

int choice_index() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_choice);
    return index;
}

} // namespace

CertificateChoice::CertificateChoice(Context first) { add(std::move(first)); }

void CertificateChoice::add(Context context) {
    std::vector<std::string> names = names_of(context.get());
    candidates_.push_back({std::move(context), std::move(names)});
}

ssl_ctx_st* CertificateChoice::find(std::string_view name) const {
    const std::string asked = ascii::to_lower(name);
    const std::size_t dot = asked.find('.');
    const std::string wildcard = dot == std::string::npos ? "" : "*" + asked.substr(dot);
    for (const std::string& wanted : {asked, wildcard}) {
        if (wanted.empty())
            continue;
        for (const Candidate& candidate : candidates_) {
            if (std::ranges::find(candidate.names, wanted) != candidate.names.end())
                return candidate.context.get();
        }
    }
    return candidates_.front().context.get();
}

CertificateChoice::Context CertificateChoice::install(CertificateChoice choice) {
    Context first = choice.candidates_.front().context;
    // Not owned there: the choice lives as long as the first context, which OpenSSL keeps for a
    // handshake under way even when nobody else does.
    choice.candidates_.front().context = Context(first.get(), [](SSL_CTX* /*kept*/) {});
    auto kept = std::make_unique<CertificateChoice>(std::move(choice));
    if (SSL_CTX_set_ex_data(first.get(), choice_index(), kept.get()) != 1)
        return nullptr;
    SSL_CTX_set_tlsext_servername_callback(first.get(), choose);
    SSL_CTX_set_tlsext_servername_arg(first.get(), kept.release());
    return first;
}

} // namespace roundabout::transport
