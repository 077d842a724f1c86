#include "app/service_manager.hpp"

#include "transport/descriptor.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

namespace roundabout::app {
namespace {

/// A datagram bears 253 at most (SCM_MAX_FD).
constexpr std::size_t descriptors_a_message = 64;
constexpr std::uint64_t patience_microseconds = 5'000'000;

std::uint64_t monotonic_microseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000U +
           static_cast<std::uint64_t>(now.tv_nsec) / 1'000U;
}

} // namespace

ServiceManager::ServiceManager() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment
    const char* const socket = std::getenv("NOTIFY_SOCKET");
    there_ = socket != nullptr && *socket != '\0';
    std::uint64_t microseconds = 0;
    if (there_ && ::sd_watchdog_enabled(0, &microseconds) > 0)
        watchdog_ = std::chrono::microseconds(microseconds);
}

transport::InheritedSockets ServiceManager::take_sockets(std::vector<std::string>& problems) const {
    transport::InheritedSockets sockets;
    char** names = nullptr;
    const int count = ::sd_listen_fds_with_names(1, &names);
    for (int i = 0; i < count; ++i) {
        const std::string name = names != nullptr ? names[i] : "unknown";
        if (auto problem = sockets.add(SD_LISTEN_FDS_START + i, name)) {
            problems.push_back(std::move(*problem));
            forget(name);
        }
    }
    for (int i = 0; names != nullptr && i < count; ++i)
        std::free(names[i]);
    std::free(static_cast<void*>(names));
    return sockets;
}

void ServiceManager::ready(const std::string& status) const {
    ::sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}

void ServiceManager::reloading() const {
    const std::string state = "RELOADING=1\nSTATUS=taking up the configuration\nMONOTONIC_USEC=" +
                              std::to_string(monotonic_microseconds());
    ::sd_notify(0, state.c_str());
}

void ServiceManager::stopping() const { ::sd_notify(0, "STOPPING=1\nSTATUS=stopping"); }

void ServiceManager::alive() const { ::sd_notify(0, "WATCHDOG=1"); }

// FDPOLL=0: an ICMP error that waits at a UDP socket is no reason to forget the socket.
void ServiceManager::keep(const std::string& name, std::span<const int> descriptors) const {
    const std::string state = "FDSTORE=1\nFDPOLL=0\nFDNAME=" + name;
    while (there_ && !descriptors.empty()) {
        const auto some = descriptors.first(std::min(descriptors.size(), descriptors_a_message));
        ::sd_pid_notify_with_fds(0, 0, state.c_str(), some.data(),
                                 static_cast<unsigned>(some.size()));
        descriptors = descriptors.subspan(some.size());
    }
}

void ServiceManager::forget(const std::string& name) const {
    ::sd_notify(0, ("FDSTOREREMOVE=1\nFDNAME=" + name).c_str());
}

// By the end of a pipe that nobody else has: that end is closed if it was not kept, and it was
// given last.
bool ServiceManager::keeps() const {
    std::array<int, 2> ends{};
    if (!there_ || ::pipe2(ends.data(), O_CLOEXEC) != 0)
        return false;
    const transport::Descriptor mine(ends[0]);
    transport::Descriptor theirs(ends[1]);
    const std::string name = "probe";
    const int number = theirs.get();
    ::sd_pid_notify_with_fds(0, 0, ("FDSTORE=1\nFDNAME=" + name).c_str(), &number, 1);
    theirs.reset();
    if (::sd_notify_barrier(0, patience_microseconds) <= 0)
        return false;
    pollfd look{mine.get(), POLLIN, 0};
    const bool kept = ::poll(&look, 1, 0) == 0;
    forget(name);
    return kept;
}

std::string socket_name(Transport transport, const Endpoint& bind) {
    std::string name = (transport == Transport::udp ? "udp_" : "tcp_") + bind.to_string();
    std::ranges::replace(name, ':', '-');
    return name;
}

} // namespace roundabout::app
