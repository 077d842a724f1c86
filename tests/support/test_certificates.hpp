#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::tests {

/// A folder of its own below the system's for temporary files, removed with all it holds.
class TemporaryFolder {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    /// Writes a file and gives its path.
    [[nodiscard]] std::string write(std::string_view name, std::string_view content) const;
    /// The path of a file of that name, which need not exist.
    [[nodiscard]] std::string path(std::string_view name) const;

  private:
    std::string folder_;
};

/// What a certificate is to say. Times in days from now.
struct CertificateWish {
    std::string common_name = "unnamed";
    std::vector<std::string> dns;
    std::vector<std::string> uris;
    std::vector<std::string> addresses; ///< in text
    int valid_from = -1;
    int valid_until = 30;
    bool authority = false;
};

/// A certificate with its key (EC P-256), as PEM.
struct TestCertificate {
    std::string chain;
    std::string key;
};

/// An authority made for one test. Throws std::runtime_error if OpenSSL fails.
class TestAuthority {
  public:
    explicit TestAuthority(std::string name = "Test authority");

    [[nodiscard]] TestCertificate issue(const CertificateWish& wish) const;
    /// The authority's own certificate, PEM.
    [[nodiscard]] const std::string& pem() const noexcept { return pem_; }

  private:
    std::shared_ptr<evp_pkey_st> key_;
    std::shared_ptr<x509_st> certificate_;
    std::string pem_;
};

/// The key encrypted with the passphrase "secret", PEM.
[[nodiscard]] std::string with_passphrase(const std::string& key_pem);

} // namespace roundabout::tests
