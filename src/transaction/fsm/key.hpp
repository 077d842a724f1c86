#pragma once

#include "base/result.hpp"
#include "base/siphash.hpp"
#include "sip/message.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace roundabout::transaction::fsm {

/// What a request must have in common with the one that created a server transaction to belong to
/// it (RFC 3261 §17.2.3; R28). Owns its text, is compared exactly.
///
/// Where the top Via's branch begins with the magic cookie: branch, sent-by (host in any case, with
/// its port), and method, an ACK counting as INVITE. Otherwise as RFC 2543 has it: Request-URI,
/// From tag, Call-ID, CSeq number, top Via and method, and the To tag for all but INVITE and ACK.
/// (An ACK bears the To tag of the response, which is not known when the INVITE comes; number and
/// Call-ID tell re-INVITEs apart without it.)
class ServerKey {
  public:
    ServerKey() = default;

    /// The key of a request. Errors: those of the Via, CSeq, From and To; missing_header.
    [[nodiscard]] static Result<ServerKey> of(const sip::Message& request);

    /// The key of the INVITE that this CANCEL is for (RFC 3261 §9.2). Errors as above.
    [[nodiscard]] static Result<ServerKey> of_cancelled(const sip::Message& cancel);

    [[nodiscard]] bool is_register() const noexcept;
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    friend bool operator==(const ServerKey&, const ServerKey&) noexcept = default;

  private:
    std::string text_;
};

/// What a response must have in common with a client transaction to belong to it (RFC 3261
/// §17.1.3): the branch of the top Via, which is ours, and the method of CSeq.
class ClientKey {
  public:
    ClientKey() = default;
    /// `branch` as it stands in our Via, cookie included; `method` as in the request line.
    ClientKey(std::string_view branch, std::string_view method);

    /// The key of a response, or of a request that we send. Errors: those of the Via and CSeq.
    [[nodiscard]] static Result<ClientKey> of(const sip::Message& message);

    /// The same branch with another method: a CANCEL's.
    [[nodiscard]] ClientKey with_method(std::string_view method) const;

    [[nodiscard]] std::string_view branch() const noexcept;
    [[nodiscard]] std::string_view method() const noexcept;
    [[nodiscard]] bool is_invite() const noexcept { return method() == "INVITE"; }

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    friend bool operator==(const ClientKey&, const ClientKey&) noexcept = default;

  private:
    std::string text_; ///< method, a space, branch
};

/// Hashes either key under a secret, so that no outsider can aim at a bucket.
class KeyHash {
  public:
    explicit KeyHash(const HashKey& secret) noexcept
        : secret_(secret) {}
    template <class Key>
    [[nodiscard]] std::size_t operator()(const Key& key) const noexcept {
        return static_cast<std::size_t>(SipHash(secret_).field(key.text()).finish());
    }

  private:
    HashKey secret_;
};

} // namespace roundabout::transaction::fsm
