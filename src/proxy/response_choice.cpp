#include "proxy/response_choice.hpp"

#include <algorithm>
#include <array>

namespace roundabout::proxy {
namespace {

template <std::size_t Size>
bool is_among(const std::array<std::uint16_t, Size>& some, std::uint16_t status) noexcept {
    return std::ranges::find(some, status) != some.end();
}

/// Lower is better: any 6xx, then the lowest class. Within 4xx first those that tell the caller how
/// to do better (§16.7 step 6), last those by which nobody has refused anything. 503 says nothing
/// about the request; it is the last resort (R32).
int rank(std::uint16_t status) noexcept {
    constexpr std::array<std::uint16_t, 5> helpful{401, 407, 415, 420, 484};
    constexpr std::array<std::uint16_t, 3> silent{408, 480, 487};
    if (status >= 600)
        return 0;
    if (status == 503)
        return 999;
    int within = 0;
    if (status / 100 == 4 && !is_among(helpful, status))
        within = is_among(silent, status) ? 2 : 1;
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
    if (!answered_)
        take_final(status, choice);
    return choice;
}

void ResponseChoice::take_final(std::uint16_t status, Choice& choice) {
    if (status >= 600) { // step 5: it waits until the others have ended
        choice.cancel_others = true;
        closed_ = true;
    }
    const auto end = final_.begin() + static_cast<std::ptrdiff_t>(begun_);
    if (std::find(final_.begin(), end, 0) != end)
        return;
    if (begun_ < final_.size() && !closed_) {
        choice.next_group = true;
        return;
    }
    choice.best = best();
    answered_ = true;
}

std::size_t ResponseChoice::best() const noexcept {
    const auto end = final_.begin() + static_cast<std::ptrdiff_t>(begun_);
    const auto better = [](std::uint16_t a, std::uint16_t b) { return rank(a) < rank(b); };
    return static_cast<std::size_t>(std::min_element(final_.begin(), end, better) - final_.begin());
}

} // namespace roundabout::proxy
