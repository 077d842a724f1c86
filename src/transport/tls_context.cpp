#include "transport/tls_context.hpp"

#include "transport/certificate_choice.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>
#include <system_error>

namespace roundabout::transport {
namespace {

using Context = std::shared_ptr<SSL_CTX>;
using Outcome = std::optional<TlsProblem>;

TlsProblem problem(std::string_view what, const std::string& file, std::string_view why) {
    std::string text(what);
    text.append(" ").append(file).append(": ").append(why);
    return {Error::certificate_unusable, std::move(text)};
}

/// What OpenSSL says about its last failure.
std::string_view reason() {
    const char* text = ERR_reason_error_string(ERR_peek_last_error());
    return text != nullptr ? text : "not usable";
}

/// Opened once beforehand: what OpenSSL says about a missing file tells less.
Outcome unreadable(std::string_view what, const std::string& file) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(std::fopen(file.c_str(), "rb"),
                                                                 std::fclose);
    if (!opened)
        return problem(what, file, std::generic_category().message(errno));
    if (std::fgetc(opened.get()) == EOF)
        return problem(what, file,
                       std::ferror(opened.get()) != 0 ? std::generic_category().message(errno)
                                                      : "the file is empty");
    return std::nullopt;
}

/// OpenSSL refuses by a warning and goes on; this is how one hears of it.
void note_refusal(const SSL* connection, int where, int alert) {
    static char refused;
    if (where == SSL_CB_WRITE_ALERT && (alert & 0xFF) == SSL_AD_NO_RENEGOTIATION)
        SSL_set_app_data(const_cast<SSL*>(connection), &refused);
}

/// SHA-384 has no instruction of its own on most processors, and TLS 1.3 hashes much: with SHA-256
/// a handshake costs a tenth less. A client that wants a larger suite gets it. What the machine's
/// own configuration of OpenSSL leaves out stays out.
void put_short_hash_first(SSL_CTX* context) {
    constexpr std::string_view first = "TLS_AES_128_GCM_SHA256";
    std::string suites;
    const auto* const listed = SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(listed); ++i) {
        const std::string_view name = SSL_CIPHER_get_name(sk_SSL_CIPHER_value(listed, i));
        if (!name.starts_with("TLS_")) // of TLS 1.3
            continue;
        if (name == first)
            suites.insert(0, std::string(name) + ':');
        else
            suites.append(name).append(":");
    }
    if (suites.empty())
        return;
    suites.pop_back();
    SSL_CTX_set_ciphersuites(context, suites.c_str());
}

Context make_context(const SSL_METHOD* method) {
    Context context(SSL_CTX_new(method), SSL_CTX_free);
    if (!context)
        return context;
    if (SSL_CTX_get_min_proto_version(context.get()) < TLS1_2_VERSION)
        SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context.get(), TLS1_3_VERSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    put_short_hash_first(context.get());
    // A ticket of TLS 1.3 saves its owner no round trip; each costs a twentieth of the handshake.
    SSL_CTX_set_num_tickets(context.get(), 0);
    SSL_CTX_set_read_ahead(context.get(), 1);
    SSL_CTX_set_info_callback(context.get(), note_refusal);
    // A key with a passphrase is refused; the default would ask at the terminal.
    SSL_CTX_set_default_passwd_cb(context.get(), [](char*, int, int, void*) { return 0; });
    return context;
}

Outcome load_certificate(SSL_CTX* context, const CertificateFiles& files) {
    constexpr std::string_view chain = "certificate file";
    constexpr std::string_view key = "key file";
    if (auto missing = unreadable(chain, files.chain_file))
        return missing;
    if (auto missing = unreadable(key, files.key_file))
        return missing;
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, files.chain_file.c_str()) != 1)
        return problem(chain, files.chain_file,
                       std::string("no usable PEM certificate (").append(reason()).append(")"));
    ERR_clear_error();
    if (SSL_CTX_use_PrivateKey_file(context, files.key_file.c_str(), SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_check_private_key(context) == 1)
        return std::nullopt;
    const unsigned long last = ERR_peek_last_error();
    if (ERR_GET_LIB(last) == ERR_LIB_X509 && (ERR_GET_REASON(last) == X509_R_KEY_VALUES_MISMATCH ||
                                              ERR_GET_REASON(last) == X509_R_KEY_TYPE_MISMATCH))
        return problem(key, files.key_file,
                       "not the key of the certificate in " + files.chain_file);
    return problem(
        key, files.key_file,
        std::string("no usable PEM private key without passphrase (").append(reason()).append(")"));
}

Outcome load_authorities(SSL_CTX* context, const std::string& ca_file) {
    if (ca_file.empty()) {
        SSL_CTX_set_default_verify_paths(context);
        return std::nullopt;
    }
    constexpr std::string_view authorities = "CA file";
    if (auto missing = unreadable(authorities, ca_file))
        return missing;
    ERR_clear_error();
    if (SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1)
        return problem(authorities, ca_file,
                       std::string("no usable PEM certificate (").append(reason()).append(")"));
    return std::nullopt;
}

/// The connection goes on whatever the client showed; the verdict is kept with it.
int note_verdict(int /*verified*/, X509_STORE_CTX* /*chain*/) { return 1; }

Outcome ask_certificate(SSL_CTX* context, const TlsServerSettings& settings) {
    const std::string& ca_file = settings.ca_file;
    if (auto failed = load_authorities(context, ca_file))
        return failed;
    if (!ca_file.empty())
        SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(ca_file.c_str()));
    if (settings.require_certificate)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    else
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, note_verdict);
    // A SIP server shows one certificate in both roles, and public authorities issue those for the
    // server's role only; what counts is the name in it (RFC 5922 §7.1).
    X509_VERIFY_PARAM_set_purpose(SSL_CTX_get0_param(context), X509_PURPOSE_ANY);
    return std::nullopt;
}

void warn_of_dates(SSL_CTX* context, const std::string& file, std::vector<std::string>& warnings) {
    const X509* certificate = SSL_CTX_get0_certificate(context);
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        warnings.push_back("certificate file " + file + ": the certificate has expired");
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        warnings.push_back("certificate file " + file + ": the certificate is not valid yet");
}

void note_expiry(SSL_CTX* context, std::optional<WallTime>& earliest) {
    std::tm at{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(context)), &at) != 1)
        return;
    const WallTime expiry(std::chrono::seconds(::timegm(&at)));
    earliest = earliest ? std::min(*earliest, expiry) : expiry;
}

TlsProblem no_context() {
    return {Error::certificate_unusable, "OpenSSL could not make a TLS context"};
}

} // namespace

bool was_renegotiation_refused(const ssl_st* connection) noexcept {
    return SSL_get_app_data(connection) != nullptr;
}

TlsResult<TlsContext> TlsContext::server(const TlsServerSettings& settings) {
    const Context context = make_context(TLS_server_method());
    if (!context)
        return no_context();
    if (auto failed = load_certificate(context.get(), settings.certificate))
        return *failed;
    if (settings.ask_certificate || settings.require_certificate) {
        if (auto failed = ask_certificate(context.get(), settings))
            return *failed;
    }
    // Needed for resumption where clients are asked for certificates.
    static constexpr std::array<unsigned char, 4> session_context{'s', 'i', 'p', 's'};
    SSL_CTX_set_session_id_context(context.get(), session_context.data(), session_context.size());
    std::vector<std::string> warnings;
    warn_of_dates(context.get(), settings.certificate.chain_file, warnings);
    std::optional<WallTime> expires;
    note_expiry(context.get(), expires);
    CertificateChoice choice(context);
    for (const CertificateFiles& files : settings.more) {
        const Context other = make_context(TLS_server_method());
        if (!other)
            return no_context();
        if (auto failed = load_certificate(other.get(), files))
            return *failed;
        warn_of_dates(other.get(), files.chain_file, warnings);
        note_expiry(other.get(), expires);
        choice.add(other);
    }
    TlsContext made(settings.more.empty() ? context
                                          : CertificateChoice::install(std::move(choice)));
    if (!made.context_)
        return no_context();
    made.warnings_ = std::move(warnings);
    made.expires_ = expires;
    return made;
}

TlsResult<TlsContext> TlsContext::client(const TlsClientSettings& settings) {
    const Context context = make_context(TLS_client_method());
    if (!context)
        return no_context();
    if (auto failed = load_authorities(context.get(), settings.ca_file))
        return *failed;
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    TlsContext made(context);
    if (settings.certificate) {
        if (auto failed = load_certificate(context.get(), *settings.certificate))
            return *failed;
        warn_of_dates(context.get(), settings.certificate->chain_file, made.warnings_);
    }
    return made;
}

} // namespace roundabout::transport
