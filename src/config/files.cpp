#include "config/files.hpp"

#include "config/validate.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <system_error>

namespace roundabout::config {
namespace {

constexpr std::string_view certificate_mark = "-----BEGIN CERTIFICATE-----";
// "RSA PRIVATE KEY" and the like as well: the words after BEGIN vary.
constexpr std::string_view key_mark = "PRIVATE KEY-----";

void check_pem(const std::string& path, const std::string& file, std::string_view mark,
               std::string_view what, Report& report) {
    struct stat status{};
    if (::stat(file.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
        report.error(path, quoted(file) + " is not a file", "write the path of a PEM file");
        return;
    }
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
        const std::string reason = std::generic_category().message(errno);
        report.error(path, "can't read " + quoted(file) + ": " + reason,
                     "write the path of a PEM file that this user may read");
        return;
    }
    bool found = false;
    for (std::string line; !found && std::getline(stream, line);)
        found = line.find(mark) != std::string::npos;
    if (!found)
        report.error(path, quoted(file) + " holds no " + std::string(what) + " in PEM form",
                     "write the path of a PEM file");
}

void check_key_mode(const std::string& path, const std::string& file, Report& report) {
    struct stat status{};
    if (::stat(file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0)
        report.warning(path, "everybody on this machine can read " + quoted(file),
                       "chmod o-r that file");
}

void check_pair(const std::string& section, std::string_view chain, std::string_view key,
                const std::optional<Certificate>& pair, Report& report) {
    if (!pair)
        return;
    const std::string chain_path = section + "." + std::string(chain);
    const std::string key_path = section + "." + std::string(key);
    check_pem(chain_path, pair->chain_file, certificate_mark, "certificate", report);
    check_pem(key_path, pair->key_file, key_mark, "private key", report);
    check_key_mode(key_path, pair->key_file, report);
}

void check_authorities(const std::string& path, const std::string& file, Report& report) {
    if (!file.empty())
        check_pem(path, file, certificate_mark, "certificate", report);
}

} // namespace

void check_files(const Config& config, Report& report) {
    check_pair("tls", "certificate", "key", config.tls.certificate, report);
    check_pair("tls", "client_certificate", "client_key", config.tls.client_certificate, report);
    check_authorities("tls.ca", config.tls.ca_file, report);
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
        const Listener& listener = config.listeners[i];
        check_pair(listener_path(i), "certificate", "key", listener.certificate, report);
        for (std::size_t j = 0; j < listener.certificates.size(); ++j)
            check_pair(listener_path(i) + ".certificates[" + std::to_string(j) + "]", "certificate",
                       "key", listener.certificates[j], report);
    }
    for (std::size_t i = 0; i < config.servers.size(); ++i) {
        const TrustedServer& server = config.servers[i];
        check_pair(server_path(i), "certificate", "key", server.client_certificate, report);
        check_authorities(server_path(i) + ".ca", server.ca_file, report);
    }
}

} // namespace roundabout::config
