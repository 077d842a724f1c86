#include "transport/dns_server.hpp"

#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace roundabout::transport::testing {
namespace {

// A UDP socket on a port of the system's choice.
std::pair<int, std::uint16_t> bound_socket() {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("no UDP port to be had on 127.0.0.1");
    return {fd, ntohs(address.sin_port)};
}

std::uint16_t free_port() {
    const auto [fd, port] = bound_socket();
    ::close(fd);
    return port;
}

std::string local(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

} // namespace

DnsServer::DnsServer(const std::vector<std::string>& records, int ttl,
                     std::vector<std::string> options)
    : ttl_(ttl)
    , options_(std::move(options)) {
    folder_ = (std::filesystem::temp_directory_path() / "roundabout-dns-XXXXXX").string();
    if (::mkdtemp(folder_.data()) == nullptr)
        throw std::runtime_error("no folder for the DNS server's records");
    write(records);
    // Between the choice of a port and dnsmasq's bind somebody else may have taken it.
    for (int attempt = 0; attempt < 5; ++attempt) {
        port_ = free_port();
        if (try_start())
            return;
    }
    throw std::runtime_error("dnsmasq does not start");
}

DnsServer::~DnsServer() {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string DnsServer::address() const { return local(port_); }

void DnsServer::change(const std::vector<std::string>& records) {
    write(records);
    ::kill(pid_, SIGHUP);
    await_line("read " + folder_ + "/hosts");
}

void DnsServer::stop() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    if (output_ >= 0)
        ::close(output_);
    pid_ = output_ = -1;
}

void DnsServer::start() {
    if (!try_start())
        throw std::runtime_error("dnsmasq does not start again");
}

void DnsServer::start(std::vector<std::string> options) {
    options_ = std::move(options);
    start();
}

bool DnsServer::try_start() {
    std::vector<std::string> words{"dnsmasq",
                                   "--no-daemon",
                                   "--conf-file=/dev/null",
                                   "--no-resolv",
                                   "--no-hosts",
                                   "--bind-interfaces",
                                   "--listen-address=127.0.0.1",
                                   "--local=/example.test/",
                                   "--port=" + std::to_string(port_),
                                   "--local-ttl=" + std::to_string(ttl_),
                                   "--addn-hosts=" + folder_ + "/hosts"};
    words.insert(words.end(), options_.begin(), options_.end());
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
        throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(pipe[1], STDERR_FILENO);
        ::execv("/usr/sbin/dnsmasq", arguments.data());
        ::_exit(127);
    }
    ::close(pipe[1]);
    output_ = pipe[0];
    try {
        await_line("read " + folder_ + "/hosts");
        return true;
    } catch (const std::runtime_error&) {
        stop();
        return false;
    }
}

// The log is short, so reading it a character at a time is good enough.
void DnsServer::await_line(const std::string& words) const {
    std::string line;
    char c = 0;
    while (::read(output_, &c, 1) == 1) {
        if (c != '\n') {
            line += c;
            continue;
        }
        if (line.find(words) != std::string::npos)
            return;
        line.clear();
    }
    throw std::runtime_error("dnsmasq ended without saying \"" + words + "\"");
}

void DnsServer::write(const std::vector<std::string>& records) const {
    std::ofstream file(folder_ + "/hosts");
    for (const std::string& record : records)
        file << record << '\n';
}

SilentPort::SilentPort()
    : socket_(bound_socket().first) {}
SilentPort::~SilentPort() { ::close(socket_); }

std::string SilentPort::address() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    return local(ntohs(address.sin_port));
}

} // namespace roundabout::transport::testing
