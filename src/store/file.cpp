#include "store/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace roundabout::store {

File& File::operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

File::~File() {
    if (fd_ >= 0)
        ::close(fd_);
}

File File::open(const std::string& path, int flags, unsigned mode) noexcept {
    return File(::open(path.c_str(), flags | O_CLOEXEC, mode));
}

bool write_all(const File& file, std::string_view bytes) noexcept {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file.fd(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

bool sync_directory_of(const std::string& path) noexcept {
    const std::size_t slash = path.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const File opened = File::open(directory, O_RDONLY | O_DIRECTORY);
    return opened && ::fsync(opened.fd()) == 0;
}

std::string errno_sentence(std::string_view doing, const std::string& path) {
    const int error = errno;
    return std::string(doing) + " " + path + ": " + std::generic_category().message(error);
}

} // namespace roundabout::store
