#include "sip/message.hpp"

#include <algorithm>

namespace roundabout::sip {

const HeaderField* Message::find(HeaderId id) const noexcept {
    const auto row = std::ranges::find(headers_, id, &HeaderField::id);
    return row == headers_.end() ? nullptr : &*row;
}

std::string_view Message::value(HeaderId id) const noexcept {
    const HeaderField* row = find(id);
    return row == nullptr ? std::string_view() : text(row->value);
}

std::size_t Message::count(HeaderId id) const noexcept {
    return static_cast<std::size_t>(std::ranges::count(headers_, id, &HeaderField::id));
}

} // namespace roundabout::sip
