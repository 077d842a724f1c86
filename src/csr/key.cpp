#include "csr/key.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace roundabout::csr {
namespace {

constexpr int least_rsa_bits = 2048;
constexpr unsigned new_rsa_bits = 3072;
constexpr unsigned owner_only = 0600;
constexpr std::uintmax_t largest_key_file = 1 << 20U;

using Stream = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

std::string errno_text() { return std::generic_category().message(errno); }

// Spelt out: a Problem could be made from a text as well.
Outcome<std::string> text(std::string value) {
    return Outcome<std::string>(boost::system::in_place_value, std::move(value));
}

Key owned(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

/// What the callback of OpenSSL is given.
struct Asking {
    const AskPassphrase* ask;
    const std::string* file;
    bool asked = false;
};

int give_passphrase(char* into, int size, int /*writing*/, void* data) {
    auto& asking = *static_cast<Asking*>(data);
    asking.asked = true;
    const std::string passphrase = *asking.ask ? (*asking.ask)(*asking.file) : std::string();
    if (passphrase.size() > static_cast<std::size_t>(size))
        return -1;
    std::memcpy(into, passphrase.data(), passphrase.size());
    return static_cast<int>(passphrase.size());
}

bool holds_private_key(const std::filesystem::path& path) {
    std::error_code error;
    const bool plausible = std::filesystem::is_regular_file(path, error) &&
                           std::filesystem::file_size(path, error) <= largest_key_file;
    std::ifstream stream(path);
    for (std::string line; plausible && std::getline(stream, line);) {
        if (line.find("PRIVATE KEY-----") != std::string::npos)
            return true;
    }
    return false;
}

std::string group_of(const Key& key) {
    std::array<char, 64> name{};
    std::size_t size = 0;
    EVP_PKEY_get_group_name(key.get(), name.data(), name.size(), &size);
    return {name.data(), size};
}

} // namespace

Outcome<std::string> key_kind(const Key& key) {
    if (EVP_PKEY_is_a(key.get(), "ED25519") == 1)
        return text("Ed25519");
    if (EVP_PKEY_is_a(key.get(), "RSA") == 1) {
        const int bits = EVP_PKEY_get_bits(key.get());
        if (bits >= least_rsa_bits)
            return text("RSA, " + std::to_string(bits) + " bits");
        return Problem{"an RSA key of " + std::to_string(bits) +
                       " bits, which is too short: at least " + std::to_string(least_rsa_bits) +
                       " are needed"};
    }
    std::string kind = EVP_PKEY_get0_type_name(key.get());
    if (EVP_PKEY_is_a(key.get(), "EC") == 1) {
        const std::string group = group_of(key);
        if (group == "prime256v1")
            return text("EC P-256");
        if (group == "secp384r1")
            return text("EC P-384");
        kind += " on the curve " + group;
    }
    return Problem{"a key of a kind that is not supported (" + kind +
                   "): use RSA, EC P-256, EC P-384 or Ed25519"};
}

Outcome<Key> load_key(const std::string& file, const AskPassphrase& ask) {
    const Stream stream(std::fopen(file.c_str(), "rb"), std::fclose);
    if (!stream)
        return Problem{"key file " + file + ": " + errno_text()};
    ERR_clear_error();
    Asking asking{&ask, &file};
    const Key key = owned(PEM_read_PrivateKey(stream.get(), nullptr, give_passphrase, &asking));
    ERR_clear_error();
    if (!key)
        return Problem{
            "key file " + file +
            (asking.asked ? ": wrong passphrase" : ": it holds no private key in PEM form")};
    const auto kind = key_kind(key);
    if (!kind)
        return Problem{"key file " + file + ": it holds " + kind.error().sentence};
    return key;
}

Outcome<std::string> find_key(const std::string& folder) {
    std::vector<std::string> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string extension = entry.path().extension().string();
        if ((extension == ".pem" || extension == ".key") && holds_private_key(entry.path()))
            found.push_back(entry.path().string());
    }
    std::ranges::sort(found);
    if (found.size() == 1)
        return text(found.front());
    if (found.empty())
        return Problem{"there is no private key (*.pem, *.key) in " + folder +
                       "; name one by -tls-key, or make one by --new-key ec"};
    std::string all;
    for (const std::string& each : found)
        all += (all.empty() ? "" : ", ") + each;
    return Problem{"several files hold a private key: " + all + "; name one of them by -tls-key"};
}

Outcome<Key> make_key(std::string_view kind, const std::string& file) {
    if (kind != "ec" && kind != "rsa")
        return Problem{"-new-key: \"" + std::string(kind) + "\" is neither ec nor rsa"};
    // The file comes first: it takes a moment to find an RSA key.
    const int descriptor =
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, owner_only);
    if (descriptor < 0)
        return Problem{
            "key file " + file +
            (errno == EEXIST ? " exists already and is not overwritten" : ": " + errno_text())};
    const Stream stream(::fdopen(descriptor, "wb"), std::fclose);
    const Key key = owned(kind == "ec" ? EVP_EC_gen("P-256") : EVP_RSA_gen(new_rsa_bits));
    const bool written = key && stream &&
                         PEM_write_PKCS8PrivateKey(stream.get(), key.get(), nullptr, nullptr, 0,
                                                   nullptr, nullptr) == 1 &&
                         std::fflush(stream.get()) == 0 && ::fsync(descriptor) == 0;
    if (written)
        return key;
    const std::string why = errno_text();
    ::unlink(file.c_str());
    return Problem{"key file " + file + ": " + (key ? why : "OpenSSL could not make a key")};
}

} // namespace roundabout::csr
