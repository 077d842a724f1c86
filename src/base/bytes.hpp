#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace roundabout {

/// An immutable message on its way out, shared by the transaction that may have to send it again
/// and the socket that is sending it. Copying shares; safe to hand to another worker.
class Bytes {
  public:
    Bytes() noexcept = default;
    explicit Bytes(std::string text)
        : text_(std::make_shared<const std::string>(std::move(text))) {}

    [[nodiscard]] std::string_view view() const noexcept {
        return text_ ? std::string_view(*text_) : std::string_view();
    }
    [[nodiscard]] bool empty() const noexcept { return view().empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return view().size(); }

  private:
    std::shared_ptr<const std::string> text_;
};

} // namespace roundabout
