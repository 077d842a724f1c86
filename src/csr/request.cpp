#include "csr/request.hpp"

#include "base/ascii.hpp"
#include "base/endpoint.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

namespace roundabout::csr {
namespace {

using Request = std::unique_ptr<X509_REQ, void (*)(X509_REQ*)>;
using Names = std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)>;
using Fault = std::optional<Problem>;

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string reason() {
    const char* text = ERR_reason_error_string(ERR_peek_last_error());
    return text != nullptr ? text : "not usable";
}

// A host name as certificates have it (RFC 5280 §4.2.1.6), perhaps with a wildcard in front.
bool is_dns_name(std::string_view name) {
    if (name.starts_with("*."))
        name.remove_prefix(2);
    if (name.empty() || name.size() > 253 || name.front() == '.' || name.back() == '.' ||
        name.find("..") != std::string_view::npos)
        return false;
    return std::ranges::all_of(name, [](char c) {
        return ascii::is_alpha(c) || ascii::is_digit(c) || c == '-' || c == '.' || c == '_';
    });
}

Fault add_subject(X509_REQ* request, const Subject& subject) {
    const auto fields = {std::tuple("C", "-csr-c", &subject.country),
                         std::tuple("ST", "-csr-p", &subject.province),
                         std::tuple("L", "-csr-l", &subject.locality),
                         std::tuple("O", "-csr-o", &subject.organization),
                         std::tuple("OU", "-csr-ou", &subject.unit),
                         std::tuple("CN", "-csr-cn", &subject.common_name)};
    X509_NAME* name = X509_REQ_get_subject_name(request);
    for (const auto& [field, flag, value] : fields) {
        if (value->empty())
            continue;
        ERR_clear_error();
        const auto* bytes = reinterpret_cast<const unsigned char*>(value->data());
        if (X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes,
                                       static_cast<int>(value->size()), -1, 0) != 1)
            return Problem{std::string(flag) + ": " + quoted(*value) +
                           " can't stand in a certificate (" + reason() + ")"};
    }
    return std::nullopt;
}

bool add_address(GENERAL_NAMES* names, const IpAddress& address) {
    ASN1_OCTET_STRING* octets = ASN1_OCTET_STRING_new();
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_OCTET_STRING_set(octets, address.bytes().data(), static_cast<int>(address.size()));
    GENERAL_NAME_set0_value(name, GEN_IPADD, octets);
    return sk_GENERAL_NAME_push(names, name) > 0;
}

bool add_dns_name(GENERAL_NAMES* names, std::string_view host) {
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_STRING_set(text, host.data(), static_cast<int>(host.size()));
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    return sk_GENERAL_NAME_push(names, name) > 0;
}

std::vector<std::string> names_of(const Subject& subject) {
    if (!subject.alternative_names.empty())
        return subject.alternative_names;
    const bool usable = is_dns_name(subject.common_name) || IpAddress::parse(subject.common_name);
    return usable ? std::vector{subject.common_name} : std::vector<std::string>();
}

Fault add_names(X509_REQ* request, const Subject& subject) {
    const Names names(GENERAL_NAMES_new(), GENERAL_NAMES_free);
    for (const std::string& text : names_of(subject)) {
        const auto address = IpAddress::parse(text);
        if (!address && !is_dns_name(text))
            return Problem{"-csr-san: " + quoted(text) + " is neither a host name nor an address"};
        const bool added = address ? add_address(names.get(), *address)
                                   : add_dns_name(names.get(), ascii::to_lower(text));
        if (!added)
            return Problem{"OpenSSL has no memory left"};
    }
    if (sk_GENERAL_NAME_num(names.get()) == 0)
        return Problem{subject.common_name.empty()
                           ? "a request needs a name: add -csr-cn, or -csr-san"
                           : "-csr-cn: " + quoted(subject.common_name) +
                                 " is no host name, so add one by -csr-san"};
    STACK_OF(X509_EXTENSION)* extensions = nullptr;
    const bool made = X509V3_add1_i2d(&extensions, NID_subject_alt_name, names.get(), 0,
                                      X509V3_ADD_DEFAULT) == 1 &&
                      X509_REQ_add_extensions(request, extensions) == 1;
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    if (!made)
        return Problem{"the alternative names can't be written: " + reason()};
    return std::nullopt;
}

// Ed25519 has a digest of its own.
const EVP_MD* digest_for(const std::string& kind) {
    if (kind == "Ed25519")
        return nullptr;
    return kind == "EC P-384" ? EVP_sha384() : EVP_sha256();
}

std::string pem_of(X509_REQ* request) {
    const std::unique_ptr<BIO, int (*)(BIO*)> memory(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_X509_REQ(memory.get(), request);
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

} // namespace

Outcome<std::string> make_request(const Subject& subject, const Key& key) {
    const auto kind = key_kind(key);
    if (!kind)
        return Problem{"the key is " + kind.error().sentence};
    const Request request(X509_REQ_new(), X509_REQ_free);
    ERR_clear_error();
    if (!request || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
        X509_REQ_set_pubkey(request.get(), key.get()) != 1)
        return Problem{"OpenSSL could not make a request: " + reason()};
    if (const Fault fault = add_subject(request.get(), subject))
        return *fault;
    if (const Fault fault = add_names(request.get(), subject))
        return *fault;
    if (X509_REQ_sign(request.get(), key.get(), digest_for(*kind)) <= 0)
        return Problem{"the request can't be signed: " + reason()};
    return Outcome<std::string>(boost::system::in_place_value, pem_of(request.get()));
}

} // namespace roundabout::csr
