#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::transport {

/// Which of several certificates a listener shows: the one that has the name which the client asks
/// for (SNI, RFC 6066 §3), written out or by a wildcard for the leftmost label (RFC 6125 §6.4.3); a
/// name written out goes before a wildcard, an earlier certificate before a later one. Whoever asks
/// for none of the names, or for nothing, gets the first.
class CertificateChoice {
  public:
    using Context = std::shared_ptr<ssl_ctx_st>;

    /// `first` and those added have their certificates already.
    explicit CertificateChoice(Context first);
    void add(Context context);

    /// The context for `name`, in any case; never null.
    [[nodiscard]] ssl_ctx_st* find(std::string_view name) const;

    /// The first context, which from now on chooses, and keeps all others alive. Null without
    /// memory.
    [[nodiscard]] static Context install(CertificateChoice choice);

  private:
    struct Candidate {
        Context context;
        std::vector<std::string> names; ///< the certificate's dNSName entries, in lower case
    };
    std::vector<Candidate> candidates_; ///< never empty
};

} // namespace roundabout::transport
