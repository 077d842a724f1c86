#include "proxy/response_choice.hpp"

#include <algorithm>
#include <array>

namespace roundabout::proxy {
namespace {

/// Lower is better: any 6xx, then the lowest class, and within 4xx those that tell the caller how
/// to do better (§16.7 step 6). 503 says nothing about the request; it is the last resort (R32).
int rank(std::uint16_t status) noexcept {
    constexpr std::array<std::uint16_t, 5> helpful{401, 407, 415, 420, 484};
    if (status >= 600)
        return 0;
    if (status == 503)
        return 999;
    const int within = status / 100 == 4 && std::ranges::find(helpful, status) == helpful.end();
    return status / 100 * 10 + within;
}

} // namespace

Choice ResponseChoice::take(std::size_t branch, std::uint16_t status) {
    Choice choice;
    if (status < 200) {
        choice.forward = status > 100 && !answered_ && final_[branch] == 0; // R24: never a 100
        return choice;
    }
    if (status < 300) {
        // R26: every 2xx to INVITE goes up, also the second one of another branch.
        choice.forward = invite_ || !answered_;
        choice.cancel_others = invite_ && !answered_;
        final_[branch] = status;
        answered_ = true;
        return choice;
    }
    if (final_[branch] != 0)
        return choice;
    final_[branch] = status;
    if (answered_)
        return choice;
    choice.cancel_others = status >= 600; // step 5: but it waits until the others have ended
    choice.best = best();
    if (choice.best)
        answered_ = true;
    return choice;
}

std::optional<std::size_t> ResponseChoice::best() const noexcept {
    if (final_.empty() || std::ranges::find(final_, 0) != final_.end())
        return std::nullopt;
    const auto better = [](std::uint16_t a, std::uint16_t b) { return rank(a) < rank(b); };
    return static_cast<std::size_t>(std::ranges::min_element(final_, better) - final_.begin());
}

} // namespace roundabout::proxy
