#include "transport/tls_peer.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace roundabout::transport {
namespace {

std::string text_of(const ASN1_STRING* string) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
            static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::optional<IpAddress> address_of(const ASN1_STRING* string) {
    const unsigned char* bytes = ASN1_STRING_get0_data(string);
    if (ASN1_STRING_length(string) == 4) {
        std::array<std::uint8_t, 4> v4{};
        std::copy_n(bytes, v4.size(), v4.begin());
        return IpAddress::v4(v4);
    }
    if (ASN1_STRING_length(string) == 16) {
        std::array<std::uint8_t, 16> v6{};
        std::copy_n(bytes, v6.size(), v6.begin());
        return IpAddress::v6(v6);
    }
    return std::nullopt;
}

bool is_verified(const SSL* connection) {
    return SSL_get0_peer_certificate(connection) != nullptr &&
           SSL_get_verify_result(connection) == X509_V_OK;
}

} // namespace

SubjectNames subject_names(const x509_st* certificate) {
    SubjectNames names;
    const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> entries(
        static_cast<GENERAL_NAMES*>(
            X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        GENERAL_NAMES_free);
    const int count = entries ? sk_GENERAL_NAME_num(entries.get()) : 0;
    for (int i = 0; i < count; ++i) {
        int type = 0;
        const auto* value = static_cast<const ASN1_STRING*>(
            GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(entries.get(), i), &type));
        if (type == GEN_DNS)
            names.dns.push_back(text_of(value));
        else if (type == GEN_URI)
            names.uris.push_back(text_of(value));
        else if (type == GEN_IPADD) {
            if (const auto address = address_of(value))
                names.addresses.push_back(*address);
        }
    }
    return names;
}

SubjectNames verified_names(const ssl_st* connection) {
    return is_verified(connection) ? subject_names(SSL_get0_peer_certificate(connection))
                                   : SubjectNames();
}

Result<void> verify_peer_name(const ssl_st* connection, std::string_view name) {
    if (!is_verified(connection))
        return Error::peer_unverified;
    if (!proves_name(verified_names(connection), name))
        return Error::peer_name_mismatch;
    return {};
}

} // namespace roundabout::transport
