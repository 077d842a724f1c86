#include "config/spelling.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace roundabout::config {
namespace {

// Nobody mistypes a key into something this long; the bound keeps the product below small.
constexpr std::size_t longest_word = 64;

} // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Three rows of the usual table: the swap looks two rows back.
    std::vector<std::size_t> two_back(b.size() + 1);
    std::vector<std::size_t> back(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        back[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = back[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
            row[j] = std::min({replaced, back[j] + 1, row[j - 1] + 1});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped)
                row[j] = std::min(row[j], two_back[j - 2] + 1);
        }
        std::swap(two_back, back);
        std::swap(back, row);
    }
    return back[b.size()];
}

std::string_view nearest(std::string_view typed, std::span<const std::string_view> words) {
    if (typed.size() > longest_word)
        return {};
    std::string_view best;
    std::size_t least = longest_word;
    for (const std::string_view word : words) {
        const std::size_t distance = edit_distance(typed, word);
        if (distance < least && distance <= std::max<std::size_t>(1, word.size() / 3)) {
            least = distance;
            best = word;
        }
    }
    return best;
}

} // namespace roundabout::config
