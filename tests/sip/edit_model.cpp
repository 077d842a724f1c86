#include "sip/edit_model.hpp"

#include <algorithm>

namespace roundabout::test {

using sip::HeaderId;

EditModel::EditModel(const RandomMessage& message)
    : message_(message)
    , had_length_(message.has(HeaderId::content_length))
    , slots_(message.rows.size()) {}

void EditModel::set_status(unsigned status, std::string_view reason) {
    message_.status = status;
    message_.reason = reason;
}

void EditModel::decrement_max_forwards() {
    const auto row = std::ranges::find(message_.rows, HeaderId::max_forwards, &RandomRow::id);
    if (row == message_.rows.end())
        return append(HeaderId::max_forwards, "70");
    auto& text = row->values.front().before;
    text = std::to_string(std::stoi(text) - 1);
}

void EditModel::prepend(HeaderId id, std::string_view value) {
    auto row = std::ranges::find(message_.rows, id, &RandomRow::id);
    if (row == message_.rows.end())
        row = message_.rows.begin();
    auto& slot = slots_[static_cast<std::size_t>(row - message_.rows.begin())];
    slot.above += std::string(sip::name(id)) + ": " + std::string(value) + "\r\n";
}

void EditModel::append(HeaderId id, std::string_view value) {
    appended_ += std::string(sip::name(id)) + ": " + std::string(value) + "\r\n";
}

void EditModel::remove_first_value(HeaderId id) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        auto& slot = slots_[i];
        if (message_.rows[i].id != id ||
            slot.taken_first + slot.taken_last == message_.rows[i].values.size())
            continue;
        ++slot.taken_first;
        return;
    }
}

void EditModel::remove_last_value(HeaderId id) {
    for (std::size_t i = slots_.size(); i > 0; --i) {
        auto& slot = slots_[i - 1];
        if (message_.rows[i - 1].id != id ||
            slot.taken_first + slot.taken_last == message_.rows[i - 1].values.size())
            continue;
        ++slot.taken_last;
        return;
    }
}

void EditModel::remove_all(HeaderId id) {
    for (std::size_t i = 0; i < slots_.size(); ++i)
        slots_[i].removed = slots_[i].removed || message_.rows[i].id == id;
}

void EditModel::stamp_top_via(std::string_view received, std::uint16_t port) {
    const auto row = std::ranges::find(message_.rows, HeaderId::via, &RandomRow::id);
    auto& parameters = row->values.front().parameters;
    std::erase_if(parameters,
                  [](const std::string& text) { return text.starts_with(";received="); });
    const auto empty = std::ranges::find_if(
        parameters, [](const std::string& text) { return text == ";rport" || text == ";rport="; });
    if (empty != parameters.end())
        *empty = ";rport=" + std::to_string(port);
    parameters.push_back(";received=" + std::string(received));
}

void EditModel::replace_uri(HeaderId id, std::size_t position, std::string_view uri) {
    for (auto& row : message_.rows) {
        if (row.id != id)
            continue;
        if (position >= row.values.size()) {
            position -= row.values.size();
            continue;
        }
        auto& value = row.values[position];
        value.uri = value.bracketed ? std::string(uri) : "<" + std::string(uri) + ">";
        return;
    }
}

std::string EditModel::left_of(std::size_t position) const {
    const auto& slot = slots_[position];
    RandomRow row = message_.rows[position];
    if (slot.removed || slot.taken_first + slot.taken_last == row.values.size())
        return {};
    const auto first = static_cast<std::ptrdiff_t>(slot.taken_first);
    const auto last = static_cast<std::ptrdiff_t>(slot.taken_last);
    row.values.erase(row.values.begin(), row.values.begin() + first);
    row.values.erase(row.values.end() - last, row.values.end());
    row.separators.erase(row.separators.begin(), row.separators.begin() + first);
    row.separators.erase(row.separators.end() - last, row.separators.end());
    return row.text();
}

std::string EditModel::apply(bool add_content_length) const {
    std::string out = message_.start_line();
    for (std::size_t i = 0; i < slots_.size(); ++i)
        out += slots_[i].above + left_of(i);
    out += appended_;
    if (add_content_length && !had_length_)
        out += "Content-Length: " + std::to_string(message_.body.size()) + "\r\n";
    return out + "\r\n" + message_.body;
}

} // namespace roundabout::test
