#include "support/test_certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace roundabout::tests {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

void require(bool done, const char* what) {
    if (!done)
        throw std::runtime_error(what);
}

Key make_key() {
    Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    require(key != nullptr, "no key");
    return key;
}

std::string text_of(const std::shared_ptr<BIO>& bio) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::shared_ptr<BIO> memory() { return {BIO_new(BIO_s_mem()), BIO_free}; }

std::string to_pem(X509* certificate) {
    const auto bio = memory();
    require(PEM_write_bio_X509(bio.get(), certificate) == 1, "certificate to PEM");
    return text_of(bio);
}

std::string to_pem(EVP_PKEY* key) {
    const auto bio = memory();
    require(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "key to PEM");
    return text_of(bio);
}

void add_name(GENERAL_NAMES* names, int type, const std::string& text) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    if (type == GEN_IPADD) {
        GENERAL_NAME_set0_value(name, type, a2i_IPADDRESS(text.c_str()));
    } else {
        // The size is given, so that a NUL in the text stays in it.
        ASN1_IA5STRING* value = ASN1_IA5STRING_new();
        require(ASN1_STRING_set(value, text.data(), static_cast<int>(text.size())) == 1, "name");
        GENERAL_NAME_set0_value(name, type, value);
    }
    require(sk_GENERAL_NAME_push(names, name) > 0, "names");
}

void add_alternative_names(X509* certificate, const CertificateWish& wish) {
    const std::shared_ptr<GENERAL_NAMES> names(sk_GENERAL_NAME_new_null(), GENERAL_NAMES_free);
    for (const auto& name : wish.dns)
        add_name(names.get(), GEN_DNS, name);
    for (const auto& uri : wish.uris)
        add_name(names.get(), GEN_URI, uri);
    for (const auto& address : wish.addresses)
        add_name(names.get(), GEN_IPADD, address);
    if (sk_GENERAL_NAME_num(names.get()) > 0)
        require(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1,
                "subjectAltName");
}

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::shared_ptr<X509_EXTENSION> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value), X509_EXTENSION_free);
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

Certificate make_certificate(const CertificateWish& wish, EVP_PKEY* subject_key, X509* issuer,
                             EVP_PKEY* issuer_key) {
    Certificate made(X509_new(), X509_free);
    X509_set_version(made.get(), X509_VERSION_3);
    std::array<unsigned char, 8> serial{};
    require(RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1, "random");
    const std::shared_ptr<BIGNUM> number(
        BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr), BN_free);
    BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made.get()));
    X509_time_adj_ex(X509_getm_notBefore(made.get()), wish.valid_from, 0, nullptr);
    X509_time_adj_ex(X509_getm_notAfter(made.get()), wish.valid_until, 0, nullptr);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1,
                               -1, 0);
    X509* signer = issuer != nullptr ? issuer : made.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(signer));
    X509_set_pubkey(made.get(), subject_key);
    if (wish.authority)
        add_extension(made.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
    add_alternative_names(made.get(), wish);
    require(X509_sign(made.get(), issuer_key, EVP_sha256()) > 0, "signature");
    return made;
}

} // namespace

TemporaryFolder::TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "roundabout-XXXXXX").string();
    require(mkdtemp(name.data()) != nullptr, "temporary folder");
    folder_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored; // what is left is the system's to clear
    std::filesystem::remove_all(folder_, ignored);
}

std::string TemporaryFolder::path(std::string_view name) const {
    return folder_ + "/" + std::string(name);
}

std::string TemporaryFolder::write(std::string_view name, std::string_view content) const {
    std::string file = path(name);
    std::ofstream out(file, std::ios::binary);
    out << content;
    require(out.good(), "temporary file");
    return file;
}

TestAuthority::TestAuthority(std::string name)
    : key_(make_key()) {
    CertificateWish wish;
    wish.common_name = std::move(name);
    wish.authority = true;
    certificate_ = make_certificate(wish, key_.get(), nullptr, key_.get());
    pem_ = to_pem(certificate_.get());
}

TestCertificate TestAuthority::issue(const CertificateWish& wish) const {
    const Key key = make_key();
    const Certificate made = make_certificate(wish, key.get(), certificate_.get(), key_.get());
    return {to_pem(made.get()), to_pem(key.get())};
}

std::string with_passphrase(const std::string& key_pem) {
    const std::shared_ptr<BIO> in(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())),
                                  BIO_free);
    const Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    require(key != nullptr, "key from PEM");
    const auto out = memory();
    const std::string_view passphrase = "secret";
    require(PEM_write_bio_PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(),
                                     reinterpret_cast<const unsigned char*>(passphrase.data()),
                                     static_cast<int>(passphrase.size()), nullptr, nullptr) == 1,
            "encrypted key to PEM");
    return text_of(out);
}

} // namespace roundabout::tests
