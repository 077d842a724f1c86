#include "crypto/siv.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

namespace roundabout::crypto {
namespace {

const unsigned char* bytes(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// Fetched once: a fetch costs more than sealing a token.
const EVP_CIPHER* cipher() noexcept {
    static EVP_CIPHER* const fetched = ::EVP_CIPHER_fetch(nullptr, "AES-128-SIV", nullptr);
    return fetched;
}

} // namespace

void Siv::Free::operator()(evp_cipher_ctx_st* context) const noexcept {
    ::EVP_CIPHER_CTX_free(context);
}

Result<Siv> Siv::make(const SivKey& key) {
    Context sealing(::EVP_CIPHER_CTX_new());
    Context opening(::EVP_CIPHER_CTX_new());
    if (!sealing || !opening || cipher() == nullptr ||
        ::EVP_EncryptInit_ex2(sealing.get(), cipher(), key.data(), nullptr, nullptr) != 1 ||
        ::EVP_DecryptInit_ex2(opening.get(), cipher(), key.data(), nullptr, nullptr) != 1)
        return Error::key_unusable;
    return Siv(key, std::move(sealing), std::move(opening));
}

Result<std::string> Siv::seal(std::string_view associated, std::string_view plain) {
    EVP_CIPHER_CTX* const context = sealing_.get();
    std::string out(overhead + plain.size(), '\0');
    auto* const to = reinterpret_cast<unsigned char*>(out.data());
    int written = 0;
    if (::EVP_EncryptInit_ex2(context, cipher(), key_.data(), nullptr, nullptr) != 1 ||
        ::EVP_EncryptUpdate(context, nullptr, &written, bytes(associated),
                            static_cast<int>(associated.size())) != 1 ||
        ::EVP_EncryptUpdate(context, to + overhead, &written, bytes(plain),
                            static_cast<int>(plain.size())) != 1 ||
        ::EVP_EncryptFinal_ex(context, to + overhead + written, &written) != 1 ||
        ::EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, overhead, to) != 1) {
        ::ERR_clear_error();
        return Error::key_unusable;
    }
    return out;
}

Result<std::string> Siv::open(std::string_view associated, std::string_view sealed) {
    if (sealed.size() <= overhead)
        return Error::token_malformed;
    EVP_CIPHER_CTX* const context = opening_.get();
    std::string tag(sealed.substr(0, overhead));
    const std::string_view ciphertext = sealed.substr(overhead);
    std::string out(ciphertext.size(), '\0');
    int written = 0;
    if (::EVP_DecryptInit_ex2(context, cipher(), key_.data(), nullptr, nullptr) != 1 ||
        ::EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, overhead, tag.data()) != 1 ||
        ::EVP_DecryptUpdate(context, nullptr, &written, bytes(associated),
                            static_cast<int>(associated.size())) != 1 ||
        ::EVP_DecryptUpdate(context, reinterpret_cast<unsigned char*>(out.data()), &written,
                            bytes(ciphertext), static_cast<int>(ciphertext.size())) != 1) {
        ::ERR_clear_error();
        return Error::token_forged;
    }
    return out;
}

} // namespace roundabout::crypto
