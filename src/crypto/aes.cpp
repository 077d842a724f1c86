#include "crypto/aes.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <cstring>

namespace roundabout::crypto {

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
    const auto size = static_cast<int>(blocks.size_bytes());
    int written = 0;
    if (::EVP_EncryptUpdate(context_.get(), bytes, &written, bytes, size) == 1 && written == size)
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

Result<Block> Cmac::of(std::string_view text) {
    constexpr std::size_t size = std::tuple_size_v<Block>;
    const std::size_t count = text.empty() ? 1 : (text.size() + size - 1) / size;
    scratch_.assign(count, Block{});
    if (!text.empty())
        std::memcpy(scratch_.data(), text.data(), text.size());
    const bool whole = text.size() == count * size;
    if (!whole)
        scratch_.back()[text.size() % size] = 0x80;
    add(scratch_.back(), whole ? of_whole_ : of_padded_);
    add(scratch_.front(), last_); // so that CBC adds nothing: cheaper than to give it an IV
    if (!cbc_.encrypt(scratch_))
        return Error::key_unusable;
    return last_ = scratch_.back();
}

void add(Block& to, const Block& other) noexcept {
    for (std::size_t i = 0; i < to.size(); ++i)
        to[i] ^= other[i];
}

Block doubled(const Block& block) noexcept {
    Block out;
    for (std::size_t i = 0; i < block.size(); ++i) {
        const unsigned next = i + 1 < block.size() ? block[i + 1] : 0U;
        out[i] = static_cast<std::uint8_t>(unsigned{block[i]} << 1U | next >> 7U);
    }
    if ((block.front() & 0x80U) != 0)
        out.back() ^= std::uint8_t{0x87};
    return out;
}

} // namespace roundabout::crypto
