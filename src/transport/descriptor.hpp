#pragma once

#include <unistd.h>
#include <utility>

namespace roundabout::transport {

/// A file descriptor that closes itself.
class Descriptor {
  public:
    Descriptor() noexcept = default;
    explicit Descriptor(int number) noexcept
        : number_(number) {}
    Descriptor(Descriptor&& other) noexcept
        : number_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other)
            reset(other.release());
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }

    [[nodiscard]] explicit operator bool() const noexcept { return number_ >= 0; }
    [[nodiscard]] int get() const noexcept { return number_; }
    /// The caller closes it.
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
    void reset(int number = -1) noexcept {
        if (number_ >= 0)
            ::close(number_);
        number_ = number;
    }

  private:
    int number_ = -1;
};

} // namespace roundabout::transport
