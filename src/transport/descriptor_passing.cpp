#include "transport/descriptor_passing.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace roundabout::transport {
namespace {

struct Control {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(most_descriptors * sizeof(int))> bytes{};
};

void take_descriptors(msghdr& head, std::vector<Descriptor>& into) {
    for (cmsghdr* item = CMSG_FIRSTHDR(&head); item != nullptr; item = CMSG_NXTHDR(&head, item)) {
        if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS)
            continue;
        const std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(item) + i * sizeof(int), sizeof number);
            into.emplace_back(number);
        }
    }
}

} // namespace

bool send_record(int socket, std::string_view bytes, std::span<const int> descriptors) noexcept {
    Control control;
    iovec part{const_cast<char*>(bytes.data()), bytes.size()}; // sendmsg only reads it
    msghdr head{};
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    if (descriptors.size() > most_descriptors) {
        errno = EMSGSIZE;
        return false;
    }
    if (!descriptors.empty()) {
        head.msg_control = control.bytes.data();
        head.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* const item = CMSG_FIRSTHDR(&head);
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(item), descriptors.data(), descriptors.size_bytes());
    }
    ssize_t sent = -1;
    do
        sent = ::sendmsg(socket, &head, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == static_cast<ssize_t>(bytes.size());
}

bool receive_record(int socket, std::size_t most, Record& into) {
    Control control;
    into.descriptors.clear();
    into.bytes.resize(most);
    iovec part{into.bytes.data(), most};
    msghdr head{};
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    head.msg_control = control.bytes.data();
    head.msg_controllen = control.bytes.size();
    ssize_t got = -1;
    do
        got = ::recvmsg(socket, &head, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    into.bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (got < 0)
        return false;
    take_descriptors(head, into.descriptors);
    if ((head.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        errno = EMSGSIZE;
        return false;
    }
    return true;
}

} // namespace roundabout::transport
