#include "csr/order.hpp"
#include "support/test_certificates.hpp"

#include <doctest/doctest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <sstream>
#include <sys/stat.h>

using namespace roundabout::csr;
using roundabout::tests::TemporaryFolder;

namespace {

Key owned(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

std::string pem(const Key& key, const char* passphrase = nullptr) {
    const std::unique_ptr<BIO, int (*)(BIO*)> memory(BIO_new(BIO_s_mem()), BIO_free);
    const int size = passphrase == nullptr ? 0 : static_cast<int>(std::string(passphrase).size());
    REQUIRE(PEM_write_bio_PKCS8PrivateKey(memory.get(), key.get(),
                                          passphrase == nullptr ? nullptr : EVP_aes_128_cbc(),
                                          passphrase, size, nullptr, nullptr) == 1);
    char* text = nullptr;
    const long length = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(length)};
}

Key ed25519() { return owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

bool verifies(const std::string& request_pem, const Key& key) {
    const std::unique_ptr<BIO, int (*)(BIO*)> memory(
        BIO_new_mem_buf(request_pem.data(), static_cast<int>(request_pem.size())), BIO_free);
    const std::unique_ptr<X509_REQ, void (*)(X509_REQ*)> request(
        PEM_read_bio_X509_REQ(memory.get(), nullptr, nullptr, nullptr), X509_REQ_free);
    return request && X509_REQ_verify(request.get(), key.get()) == 1;
}

std::string fault_of(const Outcome<std::string>& outcome) {
    return outcome ? "none" : outcome.error().sentence;
}

Subject named(std::string common_name) {
    Subject subject;
    subject.common_name = std::move(common_name);
    return subject;
}

AskPassphrase says(std::string passphrase) {
    return [passphrase = std::move(passphrase)](const std::string&) { return passphrase; };
}

} // namespace

TEST_CASE("csr: a request is made and signed with each kind of key") {
    for (const auto& [key, kind] : {std::pair(owned(EVP_RSA_gen(2048)), "RSA, 2048 bits"),
                                    {owned(EVP_EC_gen("P-256")), "EC P-256"},
                                    {owned(EVP_EC_gen("P-384")), "EC P-384"},
                                    {ed25519(), "Ed25519"}}) {
        REQUIRE(key);
        CHECK(*key_kind(key) == kind);
        const auto request = make_request(named("a.example"), key);
        REQUIRE(request.has_value());
        CHECK(verifies(*request, key));
    }
}

TEST_CASE("csr: other kinds of key are refused by name") {
    for (const auto& [key, words] :
         {std::pair(owned(EVP_RSA_gen(1024)), "of 1024 bits, which is too short"),
          {owned(EVP_EC_gen("P-521")), "EC on the curve secp521r1"},
          {owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519")), "(X25519)"}}) {
        REQUIRE(key);
        const std::string fault = fault_of(make_request(named("a.example"), key));
        CHECK_MESSAGE(fault.find(words) != std::string::npos, fault);
    }
}

TEST_CASE("csr: what can't stand in a request is refused by its flag") {
    const Key key = owned(EVP_EC_gen("P-256"));
    Subject subject = named("a.example");
    subject.country = "USA";
    CHECK(fault_of(make_request(subject, key)).starts_with("-csr-c: \"USA\" can't stand"));
    subject = named("a.example");
    subject.organization = "\xFF";
    CHECK(fault_of(make_request(subject, key)).starts_with("-csr-o: "));
    subject = named(std::string(65, 'a'));
    CHECK(fault_of(make_request(subject, key)).starts_with("-csr-cn: "));
    subject = named("a.example");
    subject.alternative_names = {"b.example", "no name"};
    CHECK(fault_of(make_request(subject, key)) ==
          "-csr-san: \"no name\" is neither a host name nor an address");
    CHECK(fault_of(make_request({}, key)).starts_with("a request needs a name"));
    CHECK(fault_of(make_request(named("The Firm"), key)) ==
          "-csr-cn: \"The Firm\" is no host name, so add one by -csr-san");
}

TEST_CASE("csr: a key file that can't be used is named with the reason") {
    const TemporaryFolder folder;
    const auto fault = [&folder](const std::string& file, const AskPassphrase& ask) {
        const auto key = load_key(file, ask);
        return key ? std::string("none") : key.error().sentence.substr(folder.path("").size());
    };
    const std::string secret =
        folder.write("secret.pem", pem(owned(EVP_EC_gen("P-256")), "secret"));
    CHECK(load_key(secret, says("secret")).has_value());
    CHECK(fault(secret, says("wrong")).ends_with("secret.pem: wrong passphrase"));
    CHECK(fault(secret, says("")).ends_with("secret.pem: wrong passphrase"));
    CHECK(fault(secret, says(std::string(5000, 'a'))).ends_with("secret.pem: wrong passphrase"));
    CHECK(fault(folder.path("none.pem"), {}).ends_with("none.pem: No such file or directory"));
    CHECK(fault(folder.write("text.pem", "text"), {})
              .ends_with("text.pem: it holds no private key in PEM form"));
    CHECK(fault(folder.write("x.pem", pem(owned(EVP_EC_gen("P-521")))), {})
              .find("kind that is not supported") != std::string::npos);
}

TEST_CASE("csr: the one private key of the working directory is found") {
    const TemporaryFolder folder;
    const std::string here = folder.path("");
    CHECK(fault_of(find_key(here)).starts_with("there is no private key"));
    static_cast<void>(folder.write("chain.pem", "-----BEGIN CERTIFICATE-----\n"));
    static_cast<void>(folder.write("notes.txt", "-----BEGIN PRIVATE KEY-----\n"));
    const std::string key = folder.write("own.key", pem(owned(EVP_EC_gen("P-256"))));
    const auto found = find_key(here);
    REQUIRE(found.has_value());
    CHECK(found->ends_with("/own.key"));
    static_cast<void>(folder.write("other.pem", pem(ed25519())));
    const std::string fault = fault_of(find_key(here));
    CHECK(fault.starts_with("several files hold a private key"));
    CHECK(fault.find("other.pem, ") != std::string::npos);
}

TEST_CASE("csr: a new key is its owner's alone, and no file is overwritten") {
    const TemporaryFolder folder;
    for (const char* kind : {"ec", "rsa"}) {
        const std::string file = folder.path(std::string(kind) + ".key");
        const auto key = make_key(kind, file);
        REQUIRE(key.has_value());
        struct stat status{};
        REQUIRE(::stat(file.c_str(), &status) == 0);
        CHECK((status.st_mode & 07777U) == 0600);
        const auto again = load_key(file, {});
        REQUIRE(again.has_value());
        CHECK(EVP_PKEY_eq(again->get(), key->get()) == 1);
        const auto second = make_key(kind, file);
        REQUIRE_FALSE(second.has_value());
        CHECK(second.error().sentence ==
              "key file " + file + " exists already and is not overwritten");
        CHECK(EVP_PKEY_eq(load_key(file, {})->get(), key->get()) == 1);
    }
    CHECK(make_key("dsa", folder.path("d.key")).error().sentence ==
          "-new-key: \"dsa\" is neither ec nor rsa");
    CHECK(make_key("ec", folder.path("none/e.key"))
              .error()
              .sentence.ends_with("No such file or directory"));
}

TEST_CASE("csr: an order that fails leaves no new key behind") {
    const TemporaryFolder folder;
    Order order;
    order.folder = folder.path("");
    order.new_key = "ec";
    order.subject = named("a.example");
    order.subject.country = "USA";
    std::ostringstream out;
    std::ostringstream notes;
    CHECK(carry_out(order, out, notes) == 1);
    CHECK(out.str().empty());
    order.subject.country = "US";
    CHECK(carry_out(order, out, notes) == 0);
    CHECK(out.str().starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
    CHECK(notes.str().find("a.example.key (EC P-256)\n") != std::string::npos);
}
