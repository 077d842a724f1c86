#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

namespace roundabout::sip {

/// A list of small values that needs the heap only beyond `Room` of them.
template <class Value, std::size_t Room>
    requires std::is_trivially_copyable_v<Value>
class InlineList {
  public:
    [[nodiscard]] std::span<Value> view() noexcept {
        return {spilled_.empty() ? inline_.data() : spilled_.data(), size_};
    }
    [[nodiscard]] std::span<const Value> view() const noexcept {
        return {spilled_.empty() ? inline_.data() : spilled_.data(), size_};
    }

    /// Before the value at `position`; at the end if that is `view().size()`. O(values behind it).
    void insert(std::size_t position, const Value& value) {
        if (spilled_.empty() && size_ == Room)
            spilled_.assign(inline_.begin(), inline_.end());
        if (spilled_.empty())
            inline_[size_] = value;
        else
            spilled_.push_back(value);
        ++size_;
        const auto all = view();
        std::rotate(all.begin() + static_cast<std::ptrdiff_t>(position), all.end() - 1, all.end());
    }

  private:
    std::array<Value, Room> inline_{};
    std::vector<Value> spilled_; ///< empty, or all values
    std::size_t size_ = 0;
};

} // namespace roundabout::sip
