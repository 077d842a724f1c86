#include "crypto/aes.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <cstring>

namespace roundabout::crypto {
namespace {

/// What a text of that size is filled up to; an empty one to one as well.
constexpr std::size_t blocks_of(std::size_t size) noexcept {
    return size == 0 ? 1 : (size + block_size - 1) / block_size;
}

} // namespace

void Aes128::Free::operator()(evp_cipher_ctx_st* context) const noexcept {
    ::EVP_CIPHER_CTX_free(context);
}

Result<Aes128> Aes128::make(Mode mode, Aes128Key key) {
    constexpr Block zeros{};
    const EVP_CIPHER* const cipher = mode == Mode::cbc ? ::EVP_aes_128_cbc() : ::EVP_aes_128_ecb();
    Context context(::EVP_CIPHER_CTX_new());
    if (!context ||
        ::EVP_EncryptInit_ex2(context.get(), cipher, key.data(),
                              mode == Mode::cbc ? zeros.data() : nullptr, nullptr) != 1 ||
        ::EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1) {
        ::ERR_clear_error();
        return Error::key_unusable;
    }
    return Aes128(std::move(context));
}

bool Aes128::encrypt(std::span<Block> blocks) noexcept {
    auto* const bytes = reinterpret_cast<unsigned char*>(blocks.data());
    // Not EVP_EncryptUpdate, which takes its time to find out that whole blocks are whole blocks.
    if (::EVP_Cipher(context_.get(), bytes, bytes, static_cast<unsigned>(blocks.size_bytes())) > 0)
        return true;
    ::ERR_clear_error();
    return false;
}

Result<Cmac> Cmac::make(Aes128Key key) {
    Result<Aes128> ecb = Aes128::make(Aes128::Mode::ecb, key);
    Result<Aes128> cbc = Aes128::make(Aes128::Mode::cbc, key);
    Block of_zeros{};
    if (!ecb || !cbc || !ecb->encrypt({&of_zeros, 1}))
        return Error::key_unusable;
    const Block of_whole = doubled(of_zeros);
    return Cmac(std::move(*cbc), of_whole, doubled(of_whole));
}

void Cmac::copy(std::string_view text) {
    const std::size_t count = blocks_of(text.size());
    if (scratch_.size() < count)
        scratch_.resize(count);
    scratch_[count - 1] = Block{};
    if (!text.empty())
        std::memcpy(scratch_.data(), text.data(), text.size());
}

Result<Block> Cmac::of_copy(std::size_t size) {
    const std::span<Block> blocks(scratch_.data(), blocks_of(size));
    const bool whole = size == blocks.size_bytes();
    if (!whole)
        blocks.back()[size % block_size] = 0x80;
    add(blocks.back(), whole ? of_whole_ : of_padded_);
    add(blocks.front(), last_); // so that CBC adds nothing: cheaper than to give it an IV
    if (!cbc_.encrypt(blocks))
        return Error::key_unusable;
    return last_ = blocks.back();
}

Result<Block> Cmac::of(std::string_view text) {
    copy(text);
    return of_copy(text.size());
}

Result<Block> Cmac::of_ending(std::string_view text, const Block& end) {
    copy(text);
    auto* const bytes = reinterpret_cast<char*>(scratch_.data());
    add({bytes + text.size() - block_size, block_size}, end.data());
    return of_copy(text.size());
}

void add(std::span<char> to, const void* other) noexcept {
    char* at = to.data();
    const auto* from = static_cast<const char*>(other);
    std::size_t left = to.size();
    for (; left >= 8; left -= 8, at += 8, from += 8) {
        std::uint64_t a = 0;
        std::uint64_t b = 0;
        std::memcpy(&a, at, 8);
        std::memcpy(&b, from, 8);
        a ^= b;
        std::memcpy(at, &a, 8);
    }
    for (; left > 0; --left, ++at, ++from)
        *at = static_cast<char>(*at ^ *from);
}

void add(Block& to, const Block& other) noexcept {
    add({reinterpret_cast<char*>(to.data()), block_size}, other.data());
}

Block doubled(const Block& block) noexcept {
    const std::uint64_t high = load_big(block.data());
    const std::uint64_t low = load_big(block.data() + 8);
    Block out;
    store_big(high << 1U | low >> 63U, out.data());
    store_big(low << 1U ^ (high >> 63U) * 0x87U, out.data() + 8);
    return out;
}

std::uint64_t load_big(const std::uint8_t* from) noexcept {
    std::uint64_t number = 0;
    for (unsigned i = 0; i < 8; ++i)
        number = number << 8U | from[i];
    return number;
}

void store_big(std::uint64_t number, std::uint8_t* to) noexcept {
    for (unsigned i = 0; i < 8; ++i)
        to[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
}

} // namespace roundabout::crypto
